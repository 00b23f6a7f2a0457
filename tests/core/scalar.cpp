// SPDX-License-Identifier: MIT
#include "dope/core/scalar.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

namespace {

using dope::bfloat16;
using dope::float16;

/// A 16-bit binary format written out from its definition: fraction bits and exponent bias.
struct Format {
  int fraction_bits;
  int bias;
};
template <class T>
constexpr Format format_of = std::same_as<T, float16> ? Format{10, 15} : Format{7, 127};

bool is_nan_pattern(Format format, unsigned pattern) {
  const unsigned fraction = pattern & ((1u << format.fraction_bits) - 1u);
  const unsigned exponent = (pattern & 0x7fffu) >> format.fraction_bits;
  return exponent == 0x7fffu >> format.fraction_bits && fraction != 0;
}

/// The real number a pattern stands for; the infinities as ±2^(one past the largest exponent), which
/// is where the rounding rule puts them.
double value_of(Format format, unsigned pattern) {
  const unsigned fraction = pattern & ((1u << format.fraction_bits) - 1u);
  const int exponent = static_cast<int>((pattern & 0x7fffu) >> format.fraction_bits);
  const double one = std::ldexp(1.0, format.fraction_bits);
  const double magnitude =
      exponent == 0 ? std::ldexp(static_cast<double>(fraction) / one, 1 - format.bias)
                    : std::ldexp(1.0 + static_cast<double>(fraction) / one, exponent - format.bias);
  return (pattern & 0x8000u) != 0 ? -magnitude : magnitude;
}

/// Every non-negative finite pattern's value and infinity's stand-in, ascending: index = pattern.
std::vector<double> ladder(Format format) {
  const unsigned infinity = 0x7fffu >> format.fraction_bits << format.fraction_bits;
  std::vector<double> values;
  for (unsigned pattern = 0; pattern <= infinity; ++pattern) values.push_back(value_of(format, pattern));
  return values;
}

/// Nearest of all patterns, ties to the even pattern. Distances are exact: `value` has at most 53
/// significant bits and so has every midpoint it is compared with.
unsigned nearest(const std::vector<double>& values, double value) {
  const double magnitude = std::abs(value);
  const auto above = std::lower_bound(values.begin(), values.end(), magnitude);
  auto best = static_cast<unsigned>(above - values.begin());
  if (above == values.end()) {
    best = static_cast<unsigned>(values.size() - 1);
  } else if (best > 0) {
    const double middle = (values[best - 1] + values[best]) / 2;
    if (magnitude < middle || (magnitude == middle && best % 2 == 1)) --best;
  }
  return best | (std::signbit(value) ? 0x8000u : 0u);
}

template <class T>
unsigned narrowed(double value) {
  return T(value).bits;
}
template <class T>
unsigned narrowed(float value) {
  return T(value).bits;
}

/// Floats that press on rounding: every value, midpoint and midpoint's neighbour of the format, and a
/// sweep of bit patterns over all exponents.
std::vector<float> pressing_floats(const std::vector<double>& values) {
  std::vector<float> floats;
  const float infinity = std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    const auto middle = static_cast<float>((values[i] + values[i + 1]) / 2);
    for (const float x : {static_cast<float>(values[i]), middle}) {
      floats.push_back(x);
      floats.push_back(std::nextafter(x, infinity));
      if (x > 0) floats.push_back(std::nextafter(x, 0.0f));
    }
  }
  for (std::uint64_t bits = 0; bits <= 0x7f800000u; bits += 6007) {
    floats.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  for (const float x :
       {std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min(), infinity}) {
    floats.push_back(x);
  }
  return floats;
}

}  // namespace

TEST_CASE_TEMPLATE("widening is exact for all 65,536 patterns and narrowing undoes it", T, float16,
                   bfloat16) {
  constexpr Format format = format_of<T>;
  std::size_t wrong = 0;
  for (unsigned pattern = 0; pattern <= 0xffffu; ++pattern) {
    const auto stored = T::from_bits(static_cast<std::uint16_t>(pattern));
    const float wide = stored;
    if (is_nan_pattern(format, pattern)) {
      const unsigned quiet = pattern | (1u << (format.fraction_bits - 1));
      wrong += !std::isnan(wide) || T(wide).bits != quiet || T(static_cast<double>(wide)).bits != quiet;
      continue;
    }
    const bool infinite = (pattern & 0x7fffu) == (0x7fffu >> format.fraction_bits << format.fraction_bits);
    const double expected =
        infinite ? std::copysign(std::numeric_limits<double>::infinity(), pattern >> 15 ? -1 : 1)
                 : value_of(format, pattern);
    wrong += static_cast<double>(wide) != expected || std::signbit(wide) != std::signbit(expected);
    wrong += T(wide).bits != pattern || T(static_cast<double>(wide)).bits != pattern;
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("narrowing float gives the nearest pattern, ties to even", T, float16, bfloat16) {
  const auto values = ladder(format_of<T>);
  std::size_t wrong = 0;
  const auto floats = pressing_floats(values);
  for (const float x : floats) {
    wrong += narrowed<T>(x) != nearest(values, static_cast<double>(x));
    wrong += narrowed<T>(-x) != nearest(values, static_cast<double>(-x));
  }
  CHECK(floats.size() > 500000);
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("narrowing double rounds once, where rounding by way of float would round twice", T,
                   float16, bfloat16) {
  const auto values = ladder(format_of<T>);
  std::size_t wrong = 0;
  std::size_t told_apart = 0;
  const auto check = [&](double x) {
    wrong += narrowed<T>(x) != nearest(values, x) || narrowed<T>(-x) != nearest(values, -x);
    told_apart += narrowed<T>(static_cast<float>(x)) != nearest(values, x);
  };
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    const double middle = (values[i] + values[i + 1]) / 2;
    for (const double x : {values[i], middle}) {
      check(x);
      check(std::nextafter(x, std::numeric_limits<double>::infinity()));
      check(std::nextafter(x, 0.0));
      check(x * (1 + 0x1p-40));
      check(x * (1 - 0x1p-40));
    }
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 200000; ++i) {
    const double x = std::bit_cast<double>(random() & 0x7fffffffffffffffu);
    if (x == x) check(x);
  }
  CHECK(wrong == 0);
  CHECK(told_apart > values.size() / 4);
}

TEST_CASE_TEMPLATE("a NaN of either sign stays a quiet NaN of that sign, whatever its payload", T, float16,
                   bfloat16) {
  constexpr Format format = format_of<T>;
  std::size_t wrong = 0;
  for (std::uint32_t fraction = 1; fraction < 0x00800000u; fraction += 97) {
    for (const std::uint32_t sign : {0u, 0x80000000u}) {
      const auto wide = std::bit_cast<float>(sign | 0x7f800000u | fraction);
      const unsigned pattern = T(wide).bits;
      wrong += !is_nan_pattern(format, pattern) || (pattern >> 15) != (sign >> 31) ||
               (pattern >> (format.fraction_bits - 1) & 1u) != 1u;
    }
  }
  CHECK(wrong == 0);
  CHECK(is_nan_pattern(format, T(std::numeric_limits<double>::quiet_NaN()).bits));
}

TEST_CASE("landmarks of binary16 and bfloat16") {
  CHECK(float16(1.0f).bits == 0x3c00);
  CHECK(float16(-2.0f).bits == 0xc000);
  CHECK(float16(65504.0f).bits == 0x7bff);
  CHECK(float16(std::nextafter(65520.0f, 0.0f)).bits == 0x7bff);
  CHECK(float16(65520.0f).bits == 0x7c00);
  CHECK(float16(0x1p-24f).bits == 0x0001);
  CHECK(float16(0x1p-25f).bits == 0x0000);
  CHECK(float16(std::nextafter(0x1p-25f, 1.0f)).bits == 0x0001);
  CHECK(float16(0x1p-14f).bits == 0x0400);
  CHECK(float16(1.0 / 3.0).bits == 0x3555);
  CHECK(bfloat16(1.0f).bits == 0x3f80);
  CHECK(bfloat16(std::numeric_limits<float>::max()).bits == 0x7f80);
  CHECK(bfloat16(3.140625f).bits == 0x4049);
  CHECK(float16(1.0f + 0x1p-11f).bits == 0x3c00);
  CHECK(float16(1.0f + 0x1p-11f + 0x1p-23f).bits == 0x3c01);
  CHECK(float16(1.0 + 0x1p-11 + 0x1p-52).bits == 0x3c01);
  static_assert(float16(1.5f).bits == 0x3e00 && static_cast<float>(bfloat16::from_bits(0xc000)) == -2.0f);
}

TEST_CASE("the concept Scalar holds for the four storage types and nothing else") {
  static_assert(dope::Scalar<float> && dope::Scalar<double> && dope::Scalar<float16> &&
                dope::Scalar<bfloat16>);
  static_assert(!dope::Scalar<const float> && !dope::Scalar<float&> && !dope::Scalar<int> &&
                !dope::Scalar<long double> && !dope::Scalar<std::uint16_t>);
  static_assert(
      std::same_as<dope::compute_t<double>, double> && std::same_as<dope::compute_t<float>, float> &&
      std::same_as<dope::compute_t<float16>, float> && std::same_as<dope::compute_t<bfloat16>, float>);
  static_assert(!std::is_convertible_v<float, float16> && !std::is_convertible_v<double, bfloat16> &&
                std::is_convertible_v<float16, float> && std::is_convertible_v<bfloat16, float>);
  CHECK(dope::scalar_name<float>() == "float");
  CHECK(dope::scalar_name<double>() == "double");
  CHECK(dope::scalar_name<float16>() == "float16");
  CHECK(dope::scalar_name<bfloat16>() == "bfloat16");
}
