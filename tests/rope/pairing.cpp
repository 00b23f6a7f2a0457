// SPDX-License-Identifier: MIT
#include "dope/rope/pairing.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

using dope::Pairing;

TEST_CASE("interleaved pairs (2f, 2f + 1), half_split pairs (f, f + d/2), for every even width to 256") {
  for (std::size_t width = 2; width <= 256; width += 2) {
    std::size_t wrong = 0;
    for (std::size_t band = 0; band < width / 2; ++band) {
      const auto neighbours = dope::channels_of(Pairing::interleaved, band, width);
      const auto halves = dope::channels_of(Pairing::half_split, band, width);
      wrong += neighbours.first != band + band || neighbours.second != band + band + 1;
      wrong += halves.first != band || halves.second != band + width / 2;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("each pairing uses every channel exactly once") {
  for (const Pairing pairing : {Pairing::interleaved, Pairing::half_split}) {
    for (std::size_t width = 2; width <= 256; width += 2) {
      std::vector<int> uses(width, 0);
      for (std::size_t band = 0; band < width / 2; ++band) {
        const auto pair = dope::channels_of(pairing, band, width);
        ++uses.at(pair.first);
        ++uses.at(pair.second);
      }
      CHECK(uses == std::vector<int>(width, 1));
    }
  }
}

TEST_CASE("half_split_channel is the permutation that maps interleaved pairs onto half_split pairs") {
  for (std::size_t width = 2; width <= 256; width += 2) {
    std::size_t wrong = 0;
    std::vector<int> uses(width, 0);
    for (std::size_t band = 0; band < width / 2; ++band) {
      const auto from = dope::channels_of(Pairing::interleaved, band, width);
      const auto to = dope::channels_of(Pairing::half_split, band, width);
      wrong += dope::half_split_channel(from.first, width) != to.first;
      wrong += dope::half_split_channel(from.second, width) != to.second;
    }
    for (std::size_t c = 0; c < width; ++c) ++uses.at(dope::half_split_channel(c, width));
    CHECK(wrong == 0);
    CHECK(uses == std::vector<int>(width, 1));
  }
}

TEST_CASE("channels at or past the rotated width stay where they are") {
  for (std::size_t width = 2; width <= 256; width += 2) {
    for (std::size_t c = width; c < width + 64; ++c) CHECK(dope::half_split_channel(c, width) == c);
  }
}
