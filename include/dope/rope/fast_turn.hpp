// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "dope/rope/angle.hpp"

// cos and sin for tables of float, many at a time: whole numbers yield the fraction of a turn, then two
// polynomials in double.
//
// Every entry has the same straight-line arithmetic on 64-bit lanes, which compilers turn into registers
// of any width. A product that is added to something is exact in double, its factors being cut to 26
// and 27 bits: fused or not, the sum is the same. Hence the bits depend on the entry alone: not on its
// neighbours, nor on the compiler, its contraction of products, or the target.

namespace dope::detail {

/// A fraction of a turn φ in steps of 2⁻¹²⁸, from which a multiple's is taken in steps of 2⁻⁶⁴.
struct TurnFraction {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// n·φ mod 1; at most 1 + n·2⁻⁶⁴ steps below the multiple of what φ was cut from.
  [[nodiscard]] std::uint64_t times(std::uint64_t n) const noexcept {
    __extension__ using Wide = unsigned __int128;
    return n * high + static_cast<std::uint64_t>((Wide{n} * low) >> 64);
  }
};

/// 2^e/2π mod 1 for the exponents that a float's last place can have in an angle from 2⁻³⁷ to 2⁶⁴.
class FloatTurns {
 public:
  /// |angle|/2π mod 1 in steps of 2⁻⁶⁴, for |angle| < 2⁶⁴; 0 below 2⁻³⁷, where the fraction is near 0
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

  static constexpr std::array<TurnFraction, rows_> make() noexcept {
    std::array<TurnFraction, rows_> powers{};
    for (std::uint32_t i = 1; i < rows_; ++i) {
      // 1/2π has 320 bits after the point; those of weight 2⁻¹ to 2⁻¹²⁸ in 2^e/2π begin at this one.
      const std::uint32_t lowest = 320 - 128 + 150 - first_ - i;
      powers[i] = {word_from(lowest + 64), word_from(lowest)};
    }
    return powers;
  }
  static constexpr std::uint64_t word_from(std::uint32_t bit) noexcept {
    const std::uint32_t at = bit / 64;
    const auto word = [](std::uint32_t i) { return i < 5 ? inverse_tau[i] : std::uint64_t{0}; };
    return bit % 64 == 0 ? word(at) : word(at) >> bit % 64 | word(at + 1) << (64 - bit % 64);
  }

  std::array<TurnFraction, rows_> powers_ = make();
};

inline constexpr FloatTurns float_turns;

/// Worst error of a block's entry, attention factor 1, in units in the last place of float.
inline constexpr double block_ulps = 0.6;

/// A block of entries: fractions of a turn in, cos·a and sin·a out.
///
/// Worst error for a = 1, where `is_near` is false and the fraction is at most 1.001 steps off: block_ulps,
/// of which ½ is the rounding. Law: cos does not depend on `sign`, which is 0 or 2⁶³ and flips
/// the sign of sin.
struct TurnBlock {
  static constexpr std::size_t size = 64;

  std::uint64_t fraction[size] = {};
  std::uint64_t sign[size] = {};
  float cos[size] = {};
  float sin[size] = {};

  /// Whether a fraction lies within 2⁻³⁰ of a multiple of ¼ turn, where 2⁻⁶⁴ may be too coarse.
  static bool is_near(std::uint64_t turn) noexcept { return borrow_if_near(past_eighth(turn)) >> 63 != 0; }

  /// All entries, used or not. False if one of them is near a multiple of ¼ turn.
  bool evaluate(double attention_factor) noexcept {
    std::uint64_t borrows = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint64_t turned = fraction[i] + eighth;
      const std::uint64_t from_eighth = past_eighth(fraction[i]);
      borrows |= borrow_if_near(from_eighth);

      // The rest r in [−⅛, ⅛) turn, in steps of 2⁻⁶⁴, as a double, rounded once: its upper and lower
      // 32 bits are put behind the leading bits of 2⁸⁴ and 2⁵².
      const double above = std::bit_cast<double>(from_eighth >> 32 | 0x4530000000000000u);
      const double below = std::bit_cast<double>((from_eighth & 0xffffffffu) | 0x4330000000000000u);
      const double steps = (above - (0x1p84 + 0x1p61 + 0x1p52)) + below;
      const double angle = steps * 0x1.921fb54442d18p-62;
      const double square = angle * angle;
      const double z = cut<27>(square);

      // sin x = x·(1 + z(s₁ + z(s₂ + z(s₃ + z·s₄)))), z = x²; off by 2⁻³⁷ of itself.
      double s = cut<26>(-0x1.a00f7f2886acbp-13 + z * 0x1.6cd1f2c000000p-19);
      s = cut<26>(0x1.1111086a610f9p-7 + z * s);
      s = cut<26>(-0x1.5555554c71d0bp-3 + z * s);
      s = angle * (1.0 + z * s);

      // cos x = 1 − z/2 + z·z(c₂ + z(c₃ + z·c₄)); off by 2⁻³³ of itself.
      double c = cut<26>(-0x1.6c0c33a84b587p-10 + z * 0x1.99eb9c4000000p-16);
      c = cut<26>(0x1.55554a115b920p-5 + z * c);
      c = cut<26>(z * c);
      c = (1.0 - 0.5 * square) + z * c;

      // Quarter q = 0 … 3 beyond r: (c, s), (−s, c), (−c, −s), (s, −c).
      const auto c_bits = std::bit_cast<std::uint64_t>(c);
      const auto s_bits = std::bit_cast<std::uint64_t>(s);
      const std::uint64_t swap = (c_bits ^ s_bits) & (std::uint64_t{0} - (turned >> 62 & 1));
      constexpr std::uint64_t top = std::uint64_t{1} << 63;
      const std::uint64_t cosine = c_bits ^ swap ^ ((turned + 2 * eighth) & top);
      const std::uint64_t sine = s_bits ^ swap ^ (turned & top) ^ sign[i];
      cos[i] = static_cast<float>(std::bit_cast<double>(cosine) * attention_factor);
      sin[i] = static_cast<float>(std::bit_cast<double>(sine) * attention_factor);
    }
    return borrows >> 63 == 0;
  }

 private:
  static constexpr std::uint64_t eighth = std::uint64_t{1} << 61;

  /// turn + ⅛ mod ¼.
  static std::uint64_t past_eighth(std::uint64_t turn) noexcept { return (turn + eighth) & (2 * eighth - 1); }

  /// Its highest bit is set, by a borrow, for 2⁻³⁰ of a turn about ⅛.
  static std::uint64_t borrow_if_near(std::uint64_t from_eighth) noexcept {
    constexpr std::uint64_t reach = std::uint64_t{1} << 34;
    return ((from_eighth - eighth + reach) >> 35) - 1;
  }

  /// Without the last `count` bits.
  template <int count>
  static double cut(double x) noexcept {
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) & ~((std::uint64_t{1} << count) - 1));
  }
};

}  // namespace dope::detail
