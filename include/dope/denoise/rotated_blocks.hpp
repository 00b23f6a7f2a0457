// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
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

/// The largest magnitude that meters take, and the largest that a rotated channel may then have, so that
/// nothing that is computed of it overflows.
template <Scalar T>
inline constexpr double largest_input = std::same_as<T, double> ? 0x1p+400 : 0x1p+100;
template <Scalar T>
inline constexpr double largest_rotated = std::same_as<T, double> ? largest_magnitude : 0x1p+127;

/// The largest magnitude of q and k that are rotated under attention factors up to this: a rotated channel is
/// at most √2·a·|x| and its roundings.
template <Scalar T>
double largest_under(double attention_factor) noexcept {
  return (std::min)(largest_input<T>, largest_rotated<T> / (1.5 * (std::max)(attention_factor, 1.0)));
}

template <Scalar T>
void require_side(std::string_view where, std::string_view side, const AttentionShape& shape,
                  std::size_t layer, HeadsView<const T> x, std::size_t heads, std::size_t tokens,
                  std::span<const std::size_t> read, double largest) {
  if (x.heads != heads || x.width != shape.head_width || x.tokens != tokens) {
    fail(text(where, ", layer ", layer),
         text(x.tokens, " tokens of ", x.heads, " ", side, " heads of width ", x.width),
         text(tokens, " tokens of ", heads, " heads of width ", shape.head_width));
  }
  for (std::size_t head = 0; head < x.heads; ++head) {
    const std::string site = text(where, ", layer ", layer, ", ", side, " head ", head);
    const HeadView<const T> rows = x.head(head);
    require_rows(site, rows, x.width);
    const auto fits = [&](HeadView<const T> some) {  // no comparison holds for NaN
      return static_cast<double>(std::bit_cast<T>(peak_bits(some))) <= largest;
    };
    if (read.size() == tokens && fits(rows)) continue;
    for (const std::size_t token : read) {
      if (fits(rows.slice(token, 1))) continue;
      const T* row = rows.row(token);
      std::size_t channel = 0;
      while (std::abs(static_cast<double>(row[channel])) <= largest) ++channel;
      fail(site, text(static_cast<double>(row[channel]), " at token ", token, ", channel ", channel),
           text("finite values of magnitude at most ", largest, " under this attention factor"));
    }
  }
}

inline void require_positions(std::string_view where, std::span<const std::int64_t> positions) {
  for (std::size_t token = 0; token < positions.size(); ++token) {
    if (positions[token] > farthest_position || positions[token] < -farthest_position) {
      fail(text(where), text("position ", positions[token], " of token ", token), "at most 2^53 in size");
    }
  }
}

/// Throws Error unless q and k are a layer's heads, of as many tokens as positions, and in the tokens that
/// are read, those listed, of finite values that stay in range when rotated under attention factors up to
/// this.
template <Scalar T>
void require_heads(std::string_view where, const AttentionShape& shape, std::size_t layer,
                   HeadsView<const T> q, HeadsView<const T> k, std::span<const std::int64_t> positions,
                   std::span<const std::size_t> read, double attention_factor) {
  const double largest = largest_under<T>(attention_factor);
  if (layer >= shape.layers) fail(text(where), text("layer ", layer), text("a layer below ", shape.layers));
  require_side(where, "query", shape, layer, q, shape.query_heads, positions.size(), read, largest);
  require_side(where, "key", shape, layer, k, shape.key_heads, positions.size(), read, largest);
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

}  // namespace dope::detail
