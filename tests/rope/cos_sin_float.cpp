// SPDX-License-Identifier: MIT
#include "dope/rope/cos_sin_float.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>

#include "rope/oracle.hpp"

namespace {

using dope::detail::CosSinBlock;

constexpr double documented_ulps = dope::detail::block_ulps;

/// cos and sin of n/2⁶⁴ of a revolution, by the oracle's π.
oracle::CosSin truth(std::uint64_t n) {
  // Larger angles are reflected: the oracle's series takes angles up to π/2.
  const bool backwards = n >> 63 != 0;
  if (backwards) n = std::uint64_t{0} - n;
  const bool obtuse = n >> 62 != 0;
  if (obtuse) n = (std::uint64_t{1} << 63) - n;
  oracle::Fixed fraction;
  fraction.limb[oracle::Fixed::fraction_limbs - 1] = static_cast<std::uint32_t>(n >> 32);
  fraction.limb[oracle::Fixed::fraction_limbs - 2] = static_cast<std::uint32_t>(n);
  oracle::CosSin result = oracle::taylor(oracle::times(oracle::twice(oracle::pi()), fraction));
  result.cos.negative = obtuse;
  result.sin.negative = backwards;
  return result;
}

double worst_of(const CosSinBlock& block, std::size_t i, const oracle::CosSin& exact) {
  return std::max(oracle::ulps(static_cast<double>(block.cos[i]), exact.cos, 24),
                  oracle::ulps(static_cast<double>(block.sin[i]), exact.sin, 24));
}

}  // namespace

TEST_CASE(
    "a block: within the documented ulp at random fractions, around every eighth, up to where a fraction is "
    "near") {
  std::mt19937_64 random(21);
  double worst = 0;
  std::size_t wrong = 0;
  constexpr std::uint64_t zone = std::uint64_t{1} << 34;
  for (int trial = 0; trial < 120; ++trial) {
    CosSinBlock block;
    for (std::size_t i = 0; i < CosSinBlock::size; ++i) {
      const std::uint64_t multiple = (random() % 8) << 61;
      const std::uint64_t distance = random() >> random() % 32;
      block.fraction[i] = trial % 3 == 0   ? random()
                          : trial % 3 == 1 ? multiple + distance
                                           : multiple - zone - 1 - (i < 8 ? i : distance >> 4);
      if (CosSinBlock::is_near_quarter(block.fraction[i]))
        block.fraction[i] = random() | std::uint64_t{1} << 61;
    }
    wrong += !block.evaluate(1.0);
    for (std::size_t i = 0; i < CosSinBlock::size; ++i)
      worst = std::max(worst, worst_of(block, i, truth(block.fraction[i])));
  }
  CHECK(wrong == 0);
  CHECK(worst <= documented_ulps);
}

TEST_CASE("a block reports a fraction near a multiple of a quarter, in any place, and no other") {
  constexpr std::uint64_t zone = std::uint64_t{1} << 34;
  std::size_t wrong = 0;
  for (std::size_t place = 0; place < CosSinBlock::size; ++place) {
    for (std::uint64_t quarter = 0; quarter < 4; ++quarter) {
      for (const std::uint64_t distance :
           {std::uint64_t{0}, std::uint64_t{1}, zone - 1, zone, zone + 1, 3 * zone, 1024 * zone}) {
        for (const bool below : {false, true}) {
          CosSinBlock block;
          std::fill_n(block.fraction, CosSinBlock::size, std::uint64_t{1} << 60);
          const std::uint64_t multiple = quarter << 62;
          block.fraction[place] = below ? multiple - distance : multiple + distance;
          const bool near = distance < zone || (below && distance == zone);
          wrong += CosSinBlock::is_near_quarter(block.fraction[place]) != near;
          wrong += block.evaluate(1.0) == near;
        }
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("a block: the sign flips sin and nothing else, the factor multiplies before the rounding") {
  std::mt19937_64 random(22);
  std::size_t wrong = 0;
  for (const double factor : {1.0, 1.138629436111989, -0.5, 0x1p-140}) {
    CosSinBlock plain;
    for (std::uint64_t& fraction : plain.fraction) fraction = random() | std::uint64_t{1} << 50;
    CosSinBlock flipped = plain;
    std::fill_n(flipped.sign, CosSinBlock::size, std::uint64_t{1} << 63);
    CosSinBlock alone = plain;
    plain.evaluate(factor);
    flipped.evaluate(factor);
    alone.evaluate(1.0);
    for (std::size_t i = 0; i < CosSinBlock::size; ++i) {
      wrong += plain.cos[i] != flipped.cos[i] || plain.sin[i] != -flipped.sin[i];
      const double expected = static_cast<double>(alone.cos[i]) * factor;
      wrong +=
          std::abs(static_cast<double>(plain.cos[i]) - expected) > std::abs(expected) * 0x1p-22 + 0x1p-149;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("float angles of every size up to 2^63: the fraction of a revolution is truncated, not wrong") {
  std::mt19937_64 random(23);
  double worst = 0;
  CosSinBlock block;
  for (int exponent = -26; exponent < 63; ++exponent) {
    float angles[CosSinBlock::size];
    for (std::size_t i = 0; i < CosSinBlock::size; ++i) {
      const auto significand = static_cast<float>(random() >> 41 | 0x800000);
      angles[i] = std::ldexp(significand, exponent - 23);
      block.fraction[i] = dope::detail::fraction_of_angle(i % 2 == 0 ? angles[i] : -angles[i]);
    }
    if (!block.evaluate(1.0)) continue;
    for (std::size_t i = 0; i < CosSinBlock::size; i += 4)
      worst = std::max(worst, worst_of(block, i, oracle::cos_sin(1, static_cast<double>(angles[i]))));
  }
  CHECK(worst <= documented_ulps);
  for (const float small : {0.0f, 0x1p-149f, 0x1p-60f, 0x1p-38f, 0x1p-28f, 0x1.8p-28f})
    CHECK(CosSinBlock::is_near_quarter(dope::detail::fraction_of_angle(small)));
}

TEST_CASE("a multiple of a fraction is its n-fold sum, truncated") {
  const dope::detail::RevolutionFraction step{0x0123456789abcdefu, 0xfedcba9876543210u};
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::size_t wrong = 0;
  for (std::uint64_t n = 0; n < 1000; ++n) {
    wrong += step.times(n) != high;
    low += step.low;
    high += step.high + (low < step.low ? 1 : 0);
  }
  CHECK(wrong == 0);
}

TEST_CASE("the bits of a block are the same from every compiler, at every optimisation, on every target") {
  std::uint64_t state = 1;
  std::uint64_t digest = 0;
  for (int trial = 0; trial < 4096; ++trial) {
    CosSinBlock block;
    for (std::size_t i = 0; i < CosSinBlock::size; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      block.fraction[i] = state;
      block.sign[i] = state << 63;
    }
    block.evaluate(trial % 2 == 0 ? 1.0 : 1.138629436111989);
    for (std::size_t i = 0; i < CosSinBlock::size; ++i) {
      digest = (digest ^ std::bit_cast<std::uint32_t>(block.cos[i])) * 1099511628211u;
      digest = (digest ^ std::bit_cast<std::uint32_t>(block.sin[i])) * 1099511628211u;
    }
  }
  CHECK(digest == 0x67aa8f4905c77953u);
}
