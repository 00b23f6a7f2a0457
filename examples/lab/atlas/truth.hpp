// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>

namespace atlas {

/// A point of the plane that should lie at angle m·ω on the unit circle.
template <class Real>
struct Turn {
  Real cos = 1;
  Real sin = 0;
};

using Truth = Turn<long double>;

/// cos and sin of the real product m·ω of the integer and the double, for |m·ω| ≤ 2²¹.
///
/// The product is exact as the sum of a double and fma's remainder (below 2⁻³³); the standard library's
/// long double functions turn by the first, one step of Taylor's series by the second. Worst error: 2⁻⁶⁰
/// where long double has 64 bits. It shares nothing with the library's own exact angles.
[[nodiscard]] inline Truth truth_of(std::int64_t position, double omega) noexcept {
  const auto m = static_cast<double>(position);
  const double angle = m * omega;
  const auto rest = static_cast<long double>(std::fma(m, omega, -angle));
  const long double cos = std::cos(static_cast<long double>(angle));
  const long double sin = std::sin(static_cast<long double>(angle));
  return {cos - rest * sin, sin + rest * cos};
}

/// |e^{iθ̂} − e^{iθ}|: by how much a unit vector ends up in the wrong place. Not-a-number where `turn` is
/// not finite.
[[nodiscard]] inline double chord(const Turn<double>& turn, const Truth& truth) noexcept {
  const auto across = static_cast<double>(static_cast<long double>(turn.cos) - truth.cos);
  const auto up = static_cast<double>(static_cast<long double>(turn.sin) - truth.sin);
  if (!std::isfinite(across) || !std::isfinite(up)) return std::nan("");
  return std::hypot(across, up);
}

}  // namespace atlas
