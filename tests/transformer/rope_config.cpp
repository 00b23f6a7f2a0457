// SPDX-License-Identifier: MIT
#include "transformer/rope_config.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "dope/rope.hpp"
#include "transformer/config.hpp"
#include "transformer/tiny_checkpoint.hpp"

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

TEST_CASE("the training length is the original one where the file gives it") {
  const Json linear = {{"rope_type", "linear"}, {"factor", 4.0}};
  CHECK(parsed(scaled(linear)).training_length == 32);
  for (const char* type : {"linear", "yarn"}) {
    const Json inside = {{"rope_type", type}, {"factor", 4.0}, {"original_max_position_embeddings", 8}};
    const auto config = parsed(scaled(inside));
    CHECK(config.training_length == 8);
    CHECK(config.max_position_embeddings == 32);
    const Json outside = with(scaled(linear), "original_max_position_embeddings", 16);
    CHECK(parsed(outside).training_length == 16);
    CHECK(parsed(with(scaled(inside), "original_max_position_embeddings", 8)).training_length == 8);
    CHECK(refuses(with(scaled(inside), "original_max_position_embeddings", 16), "16 and 8"));
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
      {{{"rope_type", "yarn"}, {"factor", 4.0}, {"truncate", false}, {"beta_slow", 0.01}},
       dope::Yarn{.factor = 4.0, .beta_slow = 0.01, .ramp_ends = dope::RampEnds::fractional}},
      {{{"rope_type", "yarn"}, {"factor", 4.0}, {"beta_fast", 0.05}, {"beta_slow", 0.001}},
       dope::Yarn{.factor = 4.0, .beta_fast = 0.05, .beta_slow = 0.001}},
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
  // All but the four that spell the same Yarn differ, so no field can be dropped unseen.
  std::vector<dope::Frequencies> seen;
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
        const auto here = frequencies(config, 100);
        if (std::find(seen.begin(), seen.end(), here) == seen.end()) seen.push_back(here);
        for (const std::size_t length : std::vector<std::size_t>{1, 8, 9, 100}) {
          CHECK(frequencies(config, length) == frequencies(config, scaling, length));
        }
      }
    }
  }
  CHECK(seen.size() == std::size(cases) - 3);
  // As new files are written: theta and the rotated share in the same object, and given twice alike.
  const Json inner = {{"rope_type", "default"}, {"rope_theta", 500000.0}, {"partial_rotary_factor", 0.5}};
  const Json bare = without(without(without(sound, "rope_scaling"), "rope_theta"), "partial_rotary_factor");
  Json file = with(bare, "rope_parameters", inner);
  CHECK(parsed(file).rope_base == 500000.0);
  CHECK(parsed(file).rotated_width == 4);
  CHECK(parsed(with(file, "rope_scaling", inner)).rope_base == 500000.0);
  CHECK(parsed(with(bare, "rope_parameters", {{"rope_theta", 20.0}})).rope_base == 20.0);
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
  CHECK(refuses(scaled(with(yarn, "beta_slow", 33)), "ends"));
  CHECK(refuses(scaled(with(yarn, "beta_slow", 0)), "ends"));
  CHECK(refuses(scaled(with(yarn, "truncate", 0)), "truncate"));
  for (const char* key : {"low_freq_factor", "high_freq_factor"}) {
    CHECK(refuses(scaled(without(llama3, key)), Text("no ") + key));
    CHECK(refuses(scaled(with(llama3, key, -1)), key));
  }
  CHECK(refuses(scaled(with(llama3, "low_freq_factor", 4.5)), "ends"));
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
