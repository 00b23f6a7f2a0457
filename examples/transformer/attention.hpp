// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "dope/core/view.hpp"

namespace reference {

/// Rotated keys of one head, laid out for attention: blocks of 64 tokens, channel-major inside a block,
/// so that 64 keys' channel c lie side by side. Capacity is fixed when made.
class KeyCache {
 public:
  static constexpr std::size_t block = 64;

  KeyCache() = default;
  KeyCache(std::size_t capacity, std::size_t width);

  /// Rows of `keys` become tokens [first, first + keys.tokens). Throws Error past the capacity.
  void write(std::size_t first, dope::HeadView<const float> keys);

  [[nodiscard]] const float* block_at(std::size_t index) const noexcept {
    return data_.data() + index * block * width_;
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::size_t width() const noexcept { return width_; }

 private:
  std::size_t capacity_ = 0;
  std::size_t width_ = 0;
  std::vector<float> data_;
};

/// Values of one key head: dense rows, padded with zeros to whole vectors.
class ValueCache {
 public:
  static constexpr std::size_t lanes = 16;

  ValueCache() = default;
  ValueCache(std::size_t capacity, std::size_t width);

  void write(std::size_t first, dope::HeadView<const float> values);

  [[nodiscard]] const float* row(std::size_t token) const noexcept { return data_.data() + token * padded_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::size_t width() const noexcept { return width_; }
  [[nodiscard]] std::size_t padded_width() const noexcept { return padded_; }

 private:
  std::size_t capacity_ = 0;
  std::size_t width_ = 0;
  std::size_t padded_ = 0;
  std::vector<float> data_;
};

/// Causal attention of one head: out_i = Σ_{j ≤ p} softmax_j(q_i·k_j/√d)·v_j, p = first + i.
///
/// Blocked over keys with a running maximum and sum (online softmax, arXiv 1805.02867): memory
/// beyond the caches is constant in the number of tokens. Shapes: queries and out [tokens, d];
/// caches hold tokens [0, first + tokens). Law: row i is the same to the last bit however the rows
/// are split into calls, so decoding equals prefill here.
void causal_attention(dope::HeadView<const float> queries, const KeyCache& keys, const ValueCache& values,
                      std::size_t first, dope::HeadView<float> out);

/// Cached tokens [begin, end).
struct KeyRange {
  std::size_t begin = 0;
  std::size_t end = 0;

  [[nodiscard]] bool empty() const noexcept { return begin >= end; }
};

/// One part of an attention: row i of `queries`, turned as this part asks, sees the tokens seen[i].
struct AttentionPart {
  dope::HeadView<const float> queries;
  std::span<const KeyRange> seen;
};

/// Attention of one head whose softmax runs over several parts p, each with queries of its own:
///
///   out_i = Σ_p Σ_j exp(s_pij − m_i)·v_j / Σ_p Σ_j exp(s_pij − m_i),   j ∈ seen_p(i), m_i = max s_pij,
///   s_pij = q^p_i·k_j/√d
///
/// The running maximum and sum go on from part to part, which is the merging by log-sum-exp with the
/// maximum subtracted, exact for scores of any size. Blocked as causal_attention is, with the same laws;
/// one part that sees [0, p] is causal_attention to the last bit. Throws Error where shapes do not fit,
/// a token lies past the caches, or a row sees no token at all.
void merged_attention(std::span<const AttentionPart> parts, const KeyCache& keys, const ValueCache& values,
                      dope::HeadView<float> out);

}  // namespace reference
