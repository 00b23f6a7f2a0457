// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dope/core/error.hpp"
#include "dope/core/noise.hpp"

namespace dope {

/// Which tokens a meter reads: one of every `stratum` consecutive positions, drawn by a counter; 1 is all.
///
/// Positions [s·m, s·m + s) form stratum m; of its s positions one is taken, uniform, a function of (seed, m)
/// alone. Laws: results do not depend, but for rounding, on how tokens are cut into chunks, nor on their
/// order; layers, heads, sides and stages are read at the same tokens; Σ̂ = s·Σ over the tokens taken has the
/// mean Σ.
///
/// Worst error, in probability (matrix Bernstein inequality, Tropp 2012, DOI 10.1007/s10208-011-9099-z;
/// strata are independent, an outer product times s is at most s·B): for every δ in (0, 1), with
/// probability at least 1 − δ,
///   ‖Σ̂ − Σ‖ ≤ √(2 s B λ₁ ln(2d/δ)) + ⅔ s B ln(2d/δ),
/// B the largest squared norm of a row, λ₁ the largest eigenvalue of Σ, d the width; no eigenvalue is off by
/// more. In units of tr Σ = N·(mean squared norm) it falls as √(s/N).
struct TokenSampling {
  std::size_t stratum = 1;
  std::uint64_t seed = 42;
  bool operator==(const TokenSampling&) const = default;
};

/// ‖Σ̂ − Σ‖ is at most this with probability 1 − delta; see TokenSampling. Throws Error unless the stratum and
/// the width are at least 1, the others finite and at least 0, and delta between 0 and 1.
[[nodiscard]] inline double sampling_error(const TokenSampling& sampling, double largest_squared_norm,
                                           double largest_eigenvalue, std::size_t width, double delta) {
  const auto bad = [](double x) { return !(x >= 0.0) || !std::isfinite(x); };
  if (sampling.stratum == 0 || bad(largest_squared_norm) || bad(largest_eigenvalue) || width == 0 ||
      !(delta > 0.0 && delta < 1.0)) {
    fail("sampling_error",
         detail::text("strata of ", sampling.stratum, ", squared norm ", largest_squared_norm,
                      ", eigenvalue ", largest_eigenvalue, ", width ", width, ", delta ", delta),
         "at least 1 token and channel, finite numbers of at least 0, delta between 0 and 1");
  }
  if (sampling.stratum == 1) return 0.0;
  const double weight = static_cast<double>(sampling.stratum) * largest_squared_norm;
  const double log_odds = std::log(2.0 * static_cast<double>(width) / delta);
  return std::sqrt(2.0 * weight * largest_eigenvalue * log_odds) + 2.0 / 3.0 * weight * log_odds;
}

namespace detail {

/// Throws Error where a stratum has no position, or more than 2^31.
inline void validate(const TokenSampling& sampling) {
  if (sampling.stratum == 0 || sampling.stratum > (std::size_t{1} << 31))
    fail("TokenSampling", text("strata of ", sampling.stratum, " tokens"), "1 to 2^31");
}

/// The position taken of stratum m, counted from its first: ⌊w·s/2³²⌋, w the first Philox word at (seed, m)
/// of a layer and head that no model has.
inline std::int64_t taken_of_stratum(const TokenSampling& sampling, std::int64_t stratum) {
  const NoiseRow row{sampling.seed, (std::size_t{1} << 15) - 1, (std::size_t{1} << 16) - 1, Side::key,
                     stratum};
  return static_cast<std::int64_t>((std::uint64_t{noise_words(row, 0)[0]} * sampling.stratum) >> 32);
}

/// The indices i, ascending, of the positions that are taken. Precondition: positions within 2^53.
inline std::vector<std::size_t> taken_tokens(const TokenSampling& sampling,
                                             std::span<const std::int64_t> positions) {
  std::vector<std::size_t> taken;
  taken.reserve(positions.size() / sampling.stratum + 2);
  if (sampling.stratum == 1) {
    for (std::size_t i = 0; i < positions.size(); ++i) taken.push_back(i);
    return taken;
  }
  const auto length = static_cast<std::int64_t>(sampling.stratum);
  std::int64_t first = 0;  // of the current stratum
  std::int64_t chosen = taken_of_stratum(sampling, 0);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (positions[i] < first || positions[i] - first >= length) {
      const std::int64_t offset = (positions[i] % length + length) % length;
      first = positions[i] - offset;
      chosen = first + taken_of_stratum(sampling, first / length);
    }
    if (positions[i] == chosen) taken.push_back(i);
  }
  return taken;
}

}  // namespace detail
}  // namespace dope
