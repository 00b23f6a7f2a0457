// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace lab {

/// How a plan did on some prompts.
struct Trial {
  std::size_t prompts = 0;
  std::size_t hits = 0;
  double log_probability = 0.0;  // sum over prompts, of all expected tokens, nats

  [[nodiscard]] double mean_log_probability() const noexcept {
    return prompts == 0 ? 0.0 : log_probability / static_cast<double>(prompts);
  }
};

/// More hits; with equal hits, the greater log probability. Precondition: tried on the same prompts.
[[nodiscard]] bool better(const Trial& a, const Trial& b) noexcept;

/// Successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943): many plans see few prompts, few see
/// many.
///
/// The prompts of each round: 1, 1, 2, 4, 8 … of them until none is left, each prompt in one round. They are
/// taken at strides of about 0.618 · prompts, so that a round's prompts are spread over the list.
[[nodiscard]] std::vector<std::vector<std::size_t>> halving_rounds(std::size_t prompts);

/// Who goes on to the next round: of each group the best quarter, rounded up, and never fewer than `least`
/// where there are as many; on a tie the lower id.
///
/// alive: ids, ascending; trials and groups by id. Law: a subset of alive, ascending; whoever goes on is not
/// beaten by one of its group that does not. Throws dope::Error for an id without trial or group.
[[nodiscard]] std::vector<std::size_t> survivors(std::span<const std::size_t> alive,
                                                 std::span<const Trial> trials,
                                                 std::span<const std::size_t> groups, std::size_t least);

}  // namespace lab
