// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <compare>
#include <cstddef>
#include <cstdint>

/// cos and sin of the real number m·ω, to more than 200 bits, by school arithmetic: π from Machin's
/// formula, the remainder by shifting and subtracting, then Taylor's series. Slow and obvious.
namespace oracle {

/// A non-negative number in steps of 2^-320, below 2^128: limbs of 32 bits, lowest first.
struct Fixed {
  static constexpr std::size_t fraction_limbs = 10;
  static constexpr std::size_t limbs = 14;
  std::array<std::uint32_t, limbs> limb{};

  auto operator<=>(const Fixed& other) const {
    for (std::size_t i = limbs; i-- > 0;) {
      if (limb[i] != other.limb[i]) return limb[i] <=> other.limb[i];
    }
    return std::strong_ordering::equal;
  }
  bool operator==(const Fixed&) const = default;
};

inline Fixed integer(std::uint64_t value) {
  Fixed x;
  x.limb[Fixed::fraction_limbs] = static_cast<std::uint32_t>(value);
  x.limb[Fixed::fraction_limbs + 1] = static_cast<std::uint32_t>(value >> 32);
  return x;
}

inline Fixed plus(const Fixed& a, const Fixed& b) {
  Fixed sum;
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < Fixed::limbs; ++i) {
    carry += std::uint64_t{a.limb[i]} + b.limb[i];
    sum.limb[i] = static_cast<std::uint32_t>(carry);
    carry >>= 32;
  }
  return sum;
}

/// a − b, for a ≥ b.
inline Fixed minus(const Fixed& a, const Fixed& b) {
  Fixed difference;
  std::int64_t borrow = 0;
  for (std::size_t i = 0; i < Fixed::limbs; ++i) {
    borrow += static_cast<std::int64_t>(a.limb[i]) - static_cast<std::int64_t>(b.limb[i]);
    difference.limb[i] = static_cast<std::uint32_t>(borrow & 0xffffffff);
    borrow >>= 32;
  }
  return difference;
}

inline Fixed distance(const Fixed& a, const Fixed& b) { return a < b ? minus(b, a) : minus(a, b); }

inline Fixed times(const Fixed& a, const Fixed& b) {
  std::array<std::uint64_t, 2 * Fixed::limbs> column{};
  for (std::size_t i = 0; i < Fixed::limbs; ++i) {
    if (a.limb[i] == 0) continue;
    std::uint64_t carry = 0;
    for (std::size_t j = 0; j < Fixed::limbs; ++j) {
      carry += column[i + j] + std::uint64_t{a.limb[i]} * b.limb[j];
      column[i + j] = carry & 0xffffffffu;
      carry >>= 32;
    }
    column[i + Fixed::limbs] += carry;
  }
  Fixed product;
  for (std::size_t i = 0; i < Fixed::limbs; ++i) {
    product.limb[i] = static_cast<std::uint32_t>(column[i + Fixed::fraction_limbs]);
  }
  return product;
}

inline Fixed over(const Fixed& a, std::uint32_t divisor) {
  Fixed quotient;
  std::uint64_t rest = 0;
  for (std::size_t i = Fixed::limbs; i-- > 0;) {
    rest = rest << 32 | a.limb[i];
    quotient.limb[i] = static_cast<std::uint32_t>(rest / divisor);
    rest %= divisor;
  }
  return quotient;
}

inline Fixed twice(const Fixed& a) { return plus(a, a); }

/// |value|, for |value| below 2^64 and above 2^-250 or zero.
inline Fixed magnitude(double value) {
  int exponent = 0;
  const double fraction = std::frexp(std::abs(value), &exponent);
  Fixed x = integer(static_cast<std::uint64_t>(std::ldexp(fraction, 53)));
  for (exponent -= 53; exponent > 0; --exponent) x = twice(x);
  for (; exponent <= -31; exponent += 31) x = over(x, 1u << 31);
  return over(x, 1u << -exponent);
}

inline double to_double(const Fixed& a) {
  double value = 0;
  for (std::size_t i = Fixed::limbs; i-- > 0;) {
    value += std::ldexp(static_cast<double>(a.limb[i]),
                        32 * (static_cast<int>(i) - static_cast<int>(Fixed::fraction_limbs)));
  }
  return value;
}

/// arctan(1/n) = Σ (−1)^k / ((2k + 1) n^(2k + 1)).
inline Fixed arctan_of_inverse(std::uint32_t n) {
  Fixed power = over(integer(1), n);
  Fixed sum = power;
  for (std::uint32_t k = 1; power != Fixed{}; ++k) {
    power = over(power, n * n);
    const Fixed term = over(power, 2 * k + 1);
    sum = k % 2 == 1 ? minus(sum, term) : plus(sum, term);
  }
  return sum;
}

inline const Fixed& pi() {
  static const Fixed value =
      minus(times(integer(16), arctan_of_inverse(5)), times(integer(4), arctan_of_inverse(239)));
  return value;
}

struct Signed {
  Fixed magnitude;
  bool negative = false;
};

inline double to_double(const Signed& x) {
  return x.negative ? -to_double(x.magnitude) : to_double(x.magnitude);
}

struct CosSin {
  Signed cos;
  Signed sin;
};

/// For an angle 0 ≤ x ≤ π/2: Σ x^n/n! with signs alternating over the even n and over the odd n; the
/// positive and the negative terms are summed apart.
inline CosSin taylor(const Fixed& x) {
  Fixed up[2] = {integer(1), x};
  Fixed down[2];
  Fixed term = x;
  for (std::uint32_t n = 2; term != Fixed{}; ++n) {
    term = over(times(term, x), n);
    Fixed& part = n % 4 < 2 ? up[n % 2] : down[n % 2];
    part = plus(part, term);
  }
  const auto difference = [](const Fixed& a, const Fixed& b) { return a < b ? Fixed{} : minus(a, b); };
  return {{difference(up[0], down[0]), false}, {difference(up[1], down[1]), false}};
}

/// cos and sin of position·omega, for |position·omega| below 2^64.
inline CosSin cos_sin(std::int64_t position, double omega) {
  const bool is_negative = (position < 0) != (omega < 0);
  const auto steps = position < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(position)
                                  : static_cast<std::uint64_t>(position);
  Fixed angle = times(integer(steps), magnitude(omega));
  const Fixed revolution = twice(pi());
  Fixed multiple = revolution;
  int doublings = 0;
  for (; multiple < angle; ++doublings) multiple = twice(multiple);
  for (; doublings >= 0; --doublings) {
    if (!(angle < multiple)) angle = minus(angle, multiple);
    multiple = over(multiple, 2);
  }
  bool negative_cos = false;
  bool negative_sin = is_negative;
  if (pi() < angle) {
    angle = minus(revolution, angle);
    negative_sin = !negative_sin;
  }
  if (over(pi(), 2) < angle) {
    angle = minus(pi(), angle);
    negative_cos = true;
  }
  CosSin result = taylor(angle);
  result.cos.negative = negative_cos;
  result.sin.negative = negative_sin;
  return result;
}

/// |stored − exact| in units in the last place of a format with `digits` significant bits.
inline double ulps(double stored, const Signed& exact, int digits) {
  const Fixed m = magnitude(stored);
  const bool opposite = std::signbit(stored) != exact.negative && stored != 0;
  const double error = to_double(opposite ? plus(m, exact.magnitude) : distance(m, exact.magnitude));
  const double size = to_double(exact.magnitude);
  return size == 0 ? (error == 0 ? 0 : INFINITY) : error / std::ldexp(1.0, std::ilogb(size) - digits + 1);
}

}  // namespace oracle
