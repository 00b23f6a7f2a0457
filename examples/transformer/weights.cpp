// SPDX-License-Identifier: MIT
#include "transformer/weights.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <set>
#include <utility>

#include "dope/core/error.hpp"
#include "transformer/checked_json.hpp"
#include "transformer/checkpoint.hpp"
#include "transformer/hash.hpp"
#include "transformer/stop.hpp"

namespace reference {
namespace {

using dope::detail::text;

constexpr const char* embedding_name = "model.embed_tokens.weight";
constexpr const char* head_name = "lm_head.weight";
constexpr std::string_view frequency_buffer = "rotary_emb.inv_freq";

/// Takes tensors out of a checkpoint one by one and remembers which are left.
class Loader {
 public:
  Loader(const Checkpoint& checkpoint, Weights& weights) : checkpoint_(checkpoint), weights_(weights) {
    for (auto& name : checkpoint.names()) left_.insert(std::move(name));
    for (const Safetensors& shard : checkpoint.shards()) {
      weights.storage.push_back(shard.map());
      weights.files.push_back(shard.bytes());
    }
  }

  /// The named tensor as float, of exactly this shape.
  std::span<const float> take(const std::string& name, const Shape& shape) {
    Floats floats = read(name, shape);
    const std::size_t bytes = floats.values.size_bytes();
    if (floats.owner == nullptr) {
      weights_.borrowed += bytes;
    } else {
      weights_.converted += bytes;
      weights_.storage.push_back(std::move(floats.owner));
    }
    return floats.values;
  }

  Matrix matrix(const std::string& name, std::size_t rows, std::size_t columns) {
    return {take(name, {rows, columns}).data(), rows, columns};
  }

  /// A tied head that is stored all the same must be the embedding.
  void drop_tied_head(const Matrix& embedding) {
    if (!checkpoint_.contains(head_name)) return;
    const Floats head = read(head_name, {embedding.rows, embedding.columns});
    if (std::memcmp(head.values.data(), embedding.data, head.values.size_bytes()) != 0) {
      throw dope::Error(checkpoint_.file_of(head_name).string(),
                        text(printable(head_name), " that differs from ", printable(embedding_name)),
                        "equal tensors where tie_word_embeddings is true");
    }
    weights_.ignored.emplace_back(head_name);
  }

  /// What nobody took is either known to be harmless or an Error.
  void finish(std::size_t layers) {
    std::set<std::string> harmless{text("model.", frequency_buffer)};
    for (std::size_t i = 0; i < layers; ++i) {
      harmless.insert(text("model.layers.", i, ".self_attn.", frequency_buffer));
    }
    for (const auto& name : left_) {
      if (!harmless.contains(name)) {
        throw dope::Error(checkpoint_.file_of(name).string(), "unknown tensor " + printable(name),
                          "only tensors of the model that config.json describes");
      }
      weights_.ignored.push_back(name);
    }
    std::sort(weights_.ignored.begin(), weights_.ignored.end());
  }

 private:
  /// Borrowed from the map where there is no owner.
  struct Floats {
    std::span<const float> values;
    std::shared_ptr<const void> owner;
  };

  Floats read(const std::string& name, const Shape& shape) {
    stop_if_asked();
    if (!checkpoint_.contains(name)) {
      throw dope::Error(checkpoint_.path().string(), "no tensor " + printable(name),
                        text("it, of shape ", text_of(shape)));
    }
    const TensorView& tensor = checkpoint_.tensor(name);
    const std::string where = checkpoint_.file_of(name).string() + ", tensor " + printable(name);
    if (tensor.shape != shape) {
      throw dope::Error(where, "shape " + text_of(tensor.shape),
                        text("shape ", text_of(shape), " by config.json"));
    }
    left_.erase(name);
    const auto address = reinterpret_cast<std::uintptr_t>(tensor.bytes.data());
    if (tensor.dtype == Dtype::f32 && address % alignof(float) == 0) {
      return {{reinterpret_cast<const float*>(tensor.bytes.data()), tensor.elements()}, nullptr};
    }
    auto converted = std::make_shared<const std::vector<float>>(floats_of(tensor, where));
    return {*converted, converted};
  }

  const Checkpoint& checkpoint_;
  Weights& weights_;
  std::set<std::string, std::less<>> left_;
};

LayerWeights take_layer(Loader& loader, const Config& config, std::size_t index) {
  const std::string layer = text("model.layers.", index, ".");
  const std::string attention = layer + "self_attn.";
  const std::string mlp = layer + "mlp.";
  LayerWeights weights;
  weights.attention_norm = loader.take(layer + "input_layernorm.weight", {config.hidden});
  weights.query = loader.matrix(attention + "q_proj.weight", config.query_width(), config.hidden);
  weights.key = loader.matrix(attention + "k_proj.weight", config.key_width(), config.hidden);
  weights.value = loader.matrix(attention + "v_proj.weight", config.key_width(), config.hidden);
  if (config.bias == AttentionBias::query_key_value) {
    weights.query_bias = loader.take(attention + "q_proj.bias", {config.query_width()});
    weights.key_bias = loader.take(attention + "k_proj.bias", {config.key_width()});
    weights.value_bias = loader.take(attention + "v_proj.bias", {config.key_width()});
  }
  weights.output = loader.matrix(attention + "o_proj.weight", config.hidden, config.query_width());
  weights.mlp_norm = loader.take(layer + "post_attention_layernorm.weight", {config.hidden});
  weights.gate = loader.matrix(mlp + "gate_proj.weight", config.intermediate, config.hidden);
  weights.up = loader.matrix(mlp + "up_proj.weight", config.intermediate, config.hidden);
  weights.down = loader.matrix(mlp + "down_proj.weight", config.hidden, config.intermediate);
  return weights;
}

}  // namespace

Weights load_weights(const Config& config, const std::filesystem::path& folder) {
  const Checkpoint checkpoint = Checkpoint::open(folder);
  Weights weights;
  Loader loader(checkpoint, weights);
  weights.embedding = loader.matrix(embedding_name, config.vocabulary, config.hidden);
  weights.layers.reserve(std::min(config.layers, checkpoint.names().size()));
  for (std::size_t i = 0; i < config.layers; ++i) weights.layers.push_back(take_layer(loader, config, i));
  weights.final_norm = loader.take("model.norm.weight", {config.hidden});
  if (config.head == OutputHead::tied) {
    loader.drop_tied_head(weights.embedding);
    weights.head = weights.embedding;
  } else {
    weights.head = loader.matrix(head_name, config.vocabulary, config.hidden);
  }
  loader.finish(config.layers);
  return weights;
}

std::string fingerprint_of(const Weights& weights) { return hash_of(weights.files); }

}  // namespace reference
