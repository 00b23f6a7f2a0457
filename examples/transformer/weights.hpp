// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "transformer/config.hpp"

namespace reference {

/// A weight matrix, dense row-major [rows = outputs, columns = inputs]: y = W x.
struct Matrix {
  const float* data = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;

  [[nodiscard]] std::span<const float> row(std::size_t index) const noexcept {
    return {data + index * columns, columns};
  }
  [[nodiscard]] std::span<const float> values() const noexcept { return {data, rows * columns}; }
};

/// One decoder layer. The biases are empty unless the config has AttentionBias::query_key_value.
struct LayerWeights {
  std::span<const float> attention_norm;  // [hidden]
  Matrix query;                           // [query_width, hidden]
  Matrix key;                             // [key_width, hidden]
  Matrix value;                           // [key_width, hidden]
  std::span<const float> query_bias;      // [query_width]
  std::span<const float> key_bias;        // [key_width]
  std::span<const float> value_bias;      // [key_width]
  Matrix output;                          // [hidden, query_width]
  std::span<const float> mlp_norm;        // [hidden]
  Matrix gate;                            // [intermediate, hidden]
  Matrix up;                              // [intermediate, hidden]
  Matrix down;                            // [hidden, intermediate]
};

/// All weights as float. What is stored as F32 at a 4-byte boundary is borrowed from the mapped file, the
/// rest was converted once; `storage` keeps both alive, and copies share it. Borrowed and converted count
/// bytes of float.
struct Weights {
  Matrix embedding;  // [vocabulary, hidden]
  std::vector<LayerWeights> layers;
  std::span<const float> final_norm;              // [hidden]
  Matrix head;                                    // [vocabulary, hidden]; the embedding itself where tied
  std::vector<std::string> ignored;               // tensors in the file that nothing needs
  std::vector<std::span<const std::byte>> files;  // all bytes of each file read, in the order of the shards
  std::size_t borrowed = 0;
  std::size_t converted = 0;
  std::vector<std::shared_ptr<const void>> storage;
};

/// The weights of a checkpoint folder, under the names of Hugging Face's LlamaForCausalLM and
/// Qwen2ForCausalLM.
///
/// A tensor that the config needs and the file lacks, one that it does not know, a shape or a dtype that
/// does not fit: one dope::Error that names file and tensor. Ignored are `*.rotary_emb.inv_freq` (buffers
/// that older exporters stored: frequencies come from the config), and the output head of a tied model
/// where it equals the embedding; where it differs, it is an Error.
[[nodiscard]] Weights load_weights(const Config& config, const std::filesystem::path& folder);

/// hash_of all the files that the weights were read from, whole: one changed byte of any tensor, name or
/// shape changes it. Reads every byte once, from the map.
[[nodiscard]] std::string fingerprint_of(const Weights& weights);

}  // namespace reference
