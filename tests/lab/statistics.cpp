// SPDX-License-Identifier: MIT
#include "lab/support/statistics.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "dope/core/error.hpp"
#include "lab/support/random.hpp"

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

TEST_CASE("nearest rank: the ends, the middle, and halves upwards") {
  const std::vector<double> one = {7.0};
  const std::vector<double> four = {1.0, 2.0, 3.0, 4.0};
  for (const double q : {0.0, 0.3, 1.0}) CHECK(lab::nearest_rank(one, q) == 7.0);
  CHECK(lab::nearest_rank(four, 0.0) == 1.0);
  CHECK(lab::nearest_rank(four, 0.4) == 2.0);
  CHECK(lab::nearest_rank(four, 0.5) == 3.0);
  CHECK(lab::nearest_rank(four, 1.0) == 4.0);
}

TEST_CASE("p-values in three decimals, and none that looks like 0") {
  CHECK(lab::p_text(1.0) == "p=1.000");
  CHECK(lab::p_text(0.0215) == "p=0.021");  // the nearest double is below the half
  CHECK(lab::p_text(0.001) == "p=0.001");
  CHECK(lab::p_text(0.00099) == "p<0.001");
  CHECK(lab::p_text(0.0) == "p<0.001");
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

namespace {

constexpr double correlation_rounding = 1e-13;  // sums of a few dozen ranks

/// Spearman's by its definition: ranks by counting, then Pearson's.
double slow_correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const auto ranks = [](const std::vector<double>& values) {
    std::vector<long double> found;
    for (const double value : values) {
      long double rank = 0.5L;
      for (const double other : values) rank += other < value ? 1.0L : other == value ? 0.5L : 0.0L;
      found.push_back(rank);
    }
    return found;
  };
  const auto a = ranks(x);
  const auto b = ranks(y);
  long double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sa += a[i];
    sb += b[i];
    saa += a[i] * a[i];
    sbb += b[i] * b[i];
    sab += a[i] * b[i];
  }
  const auto n = static_cast<long double>(a.size());
  const long double va = n * saa - sa * sa;
  const long double vb = n * sbb - sb * sb;
  return va > 0 && vb > 0 ? static_cast<double>((n * sab - sa * sb) / std::sqrt(va * vb)) : std::nan("");
}

/// Values from 0 to 9 that come several times.
std::vector<double> with_ties(std::size_t count, std::size_t step) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<double>((i * i * step + 3 * i) % 10));
  return values;
}

}  // namespace

TEST_CASE("bootstrap of a rank correlation: the percentiles of resamples ranked by their definition") {
  constexpr std::size_t draws = 401;  // 2.5 % of 400 is the tenth: no value lies between two draws
  for (const std::size_t count : {std::size_t{3}, std::size_t{12}, std::size_t{32}}) {
    const auto x = with_ties(count, 3);
    const auto y = with_ties(count, 7);
    lab::Random random(5, lab::Stream::resample);
    std::vector<double> found;
    for (std::size_t draw = 0; draw < draws; ++draw) {
      std::vector<double> a, b;
      for (std::size_t i = 0; i < count; ++i) {
        const auto at = random.below(static_cast<std::uint32_t>(count));
        a.push_back(x[at]);
        b.push_back(y[at]);
      }
      const double rho = slow_correlation(a, b);
      if (!std::isnan(rho)) found.push_back(rho);
    }
    std::sort(found.begin(), found.end());
    const auto interval = lab::bootstrap_rank_correlation(x, y, 5, draws);
    if (found.size() == draws) {
      CHECK(std::abs(interval.low - found[10]) < correlation_rounding);
      CHECK(std::abs(interval.high - found[390]) < correlation_rounding);
    } else {
      CHECK(count == 3);  // where resamples of one value alone come
      CHECK(interval.low >= found.front() - correlation_rounding);
      CHECK(interval.high <= found.back() + correlation_rounding);
    }
  }
  const std::vector<double> rising = {1, 2, 3, 4, 5, 6};
  CHECK(lab::bootstrap_rank_correlation(rising, rising, 1).low == doctest::Approx(1.0).epsilon(1e-14));
  CHECK(std::isnan(lab::bootstrap_rank_correlation(rising, std::vector<double>(6, 2.0), 1).low));
  CHECK_THROWS_AS(static_cast<void>(lab::bootstrap_rank_correlation(rising, rising, 1, 99)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(lab::bootstrap_rank_correlation(rising, {}, 1)), dope::Error);
}

TEST_CASE("stratified rank correlation: one stratum is Spearman's; each stratum may be bent on its own") {
  const auto x = with_ties(24, 3);
  const auto y = with_ties(24, 7);
  const std::vector<std::size_t> one(24, 9);
  CHECK(std::abs(lab::stratified_rank_correlation(x, y, one) - slow_correlation(x, y)) <
        correlation_rounding);

  std::vector<std::size_t> strata;
  std::vector<double> bent = y;
  for (std::size_t i = 0; i < 24; ++i) {
    strata.push_back(i % 3);
    bent[i] = i % 3 == 0 ? std::exp(y[i]) : i % 3 == 1 ? y[i] - 1000.0 : 5.0 * y[i] + 1e6;
  }
  CHECK(lab::stratified_rank_correlation(x, bent, strata) == lab::stratified_rank_correlation(x, y, strata));
  // Strata (1, 2, 3) and (1, 2): within the first 1·(−1) + 0·1 + …: ranks (−1, 0, 1)·(0, −1, 1) = 1, within
  // the second (−½, ½)·(½, −½) = −½; each side's squares 2 + ½.
  CHECK(lab::stratified_rank_correlation(
            std::vector<double>{10, 20, 30, 1, 2}, std::vector<double>{5, 4, 6, 9, 8},
            std::vector<std::size_t>{0, 0, 0, 1, 1}) == doctest::Approx(0.5 / 2.5).epsilon(1e-14));
  CHECK(std::isnan(lab::stratified_rank_correlation(std::vector<double>{1, 1, 2, 2},
                                                    std::vector<double>{1, 2, 3, 4},
                                                    std::vector<std::size_t>{0, 0, 1, 1})));
  CHECK_THROWS_AS(static_cast<void>(lab::stratified_rank_correlation(x, y, std::vector<std::size_t>{0, 1})),
                  dope::Error);
}

TEST_CASE("max-statistic test: as all permutations, counted one by one, within strata too") {
  const std::vector<std::vector<double>> xs = {
      {1, 2, 3, 4, 5, 6}, {2, 1, 4, 3, 6, 5}, {1, 1, 2, 9, 2, 1}, {6, 5, 4, 3, 2, 1}};
  const std::vector<double> y = {1, 3, 2, 4, 6, 5};
  constexpr std::size_t draws = 20000;
  for (const auto& strata :
       {std::vector<std::size_t>{0, 0, 0, 0, 0, 0}, std::vector<std::size_t>{1, 1, 1, 1, 0, 0}}) {
    std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5};
    std::vector<double> highest;
    do {
      bool inside = true;
      std::vector<double> permuted;
      for (std::size_t i = 0; i < 6; ++i) {
        inside = inside && strata[order[i]] == strata[i];
        permuted.push_back(y[order[i]]);
      }
      if (!inside) continue;
      double most = 0.0;
      for (const auto& x : xs)
        most = std::max(most, std::abs(lab::stratified_rank_correlation(x, permuted, strata)));
      highest.push_back(most);
    } while (std::next_permutation(order.begin(), order.end()));
    CHECK(highest.size() == (strata[5] == 0 && strata[0] == 1 ? 48 : 720));
    const auto p = lab::max_statistic_test(xs, y, strata, 3, draws);
    for (std::size_t i = 0; i < xs.size(); ++i) {
      const double own = std::abs(lab::stratified_rank_correlation(xs[i], y, strata));
      const auto above = std::count_if(highest.begin(), highest.end(),
                                       [&](double most) { return most >= own - correlation_rounding; });
      const double exact = static_cast<double>(above) / static_cast<double>(highest.size());
      const double error = std::sqrt(exact * (1.0 - exact) / static_cast<double>(draws));
      CHECK(std::abs(p[i] - exact) < 4.0 * error + 1.0 / static_cast<double>(draws));
    }
    CHECK(p[0] == p[3]);  // the same but for the sign
  }
}

TEST_CASE("max-statistic test: more tried never lowers a p, the same said twice costs nothing") {
  const auto y = with_ties(20, 7);
  const std::vector<std::size_t> one(20, 0);
  std::vector<std::vector<double>> xs = {with_ties(20, 3), with_ties(20, 1)};
  const auto two = lab::max_statistic_test(xs, y, one, 11, 2000);
  CHECK(two == lab::max_statistic_test(xs, y, one, 11, 2000));
  xs.push_back(xs.front());
  for (double& value : xs.back()) value = std::exp(value);
  const auto said_twice = lab::max_statistic_test(xs, y, one, 11, 2000);
  CHECK(said_twice[0] == two[0]);
  CHECK(said_twice[1] == two[1]);
  CHECK(said_twice[2] == two[0]);
  xs.push_back(std::vector<double>(20, 4.0));
  xs.push_back(with_ties(20, 9));
  const auto more = lab::max_statistic_test(xs, y, one, 11, 2000);
  CHECK(std::isnan(more[3]));
  CHECK(more[0] >= two[0]);
  CHECK(more[1] >= two[1]);
  CHECK(lab::max_statistic_test(std::vector<std::vector<double>>{y}, y, one, 1, 999).front() ==
        doctest::Approx(0.001));
  CHECK(lab::max_statistic_test({}, y, one, 1).empty());
  CHECK_THROWS_AS(static_cast<void>(lab::max_statistic_test(xs, y, one, 1, 0)), dope::Error);
}

TEST_CASE("Spearman and Brown: a test twice as long") {
  CHECK(lab::spearman_brown(0.0) == 0.0);
  CHECK(lab::spearman_brown(1.0) == 1.0);
  CHECK(lab::spearman_brown(0.5) == doctest::Approx(2.0 / 3.0).epsilon(1e-15));
  CHECK_THROWS_AS(static_cast<void>(lab::spearman_brown(-1.0)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(lab::spearman_brown(std::nan(""))), dope::Error);
}

TEST_CASE("random halves: everything once, each place as often as any other") {
  for (const std::size_t count : {std::size_t{2}, std::size_t{7}, std::size_t{12}}) {
    constexpr std::size_t splits = 3000;
    const auto halves = lab::random_halves(count, splits, 4);
    CHECK(halves.size() == splits);
    std::vector<std::size_t> in_first(count, 0);
    for (const auto& half : halves) {
      CHECK(half.first.size() == count / 2);
      std::vector<std::size_t> all = half.first;
      all.insert(all.end(), half.second.begin(), half.second.end());
      std::sort(all.begin(), all.end());
      for (std::size_t i = 0; i < count; ++i) CHECK(all[i] == i);
      CHECK(std::is_sorted(half.first.begin(), half.first.end()));
      CHECK(std::is_sorted(half.second.begin(), half.second.end()));
      for (const std::size_t i : half.first) ++in_first[i];
    }
    const double share = static_cast<double>(count / 2) / static_cast<double>(count);
    const double error = std::sqrt(share * (1.0 - share) / static_cast<double>(splits));
    for (const std::size_t times : in_first)
      CHECK(std::abs(static_cast<double>(times) / static_cast<double>(splits) - share) < 4.0 * error);
  }
  CHECK_THROWS_AS(static_cast<void>(lab::random_halves(1, 1, 1)), dope::Error);
}
