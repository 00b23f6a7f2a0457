// SPDX-License-Identifier: MIT
#include "dope/core/philox.hpp"

#include <Random123/philox.h>
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

namespace {

using Words = std::array<std::uint32_t, 4>;
using Key = std::array<std::uint32_t, 2>;

Words random123(const Words& counter, const Key& key) {
  const r123::Philox4x32::ctr_type c = {{counter[0], counter[1], counter[2], counter[3]}};
  const r123::Philox4x32::key_type k = {{key[0], key[1]}};
  const auto words = r123::Philox4x32{}(c, k);
  return {words[0], words[1], words[2], words[3]};
}

// Known at compile time: the published answers of the all-zero, the all-one and the digits-of-pi input.
constexpr std::uint32_t ones = 0xffffffffu;
static_assert(dope::philox({0, 0, 0, 0}, {0, 0}) ==
              Words{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
static_assert(dope::philox({ones, ones, ones, ones}, {ones, ones}) ==
              Words{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu});
static_assert(dope::philox({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u},
                           {0xa4093822u, 0x299f31d0u}) ==
              Words{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u});

}  // namespace

TEST_CASE("words are those of Random123: each bit of counter and key alone, and a million random inputs") {
  std::size_t wrong = 0;
  for (std::size_t bit = 0; bit < 192; ++bit) {
    Words counter{};
    Key key{};
    (bit < 128 ? counter[bit / 32] : key[(bit - 128) / 32]) = std::uint32_t{1} << bit % 32;
    wrong += dope::philox(counter, key) != random123(counter, key);
  }
  std::mt19937 random(7);
  const auto word = [&] { return static_cast<std::uint32_t>(random()); };
  for (int i = 0; i < 1000000; ++i) {
    const Words counter = {word(), word(), word(), word()};
    const Key key = {word(), word()};
    wrong += dope::philox(counter, key) != random123(counter, key);
  }
  CHECK(wrong == 0);
}
