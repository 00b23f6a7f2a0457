// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

#include "dope/core/error.hpp"
#include "dope/core/ieee.hpp"
#include "dope/core/view.hpp"
#include "dope/rope/double_double.hpp"

namespace dope {

/// What a model's rotary embedding is before any scaling.
///
/// rotated_width d: the leading channels of a head that turn (even, 2 … head_width); the exponent
/// and the partner both use it. training_length L: the context the model was trained at, in tokens.
struct RopeParameters {
  double base = 10000.0;
  std::size_t head_width = 0;
  std::size_t rotated_width = 0;
  std::size_t training_length = 0;

  [[nodiscard]] std::size_t bands() const noexcept { return rotated_width / 2; }
};

/// Throws Error unless base > 1 is finite, 2 ≤ d ≤ head width ≤ 2²⁰, d even, L ≥ 1.
inline void validate(const RopeParameters& rope) {
  detail::require_ieee("RopeParameters");
  if (!(rope.base > 1.0) || !std::isfinite(rope.base)) {
    fail("RopeParameters", detail::text("base ", rope.base), "a finite base above 1");
  }
  if (rope.rotated_width < 2 || rope.rotated_width % 2 != 0 || rope.rotated_width > rope.head_width) {
    fail("RopeParameters",
         detail::text("rotated width ", rope.rotated_width, " of head width ", rope.head_width),
         "an even rotated width from 2 to the head width");
  }
  if (rope.head_width > widest_head) {
    fail("RopeParameters", detail::text("head width ", rope.head_width),
         detail::text("at most ", widest_head));
  }
  if (rope.training_length == 0) {
    fail("RopeParameters", "training length 0", "at least 1 token");
  }
}

/// Angular frequencies of one head, radians per position, one per band, highest first as a rule;
/// and the attention factor, which multiplies cos and sin.
///
/// A band with ω = 0 does not turn. A denoised head is a head with other frequencies.
struct Frequencies {
  std::vector<double> omega;
  double attention_factor = 1.0;

  [[nodiscard]] std::size_t bands() const noexcept { return omega.size(); }
  bool operator==(const Frequencies&) const = default;
};

/// Worst error of a frequency or attention factor, native or scaled by any scaling, in units in the last
/// place of double, where results are at least 2⁻⁹⁰⁰ and scaling factors at most 2³⁰.
inline constexpr double frequency_ulps = 0.501;

namespace detail {

/// b^(−2/d), from one native frequency to the next.
inline DoubleDouble native_ratio(double base, std::size_t bands) noexcept {
  return exp(-log(DoubleDouble(base)) / DoubleDouble::of(bands));
}

}  // namespace detail

/// Native frequencies: omega[f] = base^(−2f/d), d = 2·omega.size() (arXiv 2104.09864, eq. 15).
///
/// Worst error: frequency_ulps. Precondition: base > 1 is finite (checked by validate(RopeParameters) alone).
inline void native_frequencies(double base, std::span<double> omega) {
  if (omega.empty()) return;
  const detail::DoubleDouble ratio = detail::native_ratio(base, omega.size());
  detail::DoubleDouble exact(1.0);
  for (double& rounded : omega) {
    rounded = exact.high;
    exact = exact * ratio;
  }
}

/// The same, as an owning value for `rope`.
[[nodiscard]] inline Frequencies native_frequencies(const RopeParameters& rope) {
  validate(rope);
  Frequencies frequencies{std::vector<double>(rope.bands()), 1.0};
  native_frequencies(rope.base, frequencies.omega);
  return frequencies;
}

/// λ = 2π/ω, positions per turn; infinite for ω = 0.
[[nodiscard]] inline double wavelength(double omega) noexcept { return 2.0 * std::numbers::pi / omega; }

}  // namespace dope
