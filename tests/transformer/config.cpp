// SPDX-License-Identifier: MIT
#include "transformer/config.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dope/rope.hpp"
#include "transformer/atomic_file.hpp"
#include "transformer/tiny_checkpoint.hpp"

using reference::Architecture;
using reference::Config;

namespace {

using Json = nlohmann::json;
using Text = std::string;

const Json sound = Json::parse(test::config_text({.head_width = 8}));

Config parsed(const Json& json) { return reference::parse_config(json.dump(), "here/config.json"); }

Json with(Json json, const char* key, Json value) {
  json[key] = std::move(value);
  return json;
}

Json without(Json json, const char* key) {
  json.erase(key);
  return json;
}

/// Whether the text is an Error that names the file and contains `words`.
bool refuses_text(const Text& text, const Text& words) {
  try {
    static_cast<void>(reference::parse_config(text, "here/config.json"));
  } catch (const dope::Error& error) {
    INFO(error.what());
    const Text what = error.what();
    const bool told = what.starts_with("here/config.json") && what.find(words) != Text::npos;
    CHECK(told);
    return told;
  }
  return false;
}

bool refuses(const Json& json, const Text& words) { return refuses_text(json.dump(), words); }

}  // namespace

TEST_CASE("the embedded model's config is what its README says") {
  const auto config = reference::load_config(test::source_folder() / "examples" / "model");
  CHECK(config.architecture == Architecture::llama);
  CHECK(config.layers == 4);
  CHECK(config.hidden == 128);
  CHECK(config.intermediate == 384);
  CHECK(config.query_heads == 8);
  CHECK(config.key_heads == 4);
  CHECK(config.head_width == 32);
  CHECK(config.rotated_width == 32);
  CHECK(config.vocabulary == 264);
  CHECK(config.training_length == 512);
  CHECK(config.max_position_embeddings == 512);
  CHECK(config.rope_base == 10000.0);
  CHECK(config.rms_epsilon == 1e-5);
  CHECK(config.head == reference::OutputHead::own);
  CHECK(config.bias == reference::AttentionBias::none);
  CHECK(config.bos == 256);
  CHECK(config.tokens == reference::Tokens::bytes);
  CHECK(config.defaults.empty());
  CHECK(config.unused.empty());
  CHECK(std::holds_alternative<dope::Unscaled>(config.scaling));
}

TEST_CASE("what a miniature says is what is read, for all shapes a model may have") {
  for (const auto architecture : {Architecture::llama, Architecture::qwen2}) {
    for (const std::size_t head_width : std::vector<std::size_t>{2, 6, 7, 10, 64, 90, 250, 256}) {
      for (const double fraction : {1.0, 0.75, 0.5, 0.25}) {
        const auto turning = static_cast<std::size_t>(static_cast<double>(head_width) * fraction);
        const test::TinyCheckpoint tiny{.architecture = architecture,
                                        .head_width = head_width,
                                        .partial_rotary_factor = fraction,
                                        .rope_base = 1e6,
                                        .head = reference::OutputHead::tied};
        const Text text = test::config_text(tiny);
        CAPTURE(text);
        if (turning < 2 || turning % 2 != 0) {
          CHECK(refuses_text(text, "rotated width"));
          continue;
        }
        const auto config = reference::parse_config(text, "tiny");
        CHECK(config.architecture == architecture);
        CHECK(config.rotated_width == turning);
        CHECK(config.rope().head_width == head_width);
        CHECK(config.rope().base == 1e6);
        CHECK(config.rope().training_length == tiny.training_length);
        CHECK(config.query_width() == tiny.query_heads * head_width);
        CHECK(config.key_width() == tiny.key_heads * head_width);
        CHECK(config.head == reference::OutputHead::tied);
        CHECK((config.bias == reference::AttentionBias::query_key_value) ==
              (architecture == Architecture::qwen2));
      }
    }
  }
}

TEST_CASE("what the file leaves out has Hugging Face's value") {
  const Json least = {{"model_type", "llama"},  {"hidden_size", 64},        {"intermediate_size", 96},
                      {"num_hidden_layers", 1}, {"num_attention_heads", 8}, {"vocab_size", 100}};
  auto config = parsed(least);
  CHECK(config.key_heads == 8);
  CHECK(config.head_width == 8);
  CHECK(config.rotated_width == 8);
  CHECK(config.training_length == 2048);
  CHECK(config.rope_base == 10000.0);
  CHECK(config.rms_epsilon == 1e-6);
  CHECK(config.head == reference::OutputHead::own);
  CHECK(config.bos == 1);
  CHECK(config.eos == std::vector<std::int32_t>{2});
  CHECK(std::holds_alternative<dope::Unscaled>(config.scaling));
  config = parsed(with(least, "model_type", "qwen2"));
  CHECK(config.training_length == 32768);
  CHECK_FALSE(config.bos.has_value());
  CHECK(config.eos.empty());
  // null counts as left out where Hugging Face has a meaning for it (config_keys.cpp), but says of the start
  // token that there is none.
  for (const char* key : {"num_key_value_heads", "head_dim", "rope_scaling", "rope_parameters",
                          "architectures", "sliding_window", "layer_types", "quantization_config"}) {
    CHECK(parsed(with(least, key, nullptr)).bos == 1);
  }
  CHECK_FALSE(parsed(with(least, "bos_token_id", nullptr)).bos.has_value());
  CHECK(parsed(with(least, "eos_token_id", nullptr)).eos.empty());
  CHECK(parsed(with(least, "eos_token_id", {7, 8})).eos == std::vector<std::int32_t>{7, 8});
  // A window that is switched off, and keys that change nothing.
  for (const char* key : {"max_window_layers", "torch_dtype", "attention_dropout"}) {
    CHECK(parsed(with(least, key, 4096)).layers == 1);
  }
  for (const char* key : {"use_sliding_window", "attention_bias", "mlp_bias"}) {
    CHECK(parsed(with(least, key, false)).layers == 1);
  }
  CHECK(parsed(with(least, "layer_types", {"full_attention"})).layers == 1);
}

TEST_CASE("each number out of range and each wrong type is one Error that names the key") {
  struct Range {
    const char* key;
    std::vector<Json> bad;
  };
  const std::vector<Json> not_counts = {
      0, -1, 1.5, -2.0, "4", true, Json::array(), Json::object(), 1e30, 1ULL << 40, ~0ULL};
  for (const char* key :
       {"num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads",
        "head_dim", "vocab_size", "max_position_embeddings", "original_max_position_embeddings"}) {
    for (const Json& bad : not_counts) {
      CAPTURE(bad.dump());
      CHECK(refuses(with(sound, key, bad), key));
    }
  }
  const Range ranges[] = {
      {"rope_theta", {0, -1, 1, "1e4", true, 1e16, 1e308}},
      {"rms_norm_eps", {0, -1e-6, 1.5, "1e-5"}},
      {"partial_rotary_factor", {-0.5, 1.5, "1", 0, 0.1}},
      {"tie_word_embeddings", {0, 1, "false"}},
      {"bos_token_id", {-1, 19, 1.5, "1", Json::array({1})}},
      {"eos_token_id", {-1, 19, 1.5, "1", Json::array({1, 19}), Json::array({Json::array({1})})}},
  };
  for (const Range& range : ranges) {
    for (const Json& bad : range.bad) {
      CAPTURE(bad.dump());
      CHECK(refuses(with(sound, range.key, bad), ""));
    }
  }
  CHECK(parsed(with(sound, "num_hidden_layers", 2.0)).layers == 2);
  CHECK(parsed(with(sound, "bos_token_id", 2.0)).bos == 2);
  for (const char* key : {"model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
                          "num_attention_heads"}) {
    CHECK(refuses(without(sound, key), Text("no ") + key));
    CHECK(refuses(with(sound, key, nullptr), Text("no ") + key));
  }
  CHECK(refuses(with(sound, "num_key_value_heads", 3), "num_key_value_heads 3"));
  CHECK(refuses(with(sound, "num_key_value_heads", 8), "num_key_value_heads 8"));
  CHECK(refuses(with(without(sound, "head_dim"), "hidden_size", 22), "no head_dim"));
  CHECK(refuses(with(without(sound, "head_dim"), "hidden_size", 4), "head width 1"));
  CHECK(refuses(with(without(sound, "head_dim"), "hidden_size", 1 << 20), "no head_dim"));
  CHECK(refuses(with(sound, "head_dim", 7), "rotated width 7"));
}

TEST_CASE("what this transformer would compute otherwise is refused") {
  CHECK(refuses(with(sound, "model_type", "mistral"), "'mistral'"));
  CHECK(refuses(with(sound, "model_type", "qwen3"), "llama or qwen2"));
  CHECK(refuses(with(sound, "model_type", 1), "model_type"));
  CHECK(refuses(with(sound, "architectures", {"Qwen2ForCausalLM"}), "architectures"));
  CHECK(refuses(with(sound, "architectures", {"LlamaForSequenceClassification"}), "architectures"));
  CHECK(refuses(with(sound, "architectures", "LlamaForCausalLM"), "architectures"));
  CHECK(refuses(with(sound, "hidden_act", "gelu"), "hidden_act 'gelu'"));
  CHECK(refuses(with(sound, "use_sliding_window", true), "use_sliding_window"));
  CHECK(refuses(with(sound, "use_sliding_window", 1), "use_sliding_window"));
  CHECK(refuses(with(with(sound, "model_type", "qwen2"), "architectures", nullptr), "") == false);
  CHECK(refuses(with(sound, "layer_types", {"full_attention", "sliding_attention"}), "layer_types"));
  CHECK(refuses(with(sound, "layer_types", "full_attention"), "layer_types"));
  CHECK(refuses(with(sound, "quantization_config", {{"bits", 4}}), "quantization_config"));
  CHECK(refuses(with(sound, "attention_bias", true), "attention_bias"));
  CHECK(refuses(with(sound, "mlp_bias", true), "mlp_bias"));
}

TEST_CASE("a config cut at any length, or with any byte changed, is read or is an Error") {
  const Text whole =
      test::config_text({.rope_scaling = R"({"rope_type": "yarn", "factor": 4.0, "truncate": false})"});
  std::size_t tries = 0;
  std::size_t ended = 0;
  const auto attempt = [&](const Text& text) {
    ++tries;
    try {
      ended += reference::parse_config(text, "here").layers > 0 ? 1 : 0;
    } catch (const dope::Error& error) {
      ended += Text(error.what()).starts_with("here") ? 1 : 0;
    }
  };
  for (std::size_t length = 0; length + 2 < whole.size(); ++length) {
    CHECK_THROWS_AS(static_cast<void>(reference::parse_config(whole.substr(0, length), "here")), dope::Error);
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Text text = whole;
      text[at] = static_cast<char>(text[at] ^ (1 << bit));
      attempt(text);
    }
    for (const char* insert : {"0", "9", "-", "e9", "\"", "{", "]", ","})
      attempt(Text(whole).insert(at, insert));
  }
  CHECK(ended == tries);
}

TEST_CASE("text that is no JSON object is one Error that names the file") {
  for (const Text& text : {Text(""), Text("null"), Text("[]"), Text("{"), Text("{}x"),
                           Text("{\"a\":1,\"a\":1}"), Text("{}\0", 3), Text(50000, '{'), Text("\xff\xfe")}) {
    CHECK(refuses_text(text, ""));
  }
  const test::TemporaryFolder folder;
  CHECK_THROWS_AS(static_cast<void>(reference::load_config(folder.path())), dope::Error);
  reference::write_file_whole(folder.path() / "config.json", Text(16'000'001, ' '));
  CHECK_THROWS_AS(static_cast<void>(reference::load_config(folder.path())), dope::Error);
}
