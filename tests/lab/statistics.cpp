// SPDX-License-Identifier: MIT
#include "lab/support/statistics.hpp"

#include <doctest/doctest.h>

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
