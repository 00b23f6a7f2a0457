// SPDX-License-Identifier: MIT
#include "transformer/weights.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "dope/core.hpp"
#include "transformer/atomic_file.hpp"
#include "transformer/stop.hpp"
#include "transformer/tiny_checkpoint.hpp"

using reference::Architecture;
using reference::Dtype;
using reference::OutputHead;
using test::TinyCheckpoint;

namespace {

using Text = std::string;
using Tensors = std::vector<test::OwnedTensor>;

reference::Weights load(const std::filesystem::path& folder) {
  return reference::load_weights(reference::load_config(folder), folder);
}

/// The floats behind a name, straight from the generator.
std::vector<float> expected(const Tensors& tensors, const Text& name) {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return t.name == name; });
  REQUIRE(found != tensors.end());
  return reference::floats_of(found->view().tensor, name);
}

bool same(std::span<const float> values, const std::vector<float>& wanted) {
  return std::equal(values.begin(), values.end(), wanted.begin(), wanted.end());
}

/// Whether loading these tensors under this config is an Error that contains `words` and names the folder.
bool refuses(const TinyCheckpoint& said, const Tensors& tensors, const Text& words) {
  const test::TemporaryFolder folder;
  reference::write_file_whole(folder.path() / "config.json", test::config_text(said));
  test::write_tensors(folder.path(), tensors, said.shards);
  try {
    static_cast<void>(load(folder.path()));
  } catch (const dope::Error& error) {
    INFO(error.what());
    const Text what = error.what();
    const bool told = what.find(words) != Text::npos && what.find(folder.path().string()) != Text::npos;
    CHECK(told);
    return told;
  }
  return false;
}

/// The same for the tensors that belong to the config, after `change`.
bool refuses(const TinyCheckpoint& tiny, const std::function<void(Tensors&)>& change, const Text& words) {
  Tensors tensors = test::tensors_of(tiny);
  change(tensors);
  return refuses(tiny, tensors, words);
}

test::OwnedTensor& find(Tensors& tensors, const Text& name) {
  return *std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return t.name == name; });
}

}  // namespace

TEST_CASE("every weight is the tensor of its name, whatever the dtype, the family and the shards") {
  for (const Architecture architecture : {Architecture::llama, Architecture::qwen2}) {
    for (const Dtype dtype : {Dtype::f32, Dtype::f16, Dtype::bf16}) {
      for (const std::size_t shards : std::vector<std::size_t>{1, 2, 5}) {
        for (const std::size_t head_width : std::vector<std::size_t>{6, 10}) {
          const TinyCheckpoint tiny{
              .architecture = architecture, .head_width = head_width, .dtype = dtype, .shards = shards};
          const test::TemporaryFolder folder;
          test::write_tiny_checkpoint(folder.path(), tiny);
          const Tensors tensors = test::tensors_of(tiny);
          const auto weights = load(folder.path());
          CHECK(same(weights.embedding.values(), expected(tensors, "model.embed_tokens.weight")));
          CHECK(same(weights.final_norm, expected(tensors, "model.norm.weight")));
          CHECK(same(weights.head.values(), expected(tensors, "lm_head.weight")));
          REQUIRE(weights.layers.size() == tiny.layers);
          std::size_t floats = weights.embedding.values().size() * 2 + tiny.hidden;
          for (std::size_t i = 0; i < tiny.layers; ++i) {
            const auto& layer = weights.layers[i];
            const Text prefix = "model.layers." + std::to_string(i) + ".";
            const auto check = [&](std::span<const float> values, const Text& name) {
              CAPTURE(name);
              CHECK(same(values, expected(tensors, prefix + name)));
              floats += values.size();
            };
            check(layer.attention_norm, "input_layernorm.weight");
            check(layer.query.values(), "self_attn.q_proj.weight");
            check(layer.key.values(), "self_attn.k_proj.weight");
            check(layer.value.values(), "self_attn.v_proj.weight");
            check(layer.output.values(), "self_attn.o_proj.weight");
            check(layer.mlp_norm, "post_attention_layernorm.weight");
            check(layer.gate.values(), "mlp.gate_proj.weight");
            check(layer.up.values(), "mlp.up_proj.weight");
            check(layer.down.values(), "mlp.down_proj.weight");
            CHECK(layer.query.rows == tiny.query_heads * head_width);
            CHECK(layer.key.rows == tiny.key_heads * head_width);
            CHECK(layer.output.columns == tiny.query_heads * head_width);
            CHECK(same(layer.up.row(1), {layer.up.data + tiny.hidden, layer.up.data + 2 * tiny.hidden}));
            if (architecture == Architecture::qwen2) {
              check(layer.query_bias, "self_attn.q_proj.bias");
              check(layer.key_bias, "self_attn.k_proj.bias");
              check(layer.value_bias, "self_attn.v_proj.bias");
            } else {
              CHECK((layer.query_bias.empty() && layer.key_bias.empty() && layer.value_bias.empty()));
            }
          }
          CHECK(weights.ignored.empty());
          CHECK(weights.borrowed == (dtype == Dtype::f32 ? floats * 4 : 0));
          CHECK(weights.converted == (dtype == Dtype::f32 ? 0 : floats * 4));
        }
      }
    }
  }
}

TEST_CASE("weights stay when the folder is gone, and copies share them") {
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    const TinyCheckpoint tiny{.dtype = dtype};
    reference::Weights kept;
    {
      const test::TemporaryFolder folder;
      test::write_tiny_checkpoint(folder.path(), tiny);
      const auto weights = load(folder.path());
      kept = weights;
      CHECK(kept.head.data == weights.head.data);
    }
    CHECK(same(kept.head.values(), expected(test::tensors_of(tiny), "lm_head.weight")));
  }
}

TEST_CASE("F32 that does not lie on a multiple of 4 is converted, not read in place") {
  const test::TemporaryFolder folder;
  test::write_tiny_checkpoint(folder.path());
  const auto path = folder.path() / "model.safetensors";
  std::ifstream file(path, std::ios::binary);
  Text bytes(std::istreambuf_iterator<char>(file), {});
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  ++length;  // one more space of padding shifts all data by one byte
  std::memcpy(bytes.data(), &length, 8);
  bytes.insert(8 + static_cast<std::size_t>(length) - 1, " ");
  reference::write_file_whole(path, bytes);
  const auto weights = load(folder.path());
  CHECK(weights.borrowed == 0);
  CHECK(same(weights.head.values(), expected(test::tensors_of({}), "lm_head.weight")));
}

TEST_CASE("a tied head is the embedding, stored or not, and a different one is an Error") {
  for (const Dtype dtype : {Dtype::f32, Dtype::f16}) {
    for (const auto stored : {test::StoredHead::as_config_says, test::StoredHead::repeated}) {
      const TinyCheckpoint tiny{.head = OutputHead::tied, .stored_head = stored, .dtype = dtype};
      const test::TemporaryFolder folder;
      test::write_tiny_checkpoint(folder.path(), tiny);
      const auto weights = load(folder.path());
      CHECK(weights.head.data == weights.embedding.data);
      const bool repeated = stored == test::StoredHead::repeated;
      CHECK(weights.ignored == (repeated ? std::vector<Text>{"lm_head.weight"} : std::vector<Text>{}));
      CHECK(weights.borrowed + weights.converted ==
            4 * (weights.embedding.values().size() + weights.final_norm.size()) + [&] {
              std::size_t bytes = 0;
              for (const auto& t : test::tensors_of(tiny)) {
                if (t.name.starts_with("model.layers.")) bytes += 4 * t.view().tensor.elements();
              }
              return bytes;
            }());
    }
  }
  const TinyCheckpoint tiny{.head = OutputHead::tied, .stored_head = test::StoredHead::repeated};
  CHECK(refuses(
      tiny, [](Tensors& t) { t.back().bytes[0] ^= std::byte{1}; }, "differs"));
  CHECK(refuses(
      tiny,
      [](Tensors& t) {
        t.back().shape = {24, 19};
      },
      "[24, 19]"));
}

TEST_CASE("frequency buffers of older exporters are ignored by name, and it is said") {
  const TinyCheckpoint tiny;
  const test::TemporaryFolder folder;
  Tensors tensors = test::tensors_of(tiny);
  const std::vector<Text> buffers = {"model.layers.0.self_attn.rotary_emb.inv_freq",
                                     "model.layers.1.self_attn.rotary_emb.inv_freq",
                                     "model.rotary_emb.inv_freq"};
  const std::vector<float> omega(3, 0.5F);
  for (const auto& name : buffers) tensors.push_back(test::stored_tensor(name, Dtype::f32, {3}, omega));
  reference::write_file_whole(folder.path() / "config.json", test::config_text(tiny));
  test::write_tensors(folder.path(), tensors, 1);
  CHECK(load(folder.path()).ignored == buffers);
  for (const Text& name : {Text("model.layers.2.self_attn.rotary_emb.inv_freq"), Text("rotary_emb.inv_freq"),
                           Text("x.rotary_emb.inv_freq")}) {
    CHECK(refuses(
        tiny, [&](Tensors& t) { t.push_back(test::stored_tensor(name, Dtype::f32, {3}, omega)); }, name));
  }
}

TEST_CASE("each tensor missing, misnamed, misshapen or of a wrong dtype is one Error that names it") {
  for (const Architecture architecture : {Architecture::llama, Architecture::qwen2}) {
    const TinyCheckpoint tiny{.architecture = architecture, .layers = 1};
    CHECK_FALSE(refuses(
        tiny, [](Tensors&) {}, ""));
    for (const auto& tensor : test::tensors_of(tiny)) {
      const Text& name = tensor.name;
      CAPTURE(name);
      CHECK(refuses(
          tiny, [&](Tensors& t) { std::erase_if(t, [&](const auto& each) { return each.name == name; }); },
          "no tensor '" + name + "'"));
      CHECK(refuses(
          tiny,
          [&](Tensors& t) {
            t.push_back({name + "_2", tensor.dtype, tensor.shape, tensor.bytes});
          },
          "unknown tensor '" + name + "_2'"));
      CHECK(refuses(
          tiny, [&](Tensors& t) { find(t, name).dtype = Dtype::i32; }, "tensor '" + name + "'"));
      CHECK(refuses(
          tiny, [&](Tensors& t) { find(t, name).shape.push_back(1); }, "tensor '" + name + "'"));
      if (tensor.shape.size() == 2 && tensor.shape[0] != tensor.shape[1]) {
        CHECK(refuses(
            tiny, [&](Tensors& t) { std::swap(find(t, name).shape[0], find(t, name).shape[1]); },
            "by config.json"));
      }
    }
  }
  // The config decides: one layer more or less, a bias where there is none, another width.
  const auto other_config = [](const TinyCheckpoint& stored, const TinyCheckpoint& said, const Text& words) {
    return refuses(said, test::tensors_of(stored), words);
  };
  CHECK(other_config({}, {.layers = 3}, "no tensor 'model.layers.2."));
  CHECK(other_config({}, {.layers = 1}, "unknown tensor 'model.layers.1."));
  CHECK(other_config({}, {.layers = 32767}, "no tensor 'model.layers.2."));
  CHECK(other_config({}, {.architecture = Architecture::qwen2}, "q_proj.bias"));
  CHECK(other_config({.architecture = Architecture::qwen2}, {}, "unknown tensor"));
  CHECK(other_config({}, {.key_heads = 4}, "k_proj.weight"));
  CHECK(other_config({}, {.head_width = 8}, "q_proj.weight"));
  CHECK(other_config({}, {.vocabulary = 20}, "embed_tokens"));
  CHECK(other_config({.head = OutputHead::tied}, {}, "no tensor 'lm_head.weight'"));
}

TEST_CASE("tensors of another computation are refused by name") {
  const std::vector<float> one(6, 1.0F);
  for (const char* name :
       {"model.layers.0.self_attn.q_norm.weight", "model.layers.1.self_attn.o_proj.bias",
        "model.layers.0.mlp.experts.0.gate_proj.weight", "model.layers.0.mlp.gate.weight",
        "model.layers.0.post_feedforward_layernorm.weight", "model.layers.0.self_attn.sinks",
        "model.layers.0.self_attn.q_proj.weight_scale", "model.embed_positions.weight", "score.weight"}) {
    CAPTURE(name);
    CHECK(refuses(
        TinyCheckpoint{}, [&](Tensors& t) { t.push_back(test::stored_tensor(name, Dtype::f32, {6}, one)); },
        Text("unknown tensor '") + name + "'"));
  }
}

TEST_CASE("a fingerprint is that of whole files: names and shapes count as values do") {
  const auto of = [](const Tensors& tensors) {
    const test::TemporaryFolder folder;
    reference::write_file_whole(folder.path() / "config.json", test::config_text({}));
    test::write_tensors(folder.path(), tensors, 1);
    return reference::fingerprint_of(load(folder.path()));
  };
  Tensors tensors = test::tensors_of({});
  const Text whole = of(tensors);
  CHECK(whole.size() == 32);
  CHECK(of(tensors) == whole);
  std::swap(find(tensors, "model.layers.0.self_attn.k_proj.weight").name,
            find(tensors, "model.layers.0.self_attn.v_proj.weight").name);
  CHECK(of(tensors) != whole);
}

TEST_CASE("loading ends early once asked to stop") {
  const auto folder = test::source_folder() / "examples" / "model";
  const auto config = reference::load_config(folder);
  reference::stop_flag = true;
  CHECK_THROWS_AS(static_cast<void>(reference::load_weights(config, folder)), reference::Stopped);
  reference::stop_flag = false;
}

TEST_CASE("the embedded model loads without a copy") {
  const auto weights = load(test::source_folder() / "examples" / "model");
  CHECK(weights.layers.size() == 4);
  CHECK(weights.borrowed == 4 * 1'051'776);
  CHECK(weights.converted == 0);
  CHECK(weights.head.data != weights.embedding.data);
  CHECK(weights.ignored.empty());
}
