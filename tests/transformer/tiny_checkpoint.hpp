// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dope/core.hpp"
#include "transformer/atomic_file.hpp"
#include "transformer/config.hpp"
#include "transformer/safetensors.hpp"

namespace test {

/// An empty folder that is gone, with all in it, at the end of the scope.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    static std::atomic<unsigned> counter{0};
    // In memory where that is possible: whole-file writes sync, and hundreds of syncs take long on a disk.
    const std::filesystem::path memory = "/dev/shm";
    const auto root = ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
    path_ = root / ("dope-test-" + std::to_string(::getpid()) + "-" + std::to_string(counter++));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// The source tree, for the embedded model: source_folder() / "examples" / "model".
inline std::filesystem::path source_folder() {
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
}

enum class StoredHead { as_config_says, repeated };  // repeated: a tied head that is in the file as well

/// A complete random model in miniature. The same values of all fields give the same files, byte for
/// byte, on every machine.
struct TinyCheckpoint {
  reference::Architecture architecture = reference::Architecture::llama;  // qwen2: q, k, v biases
  std::size_t layers = 2;
  std::size_t hidden = 24;
  std::size_t intermediate = 20;
  std::size_t query_heads = 4;
  std::size_t key_heads = 2;
  std::size_t head_width = 6;  // any even number, or any number with a partial rotary factor
  double partial_rotary_factor = 1.0;
  std::size_t vocabulary = 19;
  std::size_t training_length = 32;
  double rope_base = 10000.0;
  reference::OutputHead head = reference::OutputHead::own;
  StoredHead stored_head = StoredHead::as_config_says;
  reference::Dtype dtype = reference::Dtype::f32;  // or f16, bf16; norms and biases too
  std::size_t shards = 1;                          // above 1: an index and that many files
  std::string rope_scaling = "null";               // JSON, e.g. {"rope_type": "linear", "factor": 2.0}
  std::uint64_t seed = 1;
};

/// A tensor with the memory it lies in.
struct OwnedTensor {
  std::string name;
  reference::Dtype dtype = reference::Dtype::f32;
  reference::Shape shape;
  std::vector<std::byte> bytes;

  [[nodiscard]] reference::NamedTensor view() const { return {name, {dtype, shape, bytes}}; }
};

template <dope::Scalar T>
std::vector<std::byte> stored_as(std::span<const float> values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const T stored = static_cast<T>(values[i]);
    std::memcpy(bytes.data() + i * sizeof(T), &stored, sizeof(T));
  }
  return bytes;
}

inline OwnedTensor stored_tensor(std::string name, reference::Dtype dtype, reference::Shape shape,
                                 std::span<const float> values) {
  using reference::Dtype;
  auto bytes = dtype == Dtype::f16    ? stored_as<dope::float16>(values)
               : dtype == Dtype::bf16 ? stored_as<dope::bfloat16>(values)
                                      : stored_as<float>(values);
  return {std::move(name), dtype, std::move(shape), std::move(bytes)};
}

/// All tensors, in the order of the layers. Matrices [out, in] are N(0, 1/in), norms 1 + N(0, 0.1²),
/// biases N(0, 0.2²), the embedding N(0, 1); a tied embedding N(0, 1/hidden), as it is the head too.
inline std::vector<OwnedTensor> tensors_of(const TinyCheckpoint& tiny) {
  std::vector<OwnedTensor> tensors;
  const auto add = [&](const std::string& name, reference::Shape shape, double mean, double spread) {
    std::size_t count = 1;
    for (const std::size_t extent : shape) count *= extent;
    std::vector<double> noise(count);
    dope::normal_row({tiny.seed, 0, tensors.size(), dope::Side::query, 0}, noise);
    std::vector<float> values;
    for (const double normal : noise) values.push_back(static_cast<float>(mean + spread * normal));
    tensors.push_back(stored_tensor(name, tiny.dtype, std::move(shape), values));
  };
  const auto matrix = [&](const std::string& name, std::size_t out, std::size_t in) {
    add(name, {out, in}, 0.0, 1.0 / std::sqrt(static_cast<double>(in)));
  };
  const std::size_t query_width = tiny.query_heads * tiny.head_width;
  const std::size_t key_width = tiny.key_heads * tiny.head_width;
  const bool tied = tiny.head == reference::OutputHead::tied;
  add("model.embed_tokens.weight", {tiny.vocabulary, tiny.hidden}, 0.0,
      tied ? 1.0 / std::sqrt(static_cast<double>(tiny.hidden)) : 1.0);
  for (std::size_t i = 0; i < tiny.layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    add(layer + "input_layernorm.weight", {tiny.hidden}, 1.0, 0.1);
    matrix(layer + "self_attn.q_proj.weight", query_width, tiny.hidden);
    matrix(layer + "self_attn.k_proj.weight", key_width, tiny.hidden);
    matrix(layer + "self_attn.v_proj.weight", key_width, tiny.hidden);
    if (tiny.architecture == reference::Architecture::qwen2) {
      add(layer + "self_attn.q_proj.bias", {query_width}, 0.0, 0.2);
      add(layer + "self_attn.k_proj.bias", {key_width}, 0.0, 0.2);
      add(layer + "self_attn.v_proj.bias", {key_width}, 0.0, 0.2);
    }
    matrix(layer + "self_attn.o_proj.weight", tiny.hidden, query_width);
    add(layer + "post_attention_layernorm.weight", {tiny.hidden}, 1.0, 0.1);
    matrix(layer + "mlp.gate_proj.weight", tiny.intermediate, tiny.hidden);
    matrix(layer + "mlp.up_proj.weight", tiny.intermediate, tiny.hidden);
    matrix(layer + "mlp.down_proj.weight", tiny.hidden, tiny.intermediate);
  }
  add("model.norm.weight", {tiny.hidden}, 1.0, 0.1);
  if (!tied) {
    matrix("lm_head.weight", tiny.vocabulary, tiny.hidden);
  } else if (tiny.stored_head == StoredHead::repeated) {
    OwnedTensor head = tensors.front();
    head.name = "lm_head.weight";
    tensors.push_back(std::move(head));
  }
  return tensors;
}

/// config.json, in Hugging Face's spelling.
inline std::string config_text(const TinyCheckpoint& tiny) {
  const bool qwen2 = tiny.architecture == reference::Architecture::qwen2;
  const auto number = [](double value) {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.17g", value);
    return std::string(digits);
  };
  const auto line = [](const char* key, const std::string& value) {
    return ",\n  \"" + std::string(key) + "\": " + value;
  };
  return std::string("{\n  \"model_type\": ") + (qwen2 ? "\"qwen2\"" : "\"llama\"") +
         line("architectures", qwen2 ? "[\"Qwen2ForCausalLM\"]" : "[\"LlamaForCausalLM\"]") +
         line("num_hidden_layers", std::to_string(tiny.layers)) +
         line("hidden_size", std::to_string(tiny.hidden)) +
         line("intermediate_size", std::to_string(tiny.intermediate)) +
         line("num_attention_heads", std::to_string(tiny.query_heads)) +
         line("num_key_value_heads", std::to_string(tiny.key_heads)) +
         line("head_dim", std::to_string(tiny.head_width)) +
         line("partial_rotary_factor", number(tiny.partial_rotary_factor)) +
         line("vocab_size", std::to_string(tiny.vocabulary)) +
         line("max_position_embeddings", std::to_string(tiny.training_length)) +
         line("rope_theta", number(tiny.rope_base)) + line("rope_scaling", tiny.rope_scaling) +
         line("rms_norm_eps", "1e-05") + line("hidden_act", "\"silu\"") +
         line("tie_word_embeddings", tiny.head == reference::OutputHead::tied ? "true" : "false") +
         line("bos_token_id", "1") + line("eos_token_id", "0") + "\n}\n";
}

inline void write_tensors(const std::filesystem::path& file, std::span<const OwnedTensor> tensors) {
  std::vector<reference::NamedTensor> views;
  for (const OwnedTensor& tensor : tensors) views.push_back(tensor.view());
  reference::write_safetensors(file, views, {{"format", "pt"}});
}

/// The tensors spread evenly over `shards` files with an index, or in one file where `shards` is 1.
inline void write_tensors(const std::filesystem::path& folder, std::span<const OwnedTensor> tensors,
                          std::size_t shards) {
  if (shards <= 1) return write_tensors(folder / "model.safetensors", tensors);
  std::string map;
  for (std::size_t shard = 0; shard < shards; ++shard) {
    const std::size_t first = shard * tensors.size() / shards;
    const auto part = tensors.subspan(first, (shard + 1) * tensors.size() / shards - first);
    const std::string file =
        "model-" + std::to_string(shard + 1) + "-of-" + std::to_string(shards) + ".safetensors";
    write_tensors(folder / file, part);
    for (const OwnedTensor& tensor : part) {
      map += (map.empty() ? "" : ",\n    ") + ("\"" + tensor.name + "\": \"" + file + "\"");
    }
  }
  reference::write_file_whole(folder / "model.safetensors.index.json",
                              "{\n  \"metadata\": {},\n  \"weight_map\": {\n    " + map + "\n  }\n}\n");
}

/// config.json and the weights into an existing folder.
inline void write_tiny_checkpoint(const std::filesystem::path& folder, const TinyCheckpoint& tiny = {}) {
  reference::write_file_whole(folder / "config.json", config_text(tiny));
  write_tensors(folder, tensors_of(tiny), tiny.shards);
}

}  // namespace test
