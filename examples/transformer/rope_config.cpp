// SPDX-License-Identifier: MIT
#include "transformer/rope_config.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "dope/core/error.hpp"
#include "transformer/checked_json.hpp"

namespace reference {
namespace {

using Json = nlohmann::json;

// Far outside anything trained, near enough that no product of them overflows.
constexpr double largest_base = 1e15;
constexpr double largest_factor = 1e6;
constexpr double smallest_list_factor = 1e-2;
constexpr double largest_attention_factor = 1e3;
constexpr double largest_turns = 1e6;
constexpr std::size_t longest_context = std::numeric_limits<std::int32_t>::max();

constexpr std::array<std::string_view, 17> known_keys = {
    "rope_type",        "type",
    "rope_theta",       "partial_rotary_factor",
    "factor",           "beta_fast",
    "beta_slow",        "mscale",
    "mscale_all_dim",   "truncate",
    "short_factor",     "long_factor",
    "low_freq_factor",  "high_freq_factor",
    "attention_factor", "original_max_position_embeddings",
    "finetuned"};

/// The object under rope_scaling (old name) or rope_parameters (new); null where there is neither.
const Json* rope_object(const Fields& root) {
  const Json* old_name = root.find("rope_scaling");
  const Json* new_name = root.find("rope_parameters");
  if (old_name != nullptr && new_name != nullptr && *old_name != *new_name) {
    throw dope::Error(root.where(), "rope_scaling and rope_parameters that differ",
                      "one of them, or equal ones");
  }
  return new_name != nullptr ? new_name : old_name;
}

double factor(const Fields& rope) { return rope.required_number("factor", 1.0, largest_factor); }

/// Where the file gives no factor, how much the context was stretched.
double factor_or_stretch(const Fields& rope, const Config& config) {
  const auto given = rope.number("factor", 1.0, largest_factor);
  if (given) return *given;
  if (config.max_position_embeddings < config.training_length) {
    throw dope::Error(rope.where(),
                      dope::detail::text("no factor, and a context of ", config.max_position_embeddings,
                                         " below the original ", config.training_length),
                      "a factor, or a context at least as long as the original");
  }
  return static_cast<double>(config.max_position_embeddings) / static_cast<double>(config.training_length);
}

std::optional<double> attention_factor(const Fields& rope) {
  return rope.number("attention_factor", std::numeric_limits<double>::min(), largest_attention_factor);
}

dope::Yarn yarn(const Fields& rope, const Config& config) {
  dope::Yarn scaling;
  scaling.factor = factor_or_stretch(rope, config);
  scaling.beta_fast = rope.number("beta_fast", 0.0, largest_turns).value_or(scaling.beta_fast);
  scaling.beta_slow = rope.number("beta_slow", 0.0, largest_turns).value_or(scaling.beta_slow);
  if (rope.find("truncate") != nullptr && !rope.flag("truncate")) {
    scaling.ramp_ends = dope::RampEnds::fractional;
  }
  scaling.attention_factor = attention_factor(rope);
  scaling.mscale = rope.number("mscale", 0.0, largest_attention_factor);
  scaling.mscale_all_dim = rope.number("mscale_all_dim", 0.0, largest_attention_factor);
  return scaling;
}

dope::LongRope longrope(const Fields& rope, const Config& config) {
  dope::LongRope scaling;
  scaling.short_factor = rope.required_numbers("short_factor", smallest_list_factor, largest_factor);
  scaling.long_factor = rope.required_numbers("long_factor", smallest_list_factor, largest_factor);
  scaling.factor = factor_or_stretch(rope, config);
  scaling.attention_factor = attention_factor(rope);
  return scaling;
}

dope::Llama3 llama3(const Fields& rope) {
  return {factor(rope), rope.required_number("low_freq_factor", 0.0, largest_turns),
          rope.required_number("high_freq_factor", 0.0, largest_turns)};
}

dope::Proportional proportional(const Fields& rope, double fraction) {
  if (rope.number("factor", 1.0, largest_factor).value_or(1.0) != 1.0) {
    rope.fail("factor", *rope.find("factor"), "none, or 1, beside proportional");
  }
  return {fraction};
}

dope::Scaling scaling_of(const std::string& type, const Fields& rope, const Config& config, double fraction) {
  if (type == "default") return dope::Unscaled{};
  if (type == "linear") return dope::Linear{factor(rope)};
  if (type == "dynamic") return dope::DynamicNtk{factor(rope)};
  if (type == "yarn") return yarn(rope, config);
  if (type == "llama3") return llama3(rope);
  if (type == "longrope") return longrope(rope, config);
  if (type == "proportional") return proportional(rope, fraction);
  throw dope::Error(rope.where(), "scaling type " + printable(type),
                    "default, linear, dynamic, yarn, llama3, longrope or proportional");
}

void require_known_keys(const Json& object, const std::string& where) {
  if (!object.is_object()) throw dope::Error(where, shown(object), "an object");
  for (const auto& [key, value] : object.items()) {
    if (std::find(known_keys.begin(), known_keys.end(), key) == known_keys.end()) {
      throw dope::Error(where, "key " + printable(key), "the keys of one scaling, the same for all layers");
    }
  }
}

/// What dope checks itself, tried at both ends of what a request can ask for.
void require_usable(const Config& config, const std::string& where) {
  try {
    for (const std::size_t length : {std::size_t{1}, longest_context}) {
      const auto scaled = dope::scaled_frequencies(config.rope(), config.scaling, length);
      if (!std::isfinite(scaled.attention_factor)) {
        throw dope::Error("attention factor", "a number that is not finite", "a finite one");
      }
    }
  } catch (const dope::Error& error) {
    throw dope::Error(where + ", " + error.where(), error.given(), error.expected());
  }
}

}  // namespace

void read_rope(const Fields& root, Config& config) {
  const Json none = Json::object();
  const Json* object = rope_object(root);
  const std::string where = root.where() + ", rotary embedding";
  if (object != nullptr) require_known_keys(*object, where);
  const Fields rope(object != nullptr ? *object : none, where);

  const auto first_of = [&](const char* key, double least, double most) {
    const auto inner = rope.number(key, least, most);
    return inner ? inner : root.number(key, least, most);
  };
  config.rope_base = first_of("rope_theta", 1.0, largest_base).value_or(config.rope_base);
  const double fraction = first_of("partial_rotary_factor", 0.0, 1.0).value_or(1.0);

  constexpr auto original = "original_max_position_embeddings";
  const auto outer_length = root.count(original, 1, longest_context);
  const auto length = outer_length ? outer_length : rope.count(original, 1, longest_context);
  config.training_length = length.value_or(config.max_position_embeddings);

  const auto new_spelling = rope.text("rope_type");
  const auto old_spelling = rope.text("type");
  if (new_spelling && old_spelling && *new_spelling != *old_spelling) {
    throw dope::Error(
        where, "rope_type " + printable(*new_spelling) + " and type " + printable(*old_spelling), "one type");
  }
  if (object != nullptr && object == root.find("rope_scaling") && !new_spelling && !old_spelling &&
      !object->empty()) {
    rope.missing("rope_type");
  }
  const std::string type = new_spelling.value_or(old_spelling.value_or("default"));
  const bool partial = type != "proportional";
  const double turning = std::floor(static_cast<double>(config.head_width) * fraction);
  config.rotated_width = partial ? static_cast<std::size_t>(turning) : config.head_width;
  config.scaling = scaling_of(type, rope, config, fraction);
  require_usable(config, where);
}

}  // namespace reference
