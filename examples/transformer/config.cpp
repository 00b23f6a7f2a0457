// SPDX-License-Identifier: MIT
#include "transformer/config.hpp"

#include <limits>
#include <string>

#include "dope/core/error.hpp"
#include "transformer/checked_json.hpp"
#include "transformer/config_keys.hpp"
#include "transformer/fields.hpp"
#include "transformer/hash.hpp"
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

/// A value that the file gives, or else the architecture's own, which is then among config.defaults.
template <class T>
T value_or_default(const char* key, std::optional<T> given, T standard, Config& config) {
  if (!given) config.defaults.push_back(text(key, " ", standard));
  return given.value_or(standard);
}

/// What would make another model of the same tensors, as far as the two architectures differ in it;
/// config_keys.hpp has the rest.
void require_plain(const Fields& root, Config& config) {
  for (const char* key : {"hidden_act", "use_sliding_window", "attention_bias", "mlp_bias"})
    root.refuse_null(key);
  const Json* activation = root.find("hidden_act");
  if (activation == nullptr) config.defaults.emplace_back("hidden_act silu");
  if (activation != nullptr && *activation != "silu") root.fail("hidden_act", *activation, "silu");

  if (root.flag("use_sliding_window")) root.fail("use_sliding_window", true, "false: attention is full");
  const bool llama = config.architecture == Architecture::llama;
  if (const Json* window = root.find("sliding_window"); window != nullptr) {
    // Qwen2 has the switch, off by default; elsewhere the number alone may be the switch.
    if (llama && root.absent("use_sliding_window")) {
      root.fail("sliding_window", *window, "null, or \"use_sliding_window\": false beside it");
    }
    config.unused.emplace_back("sliding_window");
  }
  if (root.flag("mlp_bias")) root.fail("mlp_bias", true, "false: SwiGLU has no biases");
  const bool biased = root.flag("attention_bias");
  if (llama && biased)
    root.fail("attention_bias", true, "false: of the biases only Qwen2's q, k and v are known");
  if (!llama && !biased && !root.absent("attention_bias")) {
    root.fail("attention_bias", false, "true, or no such key: Qwen2's q, k and v have biases");
  }
}

void read_shape(const Fields& root, Config& config) {
  config.layers = root.required_count("num_hidden_layers", 1, most_layers);
  config.hidden = root.required_count("hidden_size", 1, widest_hidden);
  config.intermediate = root.required_count("intermediate_size", 1, widest_hidden);
  config.vocabulary = root.required_count("vocab_size", 1, largest_vocabulary);
  config.query_heads = root.required_count("num_attention_heads", 1, most_heads);
  config.key_heads = value_or_default("num_key_value_heads", root.count("num_key_value_heads", 1, most_heads),
                                      config.query_heads, config);
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
  const auto id = whole_of(value);
  if (!id || *id >= vocabulary) root.fail(key, value, text("a token below ", vocabulary));
  return static_cast<std::int32_t>(*id);
}

void read_tokens(const Fields& root, Config& config) {
  if (const Json* bos = root.find("bos_token_id")) {
    config.bos = token(root, "bos_token_id", *bos, config.vocabulary);
  } else if (config.architecture == Architecture::llama && root.absent("bos_token_id") &&
             config.vocabulary > 1) {
    config.bos = 1;
    config.defaults.emplace_back("bos_token_id 1");
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

void read_what_tokens_are(const Fields& root, Config& config) {
  constexpr auto key = "dope_tokens";
  root.refuse_null(key);
  const auto tokens = root.text(key);
  if (!tokens) return;
  if (*tokens != "bytes") root.fail(key, *tokens, "\"bytes\", or no such key");
  config.tokens = Tokens::bytes;
}

}  // namespace

Config parse_config(std::string_view given, std::string_view where) {
  const Json object = parse_object(given, where);
  const Fields root(object, std::string(where));
  Config config;
  const Family& family = family_of(root);
  config.architecture = family.architecture;
  config.fingerprint = hash_of(given);
  require_plain(root, config);
  for (const char* key : {"max_position_embeddings", "rms_norm_eps", "tie_word_embeddings"})
    root.refuse_null(key);
  read_shape(root, config);
  constexpr auto context = "max_position_embeddings";
  config.max_position_embeddings =
      value_or_default(context, root.count(context, 1, longest_context), family.context, config);
  constexpr auto epsilon = "rms_norm_eps";
  config.rms_epsilon =
      value_or_default(epsilon, root.number(epsilon, 1e-30, 1.0), config.rms_epsilon, config);
  config.head = root.flag("tie_word_embeddings") ? OutputHead::tied : OutputHead::own;
  if (root.absent("tie_word_embeddings")) config.defaults.emplace_back("tie_word_embeddings false");
  config.bias =
      family.architecture == Architecture::qwen2 ? AttentionBias::query_key_value : AttentionBias::none;
  read_tokens(root, config);
  read_what_tokens_are(root, config);
  read_rope(root, config);
  require_understood(root, config);
  return config;
}

Config load_config(const std::filesystem::path& folder) {
  const auto path = folder / "config.json";
  return parse_config(read_text(path, longest_file), path.string());
}

}  // namespace reference
