// SPDX-License-Identifier: MIT
#include "transformer/config.hpp"

#include <doctest/doctest.h>

#include <cmath>
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

Json scaled(Json scaling) { return with(sound, "rope_scaling", std::move(scaling)); }

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

/// Frequencies of the config's own scaling for a request of `length`.
dope::Frequencies frequencies(const Config& config, std::size_t length) {
  return dope::scaled_frequencies(config.rope(), config.scaling, length);
}

dope::Frequencies frequencies(const Config& config, const dope::Scaling& scaling, std::size_t length) {
  return dope::scaled_frequencies(config.rope(), scaling, length);
}

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
  CHECK(std::holds_alternative<dope::Unscaled>(config.scaling));
}

TEST_CASE("what a miniature says is what is read, for all shapes a model may have") {
  for (const auto architecture : {Architecture::llama, Architecture::qwen2}) {
    for (const std::size_t head_width : {2, 6, 7, 10, 64, 90, 250, 256}) {
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
  // null counts as left out, but says of the start token that there is none.
  for (const char* key : {"num_key_value_heads", "head_dim", "rope_scaling", "rope_parameters", "rope_theta",
                          "rms_norm_eps", "max_position_embeddings", "tie_word_embeddings", "hidden_act",
                          "architectures", "sliding_window", "layer_types", "quantization_config"}) {
    CHECK(parsed(with(least, key, nullptr)).bos == 1);
  }
  CHECK_FALSE(parsed(with(least, "bos_token_id", nullptr)).bos.has_value());
  CHECK(parsed(with(least, "eos_token_id", {7, 8})).eos == std::vector<std::int32_t>{7, 8});
  // A window that is switched off, and keys that change nothing.
  for (const char* key : {"sliding_window", "max_window_layers", "torch_dtype", "attention_dropout"}) {
    CHECK(parsed(with(least, key, 4096)).layers == 1);
  }
  for (const char* key : {"use_sliding_window", "attention_bias", "mlp_bias"}) {
    CHECK(parsed(with(least, key, false)).layers == 1);
  }
  CHECK(parsed(with(least, "layer_types", {"full_attention"})).layers == 1);
}

TEST_CASE("the training length is the original one where the file gives it") {
  const Json linear = {{"rope_type", "linear"}, {"factor", 4.0}};
  CHECK(parsed(scaled(linear)).training_length == 32);
  for (const char* type : {"linear", "dynamic", "yarn"}) {
    const Json inside = {{"rope_type", type}, {"factor", 4.0}, {"original_max_position_embeddings", 8}};
    const auto config = parsed(scaled(inside));
    CHECK(config.training_length == 8);
    CHECK(config.max_position_embeddings == 32);
    const Json outside = with(scaled(linear), "original_max_position_embeddings", 16);
    CHECK(parsed(outside).training_length == 16);
    // Hugging Face lets the outer one win.
    CHECK(parsed(with(scaled(inside), "original_max_position_embeddings", 16)).training_length == 16);
  }
}

TEST_CASE("every scaling is read in both spellings and from both places") {
  const std::vector<double> shorter = {1.0, 1.5, 2.0, 2.5};
  const std::vector<double> longer = {1.0, 4.0, 8.0, 16.0};
  const std::size_t original = 8;
  struct Case {
    Json json;
    dope::Scaling scaling;
  };
  const Case cases[] = {
      {{{"rope_type", "default"}}, dope::Unscaled{}},
      {{{"rope_type", "linear"}, {"factor", 2}}, dope::Linear{2.0}},
      {{{"rope_type", "dynamic"}, {"factor", 2.5}}, dope::DynamicNtk{2.5}},
      {{{"rope_type", "yarn"}, {"factor", 4.0}}, dope::Yarn{.factor = 4.0}},
      {{{"rope_type", "yarn"}}, dope::Yarn{.factor = 4.0}},  // 32 / 8: the context over the original
      {{{"rope_type", "yarn"}, {"factor", 4.0}, {"truncate", true}, {"finetuned", true}},
       dope::Yarn{.factor = 4.0}},
      {{{"rope_type", "yarn"}, {"factor", 4.0}, {"truncate", false}},
       dope::Yarn{.factor = 4.0, .ramp_ends = dope::RampEnds::fractional}},
      {{{"rope_type", "yarn"}, {"factor", 4.0}, {"beta_fast", 2.0}, {"beta_slow", 0.25}},
       dope::Yarn{.factor = 4.0, .beta_fast = 2.0, .beta_slow = 0.25}},
      {{{"rope_type", "yarn"},
        {"factor", 4.0},
        {"attention_factor", 1.25},
        {"mscale", 0.7},
        {"mscale_all_dim", 2}},
       dope::Yarn{.factor = 4.0, .attention_factor = 1.25}},
      {{{"rope_type", "yarn"}, {"factor", 4.0}, {"mscale", 0.7}, {"mscale_all_dim", 2}},
       dope::Yarn{.factor = 4.0, .mscale = 0.7, .mscale_all_dim = 2.0}},
      {{{"rope_type", "yarn"}, {"factor", 4.0}, {"mscale", 0.7}}, dope::Yarn{.factor = 4.0}},
      {{{"rope_type", "llama3"}, {"factor", 8.0}, {"low_freq_factor", 0.5}, {"high_freq_factor", 4.0}},
       dope::Llama3{8.0, 0.5, 4.0}},
      {{{"rope_type", "longrope"}, {"short_factor", shorter}, {"long_factor", longer}},
       dope::LongRope{shorter, longer, 4.0, {}}},
      {{{"rope_type", "longrope"}, {"short_factor", shorter}, {"long_factor", longer}, {"factor", 2.0}},
       dope::LongRope{shorter, longer, 2.0, {}}},
      {{{"rope_type", "longrope"},
        {"short_factor", shorter},
        {"long_factor", longer},
        {"attention_factor", 1.5}},
       dope::LongRope{shorter, longer, 4.0, 1.5}},
      {{{"rope_type", "proportional"}, {"partial_rotary_factor", 0.5}}, dope::Proportional{0.5}},
  };
  for (const auto& [json, scaling] : cases) {
    const Json inner = with(json, "original_max_position_embeddings", original);
    Json old_spelling = without(inner, "rope_type");
    old_spelling["type"] = inner["rope_type"];
    for (const Json& object : {inner, old_spelling, with(old_spelling, "rope_type", inner["rope_type"])}) {
      for (const char* place : {"rope_scaling", "rope_parameters"}) {
        Json file = without(sound, "rope_scaling");
        if (json.contains("partial_rotary_factor")) file.erase("partial_rotary_factor");
        file[place] = object;
        CAPTURE(file.dump());
        const auto config = parsed(file);
        CHECK(config.scaling.index() == scaling.index());
        CHECK(config.rotated_width == 8);
        for (const std::size_t length : {1, 8, 9, 100}) {
          CHECK(frequencies(config, length) == frequencies(config, scaling, length));
        }
      }
    }
  }
  // As new files are written: theta and the rotated share in the same object, and given twice alike.
  const Json inner = {{"rope_type", "default"}, {"rope_theta", 500000.0}, {"partial_rotary_factor", 0.5}};
  Json file = with(without(sound, "rope_scaling"), "rope_parameters", inner);
  CHECK(parsed(file).rope_base == 500000.0);
  CHECK(parsed(file).rotated_width == 4);
  CHECK(parsed(with(file, "rope_scaling", inner)).rope_base == 500000.0);
  CHECK(parsed(with(without(sound, "rope_scaling"), "rope_parameters", {{"rope_theta", 20.0}})).rope_base ==
        20.0);
}

TEST_CASE("dynamic NTK takes Hugging Face's factor, and stays the identity up to the training length") {
  const auto config = parsed(scaled({{"type", "dynamic"}, {"factor", 3.0}}));
  CHECK(frequencies(config, 32) == dope::native_frequencies(config.rope()));
  const double stretch = 3.0 * 96.0 / 32.0 - 2.0;
  const double base = 10000.0 * std::pow(stretch, 8.0 / 6.0);
  // Two roundings of pow in double.
  constexpr double close = 1e-14;
  for (std::size_t band = 0; band < 4; ++band) {
    CHECK(frequencies(config, 96).omega[band] ==
          doctest::Approx(std::pow(base, -2.0 * static_cast<double>(band) / 8.0)).epsilon(close));
  }
}

TEST_CASE("each number out of range and each wrong type is one Error that names the key") {
  struct Range {
    const char* key;
    std::vector<Json> bad;
  };
  const std::vector<Json> not_counts = {0,    -1,         1.5,  2.0, "4", true, Json::array(), Json::object(),
                                        1e30, 1ULL << 40, ~0ULL};
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
      {"bos_token_id", {-1, 19, 1.0, "1", Json::array({1})}},
      {"eos_token_id", {-1, 19, 1.0, "1", Json::array({1, 19}), Json::array({Json::array({1})})}},
  };
  for (const auto& [key, bads] : ranges) {
    for (const Json& bad : bads) {
      CAPTURE(key);
      CAPTURE(bad.dump());
      CHECK(refuses(with(sound, key, bad), ""));
    }
  }
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

TEST_CASE("each unsound scaling is one Error") {
  const std::vector<double> four(4, 1.0);
  const Json yarn = {{"rope_type", "yarn"}, {"factor", 4.0}};
  const Json longrope = {
      {"rope_type", "longrope"}, {"short_factor", four}, {"long_factor", four}, {"factor", 2.0}};
  const Json llama3 = {
      {"rope_type", "llama3"}, {"factor", 8.0}, {"low_freq_factor", 1.0}, {"high_freq_factor", 4.0}};
  CHECK(refuses(scaled(5), "rotary embedding"));
  CHECK(refuses(scaled(Json::array()), "rotary embedding"));
  CHECK(refuses(scaled({{"factor", 2.0}}), "rope_type"));
  CHECK(refuses(scaled({{"rope_type", "ntk"}, {"factor", 2.0}}), "'ntk'"));
  CHECK(refuses(scaled({{"rope_type", "Linear"}, {"factor", 2.0}}), "'Linear'"));
  CHECK(refuses(scaled({{"rope_type", 1}}), "rope_type 1"));
  CHECK(refuses(scaled({{"rope_type", "linear"}, {"type", "yarn"}, {"factor", 2.0}}), "one type"));
  CHECK(refuses(scaled({{"rope_type", "mrope"}, {"mrope_section", four}}), "mrope_section"));
  CHECK(refuses(scaled({{"full_attention", yarn}, {"sliding_attention", yarn}}), "the same for all layers"));
  CHECK(refuses(with(scaled(yarn), "rope_parameters", llama3), "differ"));
  CHECK(refuses(scaled(with(yarn, "trunctate", false)), "'trunctate'"));
  for (const char* type : {"linear", "dynamic", "yarn", "llama3", "longrope"}) {
    for (const Json& bad : {Json(0), Json(-2.0), Json(0.5), Json("2"), Json(1e7), Json(1e300), Json(true)}) {
      Json scaling = Text(type) == "llama3" ? llama3 : Text(type) == "longrope" ? longrope : yarn;
      scaling["rope_type"] = type;
      CAPTURE(scaling.dump());
      CHECK_FALSE(refuses(scaled(scaling), ""));
      CHECK(refuses(scaled(with(scaling, "factor", bad)), "factor"));
      const bool derived = Text(type) == "yarn" || Text(type) == "longrope";
      CHECK(refuses(scaled(without(scaling, "factor")), "no factor") == !derived);
    }
  }
  CHECK(refuses(scaled(with(without(yarn, "factor"), "original_max_position_embeddings", 64)), "no factor"));
  for (const char* key : {"beta_fast", "beta_slow", "attention_factor", "mscale", "mscale_all_dim"}) {
    CHECK(refuses(scaled(with(yarn, key, -1)), key));
    CHECK(refuses(scaled(with(yarn, key, "1")), key));
    CHECK(refuses(scaled(with(yarn, key, 1e30)), key));
  }
  CHECK(refuses(scaled(with(yarn, "attention_factor", 0)), "attention_factor"));
  CHECK(refuses(scaled(with(yarn, "beta_slow", 32)), "ends"));
  CHECK(refuses(scaled(with(yarn, "beta_slow", 0)), "ends"));
  CHECK(refuses(scaled(with(yarn, "truncate", 0)), "truncate"));
  for (const char* key : {"low_freq_factor", "high_freq_factor"}) {
    CHECK(refuses(scaled(without(llama3, key)), Text("no ") + key));
    CHECK(refuses(scaled(with(llama3, key, -1)), key));
  }
  CHECK(refuses(scaled(with(llama3, "low_freq_factor", 4.0)), "ends"));
  for (const char* key : {"short_factor", "long_factor"}) {
    CHECK(refuses(scaled(without(longrope, key)), Text("no ") + key));
    CHECK(refuses(scaled(with(longrope, key, 1.0)), key));
    CHECK(refuses(scaled(with(longrope, key, std::vector<double>(3, 1.0))), "one per band"));
    CHECK(refuses(scaled(with(longrope, key, std::vector<double>(4, 0.0))), key));
    CHECK(refuses(scaled(with(longrope, key, {1.0, 1.0, 1.0, "1"})), key));
  }
  CHECK(refuses(with(scaled(longrope), "max_position_embeddings", 1), "ln L"));
  CHECK(refuses(scaled({{"rope_type", "proportional"}, {"factor", 2.0}}), "beside proportional"));
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
