// SPDX-License-Identifier: MIT
#pragma once

#include "port_cuda/device/both.hpp"

namespace port {

struct Words {
  uint32_t w[4];
};

/// Philox4x32-10 (Salmon et al. 2011).
PORT_BOTH Words philox(Words counter, uint32_t key0, uint32_t key1) {
  Words c = counter;
  for (int round = 0; round < 10; ++round) {
    const uint64_t p = static_cast<uint64_t>(0xD2511F53u) * c.w[0];
    const uint64_t q = static_cast<uint64_t>(0xCD9E8D57u) * c.w[2];
    const Words next = {{static_cast<uint32_t>(q >> 32) ^ c.w[1] ^ key0, static_cast<uint32_t>(q),
                         static_cast<uint32_t>(p >> 32) ^ c.w[3] ^ key1, static_cast<uint32_t>(p)}};
    c = next;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return c;
}

/// Whose noise: side is 0 for queries, 1 for keys.
struct NoiseSource {
  uint64_t seed;
  uint32_t layer;
  uint32_t side;
};

/// The words behind channels 4·block … 4·block + 3.
PORT_BOTH Words noise_words(const NoiseSource& source, uint32_t head, int64_t position, size_t block) {
  const uint64_t at = static_cast<uint64_t>(position);
  const Words counter = {{static_cast<uint32_t>(block), static_cast<uint32_t>(at),
                          static_cast<uint32_t>(at >> 32), (source.layer << 17) | (head << 1) | source.side}};
  return philox(counter, static_cast<uint32_t>(source.seed), static_cast<uint32_t>(source.seed >> 32));
}

/// The standard normal of a channel, by Box and Muller: u = (w₀ + ½)·2⁻³², v = w₁·2⁻³²,
/// √(−2 ln u)·cos 2πv on even channels, ·sin 2πv on odd ones.
PORT_BOTH double normal_of(const Words& words, size_t channel) {
  const size_t pair = channel % 4 / 2 * 2;
  const double u = (static_cast<double>(words.w[pair]) + 0.5) * (1.0 / 4294967296.0);
  const double v = static_cast<double>(words.w[pair + 1]) * (1.0 / 4294967296.0);
  const double radius = sqrt(-2.0 * log(u));
  double c = 0, s = 0;
  cos_sin(6.283185307179586476925 * v, c, s);
  return radius * (channel % 2 == 0 ? c : s);
}

/// One thread per (token, block of four channels). words [tokens, 4·blocks]; values [tokens, width].
struct MakeNoise {
  const int64_t* positions;
  uint32_t* words;
  double* values;
  size_t tokens;
  size_t width;
  NoiseSource source;
  uint32_t head;

  PORT_BOTH size_t blocks() const { return (width + 3) / 4; }
  PORT_BOTH size_t threads() const { return tokens * blocks(); }

  PORT_BOTH void operator()(size_t thread) const {
    const size_t token = thread / blocks();
    const size_t block = thread % blocks();
    const Words four = noise_words(source, head, positions[token], block);
    for (size_t lane = 0; lane < 4; ++lane) {
      const size_t channel = 4 * block + lane;
      words[token * 4 * blocks() + channel] = four.w[lane];
      if (channel < width) values[token * width + channel] = normal_of(four, channel);
    }
  }
};

}  // namespace port
