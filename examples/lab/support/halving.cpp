// SPDX-License-Identifier: MIT
#include "lab/support/halving.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "dope/core/error.hpp"

namespace lab {

bool better(const Trial& a, const Trial& b) noexcept {
  return a.hits != b.hits ? a.hits > b.hits : a.log_probability > b.log_probability;
}

std::vector<std::vector<std::size_t>> halving_rounds(std::size_t prompts) {
  std::size_t stride = std::max<std::size_t>(1, prompts * 618 / 1000);
  while (std::gcd(stride, prompts) > 1) ++stride;
  std::vector<std::vector<std::size_t>> rounds;
  std::size_t at = prompts / 2;
  for (std::size_t taken = 0; taken < prompts;) {
    const std::size_t count = std::min(std::max<std::size_t>(1, taken), prompts - taken);
    auto& round = rounds.emplace_back();
    for (std::size_t i = 0; i < count; ++i, at = (at + stride) % prompts) round.push_back(at);
    taken += count;
  }
  return rounds;
}

std::vector<std::size_t> survivors(std::span<const std::size_t> alive, std::span<const Trial> trials,
                                   std::span<const std::size_t> groups, std::size_t least) {
  std::map<std::size_t, std::vector<std::size_t>> by_group;
  for (const std::size_t id : alive) {
    if (id >= trials.size() || id >= groups.size()) {
      throw dope::Error("survivors", dope::detail::text("id ", id),
                        dope::detail::text("one below ", std::min(trials.size(), groups.size())));
    }
    by_group[groups[id]].push_back(id);
  }
  std::vector<std::size_t> next;
  for (auto& [group, ids] : by_group) {
    std::stable_sort(ids.begin(), ids.end(),
                     [&](std::size_t a, std::size_t b) { return better(trials[a], trials[b]); });
    const std::size_t kept = std::min(ids.size(), std::max((ids.size() + 3) / 4, least));
    next.insert(next.end(), ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(kept));
  }
  std::sort(next.begin(), next.end());
  return next;
}

}  // namespace lab
