// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "dope/core/convert.hpp"
#include "dope/core/error.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"
#include "dope/denoise/head.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/rope/rotate.hpp"
#include "dope/rope/table.hpp"
#include "dope/spectral/checked.hpp"

namespace dope::detail {

inline constexpr std::size_t rotated_block_tokens = 256;

/// The largest magnitude that leaves room for a rotation and its attention factor.
template <Scalar T>
inline constexpr double largest_input = std::same_as<T, double> ? 0x1p+400 : 0x1p+100;

template <Scalar T>
void require_side(std::string_view where, std::string_view side, const AttentionShape& shape,
                  std::size_t layer, HeadsView<const T> x, std::size_t heads, std::size_t tokens,
                  std::span<const std::size_t> read) {
  if (x.heads != heads || x.width != shape.head_width || x.tokens != tokens) {
    fail(text(where, ", layer ", layer),
         text(x.tokens, " tokens of ", x.heads, " ", side, " heads of width ", x.width),
         text(tokens, " tokens of ", heads, " heads of width ", shape.head_width));
  }
  for (std::size_t head = 0; head < x.heads; ++head) {
    const std::string site = text(where, ", layer ", layer, ", ", side, " head ", head);
    const HeadView<const T> rows = x.head(head);
    require_rows(site, rows, x.width);
    if (read.size() == tokens) {
      const double peak = checked_peak(site, rows, x.width);
      if (peak > largest_input<T>) fail(site, text("magnitude ", peak), text("at most ", largest_input<T>));
      continue;
    }
    for (const std::size_t token : read) {
      const auto peak = static_cast<double>(std::bit_cast<T>(peak_bits(rows.slice(token, 1))));
      if (!(peak <= largest_input<T>))
        fail(site, text("magnitude ", peak, " at token ", token), text("at most ", largest_input<T>));
    }
  }
}

inline void require_positions(std::string_view where, std::span<const std::int64_t> positions) {
  for (std::size_t token = 0; token < positions.size(); ++token) {
    constexpr std::int64_t farthest = std::int64_t{1} << 53;
    if (positions[token] > farthest || positions[token] < -farthest) {
      fail(text(where), text("position ", positions[token], " of token ", token), "at most 2^53 in size");
    }
  }
}

/// Throws Error unless q and k are a layer's heads, of as many tokens as positions, and of finite values in
/// the tokens that are read: those listed.
template <Scalar T>
void require_heads(std::string_view where, const AttentionShape& shape, std::size_t layer,
                   HeadsView<const T> q, HeadsView<const T> k, std::span<const std::int64_t> positions,
                   std::span<const std::size_t> read) {
  if (layer >= shape.layers) fail(text(where), text("layer ", layer), text("a layer below ", shape.layers));
  require_side(where, "query", shape, layer, q, shape.query_heads, positions.size(), read);
  require_side(where, "key", shape, layer, k, shape.key_heads, positions.size(), read);
}

/// Call use(head, block) with rotated copies of at most rotated_block_tokens tokens at a time, for every
/// head and, per head, in the order of the tokens. The caller's rows are left as they are.
///
/// Copies are rotated and handed out in compute_t<T>: a 16-bit q is not rounded a second time. Memory:
/// one block of one head and of one table. Precondition: require_heads.
template <Scalar T, class Use>
void for_each_rotated_block(HeadsView<const T> x, const Frequencies& frequencies, Pairing pairing,
                            std::span<const std::int64_t> positions, Use use) {
  using C = compute_t<T>;
  std::vector<C> copy((std::min)(rotated_block_tokens, x.tokens) * x.width);
  for (std::size_t first = 0; first < x.tokens; first += rotated_block_tokens) {
    const std::size_t count = (std::min)(rotated_block_tokens, x.tokens - first);
    const RotationTable<C> table(frequencies, positions.subspan(first, count));
    for (std::size_t head = 0; head < x.heads; ++head) {
      const HeadView<const T> rows = x.head(head).slice(first, count);
      const HeadView<C> block = dense_head(copy.data(), count, x.width);
      for (std::size_t token = 0; token < count; ++token) widen(rows.row(token), block.row(token), x.width);
      rotate(block, table.view(), pairing);
      use(head, HeadView<const C>(block));
    }
  }
}

inline std::vector<std::int64_t> consecutive_positions(std::int64_t first, std::size_t count) {
  std::vector<std::int64_t> positions(count);
  for (std::size_t i = 0; i < count; ++i) positions[i] = first + static_cast<std::int64_t>(i);
  return positions;
}

}  // namespace dope::detail
