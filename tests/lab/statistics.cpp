// SPDX-License-Identifier: MIT
#include "lab/support/statistics.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "dope/core/error.hpp"

using lab::wilson;

TEST_CASE("Wilson interval: published values") {
  constexpr double printed = 0.5e-4;  // four decimals
  struct Known {
    std::size_t hits, trials;
    double low, high;
  };
  // Newcombe 1998, table I, method 3 (score, no continuity correction).
  for (const Known& known : {Known{81, 263, 0.2553, 0.3662}, Known{15, 148, 0.0624, 0.1605},
                             Known{0, 20, 0.0, 0.1611}, Known{1, 29, 0.0061, 0.1718}}) {
    const auto interval = wilson(known.hits, known.trials);
    CHECK(std::abs(interval.low - known.low) < printed);
    CHECK(std::abs(interval.high - known.high) < printed);
  }
}

TEST_CASE(
    "Wilson interval: both ends solve |p̂ − p| = z·√(p(1 − p)/n), mirror, contain p̂, and shrink with n") {
  constexpr double rounding = 1e-13;  // a few dozen operations in double
  for (std::size_t n = 1; n <= 200; n += 7) {
    for (std::size_t hits = 0; hits <= n; ++hits) {
      const auto interval = wilson(hits, n);
      const double share = static_cast<double>(hits) / static_cast<double>(n);
      for (const double p : {interval.low, interval.high}) {
        const double reach = lab::z_95 * std::sqrt(p * (1.0 - p) / static_cast<double>(n));
        const bool edge = (hits == 0 && p == 0.0) || (hits == n && p == 1.0);
        if (!edge) CHECK(std::abs(std::abs(share - p) - reach) < rounding);
      }
      CHECK(interval.low >= 0.0);
      CHECK(interval.low <= share);
      CHECK(share <= interval.high);
      CHECK(interval.high <= 1.0);
      const auto mirrored = wilson(n - hits, n);
      CHECK(std::abs(mirrored.low - (1.0 - interval.high)) < rounding);
      const auto more = wilson(10 * hits, 10 * n);
      CHECK(more.high - more.low < interval.high - interval.low);
    }
    CHECK(wilson(0, n).low == 0.0);
    CHECK(wilson(n, n).high == 1.0);
  }
  CHECK(wilson(0, 0).low == 0.0);
  CHECK(wilson(0, 0).high == 1.0);
}

TEST_CASE("more hits than trials or a bad z is an error") {
  CHECK_THROWS_AS((void)wilson(3, 2), dope::Error);
  for (const double z : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
    CHECK_THROWS_AS((void)wilson(1, 2, z), dope::Error);
  }
}

TEST_CASE("proportions read as percent with one decimal") {
  CHECK(lab::percent(0.0) == "0.0");
  CHECK(lab::percent(27.0 / 33.0) == "81.8");
  CHECK(lab::percent(1.0) == "100.0");
  CHECK_THROWS_AS((void)lab::percent(std::nan("")), dope::Error);
  CHECK(lab::percent_with_interval(27, 33) == "81.8 [65.6, 91.4]");
  CHECK(lab::percent_with_interval(0, 20) == "0.0 [0.0, 16.1]");
  CHECK(lab::percent_with_interval(0, 0) == "–");
}

TEST_CASE("McNemar: exact tails, symmetric, 1 where nothing tells the two apart") {
  CHECK(lab::mcnemar(1, 9) == doctest::Approx(2.0 * 11.0 / 1024.0).epsilon(1e-13));
  CHECK(lab::mcnemar(0, 5) == doctest::Approx(0.0625).epsilon(1e-13));
  CHECK(lab::mcnemar(0, 0) == 1.0);
  // Pascal's triangle in long double beside it, up to rounding of the logarithms.
  std::vector<long double> row = {1.0L};
  for (std::size_t n = 1; n <= 200; ++n) {
    std::vector<long double> next(n + 1, 0.0L);
    for (std::size_t k = 0; k < n; ++k) {
      next[k] += row[k] / 2;
      next[k + 1] += row[k] / 2;
    }
    row = next;
    long double below = 0.0L;
    for (std::size_t b = 0; 2 * b <= n; ++b) {
      below += row[b];
      const double exact = static_cast<double>(2 * b == n ? 1.0L : std::min(1.0L, 2 * below));
      CHECK(lab::mcnemar(b, n - b) == doctest::Approx(exact).epsilon(1e-11));
      CHECK(lab::mcnemar(n - b, b) == lab::mcnemar(b, n - b));
      CHECK(lab::mcnemar(b, n - b) <= 1.0);
    }
  }
}

TEST_CASE("Holm's correction: a worked example, and its laws") {
  const std::vector<double> p = {0.01, 0.04, 0.03, 0.005};
  const auto corrected = lab::holm(p);
  const double expected[] = {0.03, 0.06, 0.06, 0.02};
  for (std::size_t i = 0; i < p.size(); ++i) {
    CHECK(corrected[i] == doctest::Approx(expected[i]).epsilon(1e-14));
    CHECK(corrected[i] >= p[i]);
    CHECK(corrected[i] <= 4.0 * p[i]);
  }
  CHECK(lab::holm({}).empty());
  CHECK(lab::holm(std::vector<double>{0.3}) == std::vector<double>{0.3});
  CHECK(lab::holm(std::vector<double>{0.6, 0.9}) == std::vector<double>{1.0, 1.0});
  CHECK_THROWS_AS(static_cast<void>(lab::holm(std::vector<double>{-0.1})), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(lab::holm(std::vector<double>{std::nan("")})), dope::Error);
}

TEST_CASE("bootstrap of a mean: as wide as theory says, the same for the same seed, inside the data") {
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(i % 4 == 0 ? 1.0 : 0.0);
  const auto found = lab::bootstrap_mean(values, 7);
  // Of a share of 1/4 of 400 the standard error is √(3/16/400) = 0.02165; 10,000 draws know the ends of its
  // interval to about 3 % of that, and steps of 1/400 add 0.00125.
  const double reach = lab::z_95 * std::sqrt(3.0 / 16.0 / 400.0);
  CHECK(std::abs(found.low - (0.25 - reach)) < 0.0035);
  CHECK(std::abs(found.high - (0.25 + reach)) < 0.0035);
  const auto again = lab::bootstrap_mean(values, 7);
  CHECK(again.low == found.low);
  CHECK(again.high == found.high);
  const auto half = lab::bootstrap_mean(values, 7, 10000, 0.5);
  CHECK(half.low > found.low);
  CHECK(half.high < found.high);
  const auto single = lab::bootstrap_mean(std::vector<double>{-2.5}, 1, 100);
  CHECK(single.low == -2.5);
  CHECK(single.high == -2.5);
  CHECK_THROWS_AS(static_cast<void>(lab::bootstrap_mean({}, 1)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(lab::bootstrap_mean(std::vector<double>{std::nan("")}, 1)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(lab::bootstrap_mean(values, 1, 99)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(lab::bootstrap_mean(values, 1, 1000, 1.0)), dope::Error);
}

TEST_CASE("rank correlation: 1 and -1 under monotone maps, ties by mean rank, a worked example") {
  const std::vector<double> x = {3.0, -1.0, 10.0, 0.5, 2.0};
  std::vector<double> cubes;
  std::vector<double> falling;
  for (const double value : x) {
    cubes.push_back(value * value * value);
    falling.push_back(-std::exp(value));
  }
  CHECK(lab::rank_correlation(x, cubes) == doctest::Approx(1.0).epsilon(1e-15));
  CHECK(lab::rank_correlation(x, falling) == doctest::Approx(-1.0).epsilon(1e-15));
  // Ranks (1, 2.5, 2.5, 4) and (1, 3, 2, 4): Pearson's 4.5/√(4.5·5).
  CHECK(lab::rank_correlation(std::vector<double>{1, 2, 2, 3}, std::vector<double>{1, 3, 2, 4}) ==
        doctest::Approx(4.5 / std::sqrt(4.5 * 5.0)).epsilon(1e-14));
  CHECK(std::isnan(lab::rank_correlation(std::vector<double>{1, 1}, std::vector<double>{1, 2})));
  CHECK_THROWS_AS(static_cast<void>(lab::rank_correlation(x, std::vector<double>{1, 2})), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(lab::rank_correlation({}, {})), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(
                      lab::rank_correlation(std::vector<double>{1, std::nan("")}, std::vector<double>{1, 2})),
                  dope::Error);
}
