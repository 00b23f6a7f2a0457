// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "dope/core/ieee.hpp"

// cos and sin of the angle of (position m, frequency ω), in the two arithmetics of `Angles` (table.hpp).
//
// Laws: cos is even and sin is odd in m, to the last bit. Angle 0 gives exactly (1, +0). Products are fused
// where std::fma is written and nowhere else, so that a compiler that contracts them cannot change a bit.

namespace dope::detail {

struct CosSin {
  double cos;
  double sin;
};

/// 1/2π in steps of 2⁻³²⁰, least significant word first.
inline constexpr std::uint64_t inverse_two_pi[5] = {
    0x6dc91b8e909374b8u, 0x7f9458eaf7aef158u, 0x36d8a5664f10e410u, 0x7f09d5f47d4d3770u, 0x28be60db9391054au};

/// cos and sin of the float fl32(fl32(m)·fl32(ω)), by the standard library in double.
inline CosSin cos_sin_of_float32_product(std::int64_t position, double omega) noexcept {
  const float angle = static_cast<float>(position) * static_cast<float>(omega);
  if (angle == 0.0f) {
    return {1.0, 0.0};
  }
  return {std::cos(static_cast<double>(angle)), std::sin(static_cast<double>(angle))};
}

/// cos and sin of the real number m·ω, for one ω, |ω| ≤ 2¹⁰, and any position m, |m| ≤ 2⁵³.
///
/// An angle below π/4 is a double and the rounding error that fma gives. A larger angle is reduced in whole
/// numbers, as a fraction of a revolution (2π): with φ = |ω|/2π mod 1 in steps of 2⁻²⁵⁶, m·φ mod 1 is one
/// integer product. It is off by at most 2⁻²⁰³ of a revolution at every m. Worst error: 2 ulp of double, near
/// the zeros of cos and sin too: there are too few pairs (m, ω) for one of them to be expected nearer to a
/// zero than 2⁻¹¹² of a revolution.
class CosSinExact {
 public:
  explicit CosSinExact(double omega) noexcept : omega_(omega) {
    if (std::abs(omega) < 0x1p-54) {
      return;
    }
    const auto bits = std::bit_cast<std::uint64_t>(std::abs(omega));
    const int exponent = static_cast<int>(bits >> 52) - 1022;
    constexpr std::uint64_t leading_bit = std::uint64_t{1} << 52;
    const std::uint64_t significand = (bits & (leading_bit - 1)) | leading_bit;
    std::uint64_t product[6];
    Wide carry = 0;
    for (std::size_t i = 0; i < 5; ++i) {
      carry += Wide{significand} * inverse_two_pi[i];
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
    const auto steps = static_cast<std::uint64_t>(position);
    const CosSin of_size = of_multiple(position < 0 ? std::uint64_t{0} - steps : steps);
    return {of_size.cos, angle < 0 ? -of_size.sin : of_size.sin};
  }

 private:
  __extension__ using Wide = unsigned __int128;

  /// Of angle + rest, to first order in the small `rest`.
  static CosSin corrected(double angle, double rest) noexcept {
    const double c = std::cos(angle);
    const double s = std::sin(angle);
    return {std::fma(-rest, s, c), std::fma(rest, c, s)};
  }

  /// Of steps·φ revolutions: the nearest quarter of a revolution, and the rest in [−⅛, ⅛).
  [[nodiscard]] CosSin of_multiple(std::uint64_t steps) const noexcept {
    std::uint64_t word[4];
    Wide carry = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      carry += Wide{steps} * fraction_[i];
      word[i] = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
    const std::uint64_t quarter = (word[3] + (std::uint64_t{1} << 61)) >> 62;
    word[3] -= quarter << 62;
    const bool is_negative = word[3] >> 63 != 0;
    if (is_negative) {
      std::uint64_t add = 1;
      for (std::uint64_t& w : word) {
        w = ~w + add;
        if (w != 0) add = 0;
      }
    }
    CosSin rest = of_fraction(word);
    if (is_negative) rest.sin = -rest.sin;
    switch (quarter % 4) {
      case 1:
        return {-rest.sin, rest.cos};
      case 2:
        return {-rest.cos, -rest.sin};
      case 3:
        return {rest.sin, -rest.cos};
      default:
        return rest;
    }
  }

  /// Of a fraction of a revolution up to ⅛: its leading 106 bits as two doubles, times 2π as two doubles.
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
    constexpr double two_pi_high = 0x1.921fb54442d18p+2;
    constexpr double two_pi_low = 0x1.1a62633145c07p-52;
    const double angle = high * two_pi_high;
    const double rest = std::fma(high, two_pi_high, -angle);
    return corrected(angle, std::fma(low, two_pi_high, std::fma(high, two_pi_low, rest)));
  }

  double omega_;
  std::uint64_t fraction_[4] = {};
};

}  // namespace dope::detail
