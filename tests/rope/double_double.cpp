// SPDX-License-Identifier: MIT
#include "dope/rope/double_double.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

#include "rope/oracle_log.hpp"

// The documented worst error of every operation, 2⁻¹⁰⁰, against school arithmetic of 320 bits: at random
// operands of both signs of `low`, and where a difference or a logarithm cancels.

namespace {

using dope::detail::DoubleDouble;

constexpr double documented = 0x1p-100;

oracle::Fixed held(DoubleDouble x) { return oracle::magnitude(x.high, x.low); }

/// |got/exact − 1| for positive numbers.
double off(DoubleDouble got, const oracle::Fixed& exact) {
  return oracle::to_double(oracle::distance(held(got), exact)) / oracle::to_double(exact);
}

/// Positive, from 2^-e to 2^e, with a `low` of either sign and of any size.
DoubleDouble any(std::mt19937_64& draw, int e) {
  const auto fraction = [&] { return static_cast<double>(draw() >> 11) * 0x1p-53; };
  const int exponent = static_cast<int>(draw() % static_cast<std::uint64_t>(2 * e)) - e;
  const double high = std::ldexp(1.0 + fraction(), exponent);
  const double low = (fraction() - 0.5) * std::ldexp(1.0, exponent - 53 - static_cast<int>(draw() % 20));
  return DoubleDouble::ordered_sum(high, low);
}

}  // namespace

TEST_CASE("sum, difference, product and quotient: within 2^-100, and high is the rounded value") {
  std::mt19937_64 draw(1);
  double worst = 0;
  std::size_t loose = 0;
  for (int i = 0; i < 3000; ++i) {
    const DoubleDouble a = any(draw, 30);
    const DoubleDouble b = i % 3 == 0 ? DoubleDouble(a.high, -a.low) : any(draw, 30);
    const auto fa = held(a);
    const auto fb = held(b);
    const DoubleDouble sum = a + b;
    const DoubleDouble product = a * b;
    const DoubleDouble quotient = a / b;
    worst = std::max({worst, off(sum, oracle::plus(fa, fb)), off(product, oracle::times(fa, fb)),
                      off(quotient, oracle::quotient(fa, fb))});
    if (b < a) worst = std::max(worst, off(a - b, oracle::minus(fa, fb)));
    for (const DoubleDouble x : {sum, product, quotient}) loose += x.high + x.low != x.high;
  }
  CHECK(worst <= documented);
  CHECK(loose == 0);
}

TEST_CASE("log and exp: within 2^-100, and log near 1 keeps its digits") {
  std::mt19937_64 draw(2);
  double worst = 0;
  for (int i = 0; i < 400; ++i) {
    DoubleDouble x = any(draw, 40);
    if (i % 4 == 0) x = DoubleDouble(1.0) + any(draw, 2) * DoubleDouble(std::ldexp(1.0, -1 - i % 60));
    if (i % 8 == 1) x = DoubleDouble(1.0) - any(draw, 2) * DoubleDouble(std::ldexp(1.0, -4 - i % 40));
    const auto exact = oracle::ln(held(x));
    const DoubleDouble got = log(x);
    CHECK((got < DoubleDouble(0.0)) == exact.negative);
    worst = std::max(worst, off(exact.negative ? -got : got, exact.magnitude));
    const DoubleDouble power = any(draw, 5);
    worst = std::max(worst, off(exp(-power), oracle::exp_of_minus(held(power))));
  }
  CHECK(worst <= documented);
  CHECK(log(DoubleDouble(1.0)).high == 0.0);
  CHECK(exp(DoubleDouble(0.0)).high == 1.0);
}

TEST_CASE("square root: within 2^-100; floor; counts of 64 bits are exact") {
  std::mt19937_64 draw(3);
  double worst = 0;
  for (int i = 0; i < 100; ++i) {
    const DoubleDouble x = any(draw, 20);
    worst = std::max(worst, off(sqrt(x), oracle::root(held(x))));
    const auto whole = floor(any(draw, 20));
    CHECK(whole.high == std::floor(whole.high));
  }
  CHECK(worst <= documented);
  CHECK(floor(DoubleDouble(3.0, -0x1p-60)).high == 2.0);
  CHECK(floor(DoubleDouble(3.0, 0x1p-60)).high == 3.0);
  CHECK(floor(DoubleDouble(-2.5)).high == -3.0);
  const DoubleDouble far = floor(DoubleDouble(0x1p60, 3.5));
  CHECK(far.high == 0x1p60);
  CHECK(far.low == 3.0);
  for (const std::uint64_t count :
       {std::uint64_t{0}, std::uint64_t{1}, (std::uint64_t{1} << 53) + 1, ~std::uint64_t{0}}) {
    CHECK(oracle::distance(held(DoubleDouble::of(count)), oracle::integer(count)) == oracle::Fixed{});
  }
}
