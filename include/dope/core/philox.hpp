// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "dope/core/compiler.hpp"

namespace dope {

/// Philox4x32-10 (Salmon et al. 2011, DOI 10.1145/2063384.2063405): 128 random bits, a function of 128 bits
/// of counter and 64 of key alone. Law: a bijection of the counter under each key; the words that Random123
/// and cuRAND give.
[[nodiscard]] constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                                            std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t first = std::uint64_t{0xd2511f53u} * counter[0];
    const std::uint64_t third = std::uint64_t{0xcd9e8d57u} * counter[2];
    counter = {
        static_cast<std::uint32_t>(third >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(third),
        static_cast<std::uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(first)};
    key = {key[0] + 0x9e3779b9u, key[1] + 0xbb67ae85u};
  }
  return counter;
}

}  // namespace dope
