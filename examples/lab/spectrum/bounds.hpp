// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "lab/spectrum/survey.hpp"

namespace spectrum {

/// What the paper's amplification theorems bound from below (see dope/spectral/bands.hpp).
enum class Claim { coherent_sum_query, coherent_sum_key, eigenvalue_query, eigenvalue_key, score };

inline constexpr std::array<Claim, 5> claims = {Claim::coherent_sum_query, Claim::coherent_sum_key,
                                                Claim::eigenvalue_query, Claim::eigenvalue_key, Claim::score};

/// "coherent_sum.query", …, "score": the word in files.
[[nodiscard]] std::string_view name_of(Claim claim) noexcept;

/// One band that is in a cone, so that a bound above 0 is claimed of it.
struct BoundPair {
  double bound = 0.0;
  double measured = 0.0;
  [[nodiscard]] double ratio() const noexcept { return bound / measured; }
};

/// Every band of every head where the claim is made. score: every band of every query head.
[[nodiscard]] std::vector<BoundPair> bound_pairs(const Survey& survey, Claim claim, dope::Stage stage);

/// How a claim holds at one stage.
///
/// violations: bound > measured·(1 + 10⁻⁹), room for the rounding of N terms in double. quantiles: of
/// bound/measured at 0, 10, 25, 50, 75, 90, 100 %; empty for no claim.
struct BoundSummary {
  Claim claim = Claim::score;
  dope::Stage stage = dope::Stage::post_ntk;
  std::size_t bands = 0;    // in all
  std::size_t claimed = 0;  // with a bound above 0
  std::size_t violations = 0;
  std::vector<double> quantiles;
};
inline constexpr std::array<double, 7> bound_quantiles = {0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0};

/// By stage, then claim.
[[nodiscard]] std::vector<BoundSummary> bound_summaries(const Survey& survey);

}  // namespace spectrum
