// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dope/rope.hpp"
#include "transformer/attention_pattern.hpp"

namespace reference {

/// The two families of the paper. Both: RMSNorm, rotary half_split, grouped queries, SwiGLU.
enum class Architecture { llama, qwen2 };

/// Whether the output matrix is a tensor of its own or the embedding.
enum class OutputHead { own, tied };

/// Which projections of an attention layer have a bias: none (Llama) or q, k and v (Qwen2).
enum class AttentionBias { none, query_key_value };

/// What the tokens of a model are. bytes: tokens 0 to 255 are the bytes themselves, as
/// "dope_tokens": "bytes", a key of our own, says. unknown: the file does not say.
enum class Tokens { unknown, bytes };

/// What a checkpoint's config.json says, checked.
///
/// training_length L: original_max_position_embeddings where the file gives it (at the top, among the
/// scaling's keys or under dual_chunk_attention_config), else max_position_embeddings; under the scaling
/// `dynamic` always max_position_embeddings, as Hugging Face computes it. rotated_width: the leading
/// ⌊head_width·partial_rotary_factor⌋ channels of a head; under the scaling `proportional` it is head_width,
/// the fraction being part of the scaling. dual_chunk: the pattern of dual_chunk_attention_config {chunk_size
/// C, local_size u}, chunk C − u and local u + 1 in DualChunk's terms. It is not what a request gets unless
/// asked for: Hugging Face computes full attention whatever the key says, and both agree up to C − u tokens.
/// defaults: values that the file leaves out and Hugging Face's class of the architecture defines,
/// "rope_theta 10000". unused: keys that nothing used, none of which changes logits. fingerprint: hash_of the
/// text. Laws: key_heads divides query_heads; 2 ≤ rotated_width ≤ head_width, even;
/// scaled_frequencies(rope(), scaling, ℓ) does not throw for any ℓ ≤ 2³¹.
struct Config {
  Architecture architecture = Architecture::llama;
  std::size_t layers = 0;
  std::size_t hidden = 0;
  std::size_t intermediate = 0;
  std::size_t query_heads = 0;
  std::size_t key_heads = 0;
  std::size_t head_width = 0;
  std::size_t rotated_width = 0;
  std::size_t vocabulary = 0;
  std::size_t training_length = 0;
  std::size_t max_position_embeddings = 0;
  double rope_base = 10000.0;
  double rms_epsilon = 1e-6;
  OutputHead head = OutputHead::own;
  AttentionBias bias = AttentionBias::none;
  std::optional<std::int32_t> bos;
  std::vector<std::int32_t> eos;
  dope::Scaling scaling;
  std::optional<DualChunk> dual_chunk;
  Tokens tokens = Tokens::unknown;
  std::vector<std::string> defaults;
  std::vector<std::string> unused;
  std::string fingerprint;

  static constexpr dope::Pairing pairing = dope::Pairing::half_split;

  [[nodiscard]] dope::RopeParameters rope() const noexcept {
    return {rope_base, head_width, rotated_width, training_length};
  }
  [[nodiscard]] std::size_t query_width() const noexcept { return query_heads * head_width; }
  [[nodiscard]] std::size_t key_width() const noexcept { return key_heads * head_width; }
};

/// Read FOLDER/config.json as Hugging Face writes it, old spellings ("rope_scaling" with "type") and new
/// ("rope_parameters" with "rope_type").
///
/// Required: model_type, vocab_size, hidden_size, intermediate_size, num_hidden_layers,
/// num_attention_heads. The rest has Hugging Face's defaults, except that an absent num_key_value_heads
/// is num_attention_heads for Qwen2 too; `defaults` lists those taken. A null is a value only where Hugging
/// Face gives it a meaning ("rope_scaling": null is none); elsewhere it is an Error.
///
/// Every key is understood, or refused by name with a dope::Error, or listed in `unused`: see
/// config_keys.hpp. Refused is what this transformer would compute differently (another architecture or
/// activation, sliding windows, quantised weights, biases outside Qwen2's q, k, v, an unknown scaling or
/// scaling key), two values for one thing, and a key nobody knows whose name speaks of the computation.
[[nodiscard]] Config load_config(const std::filesystem::path& folder);

/// The same for text already read; `where` names it in Errors.
[[nodiscard]] Config parse_config(std::string_view text, std::string_view where);

}  // namespace reference
