// SPDX-License-Identifier: MIT
#include "dope/spectral/attention.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "spectral/oracle.hpp"

namespace {

using oracle::Real;

/// A measure agrees with `exact` to what is stated of `count` rows of at most as many entries.
bool agrees(double measured, Real exact, std::size_t count) {
  return std::abs(measured - exact) <= dope::attention_error(count, count) * (1 + exact);
}

/// A causal map of N rows as T holds it: softmax of normals, with the first key and one other favoured.
template <class T>
std::vector<std::vector<T>> map_of(std::size_t count, oracle::Random& random) {
  std::vector<std::vector<T>> rows(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<Real> weights(i + 1);
    Real total = 0;
    for (std::size_t j = 0; j <= i; ++j) {
      weights[j] = std::exp(2 * random.normal() + (j == 0 ? 3 : 0));
      total += weights[j];
    }
    for (const Real weight : weights) rows[i].push_back(T(static_cast<dope::compute_t<T>>(weight / total)));
  }
  return rows;
}

template <class T>
void feed(dope::AttentionMeasures& measures, const std::vector<T>& row) {
  measures.add_row(std::span<const T>(row));
}

/// The map in long double, each row divided by its sum; entry (i, j) is 0 for j > i.
template <class T>
oracle::Matrix exact_of(const std::vector<std::vector<T>>& rows) {
  oracle::Matrix a(rows.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Real total = 0;
    for (const T value : rows[i]) total += static_cast<Real>(static_cast<dope::compute_t<T>>(value));
    for (std::size_t j = 0; j <= i; ++j) {
      a(i, j) = static_cast<Real>(static_cast<dope::compute_t<T>>(rows[i][j])) / total;
    }
  }
  return a;
}

}  // namespace

TEST_CASE_TEMPLATE(
    "measures of an attention map are those of the map held whole, fed in any order and merged", T, float,
    double, dope::float16, dope::bfloat16) {
  oracle::Random random(81);
  for (const std::size_t count : {1u, 2u, 17u, 100u}) {
    const auto rows = map_of<T>(count, random);
    const auto a = exact_of(rows);
    const dope::AttentionProbe probe{.sinks = 5, .needle_first = 3, .needle_last = 8, .recent = 4};
    dope::AttentionMeasures forward(probe);
    for (const auto& row : rows) feed(forward, row);
    dope::AttentionMeasures odd(probe);
    dope::AttentionMeasures merged(probe);
    for (std::size_t i = count; i-- > 0;) feed(i % 2 == 1 ? odd : merged, rows[i]);
    merged.merge(odd);
    for (const auto* measures : {&forward, &merged}) {
      CAPTURE(count);
      CHECK(measures->rows() == count);
      const double bound = dope::attention_error(count, count);
      const auto near = [&](double measured, Real exact) { CHECK(agrees(measured, exact, count)); };
      for (std::size_t k = 0; k < 5; ++k) {
        if (k >= count) {
          CHECK_THROWS_AS(static_cast<void>(measures->sink_score(k)), dope::Error);
          continue;
        }
        Real sum = 0;
        for (std::size_t i = k; i < count; ++i) sum += a(i, k);
        near(measures->sink_score(k), sum / static_cast<Real>(count - k));
      }
      Real entropy = 0;
      Real distance = 0;
      Real recent = 0;
      Real needle = 0;
      std::size_t needle_rows = 0;
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
          entropy += oracle::minus_x_log_x(a(i, j));
          distance += a(i, j) * static_cast<Real>(i - j);
          if (i - j < 4) recent += a(i, j);
          if (i >= 8 && j >= 3 && j < 8) needle += a(i, j);
        }
        needle_rows += i >= 8 ? 1 : 0;
      }
      const auto n = static_cast<Real>(count);
      near(measures->entropy(), entropy / n);
      near(measures->distance(), distance / n);
      near(measures->recency(), recent / n);
      CHECK(measures->entropy() <= std::log(static_cast<double>(count)) * (1 + bound) + bound);
      if (needle_rows > 0) {
        near(measures->needle_mass(), needle / static_cast<Real>(needle_rows));
      } else {
        CHECK_THROWS_AS(static_cast<void>(measures->needle_mass()), dope::Error);
      }
    }
  }
}

TEST_CASE("maps with a known answer: all on the first key, all on itself, uniform") {
  const std::size_t count = 50;
  const dope::AttentionProbe probe{.sinks = 2, .needle_first = 10, .needle_last = 20, .recent = 1};
  dope::AttentionMeasures sink(probe);
  dope::AttentionMeasures self(probe);
  dope::AttentionMeasures even(probe);
  Real harmonic = 0;
  Real log_mean = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<double> row(i + 1);
    row[0] = 1.0;
    feed(sink, row);
    row[0] = 0.0;
    row[i] = 1.0;
    feed(self, row);
    feed(even, std::vector<double>(i + 1, 1.0 / static_cast<double>(i + 1)));
    harmonic += 1 / static_cast<Real>(i + 1) / static_cast<Real>(count);
    log_mean += std::log(static_cast<Real>(i + 1)) / static_cast<Real>(count);
  }
  CHECK(sink.sink_score(0) == 1.0);
  CHECK(sink.sink_score(1) == 0.0);
  CHECK(sink.entropy() == 0.0);
  CHECK(agrees(sink.distance(), 24.5L, count));
  CHECK(sink.needle_mass() == 0.0);
  CHECK_THROWS_WITH_AS(static_cast<void>(sink.sink_score(2)),
                       "AttentionMeasures::sink_score: given position 2, expected one of the 2 probed",
                       dope::Error);
  dope::AttentionMeasures without_needle({.needle_first = 10, .needle_last = 10});
  feed(without_needle, std::vector<double>(20, 0.05));
  CHECK_THROWS_AS(static_cast<void>(without_needle.needle_mass()), dope::Error);
  CHECK(self.recency() == 1.0);
  CHECK(self.distance() == 0.0);
  CHECK(agrees(even.sink_score(0), harmonic, count));
  CHECK(agrees(even.entropy(), log_mean, count));
  CHECK(dope::sink_rate(
            std::vector<double>{sink.sink_score(0), self.sink_score(0), even.sink_score(0), 0.3}) == 0.25);
  CHECK(dope::sink_rate(std::vector<double>{0.1, 0.2}, 0.15) == 0.5);
}

TEST_CASE("a row that is no distribution is an error and changes nothing") {
  dope::AttentionMeasures measures({});
  const auto refuse = [&](std::vector<double> row) {
    CHECK_THROWS_AS(feed(measures, row), dope::Error);
    CHECK(measures.rows() == 0);
  };
  refuse({});
  refuse({0.5});
  refuse({0.5, 0.5 + 1.01 * dope::row_sum_error});
  refuse({0.5, 0.5 - 1.01 * dope::row_sum_error});
  refuse({1.5, -0.5});
  refuse({std::numeric_limits<double>::quiet_NaN(), 1.0});
  refuse({std::numeric_limits<double>::infinity(), 1.0});
  CHECK_THROWS_AS(static_cast<void>(measures.entropy()), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(measures.sink_score(0)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(measures.sink_score(1)), dope::Error);
  CHECK_THROWS_AS(dope::AttentionMeasures({.needle_first = 2, .needle_last = 1}), dope::Error);
  CHECK_THROWS_AS(dope::AttentionMeasures({.recent = 0}), dope::Error);
  CHECK_THROWS_AS(measures.merge(dope::AttentionMeasures({.sinks = 2})), dope::Error);
  feed(measures, std::vector<double>{0.5, 0.5 + 0.99 * dope::row_sum_error});
  feed(measures, std::vector<double>{0.5, 0.5 - 0.99 * dope::row_sum_error});
  CHECK(measures.rows() == 2);
  CHECK_THROWS_AS(static_cast<void>(dope::sink_rate({})), dope::Error);
}
