// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "rope/oracle.hpp"

/// Quotient, logarithm, exponential and square root of oracle::Fixed to more than 200 bits, by school
/// arithmetic. Slow and obvious.
namespace oracle {

/// a/b for b > 0, bit by bit.
inline Fixed quotient(const Fixed& a, const Fixed& b) {
  Fixed result;
  Fixed rest;
  for (std::size_t bit = 32 * (Fixed::limbs + Fixed::fraction_limbs); bit-- > 0;) {
    rest = twice(rest);
    // The digits of a, then zeros: what stands at `bit` of a·2^320.
    const std::size_t at = bit / 32;
    if (at >= Fixed::fraction_limbs) {
      rest.limb[0] |= a.limb[at - Fixed::fraction_limbs] >> (bit % 32) & 1u;
    }
    if (b <= rest) {
      rest = minus(rest, b);
      if (at < Fixed::limbs) result.limb[at] |= 1u << (bit % 32);
    }
  }
  return result;
}

inline const Fixed& ln_2();

/// ln x for 2^-64 < x < 2^64: x = 2^e·m with m in [1, 2), ln m = 2(z + z³/3 + …), z = (m − 1)/(m + 1).
inline Signed ln(Fixed m) {
  const Fixed one = integer(1);
  std::uint64_t ups = 0;
  std::uint64_t downs = 0;
  for (; m < one; ++ups) m = twice(m);
  for (; !(m < integer(2)); ++downs) m = over(m, 2);
  const Fixed z = quotient(minus(m, one), plus(m, one));
  const Fixed square = times(z, z);
  Fixed power = z;
  Fixed sum;
  for (std::uint32_t odd = 1; power != Fixed{}; odd += 2) {
    sum = plus(sum, over(power, odd));
    power = times(power, square);
  }
  sum = twice(sum);
  if (ups == 0 && downs == 0) return {sum, false};
  const Fixed whole = times(integer(ups + downs), ln_2());
  if (downs > 0) return {plus(whole, sum), false};
  return sum < whole ? Signed{minus(whole, sum), true} : Signed{minus(sum, whole), false};
}

/// ln 2 = Σ 1/(n·2^n).
inline const Fixed& ln_2() {
  static const Fixed value = [] {
    Fixed power = integer(1);
    Fixed sum;
    for (std::uint32_t n = 1; power != Fixed{}; ++n) {
      power = over(power, 2);
      sum = plus(sum, over(power, n));
    }
    return sum;
  }();
  return value;
}

/// e^-x for x ≥ 0: the series of e^(x/2^8), squared eight times, inverted.
inline Fixed exp_of_minus(const Fixed& x) {
  constexpr std::uint32_t halvings = 8;
  const Fixed small = over(x, 1u << halvings);
  Fixed sum = integer(1);
  Fixed term = sum;
  for (std::uint32_t n = 1; term != Fixed{}; ++n) {
    term = over(times(term, small), n);
    sum = plus(sum, term);
  }
  for (std::uint32_t i = 0; i < halvings; ++i) sum = times(sum, sum);
  return quotient(integer(1), sum);
}

/// √x by Newton's rule from above, for 2^-60 < x < 2^60.
inline Fixed root(const Fixed& x) {
  Fixed guess = plus(x, integer(1));
  for (;;) {
    const Fixed next = over(plus(guess, quotient(x, guess)), 2);
    if (!(next < guess)) return guess;
    guess = next;
  }
}

inline Fixed floor_of(Fixed x) {
  for (std::size_t i = 0; i < Fixed::fraction_limbs; ++i) x.limb[i] = 0;
  return x;
}

/// What a double-double holds, |high + low|, high > 0.
inline Fixed magnitude(double high, double low) {
  return low < 0 ? minus(magnitude(high), magnitude(low)) : plus(magnitude(high), magnitude(low));
}

}  // namespace oracle
