// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <variant>

#include "transformer/attention.hpp"

namespace reference {

// Which tokens a query meets, and at which rotary positions. N tokens, query i, key j ≤ i; a score is
// ⟨R(P_q)q_i, R(P_k)k_j⟩/√d. Every key is rotated once, at a position of its own, and cached so; a query
// is rotated once per part.

/// Every earlier token: P_q = i, P_k = j. What the model was trained with.
struct FullAttention {
  bool operator==(const FullAttention&) const = default;
};

/// Dual Chunk Attention (arXiv 2402.17463, eqs. 2–8). chunk s, local window w, c = s + w: no two tokens
/// are further apart than c − 1. P_k = j mod s, and by a = ⌊i/s⌋ − ⌊j/s⌋:
///
///   intra       a = 0   P_q = i mod s
///   successive  a = 1   P_q = min(i mod s + s, c − 1)   the nearest w tokens keep their distance
///   inter       a > 1   P_q = c − 1
///
/// Law: for N ≤ s this is FullAttention, to the last bit. Precondition: 1 ≤ w ≤ s.
struct DualChunk {
  std::size_t chunk = 0;
  std::size_t local = 0;
  bool operator==(const DualChunk&) const = default;

  /// The paper's (section 3): s = ⌊3L/4⌋, w = L − s, so that c = L, the training length.
  [[nodiscard]] static DualChunk of_paper(std::size_t training_length) noexcept;

  /// The published code's (HKUNLP/ChunkLlama): with C = ⌊3L/4⌋ and a window of u = ⌊L/16⌋ it has s = C − u
  /// and positions up to C, in the paper's terms w = u + 1.
  [[nodiscard]] static DualChunk of_code(std::size_t training_length) noexcept;
};

/// StreamingLLM (arXiv 2309.17453, section 3.2): the first k tokens (attention sinks) and the last w, the
/// query's own among them; positions are those inside the cache of k + w tokens:
///
///   i < k + w   P_q = i, P_k = j, every j ≤ i
///   else        P_q = k + w − 1, P_k = j for j < k, and k + j − (i − w + 1) for the last w
///
/// Rotation knows distances alone, so keys stay rotated at j: the last w are seen from P_q = i, the
/// sinks from P_q = min(i, k + w − 1). Law: for N ≤ k + w this is FullAttention, to the last bit.
/// Precondition: w ≥ 1. The caches keep every token; an engine would drop those in between.
struct SinkWindow {
  std::size_t sinks = 0;
  std::size_t window = 0;
  bool operator==(const SinkWindow&) const = default;

  /// The paper's k = 4; w = L − k, so that the cache is as long as training was.
  [[nodiscard]] static SinkWindow of_paper(std::size_t training_length) noexcept;
};

using AttentionPattern = std::variant<FullAttention, DualChunk, SinkWindow>;

/// Throws dope::Error where a precondition fails.
void validate(const AttentionPattern& pattern);

/// "full", "dual_chunk(chunk=384, local=128)", "sink_window(sinks=4, window=508)".
[[nodiscard]] std::string name_of(const AttentionPattern& pattern);

/// The tokens that a query meets while it is rotated to one position.
struct Sight {
  std::size_t position = 0;
  KeyRange keys;
};

/// Parts that the attention of one token has at most.
inline constexpr std::size_t most_parts = 3;

/// The parts of a query token; those it has not are empty. Their ranges are disjoint, inside [0, token], and
/// hold the token itself; no position is beyond the token.
[[nodiscard]] std::array<Sight, most_parts> sights_of(const AttentionPattern& pattern, std::size_t token);

/// The position at which a key is cached: at most the token.
[[nodiscard]] std::size_t key_position(const AttentionPattern& pattern, std::size_t token);

}  // namespace reference
