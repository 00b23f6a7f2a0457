// SPDX-License-Identifier: MIT
#include "dope/spectral/bands.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <numbers>
#include <vector>

#include "dope/rope/rotate.hpp"
#include "dope/rope/table.hpp"
#include "spectral/oracle.hpp"

namespace {

using dope::Pairing;
using oracle::Real;

constexpr Pairing pairings[] = {Pairing::interleaved, Pairing::half_split};

/// bound ≤ measured to the law's rounding, a share of `size`: of what was measured, or of N·rms where it
/// cancels.
bool holds(double bound, double measured, double size, std::size_t tokens) {
  return bound <= measured + dope::bound_rounding(tokens) * size;
}

void check_bounds(const dope::BandReport& report) {
  const std::size_t n = report.tokens;
  CHECK(holds(report.coherent_sum_bound, report.coherent_sum, static_cast<double>(n) * report.rms_norm, n));
  CHECK(holds(report.largest_eigenvalue_bound, report.largest_eigenvalue, report.largest_eigenvalue, n));
  CHECK(holds(report.largest_singular_value_bound(), report.largest_singular_value(),
              report.largest_singular_value(), n));
}

oracle::Matrix band_rows(const oracle::Matrix& x, Pairing pairing, std::size_t band, std::size_t bands) {
  oracle::Matrix pair(x.rows, 2);
  for (std::size_t t = 0; t < x.rows; ++t) {
    pair(t, 0) = pairing == Pairing::interleaved ? x(t, 2 * band) : x(t, band);
    pair(t, 1) = pairing == Pairing::interleaved ? x(t, 2 * band + 1) : x(t, band + bands);
  }
  return pair;
}

/// Half the smallest arc over all directions: every pair of neighbours tried, by the arc that starts at
/// each direction and reaches the farthest one counter-clockwise.
Real half_arc(const oracle::Matrix& pair) {
  std::vector<Real> angles;
  for (std::size_t t = 0; t < pair.rows; ++t) {
    if (pair(t, 0) != 0 || pair(t, 1) != 0) angles.push_back(std::atan2(pair(t, 1), pair(t, 0)));
  }
  Real best = angles.empty() ? 0 : 2 * std::numbers::pi_v<Real>;
  for (const Real start : angles) {
    Real reach = 0;
    for (const Real angle : angles) {
      Real turn = angle - start;
      if (turn < 0) turn += 2 * std::numbers::pi_v<Real>;
      reach = std::max(reach, turn);
    }
    best = std::min(best, reach);
  }
  return best / 2;
}

/// Heads of every temper: far from the origin, of one direction, rotated through a window, plain noise.
std::vector<oracle::Matrix> heads(std::size_t tokens, std::size_t width, oracle::Random& random) {
  std::vector<oracle::Matrix> all;
  all.push_back(oracle::normals(tokens, width, random));
  for (const Real shift : {2.0L, 20.0L}) {
    oracle::Matrix x = oracle::normals(tokens, width, random);
    std::vector<Real> middle(width);
    for (Real& value : middle) value = shift * random.normal();
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t c = 0; c < width; ++c) x(t, c) += middle[c];
    }
    all.push_back(x);
  }
  oracle::Matrix same(tokens, width);
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t c = 0; c < width; ++c) same(t, c) = 1 + static_cast<Real>(c);
  }
  all.push_back(same);
  oracle::Matrix with_zeros = all[1];
  for (std::size_t c = 0; c < width; ++c) with_zeros(tokens / 2, c) = 0;
  all.push_back(with_zeros);
  return all;
}

}  // namespace

TEST_CASE_TEMPLATE("every amplification bound is at most what is measured", T, float, double, dope::float16,
                   dope::bfloat16) {
  oracle::Random random(71);
  for (const std::size_t width : oracle::widths) {
    const std::size_t bands = width / 2;
    for (const auto& x : heads(64, width, random)) {
      for (const auto& y : heads(40, width, random)) {
        const oracle::Head<T> query(x);
        const oracle::Head<T> key(y, 3);
        for (const auto pairing : pairings) {
          const auto queries = dope::band_reports(query.view(), pairing, bands);
          const auto keys = dope::band_reports(key.view(), pairing, bands);
          for (std::size_t band = 0; band < bands; ++band) {
            CAPTURE(width);
            CAPTURE(band);
            check_bounds(queries[band]);
            check_bounds(keys[band]);
            const auto score = dope::band_score_report(queries[band], keys[band], width);
            CHECK(holds(score.largest_singular_value_bound, score.largest_singular_value,
                        score.largest_singular_value, queries[band].tokens + keys[band].tokens));
          }
        }
        if (width > 64) break;  // one key head is enough there
      }
    }
  }
}

TEST_CASE(
    "bounds hold for rotated heads in and out of the cone, at positions to 2^20, and are met by still "
    "bands") {
  oracle::Random random(72);
  for (const std::size_t width : {6u, 32u, 90u}) {
    const std::size_t bands = width / 2;
    const dope::RopeParameters rope{
        .base = 1e4, .head_width = width, .rotated_width = width, .training_length = 512};
    for (const std::int64_t first : {std::int64_t{0}, std::int64_t{1} << 20}) {
      for (const auto pairing : pairings) {
        const std::size_t tokens = 2048;
        std::vector<double> rows(tokens * width);
        std::vector<double> row(width);
        for (double& value : row) value = static_cast<double>(random.normal());
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = row[i % width];
        const dope::RotationTable<double> table(dope::native_frequencies(rope), first, tokens);
        dope::rotate(dope::dense_head(rows.data(), tokens, width), table.view(), pairing);
        const auto reports = dope::band_reports(dope::dense_head(rows.data(), tokens, width), pairing, bands);
        const auto omega = dope::native_frequencies(rope).omega;
        for (std::size_t band = 0; band < bands; ++band) {
          CAPTURE(width);
          CAPTURE(band);
          const auto& report = reports[band];
          check_bounds(report);
          // One direction, turned by ω a token: the arc is ω(N − 1) while that is under a turn less ω.
          const double arc = omega[band] * static_cast<double>(tokens - 1);
          if (arc < 2 * std::numbers::pi - 2 * omega[band]) {
            CHECK(report.cone_half_angle == doctest::Approx(arc / 2).epsilon(1e-6));
          }
          CHECK(report.min_norm == doctest::Approx(report.rms_norm).epsilon(1e-9));
          if (arc < 0.1) CHECK(report.largest_eigenvalue_bound > 0.99 * report.largest_eigenvalue);
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("what a band report measures agrees with long double", T, float, double, dope::float16,
                   dope::bfloat16) {
  oracle::Random random(73);
  constexpr double agreement = 1e-9;
  for (const std::size_t width : {2u, 6u, 10u, 32u}) {
    for (const std::size_t rotated : {width, width / 4 * 2}) {
      if (rotated < 2) continue;
      const std::size_t bands = rotated / 2;
      for (const auto& made : heads(50, width, random)) {
        const oracle::Head<T> head(made, 1);
        const auto x = head.exact();
        Real energy = 0;
        for (const Real value : x.values) energy += value * value;
        for (const auto pairing : pairings) {
          const auto reports = dope::band_reports(head.view(), pairing, bands);
          REQUIRE(reports.size() == bands);
          for (std::size_t band = 0; band < bands; ++band) {
            CAPTURE(width);
            CAPTURE(band);
            const auto& report = reports[band];
            const auto pair = band_rows(x, pairing, band, bands);
            Real smallest = std::numeric_limits<Real>::infinity();
            Real squares = 0;
            Real sum[2] = {0, 0};
            for (std::size_t t = 0; t < pair.rows; ++t) {
              const Real norm = std::hypot(pair(t, 0), pair(t, 1));
              smallest = std::min(smallest, norm);
              squares += norm * norm;
              sum[0] += pair(t, 0);
              sum[1] += pair(t, 1);
            }
            const Real gamma = half_arc(pair);
            const auto near = [&](double measured, Real exact) {
              CHECK(measured == doctest::Approx(static_cast<double>(exact)).epsilon(agreement));
            };
            near(report.min_norm, smallest);
            near(report.rms_norm, std::sqrt(squares / 50));
            near(report.energy_share, squares / energy);
            near(report.coherent_sum, std::hypot(sum[0], sum[1]));
            near(report.cone_half_angle, gamma);
            const auto values = oracle::eigenvalues(oracle::gram(pair));
            near(report.largest_eigenvalue, values[0]);
            const Real along = gamma < std::numbers::pi_v<Real> / 2 ? smallest * std::cos(gamma) : 0;
            near(report.coherent_sum_bound, 50 * along);
            near(report.largest_eigenvalue_bound, 50 * along * along);
            CHECK(report.in_cone() == (gamma < std::numbers::pi_v<Real> / 2));
            CHECK(report.tokens == 50);
            CHECK(report.band == band);
          }
        }
      }
    }
  }
}

TEST_CASE(
    "a band's score matrix: its largest singular value, the angle, and one entry above sigma / sqrt(MN)") {
  oracle::Random random(74);
  constexpr double agreement = 1e-9;
  for (const std::size_t width : {2u, 6u, 32u}) {
    const std::size_t bands = width / 2;
    for (const auto& x : heads(12, width, random)) {
      for (const auto& y : heads(9, width, random)) {
        const oracle::Head<double> query(x);
        const oracle::Head<double> key(y);
        for (const auto pairing : pairings) {
          const auto queries = dope::band_reports(query.view(), pairing, bands);
          const auto keys = dope::band_reports(key.view(), pairing, bands);
          for (std::size_t band = 0; band < bands; ++band) {
            const auto report = dope::band_score_report(queries[band], keys[band], width);
            const auto q = band_rows(query.exact(), pairing, band, bands);
            const auto k = band_rows(key.exact(), pairing, band, bands);
            oracle::Matrix scores(12, 9);
            Real brightest = 0;
            for (std::size_t i = 0; i < 12; ++i) {
              for (std::size_t j = 0; j < 9; ++j) {
                scores(i, j) = (q(i, 0) * k(j, 0) + q(i, 1) * k(j, 1)) / std::sqrt(static_cast<Real>(width));
                brightest = std::max(brightest, std::abs(scores(i, j)));
              }
            }
            const Real sigma = std::sqrt(oracle::squared_singular_values(scores)[0]);
            CHECK(report.largest_singular_value ==
                  doctest::Approx(static_cast<double>(sigma)).epsilon(agreement));
            CHECK(holds(report.entry_bound, static_cast<double>(brightest), report.entry_bound, 21));
            CHECK(report.entry_bound ==
                  doctest::Approx(static_cast<double>(sigma / std::sqrt(108.0L))).epsilon(agreement));
            CHECK(report.angle >= 0.0);
            CHECK(report.angle <= std::numbers::pi / 2);
          }
        }
      }
    }
  }
}

TEST_CASE("psi is the angle between principal directions, as lines") {
  for (const double query_angle : {-1.2, 0.0, 0.4, 1.5}) {
    for (const double key_angle : {-3.0, -0.7, 0.4, 2.0}) {
      const double q[] = {2 * std::cos(query_angle), 2 * std::sin(query_angle)};
      const double k[] = {3 * std::cos(key_angle), 3 * std::sin(key_angle)};
      const auto report = dope::band_score_report(
          dope::band_reports(dope::dense_head(q, 1, 2), Pairing::interleaved, 1)[0],
          dope::band_reports(dope::dense_head(k, 1, 2), Pairing::interleaved, 1)[0], 2);
      const double apart = std::abs(std::remainder(query_angle - key_angle, std::numbers::pi));
      CHECK(report.angle == doctest::Approx(apart).epsilon(1e-12));
      // One token a side: the bound is met.
      CHECK(report.largest_singular_value ==
            doctest::Approx(6 * std::abs(std::cos(query_angle - key_angle)) / std::sqrt(2.0)).epsilon(1e-12));
      CHECK(report.largest_singular_value_bound ==
            doctest::Approx(report.largest_singular_value).epsilon(1e-12));
    }
  }
}

TEST_CASE("outside a cone nothing is claimed") {
  const double rows[] = {1.0, 0.0, -1.0, 0.0};
  const auto report = dope::band_reports(dope::dense_head(rows, 2, 2), Pairing::interleaved, 1)[0];
  CHECK(report.cone_half_angle == doctest::Approx(std::numbers::pi / 2).epsilon(1e-15));
  CHECK_FALSE(report.in_cone());
  CHECK(report.largest_eigenvalue_bound == 0.0);
  CHECK(report.coherent_sum == 0.0);
}

TEST_CASE("contracts of band reports are errors") {
  const float rows[] = {1.0f, 2.0f, 3.0f, std::numeric_limits<float>::quiet_NaN()};
  const auto reports = [&](std::size_t tokens, std::size_t width, std::size_t bands) {
    return dope::band_reports(dope::dense_head(rows, tokens, width), Pairing::half_split, bands);
  };
  CHECK_THROWS_AS(static_cast<void>(reports(0, 2, 1)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(reports(1, 2, 2)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(reports(1, 2, 0)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(reports(1, 4, 1)), dope::Error);
  const float zeros[] = {0.0f, 0.0f};
  CHECK_THROWS_AS(
      static_cast<void>(dope::band_reports(dope::dense_head(zeros, 1, 2), Pairing::half_split, 1)),
      dope::Error);
  const auto good = reports(1, 2, 1)[0];
  auto other = good;
  other.band = 1;
  CHECK_THROWS_AS(static_cast<void>(dope::band_score_report(good, other, 2)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(dope::band_score_report(good, good, 0)), dope::Error);
}
