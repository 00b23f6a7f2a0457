// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "dope/core/ieee.hpp"

// cos and sin of the angle of (position m, frequency ω), in the two arithmetics of `Angles`
// (table.hpp). Products are fused where it is written and nowhere else, so that a compiler that
// contracts cannot change a bit. cos is even and sin odd in m, to the last bit; angle 0 gives exactly (1,
// +0).

namespace dope::detail {

struct CosSin {
  double cos;
  double sin;
};

/// 1/2π in steps of 2⁻³²⁰, lowest word first.
inline constexpr std::uint64_t inverse_tau[5] = {
    0x6dc91b8e909374b8u, 0x7f9458eaf7aef158u, 0x36d8a5664f10e410u, 0x7f09d5f47d4d3770u, 0x28be60db9391054au};

/// Of the double fl32(fl32(m)·fl32(ω)), by the standard library.
inline CosSin float32_turn(std::int64_t position, double omega) noexcept {
  const float angle = static_cast<float>(position) * static_cast<float>(omega);
  if (angle == 0.0f) {
    return {1.0, 0.0};
  }
  return {std::cos(static_cast<double>(angle)), std::sin(static_cast<double>(angle))};
}

/// Of the real number m·ω, for |ω| ≤ 2¹⁰ and |m| ≤ 2⁵³.
///
/// Angles below π/4 are a double and the rounding error that fma gives. Beyond, the remainder is
/// taken in whole numbers: with φ = |ω|/2π mod 1 in steps of 2⁻²⁵⁶, m·φ mod 1 is one integer product,
/// off by at most 2⁻²⁰³ of a turn, whatever m. Worst error: 2 ulp of double, near the zeros of cos
/// and sin too: by counting the pairs (m, ω), none is expected nearer to a zero than 2⁻¹¹² of a turn.
class ExactTurn {
 public:
  explicit ExactTurn(double omega) noexcept : omega_(omega) {
    if (std::abs(omega) < 0x1p-54) {
      return;
    }
    const auto bits = std::bit_cast<std::uint64_t>(std::abs(omega));
    const int exponent = static_cast<int>(bits >> 52) - 1022;
    constexpr std::uint64_t leading = std::uint64_t{1} << 52;
    const std::uint64_t significand = (bits & (leading - 1)) | leading;
    std::uint64_t product[6];
    Wide carry = 0;
    for (std::size_t i = 0; i < 5; ++i) {
      carry += Wide{significand} * inverse_tau[i];
      product[i] = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
    product[5] = static_cast<std::uint64_t>(carry);
    const auto shift = static_cast<unsigned>(53 - exponent) % 64;
    const auto skipped = static_cast<unsigned>(53 - exponent) / 64;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t from = i + 1 + skipped;
      const Wide pair = (Wide{from + 1 < 6 ? product[from + 1] : 0} << 64) | (from < 6 ? product[from] : 0);
      fraction_[i] = static_cast<std::uint64_t>(pair >> shift);
    }
  }

  /// The leading bits of φ in steps of 2⁻¹²⁸: high word, low word.
  [[nodiscard]] std::uint64_t high() const noexcept { return fraction_[3]; }
  [[nodiscard]] std::uint64_t low() const noexcept { return fraction_[2]; }

  [[nodiscard]] CosSin operator()(std::int64_t position) const noexcept {
    const auto m = static_cast<double>(position);
    const double angle = m * omega_;
    if (angle == 0.0) {
      return {1.0, 0.0};
    }
    if (std::abs(angle) < 0.78) {
      return corrected(angle, std::fma(m, omega_, -angle));
    }
    const CosSin turned = of_turns(position < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(position)
                                                : static_cast<std::uint64_t>(position));
    return {turned.cos, angle < 0 ? -turned.sin : turned.sin};
  }

 private:
  __extension__ using Wide = unsigned __int128;

  static CosSin corrected(double angle, double rest) noexcept {
    const double c = std::cos(angle);
    const double s = std::sin(angle);
    return {std::fma(-rest, s, c), std::fma(rest, c, s)};
  }

  /// Of steps·φ turns.
  [[nodiscard]] CosSin of_turns(std::uint64_t steps) const noexcept {
    std::uint64_t word[4];
    Wide carry = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      carry += Wide{steps} * fraction_[i];
      word[i] = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
    const std::uint64_t quarter = (word[3] + (std::uint64_t{1} << 61)) >> 62;
    word[3] -= quarter << 62;
    const bool before = word[3] >> 63 != 0;
    if (before) {
      std::uint64_t add = 1;
      for (std::uint64_t& w : word) {
        w = ~w + add;
        if (w != 0) add = 0;
      }
    }
    CosSin turned = of_fraction(word);
    if (before) turned.sin = -turned.sin;
    switch (quarter % 4) {
      case 1:
        return {-turned.sin, turned.cos};
      case 2:
        return {-turned.cos, -turned.sin};
      case 3:
        return {turned.sin, -turned.cos};
      default:
        return turned;
    }
  }

  /// Of a fraction of a turn up to ⅛: its leading 106 bits as two doubles, times 2π as two doubles.
  static CosSin of_fraction(const std::uint64_t (&word)[4]) noexcept {
    std::size_t top = 3;
    while (top > 1 && word[top] == 0) --top;
    const auto zeros = static_cast<unsigned>(std::countl_zero(word[top]));
    if (zeros == 64) {
      return {1.0, 0.0};
    }
    const Wide two = (Wide{word[top]} << 64) | word[top - 1];
    const std::uint64_t third = top >= 2 ? word[top - 2] : 0;
    const Wide leading = (two << zeros) | (zeros == 0 ? 0 : third >> (64 - zeros));
    const auto unit = std::bit_cast<double>((1023 - zeros - 64 * (3 - top)) << 52);
    const auto significand = [](Wide bits) {
      return static_cast<double>(static_cast<std::uint64_t>(bits) & ((std::uint64_t{1} << 53) - 1));
    };
    const double high = significand(leading >> 75) * 0x1p-53 * unit;
    const double low = significand(leading >> 22) * 0x1p-106 * unit;
    constexpr double tau_high = 0x1.921fb54442d18p+2;
    constexpr double tau_low = 0x1.1a62633145c07p-52;
    const double angle = high * tau_high;
    const double rest = std::fma(high, tau_high, -angle);
    return corrected(angle, std::fma(low, tau_high, std::fma(high, tau_low, rest)));
  }

  double omega_;
  std::uint64_t fraction_[4] = {};
};

}  // namespace dope::detail
