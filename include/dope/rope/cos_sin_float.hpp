// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "dope/rope/cos_sin_exact.hpp"

// cos and sin for tables of float, a block of entries at a time: integer arithmetic yields the angle as a
// fraction of a revolution (2π), and two polynomials in double yield cos and sin.
//
// Every entry takes the same operations on 64-bit numbers, without a branch, so that compilers vectorize them
// for registers of any width. A product that is added to something has factors of 26 and 27 bits and is exact
// in double: the sum is the same, fused or not. Hence the bits depend on the entry alone, and not on its
// neighbours, the compiler, its contraction of products, or the target.

namespace dope::detail {

/// A fraction φ of a revolution in steps of 2⁻¹²⁸. Its multiples are in steps of 2⁻⁶⁴.
struct RevolutionFraction {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// n·φ mod 1. It is at most 1 + n·2⁻⁶⁴ steps below n times the real number that φ was cut from.
  [[nodiscard]] std::uint64_t times(std::uint64_t n) const noexcept {
    __extension__ using Wide = unsigned __int128;
    return n * high + static_cast<std::uint64_t>((Wide{n} * low) >> 64);
  }
};

/// The fraction of a revolution of a float angle, by a table of 2^e/2π mod 1 for each exponent e that the
/// last place of an angle from 2⁻³⁷ to 2⁶⁴ can have.
class FloatRevolutions {
 public:
  /// |angle|/2π mod 1 in steps of 2⁻⁶⁴, for |angle| < 2⁶⁴. It is 0 below 2⁻³⁷, where the fraction is near 0
  /// in any case.
  [[nodiscard]] std::uint64_t operator()(float angle) const noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(angle);
    const std::uint32_t exponent = bits >> 23 & 0xff;
    const std::uint32_t row = exponent < first_ ? 0 : exponent - first_;
    return powers_[row].times((bits & 0x7fffff) | 0x800000);
  }

 private:
  /// Row 0 is 0; row i belongs to floats with the exponent field first_ + i, whose last place is
  /// 2^(first_ + i − 150).
  static constexpr std::uint32_t first_ = 89;
  static constexpr std::uint32_t rows_ = 102;

  static constexpr std::array<RevolutionFraction, rows_> make() noexcept {
    std::array<RevolutionFraction, rows_> powers{};
    for (std::uint32_t i = 1; i < rows_; ++i) {
      // 1/2π has 320 bits after the point. Those of weight 2⁻¹ to 2⁻¹²⁸ in 2^e/2π begin at this one.
      const std::uint32_t lowest = 320 - 128 + 150 - first_ - i;
      powers[i] = {word_from(lowest + 64), word_from(lowest)};
    }
    return powers;
  }
  static constexpr std::uint64_t word_from(std::uint32_t bit) noexcept {
    const std::uint32_t at = bit / 64;
    const auto word = [](std::uint32_t i) { return i < 5 ? inverse_two_pi[i] : std::uint64_t{0}; };
    return bit % 64 == 0 ? word(at) : word(at) >> bit % 64 | word(at + 1) << (64 - bit % 64);
  }

  std::array<RevolutionFraction, rows_> powers_ = make();
};

inline constexpr FloatRevolutions fraction_of_angle;

/// Worst error of a block's entry, attention factor 1, in units in the last place of float.
inline constexpr double block_ulps = 0.6;

/// A block of entries: fractions of a revolution in, cos·a and sin·a out, a the attention factor.
///
/// Worst error for a = 1: block_ulps, of which ½ is the rounding, where `is_near_quarter` is false and the
/// fraction is at most 1.001 steps off. Law: `sign` is 0 or 2⁶³ and flips the sign of sin; cos does not
/// depend on it.
struct CosSinBlock {
  static constexpr std::size_t size = 64;

  std::uint64_t fraction[size] = {};
  std::uint64_t sign[size] = {};
  float cos[size] = {};
  float sin[size] = {};

  /// Whether a fraction lies within 2⁻³⁰ of a multiple of ¼, where steps of 2⁻⁶⁴ may be too coarse.
  static bool is_near_quarter(std::uint64_t revolutions) noexcept {
    return borrow_if_near(past_eighth(revolutions)) >> 63 != 0;
  }

  /// Fills cos and sin of all entries, used or not. Returns false if a fraction is near a multiple of ¼.
  bool evaluate(double attention_factor) noexcept {
    std::uint64_t borrows = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint64_t shifted = fraction[i] + eighth;
      const std::uint64_t from_eighth = past_eighth(fraction[i]);
      borrows |= borrow_if_near(from_eighth);

      // The rest r in [−⅛, ⅛) of a revolution, in steps of 2⁻⁶⁴, as a double, rounded once: its upper and
      // lower 32 bits become the last bits of a double near 2⁸⁴ and of one near 2⁵².
      const double above = std::bit_cast<double>(from_eighth >> 32 | 0x4530000000000000u);
      const double below = std::bit_cast<double>((from_eighth & 0xffffffffu) | 0x4330000000000000u);
      const double steps = (above - (0x1p84 + 0x1p61 + 0x1p52)) + below;
      const double angle = steps * 0x1.921fb54442d18p-62;
      const double square = angle * angle;
      const double z = cut<27>(square);

      // sin x = x·(1 + z(s₁ + z(s₂ + z(s₃ + z·s₄)))), z = x². Relative error: 2⁻³⁷.
      double s = cut<26>(-0x1.a00f7f2886acbp-13 + z * 0x1.6cd1f2c000000p-19);
      s = cut<26>(0x1.1111086a610f9p-7 + z * s);
      s = cut<26>(-0x1.5555554c71d0bp-3 + z * s);
      s = angle * (1.0 + z * s);

      // cos x = 1 − z/2 + z·z(c₂ + z(c₃ + z·c₄)). Relative error: 2⁻³³.
      double c = cut<26>(-0x1.6c0c33a84b587p-10 + z * 0x1.99eb9c4000000p-16);
      c = cut<26>(0x1.55554a115b920p-5 + z * c);
      c = cut<26>(z * c);
      c = (1.0 - 0.5 * square) + z * c;

      // The angle is r and q = 0 … 3 quarters: (cos, sin) is (c, s), (−s, c), (−c, −s) or (s, −c).
      const auto c_bits = std::bit_cast<std::uint64_t>(c);
      const auto s_bits = std::bit_cast<std::uint64_t>(s);
      const std::uint64_t swap = (c_bits ^ s_bits) & (std::uint64_t{0} - (shifted >> 62 & 1));
      constexpr std::uint64_t top = std::uint64_t{1} << 63;
      const std::uint64_t cosine = c_bits ^ swap ^ ((shifted + 2 * eighth) & top);
      const std::uint64_t sine = s_bits ^ swap ^ (shifted & top) ^ sign[i];
      cos[i] = static_cast<float>(std::bit_cast<double>(cosine) * attention_factor);
      sin[i] = static_cast<float>(std::bit_cast<double>(sine) * attention_factor);
    }
    return borrows >> 63 == 0;
  }

 private:
  static constexpr std::uint64_t eighth = std::uint64_t{1} << 61;

  /// revolutions + ⅛ mod ¼.
  static std::uint64_t past_eighth(std::uint64_t revolutions) noexcept {
    return (revolutions + eighth) & (2 * eighth - 1);
  }

  /// The highest bit is set, by a borrow, where from_eighth is within 2⁻³⁰ of ⅛.
  static std::uint64_t borrow_if_near(std::uint64_t from_eighth) noexcept {
    constexpr std::uint64_t reach = std::uint64_t{1} << 34;
    return ((from_eighth - eighth + reach) >> 35) - 1;
  }

  /// x with the last `count` bits set to 0.
  template <int count>
  static double cut(double x) noexcept {
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) & ~((std::uint64_t{1} << count) - 1));
  }
};

}  // namespace dope::detail
