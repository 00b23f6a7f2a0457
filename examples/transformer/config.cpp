// SPDX-License-Identifier: MIT
#include "transformer/config.hpp"

#include <limits>
#include <string>

#include "dope/core/error.hpp"
#include "transformer/checked_json.hpp"
#include "transformer/fields.hpp"
#include "transformer/rope_config.hpp"

namespace reference {
namespace {

using Json = nlohmann::json;
using dope::detail::text;

constexpr std::size_t longest_file = 16'000'000;

// Upper limits: what dope can count (layers and heads of the noise), and otherwise far above any model
// while all products of two widths stay far below 2^63 bytes.
constexpr std::size_t most_layers = (std::size_t{1} << 15) - 1;
constexpr std::size_t most_heads = (std::size_t{1} << 16) - 1;
constexpr std::size_t widest_head = std::size_t{1} << 14;
constexpr std::size_t widest_hidden = std::size_t{1} << 22;
constexpr std::size_t largest_vocabulary = std::size_t{1} << 26;
constexpr std::size_t longest_context = std::numeric_limits<std::int32_t>::max();

struct Family {
  Architecture architecture;
  const char* type;
  const char* class_name;
  std::size_t context;  // max_position_embeddings where absent
};

constexpr Family families[] = {{Architecture::llama, "llama", "LlamaForCausalLM", 2048},
                               {Architecture::qwen2, "qwen2", "Qwen2ForCausalLM", 32768}};

const Family& family_of(const Fields& root) {
  const auto type = root.text("model_type");
  if (!type) root.missing("model_type");
  for (const Family& family : families) {
    if (*type != family.type) continue;
    const Json* classes = root.find("architectures");
    if (classes != nullptr && *classes != Json::array({family.class_name})) {
      throw dope::Error(root.where(), "architectures " + printable(classes->dump()),
                        text("[\"", family.class_name, "\"] for model_type ", family.type));
    }
    return family;
  }
  throw dope::Error(root.where(), "model_type " + printable(*type), "llama or qwen2");
}

/// What would make another model of the same tensors.
void require_plain(const Fields& root, Architecture architecture) {
  if (const Json* activation = root.find("hidden_act"); activation != nullptr && *activation != "silu") {
    root.fail("hidden_act", *activation, "silu");
  }
  if (root.flag("use_sliding_window")) root.fail("use_sliding_window", true, "false: attention is full");
  if (const Json* types = root.find("layer_types"); types != nullptr) {
    if (!types->is_array()) root.fail("layer_types", *types, "an array");
    for (const Json& type : *types) {
      if (type != "full_attention") root.fail("layer_types", type, "full_attention in every layer");
    }
  }
  if (const Json* scheme = root.find("quantization_config"); scheme != nullptr) {
    root.fail("quantization_config", *scheme, "none: weights of F32, F16 or BF16");
  }
  if (architecture == Architecture::llama) {
    for (const char* key : {"attention_bias", "mlp_bias"}) {
      if (root.flag(key)) root.fail(key, true, "false: of the biases only Qwen2's q, k and v are known");
    }
  }
}

void read_shape(const Fields& root, Config& config) {
  config.layers = root.required_count("num_hidden_layers", 1, most_layers);
  config.hidden = root.required_count("hidden_size", 1, widest_hidden);
  config.intermediate = root.required_count("intermediate_size", 1, widest_hidden);
  config.vocabulary = root.required_count("vocab_size", 1, largest_vocabulary);
  config.query_heads = root.required_count("num_attention_heads", 1, most_heads);
  config.key_heads = root.count("num_key_value_heads", 1, most_heads).value_or(config.query_heads);
  if (config.query_heads % config.key_heads != 0) {
    throw dope::Error(
        root.where(),
        text("num_attention_heads ", config.query_heads, ", num_key_value_heads ", config.key_heads),
        "a multiple of the key heads");
  }
  if (const auto width = root.count("head_dim", 2, widest_head)) {
    config.head_width = *width;
  } else if (config.hidden % config.query_heads != 0 || config.hidden / config.query_heads > widest_head) {
    throw dope::Error(
        root.where(),
        text("no head_dim, hidden_size ", config.hidden, ", num_attention_heads ", config.query_heads),
        text("a head_dim, or a hidden_size of whole heads at most ", widest_head, " wide"));
  } else {
    config.head_width = config.hidden / config.query_heads;
  }
}

std::int32_t token(const Fields& root, const char* key, const Json& value, std::size_t vocabulary) {
  if (!value.is_number_unsigned() || value.get<std::size_t>() >= vocabulary) {
    root.fail(key, value, text("a token below ", vocabulary));
  }
  return static_cast<std::int32_t>(value.get<std::size_t>());
}

void read_tokens(const Fields& root, Config& config) {
  if (const Json* bos = root.find("bos_token_id")) {
    config.bos = token(root, "bos_token_id", *bos, config.vocabulary);
  } else if (config.architecture == Architecture::llama && root.absent("bos_token_id") &&
             config.vocabulary > 1) {
    config.bos = 1;
  }
  if (config.architecture == Architecture::llama && root.absent("eos_token_id") && config.vocabulary > 2) {
    config.eos = {2};
  }
  if (const Json* eos = root.find("eos_token_id")) {
    const Json list = eos->is_array() ? *eos : Json::array({*eos});
    for (const Json& value : list) {
      config.eos.push_back(token(root, "eos_token_id", value, config.vocabulary));
    }
  }
}

}  // namespace

Config parse_config(std::string_view given, std::string_view where) {
  const Json object = parse_object(given, where);
  const Fields root(object, std::string(where));
  Config config;
  const Family& family = family_of(root);
  config.architecture = family.architecture;
  require_plain(root, family.architecture);
  read_shape(root, config);
  config.max_position_embeddings =
      root.count("max_position_embeddings", 1, longest_context).value_or(family.context);
  config.rms_epsilon = root.number("rms_norm_eps", 1e-30, 1.0).value_or(config.rms_epsilon);
  config.head = root.flag("tie_word_embeddings") ? OutputHead::tied : OutputHead::own;
  config.bias =
      family.architecture == Architecture::qwen2 ? AttentionBias::query_key_value : AttentionBias::none;
  read_tokens(root, config);
  read_rope(root, config);
  return config;
}

Config load_config(const std::filesystem::path& folder) {
  const auto path = folder / "config.json";
  return parse_config(read_text(path, longest_file), path.string());
}

}  // namespace reference
