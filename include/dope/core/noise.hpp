// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/core/ieee.hpp"
#include "dope/core/philox.hpp"
#include "dope/core/side.hpp"

namespace dope {

/// The row of noise that a denoised head gets in place of, or times, its q or k at one position.
///
/// Valid range: layer < 2^15, head < 2^16; position is any 64-bit value, two's complement.
struct NoiseRow {
  std::uint64_t seed = 42;
  std::size_t layer = 0;
  std::size_t head = 0;
  Side side = Side::query;
  std::int64_t position = 0;
};

/// The four uniform 32-bit words behind channels 4·block … 4·block+3 of a row.
///
/// words = philox(counter, key), with
///   key     = (seed mod 2^32, seed div 2^32)
///   counter = (block, position mod 2^32, position div 2^32, layer·2^17 + head·2 + side)
/// and side 0 for queries, 1 for keys. Law: a function of its arguments alone, so any chunking,
/// thread count or language yields the same words bit for bit.
[[nodiscard]] inline std::array<std::uint32_t, 4> noise_words(const NoiseRow& row, std::size_t block) {
  static_assert(detail::alternatives<Side> == 2, "noise_words: every Side");
  if (row.layer >= (std::size_t{1} << 15) || row.head >= (std::size_t{1} << 16) ||
      std::uint64_t{block} >> 32 != 0) {
    fail("noise_words", detail::text("layer ", row.layer, ", head ", row.head, ", channel block ", block),
         "layer below 32768, head below 65536, block below 4294967296");
  }
  const auto low = [](std::uint64_t word) { return static_cast<std::uint32_t>(word); };
  const auto high = [](std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); };
  const auto position = static_cast<std::uint64_t>(row.position);
  const std::uint64_t site = (row.layer << 17) | (row.head << 1) | (row.side == Side::key ? 1u : 0u);
  return philox({low(block), low(position), high(position), low(site)}, {low(row.seed), high(row.seed)});
}

/// The four standard normals of a block: Box–Muller on (words 0, 1) and on (words 2, 3).
///
/// u = (w₀ + ½)·2⁻³², v = w₁·2⁻³², r = √(−2 ln u): values r·cos 2πv, r·sin 2πv.
/// In double; |value| ≤ √(66 ln 2) ≈ 6.764. Only this last step (ln, cos, sin) may differ between
/// implementations, by their rounding.
[[nodiscard]] inline std::array<double, 4> normals(const NoiseRow& row, std::size_t block) {
  const auto words = noise_words(row, block);
  std::array<double, 4> values{};
  for (std::size_t i = 0; i < 4; i += 2) {
    const double u = (static_cast<double>(words[i]) + 0.5) * 0x1p-32;
    const double angle = 2.0 * std::numbers::pi * (static_cast<double>(words[i + 1]) * 0x1p-32);
    const double radius = std::sqrt(-2.0 * std::log(u));
    values[i] = radius * std::cos(angle);
    values[i + 1] = radius * std::sin(angle);
  }
  return values;
}

/// One standard normal per channel of a row, channel c taken from block c div 4, lane c mod 4.
///
/// Law: values[c] depends on (row, c) only, not on values.size().
inline void normal_row(const NoiseRow& row, std::span<double> values) {
  for (std::size_t block = 0; 4 * block < values.size(); ++block) {
    const auto four = normals(row, block);
    for (std::size_t lane = 0; lane < 4 && 4 * block + lane < values.size(); ++lane) {
      values[4 * block + lane] = four[lane];
    }
  }
}

}  // namespace dope
