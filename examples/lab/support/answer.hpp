// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "transformer/model.hpp"

namespace lab {

enum class Verdict { miss, hit };

/// How a model answered one prompt.
///
/// hit: greedy decoding (largest logit, lowest token on a tie) gives every expected token in turn.
/// log_probability: Σ ln p(expected token | prompt and expected tokens before it), in nats, whatever
/// greedy decoding would have said; finer than the verdict.
struct Answer {
  Verdict verdict = Verdict::miss;
  double log_probability = 0.0;
};

/// Judges a request that has just been prefilled with the prompt, decoding the expected tokens.
/// Precondition: at least one expected token, and room for all but the last (Error).
[[nodiscard]] Answer judge(reference::Request& request, std::span<const std::int32_t> expected);

/// The indices of plans of one shape, in an order that puts those next to each other that do the same to most
/// of the lowest layers.
[[nodiscard]] std::vector<std::size_t> neighbours_first(std::span<const dope::Plan* const> plans);

/// One prompt under many schedules: answers[i] belongs to schedules[i].
///
/// Schedules that differ by their plans alone go from neighbour to neighbour (neighbours_first); each takes
/// over the layers where it does what the one before did, and the attention of heads that both treat alike
/// (Request::resume). Law: equal to judging each schedule by a prefill of its own, to the last bit.
[[nodiscard]] std::vector<Answer> answer_under(const reference::Model& model,
                                               std::span<const std::int32_t> prompt,
                                               std::span<const std::int32_t> expected,
                                               std::span<const reference::Schedule> schedules);

}  // namespace lab
