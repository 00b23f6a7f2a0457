// SPDX-License-Identifier: MIT
#include "lab/support/random.hpp"

#include "dope/core/error.hpp"
#include "dope/core/philox.hpp"

namespace lab {

std::uint32_t Random::word() noexcept {
  const std::uint64_t lane = drawn_ % 4;
  if (lane == 0) {
    const auto low = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
    const auto high = [](std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); };
    const std::uint64_t block = drawn_ / 4;
    words_ = dope::philox({low(block), high(block), low(stream_), high(stream_)}, {low(seed_), high(seed_)});
  }
  ++drawn_;
  return words_[lane];
}

std::uint32_t Random::below(std::uint32_t bound) {
  if (bound == 0) {
    throw dope::Error("Random::below", "bound 0", "at least one choice");
  }
  std::uint64_t product = std::uint64_t{word()} * bound;
  if (static_cast<std::uint32_t>(product) < bound) {
    const std::uint32_t biased = (0u - bound) % bound;  // 2^32 mod bound
    while (static_cast<std::uint32_t>(product) < biased) {
      product = std::uint64_t{word()} * bound;
    }
  }
  return static_cast<std::uint32_t>(product >> 32);
}

}  // namespace lab
