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
struct RopeObject {
  const Json* object = nullptr;
  const char* key = "";
};

RopeObject rope_object(const Fields& root) {
  const Json* old_name = root.find("rope_scaling");
  const Json* new_name = root.find("rope_parameters");
  if (old_name != nullptr && new_name != nullptr && *old_name != *new_name) {
    throw dope::Error(root.where(), "rope_scaling and rope_parameters that differ",
                      "one of them, or equal ones");
  }
  return new_name != nullptr ? RopeObject{new_name, "rope_parameters"} : RopeObject{old_name, "rope_scaling"};
}

/// A number that may stand at the top of the file or beside the scaling; the two must not differ.
std::optional<double> number_of(const Fields& root, const Fields& rope, const char* key, double least,
                                double most) {
  for (const Fields* fields : {&root, &rope}) fields->refuse_null(key);
  const auto outer = root.number(key, least, most);
  const auto inner = rope.number(key, least, most);
  if (outer && inner && *outer != *inner) {
    throw dope::Error(root.where(),
                      dope::detail::text(key, " ", *outer, ", and ", *inner, " beside the scaling"),
                      dope::detail::text("one ", key));
  }
  return inner ? inner : outer;
}

/// dual_chunk_attention_config: the pattern, and the length that the model was trained at.
std::optional<std::size_t> read_dual_chunk(const Fields& root, Config& config) {
  constexpr auto key = "dual_chunk_attention_config";
  const Json* object = root.find(key);
  if (object == nullptr) return std::nullopt;
  if (!object->is_object()) root.fail(key, *object, "an object");
  const Fields dual(*object, root.where() + ", " + key);
  const std::size_t chunk = dual.required_count("chunk_size", 2, longest_context);
  const std::size_t local = dual.required_count("local_size", 1, longest_context);
  if (2 * local + 1 > chunk) {
    throw dope::Error(dual.where(), dope::detail::text("chunk_size ", chunk, ", local_size ", local),
                      "a local_size below half of chunk_size");
  }
  config.dual_chunk = DualChunk{chunk - local, local + 1};
  const auto length = dual.count("original_max_position_embeddings", 1, longest_context);
  for (const auto& unused : dual.unused()) {
    throw dope::Error(dual.where(), "key " + printable(unused),
                      "chunk_size, local_size and original_max_position_embeddings");
  }
  return length;
}

/// original_max_position_embeddings, in whichever of three places; they must not differ.
std::optional<std::size_t> original_length(const Fields& root, const Fields& rope, Config& config) {
  constexpr auto key = "original_max_position_embeddings";
  for (const Fields* fields : {&root, &rope}) fields->refuse_null(key);
  std::optional<std::size_t> original;
  for (const auto& length : {root.count(key, 1, longest_context), rope.count(key, 1, longest_context),
                             read_dual_chunk(root, config)}) {
    if (length && original && *length != *original) {
      throw dope::Error(root.where(), dope::detail::text(key, " ", *original, " and ", *length),
                        dope::detail::text("one ", key));
    }
    if (length) original = length;
  }
  return original;
}

double factor(const Fields& rope) { return rope.required_number("factor", 1.0, largest_factor); }

/// Where the file gives no factor, how much the context was stretched.
double factor_or_stretch(const Fields& rope, Config& config) {
  const auto given = rope.number("factor", 1.0, largest_factor);
  if (given) return *given;
  if (config.max_position_embeddings < config.training_length) {
    throw dope::Error(rope.where(),
                      dope::detail::text("no factor, and a context of ", config.max_position_embeddings,
                                         " below the original ", config.training_length),
                      "a factor, or a context at least as long as the original");
  }
  const double stretch =
      static_cast<double>(config.max_position_embeddings) / static_cast<double>(config.training_length);
  config.defaults.push_back(dope::detail::text("factor ", stretch));
  return stretch;
}

std::optional<double> attention_factor(const Fields& rope) {
  return rope.number("attention_factor", std::numeric_limits<double>::min(), largest_attention_factor);
}

dope::Yarn yarn(const Fields& rope, Config& config) {
  dope::Yarn scaling;
  scaling.factor = factor_or_stretch(rope, config);
  const auto turns = [&](const char* key, double& value) {
    const auto given = rope.number(key, 0.0, largest_turns);
    if (!given) config.defaults.push_back(dope::detail::text(key, " ", value));
    value = given.value_or(value);
  };
  turns("beta_fast", scaling.beta_fast);
  turns("beta_slow", scaling.beta_slow);
  if (rope.find("truncate") != nullptr && !rope.flag("truncate")) {
    scaling.ramp_ends = dope::RampEnds::fractional;
  }
  scaling.attention_factor = attention_factor(rope);
  scaling.mscale = rope.number("mscale", 0.0, largest_attention_factor);
  scaling.mscale_all_dim = rope.number("mscale_all_dim", 0.0, largest_attention_factor);
  return scaling;
}

dope::LongRope longrope(const Fields& rope, Config& config) {
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

dope::Scaling scaling_of(const std::string& type, const Fields& rope, Config& config, double fraction) {
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
  const auto [object, object_key] = rope_object(root);
  const std::string where = root.where() + ", rotary embedding";
  if (object != nullptr) require_known_keys(*object, where);
  const Fields rope(object != nullptr ? *object : none, where);

  if (const auto base = number_of(root, rope, "rope_theta", 1.0, largest_base)) {
    config.rope_base = *base;
  } else {
    config.defaults.push_back(dope::detail::text("rope_theta ", config.rope_base));
  }
  const double fraction = number_of(root, rope, "partial_rotary_factor", 0.0, 1.0).value_or(1.0);

  for (const char* key : {"rope_type", "type"}) rope.refuse_null(key);
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

  const auto original = original_length(root, rope, config);
  const bool dynamic = type == "dynamic";
  config.training_length =
      dynamic ? config.max_position_embeddings : original.value_or(config.max_position_embeddings);
  constexpr auto original_key = "original_max_position_embeddings";
  if (dynamic && original && *original != config.max_position_embeddings) {
    config.unused.push_back(
        dope::detail::text(original_key, " (under dynamic, L is max_position_embeddings)"));
  }
  if (!original && (type == "yarn" || type == "llama3" || type == "longrope")) {
    config.defaults.push_back(dope::detail::text(original_key, " ", config.training_length));
  }

  const bool partial = type != "proportional";
  const double turning = std::floor(static_cast<double>(config.head_width) * fraction);
  config.rotated_width = partial ? static_cast<std::size_t>(turning) : config.head_width;
  config.scaling = scaling_of(type, rope, config, fraction);
  require_usable(config, where);
  for (const auto& key : rope.unused()) config.unused.push_back(dope::detail::text(object_key, ".", key));
}

}  // namespace reference
