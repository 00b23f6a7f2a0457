// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>

#include "dope/core/ieee.hpp"

// Numbers of about 106 bits as the unevaluated sum of two doubles (Dekker 1971, DOI 10.1007/BF01397083), and
// the three functions that frequencies are made of. Frequencies are computed in them and rounded once: a ramp
// that subtracts nearly equal numbers then loses nothing that shows.

namespace dope::detail {

/// high + low, |low| at most half a unit in the last place of high: `high` is the value rounded to double.
///
/// Worst relative error of + − * /, log and exp: 2⁻¹⁰⁰ where no operand or result is below 2⁻⁹⁰⁰ or above
/// 2⁹⁰⁰ (beyond, `low` may be lost).
struct DoubleDouble {
  double high = 0.0;
  double low = 0.0;

  constexpr DoubleDouble() noexcept = default;
  constexpr DoubleDouble(double value) noexcept : high(value) {}
  constexpr DoubleDouble(double leading, double rest) noexcept : high(leading), low(rest) {}

  /// a + b, exact. Precondition of ordered_sum: |a| ≥ |b|.
  static constexpr DoubleDouble ordered_sum(double a, double b) noexcept {
    const double sum = a + b;
    return {sum, b - (sum - a)};
  }
  static constexpr DoubleDouble sum(double a, double b) noexcept {
    const double sum = a + b;
    const double from_b = sum - a;
    return {sum, (a - (sum - from_b)) + (b - from_b)};
  }

  /// a·b, exact. Both are fused, so that no compiler contracts the first with a sum further on.
  static DoubleDouble product(double a, double b) noexcept {
    const double rounded = std::fma(a, b, 0.0);
    return {rounded, std::fma(a, b, -rounded)};
  }

  static DoubleDouble of(std::uint64_t count) noexcept {
    return ordered_sum(static_cast<double>(count >> 32) * 0x1p32, static_cast<double>(count & 0xffffffffu));
  }

  friend constexpr DoubleDouble operator-(DoubleDouble a) noexcept { return {-a.high, -a.low}; }
  friend constexpr DoubleDouble operator+(DoubleDouble a, DoubleDouble b) noexcept {
    const DoubleDouble upper = sum(a.high, b.high);
    const DoubleDouble lower = sum(a.low, b.low);
    const DoubleDouble both = ordered_sum(upper.high, upper.low + lower.high);
    return ordered_sum(both.high, both.low + lower.low);
  }
  friend constexpr DoubleDouble operator-(DoubleDouble a, DoubleDouble b) noexcept { return a + -b; }
  friend DoubleDouble operator*(DoubleDouble a, DoubleDouble b) noexcept {
    const DoubleDouble leading = product(a.high, b.high);
    return ordered_sum(leading.high, leading.low + std::fma(a.high, b.low, a.low * b.high));
  }
  friend DoubleDouble operator/(DoubleDouble a, DoubleDouble b) noexcept {
    const double first = a.high / b.high;
    DoubleDouble rest = a - b * first;
    const double second = rest.high / b.high;
    rest = rest - b * second;
    return ordered_sum(first, second) + DoubleDouble(rest.high / b.high);
  }
  friend constexpr bool operator<(DoubleDouble a, DoubleDouble b) noexcept {
    return a.high < b.high || (a.high == b.high && a.low < b.low);
  }

  friend DoubleDouble floor(DoubleDouble x) noexcept {
    const double whole = std::floor(x.high);
    return whole == x.high ? DoubleDouble::ordered_sum(whole, std::floor(x.low)) : DoubleDouble(whole);
  }

  /// ln x for x > 0: x = 2^e·m with m in [√½, √2), ln m = 2(z + z³/3 + z⁵/5 + …), z = (m − 1)/(m + 1).
  friend DoubleDouble log(DoubleDouble x) noexcept {
    const DoubleDouble ln_2{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
    int exponent = 0;
    if (std::frexp(x.high, &exponent) < 0.70710678118654752) --exponent;
    const DoubleDouble m(std::ldexp(x.high, -exponent), std::ldexp(x.low, -exponent));
    const DoubleDouble z = (m - DoubleDouble(1.0)) / (m + DoubleDouble(1.0));
    const DoubleDouble square = z * z;
    DoubleDouble series;
    for (int odd = 45; odd > 0; odd -= 2) series = series * square + DoubleDouble(1.0) / DoubleDouble(odd);
    return ln_2 * DoubleDouble(exponent) + z * series * DoubleDouble(2.0);
  }

  /// e^x, |x| ≤ 600: std::exp, corrected once by log.
  friend DoubleDouble exp(DoubleDouble x) noexcept {
    const double guess = std::exp(x.high);
    const DoubleDouble rest = x - log(DoubleDouble(guess));
    return DoubleDouble::ordered_sum(guess, guess * (rest.high + 0.5 * rest.high * rest.high));
  }

  /// √x for x > 0.
  friend DoubleDouble sqrt(DoubleDouble x) noexcept {
    const double guess = std::sqrt(x.high);
    const DoubleDouble rest = x - DoubleDouble::product(guess, guess);
    return DoubleDouble::ordered_sum(guess, rest.high / (2.0 * guess));
  }
};

inline constexpr DoubleDouble two_pi{0x1.921fb54442d18p+2, 0x1.1a62633145c07p-52};

}  // namespace dope::detail
