// SPDX-License-Identifier: MIT
#include "lab/support/random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "dope/core/error.hpp"

using lab::Random;
using lab::Stream;

TEST_CASE("words are Philox4x32-10 of (draw, stream) under the seed") {
  Random zero(0, Stream::key);  // the published known answer for counter 0, key 0
  for (const std::uint32_t expected : {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}) {
    CHECK(zero.word() == expected);
  }
  // From an independent implementation in another language.
  Random other(0x123456789abcdef0u, Stream::haystack_text);
  for (const std::uint32_t expected :
       {2326897053u, 634922883u, 839514171u, 1296755640u, 854682882u, 1720682267u}) {
    CHECK(other.word() == expected);
  }
}

TEST_CASE("draws below a bound have fixed values, whatever the standard library") {
  Random small(7, Stream::key);
  for (const std::uint32_t expected : {9u, 7u, 1u, 0u, 4u, 7u, 1u, 9u, 0u, 0u, 8u, 8u}) {
    CHECK(small.below(10) == expected);
  }
  Random large(7, Stream::key);
  for (const std::uint32_t expected : {3074972577u, 367791025u, 275923297u, 1310911220u}) {
    CHECK(large.below(3u << 30) == expected);
  }
}

TEST_CASE("draws below a bound are uniform, also where the bound does not divide 2^32") {
  constexpr int draws = 30000;
  constexpr int slack = 500;  // 6 standard deviations of a count with mean draws/3
  // Multiply-shift without rejection would give a third of the values, n mod 3 = 0, half the draws.
  for (const std::uint32_t bound : {3u, 3u << 30}) {
    Random random(11, Stream::code);
    std::array<int, 3> counts{};
    for (int i = 0; i < draws; ++i) {
      const std::uint32_t value = random.below(bound);
      REQUIRE(value < bound);
      ++counts[value % 3];
    }
    for (const int count : counts) {
      CHECK(count > draws / 3 - slack);
      CHECK(count < draws / 3 + slack);
    }
  }
}

TEST_CASE("no choice is an error") {
  Random random(1, Stream::key);
  CHECK(random.below(1) == 0);
  CHECK_THROWS_AS((void)random.below(0), dope::Error);
  CHECK_THROWS_AS((void)random.pick(std::vector<int>{}), dope::Error);
}
