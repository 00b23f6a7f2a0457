// SPDX-License-Identifier: MIT
#include "lab/spectrum/bounds.hpp"

#include <algorithm>

#include "dope/core/alternatives.hpp"
#include "lab/support/statistics.hpp"

namespace spectrum {
namespace {

constexpr double rounding = 1e-9;

BoundPair pair_of(const dope::BandReport& report, Claim claim) {
  const bool sum = claim == Claim::coherent_sum_query || claim == Claim::coherent_sum_key;
  return sum ? BoundPair{report.coherent_sum_bound, report.coherent_sum}
             : BoundPair{report.largest_eigenvalue_bound, report.largest_eigenvalue};
}

/// All bands of a stage, those without a claim too.
std::vector<BoundPair> all_pairs(const Survey& survey, Claim claim, dope::Stage stage) {
  std::vector<BoundPair> pairs;
  if (claim == Claim::score) {
    for (const HeadScores& scores : survey.scores) {
      if (scores.stage != stage) continue;
      for (const auto& band : scores.bands)
        pairs.push_back({band.largest_singular_value_bound, band.largest_singular_value});
    }
    return pairs;
  }
  const bool query = claim == Claim::coherent_sum_query || claim == Claim::eigenvalue_query;
  for (const HeadSpectrum& head : survey.heads) {
    if (head.stage != stage || (head.side == dope::Side::query) != query) continue;
    for (const auto& band : head.bands) pairs.push_back(pair_of(band, claim));
  }
  return pairs;
}

void drop_unclaimed(std::vector<BoundPair>& pairs) {
  std::erase_if(pairs, [](const BoundPair& pair) { return !(pair.bound > 0.0); });
}

}  // namespace

std::string_view name_of(Claim claim) noexcept {
  static_assert(dope::detail::alternatives<Claim> == 5, "name_of(Claim): every Claim");
  constexpr std::array<std::string_view, 5> names = {"coherent_sum.query", "coherent_sum.key",
                                                     "largest_eigenvalue.query", "largest_eigenvalue.key",
                                                     "score"};
  return names[static_cast<std::size_t>(claim)];
}

std::vector<BoundPair> bound_pairs(const Survey& survey, Claim claim, dope::Stage stage) {
  auto pairs = all_pairs(survey, claim, stage);
  drop_unclaimed(pairs);
  return pairs;
}

std::vector<BoundSummary> bound_summaries(const Survey& survey) {
  std::vector<BoundSummary> summaries;
  for (const dope::Stage stage : stages) {
    for (const Claim claim : claims) {
      auto pairs = all_pairs(survey, claim, stage);
      BoundSummary summary{claim, stage, pairs.size(), 0, 0, {}};
      drop_unclaimed(pairs);
      summary.claimed = pairs.size();
      std::vector<double> ratios;
      for (const BoundPair& pair : pairs) {
        if (pair.bound > pair.measured * (1.0 + rounding)) ++summary.violations;
        ratios.push_back(pair.ratio());
      }
      std::sort(ratios.begin(), ratios.end());
      for (const double q : bound_quantiles) {
        if (!ratios.empty()) summary.quantiles.push_back(lab::nearest_rank(ratios, q));
      }
      summaries.push_back(std::move(summary));
    }
  }
  return summaries;
}

}  // namespace spectrum
