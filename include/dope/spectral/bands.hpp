// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

#include "dope/core/error.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/spectral/band_gram.hpp"
#include "dope/spectral/checked.hpp"

// What the amplification theorems of arXiv 2511.09146 claim of a band, beside what is measured.
//
// The rows of band f are x_j ∈ R², the projections of a head's (rotated) queries or keys on the band's two
// channels; the paper writes x_j = β_j R(ω_f j)k, so that β_min‖k‖ is here min_j ‖x_j‖. Law, for every
// claim: bound ≤ measured (bound/measured ≤ 1), to bound_rounding.

namespace dope {

/// By what share of the measured value a bound may pass it, over N tokens: (N + 32)·2⁻⁵². A coherent sum may
/// cancel: there it is a share of N·rms‖x_j‖.
///
/// Sums of N terms are right to N·2⁻⁵³ of the sum of magnitudes, λ₁ is at least half of Σ_j ‖x_j‖², and cos γ
/// to 8·2⁻⁵³.
constexpr double bound_rounding(std::size_t tokens) noexcept {
  return (static_cast<double>(tokens) + 32.0) * 0x1p-52;
}

/// One band of one head over N tokens.
///
/// Cone: every x_j lies within `cone_half_angle` γ (radians) of one unit vector u; 2γ is the smallest arc
/// that holds all directions, zero rows have none. γ ≥ π/2 is no cone, and the bounds are then 0: no claim.
///   coherent sum            ‖Σ_j x_j‖ ≥ N·min‖x_j‖·cos γ                    (v2 A.3)
///   spectral amplification  λ₁(Σ_j x_j x_jᵀ) ≥ N·min‖x_j‖²·cos²γ            (v1 18; v2 8, 24, 25)
/// and σ₁ = √λ₁ of the N × 2 matrix of rows, likewise.
struct BandReport {
  std::size_t band = 0;
  std::size_t tokens = 0;
  double rms_norm = 0.0;
  double min_norm = 0.0;
  double energy_share = 0.0;  // of ‖X‖_F² of the whole head, channels outside the bands included
  double cone_half_angle = 0.0;
  double coherent_sum = 0.0;
  double coherent_sum_bound = 0.0;
  double largest_eigenvalue = 0.0;
  double largest_eigenvalue_bound = 0.0;
  BandGram gram;

  [[nodiscard]] bool in_cone() const noexcept { return cone_half_angle < 0.5 * std::numbers::pi; }
  [[nodiscard]] double largest_singular_value() const noexcept { return std::sqrt(largest_eigenvalue); }
  [[nodiscard]] double largest_singular_value_bound() const noexcept {
    return coherent_sum_bound / std::sqrt(static_cast<double>(tokens));  // √N·min‖x_j‖·cos γ
  }
};

/// One band of the score matrix A_f = Q_f K_fᵀ/√d of M queries and N keys.
///
/// With ψ the angle in [0, π/2] between the top right singular vectors of Q_f and K_f as lines:
///   σ₁(A_f) ≥ (min‖q_i‖·min‖k_j‖/√d)·√(MN)·cos γ_Q cos γ_K cos ψ            (v1 21; v2 10, 29, M = N)
/// which follows from aᵀA_f b with a, b the top left singular vectors. entry_bound is what Lemma A.1 draws
/// from the measured value: some |entry| of A_f is at least σ₁/√(MN).
struct BandScoreReport {
  std::size_t band = 0;
  double angle = 0.0;
  double largest_singular_value = 0.0;
  double largest_singular_value_bound = 0.0;
  double entry_bound = 0.0;
};

namespace detail {

/// Half the smallest arc that holds all angles: (2π − largest gap)/2. Sorts its input.
inline double half_smallest_arc(std::vector<double>& angles) {
  if (angles.size() < 2) return 0.0;
  std::sort(angles.begin(), angles.end());
  double gap = 2.0 * std::numbers::pi - (angles.back() - angles.front());
  for (std::size_t i = 1; i < angles.size(); ++i) gap = (std::max)(gap, angles[i] - angles[i - 1]);
  return (std::max)(0.0, std::numbers::pi - 0.5 * gap);
}

/// σ₁ of the 2 × 2 matrix [[a, b], [c, d]], without cancellation.
inline double largest_singular_value(double a, double b, double c, double d) noexcept {
  return 0.5 * (std::hypot(a + d, c - b) + std::hypot(a - d, b + c));
}

}  // namespace detail

/// Reports of bands 0 … bands − 1 of a head of N ≥ 1 tokens. Memory: N doubles; time: N log N per band.
/// Throws Error for no token, 2·bands above the width, non-finite input (naming the token), a zero head, or a
/// band that is not zero and whose squares sum to less than 2⁻⁹⁶⁰ (naming it).
template <Readable T>
[[nodiscard]] std::vector<BandReport> band_reports(HeadView<T> rows, Pairing pairing, std::size_t bands) {
  if (rows.tokens == 0 || bands == 0 || 2 * bands > rows.width) {
    fail("band_reports", detail::text(rows.tokens, " tokens, ", bands, " bands, width ", rows.width),
         "at least 1 token and 1 band, and two channels a band");
  }
  detail::checked_peak("band_reports", rows, rows.width);
  double energy = 0.0;
  for (std::size_t token = 0; token < rows.tokens; ++token) {
    for (std::size_t channel = 0; channel < rows.width; ++channel) {
      const auto value = static_cast<double>(rows.row(token)[channel]);
      energy += value * value;
    }
  }
  detail::require_energy("band_reports", energy, "the head");

  const auto count = static_cast<double>(rows.tokens);
  std::vector<BandReport> reports(bands);
  std::vector<double> angles;
  for (std::size_t band = 0; band < bands; ++band) {
    const ChannelPair pair = channels_of(pairing, band, 2 * bands);
    BandReport& report = reports[band];
    report.band = band;
    report.tokens = rows.tokens;
    double min_norm = std::numeric_limits<double>::infinity();
    double sum_x = 0.0;
    double sum_y = 0.0;
    angles.clear();
    for (std::size_t token = 0; token < rows.tokens; ++token) {
      const auto x = static_cast<double>(rows.row(token)[pair.first]);
      const auto y = static_cast<double>(rows.row(token)[pair.second]);
      const double norm = std::hypot(x, y);
      min_norm = (std::min)(min_norm, norm);
      sum_x += x;
      sum_y += y;
      report.gram.xx += x * x;
      report.gram.xy += x * y;
      report.gram.yy += y * y;
      if (norm > 0.0) angles.push_back(std::atan2(y, x));
    }
    if (!angles.empty())
      detail::require_energy("band_reports", report.gram.trace(), detail::text("band ", band));
    report.rms_norm = std::sqrt(report.gram.trace() / count);
    report.min_norm = min_norm;
    report.energy_share = report.gram.trace() / energy;
    report.cone_half_angle = detail::half_smallest_arc(angles);
    report.coherent_sum = std::hypot(sum_x, sum_y);
    report.largest_eigenvalue = report.gram.largest();
    if (report.in_cone()) {
      const double along = min_norm * std::cos(report.cone_half_angle);
      report.coherent_sum_bound = count * along;
      report.largest_eigenvalue_bound = count * along * along;
    }
  }
  return reports;
}

/// The score matrix of one band from the two sides' reports. `head_width` d is that of the attention
/// scale 1/√d. Throws Error for different bands or width 0.
[[nodiscard]] inline BandScoreReport band_score_report(const BandReport& query, const BandReport& key,
                                                       std::size_t head_width) {
  if (query.band != key.band || head_width == 0) {
    fail("band_score_report", detail::text("bands ", query.band, " and ", key.band, ", width ", head_width),
         "the same band and a width of at least 1");
  }
  BandScoreReport report;
  report.band = query.band;
  const double turn = query.gram.principal_angle() - key.gram.principal_angle();
  const double cosine = std::cos(turn);
  const double sine = std::sin(turn);
  report.angle = std::atan2(std::abs(sine), std::abs(cosine));
  const double scale = std::sqrt(static_cast<double>(head_width));
  const double q1 = std::sqrt(query.gram.largest());
  const double q2 = std::sqrt(query.gram.smallest());
  const double k1 = std::sqrt(key.gram.largest());
  const double k2 = std::sqrt(key.gram.smallest());
  report.largest_singular_value =
      detail::largest_singular_value(q1 * k1 * cosine, q1 * k2 * sine, -q2 * k1 * sine, q2 * k2 * cosine) /
      scale;
  report.largest_singular_value_bound =
      query.largest_singular_value_bound() * key.largest_singular_value_bound() * std::abs(cosine) / scale;
  report.entry_bound = report.largest_singular_value /
                       std::sqrt(static_cast<double>(query.tokens) * static_cast<double>(key.tokens));
  return report;
}

}  // namespace dope
