// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lab {

/// Φ⁻¹(0.975): the standard normal lies within ±z with probability 95 %.
inline constexpr double z_95 = 1.959963984540054;

struct Interval {
  double low = 0.0;
  double high = 1.0;
};

/// Wilson's score interval of a proportion p̂ = hits/trials (Wilson 1927, DOI
/// 10.1080/01621459.1927.10502953):
///   (p̂ + z²/2n ± z·√(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n), n = trials.
///
/// Law: 0 ≤ low ≤ p̂ ≤ high ≤ 1, low = 0 at no hit and high = 1 at all hits, exactly; [0, 1] for no
/// trials. Throws dope::Error for hits > trials or z that is not positive and finite.
[[nodiscard]] Interval wilson(std::size_t hits, std::size_t trials, double z = z_95);

/// A share in percent with one decimal: 0.8182 → "81.8". Precondition: finite.
[[nodiscard]] std::string percent(double share);

/// Proportion with its 95 % Wilson interval in percent: "81.8 [65.6, 91.4]"; "–" for no trials.
[[nodiscard]] std::string percent_with_interval(std::size_t hits, std::size_t trials);

/// Exact two-sided McNemar test of two methods on the same prompts (McNemar 1947, DOI 10.1007/BF02295996):
///   p = min(1, 2 Σ_{k ≤ min(b, c)} C(b + c, k) / 2^(b + c)),
/// b prompts that only the first method answered, c that only the second did. Prompts that both or neither
/// answered say nothing. Law: symmetric; 1 for b = c, and for b + c = 0.
[[nodiscard]] double mcnemar(std::size_t only_first, std::size_t only_second);

/// The p-values, each corrected for how many there are (Holm 1979): in ascending order p_(i) becomes
/// max_{j ≤ i} min(1, (m − j + 1)·p_(j)). Law: never below p, at most m·p, in p's order; a rejection at α
/// errs with probability ≤ α for the whole family. Throws dope::Error unless all are in [0, 1].
[[nodiscard]] std::vector<double> holm(std::span<const double> p);

/// Percentile bootstrap of a mean (Efron 1979): the interval from the (1 − level)/2 to the (1 + level)/2
/// quantile of the means of `draws` resamples, a function of the seed. For paired data hand in differences.
///
/// Law: between the least and greatest value; a single value is its own interval. Throws dope::Error for no
/// value, one that is not finite, a level outside (0, 1) or fewer than 100 draws.
[[nodiscard]] Interval bootstrap_mean(std::span<const double> values, std::uint64_t seed,
                                      std::size_t draws = 10000, double level = 0.95);

/// Spearman's rank correlation: Pearson's of the ranks, equal values sharing their mean rank.
///
/// Law: 1 under any rising map of one side, −1 under any falling one; not-a-number where one side is all
/// equal. Throws dope::Error for unequal lengths, fewer than 2, or a value that is not a number.
[[nodiscard]] double rank_correlation(std::span<const double> x, std::span<const double> y);

}  // namespace lab
