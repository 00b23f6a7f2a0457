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

/// The value at rank q·(n − 1), rounded to the nearest: of n values in ascending order, n ≥ 1, q in [0, 1].
[[nodiscard]] double nearest_rank(std::span<const double> sorted, double q);

/// Exact two-sided McNemar test of two methods on the same prompts (McNemar 1947, DOI 10.1007/BF02295996):
///   p = min(1, 2 Σ_{k ≤ min(b, c)} C(b + c, k) / 2^(b + c)),
/// b prompts that only the first method answered, c that only the second did. Prompts that both or neither
/// answered say nothing. Law: symmetric; 1 for b = c, and for b + c = 0.
[[nodiscard]] double mcnemar(std::size_t only_first, std::size_t only_second);

/// "p=0.012"; "p<0.001" below that.
[[nodiscard]] std::string p_text(double p);

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

/// Percentile bootstrap of rank_correlation(x, y): resamples of the pairs (x_i, y_i). Resamples in which one
/// side is all equal have no correlation and are passed over.
///
/// Law: a function of the seed and of both sides' ranks; within [−1, 1]; not-a-number at both ends where
/// rank_correlation is. Throws dope::Error as rank_correlation and, for level and draws, as bootstrap_mean
/// do.
[[nodiscard]] Interval bootstrap_rank_correlation(std::span<const double> x, std::span<const double> y,
                                                  std::uint64_t seed, std::size_t draws = 2000,
                                                  double level = 0.95);

/// Rank correlation with the strata taken out: ranks within each stratum about their middle, pooled,
///   ρ = Σ a_i b_i / √(Σ a_i² Σ b_i²).
/// strata[i]: the stratum of value i, any numbers.
///
/// Law: with one stratum rank_correlation; unchanged by a rising map of one side that may differ from stratum
/// to stratum; not-a-number where one side is all equal in every stratum. Throws dope::Error as
/// rank_correlation does, and unless every value has a stratum.
[[nodiscard]] double stratified_rank_correlation(std::span<const double> x, std::span<const double> y,
                                                 std::span<const std::size_t> strata);

/// Max-statistic permutation test of many rank correlations with one y (Westfall & Young 1993, single step):
///   p_i = (1 + #{draws: max_j |ρ(x_j, πy)| ≥ |ρ(x_i, y)|}) / (1 + draws),
/// ρ stratified_rank_correlation, π per draw a uniform permutation within the strata, the same for all j.
/// Each p is corrected for how many x were tried, and sides that say the same count once.
///
/// Law: falling in |ρ_i|; a function of the seed and the ranks; more x never lower a p. A side without a
/// correlation gets not-a-number and no part in the maximum. Throws dope::Error as
/// stratified_rank_correlation does, and for no draw.
[[nodiscard]] std::vector<double> max_statistic_test(std::span<const std::vector<double>> xs,
                                                     std::span<const double> y,
                                                     std::span<const std::size_t> strata, std::uint64_t seed,
                                                     std::size_t draws = 10000);

/// Reliability of a whole test from the correlation r of its two halves (Spearman 1910, Brown 1910):
/// 2r/(1 + r). Law: 0 and 1 stay. Throws dope::Error unless −1 < r ≤ 1.
[[nodiscard]] double spearman_brown(double r);

/// `splits` divisions of 0 … count − 1 into two halves, the first of ⌊count/2⌋: uniform, a function of
/// the seed; each half ascending. Throws dope::Error for fewer than 2.
struct Halves {
  std::vector<std::size_t> first;
  std::vector<std::size_t> second;
};
[[nodiscard]] std::vector<Halves> random_halves(std::size_t count, std::size_t splits, std::uint64_t seed);

}  // namespace lab
