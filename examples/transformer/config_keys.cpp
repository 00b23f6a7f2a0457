// SPDX-License-Identifier: MIT
#include "transformer/config_keys.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "dope/core/error.hpp"
#include "transformer/checked_json.hpp"

namespace reference {
namespace {

using Json = nlohmann::json;

constexpr double tolerance =
    1e-6;  // of numbers that a writer rounded to float: 0.08838834764 for 1/sqrt(128)

bool equal(const Json& value, double number) {
  return value.is_number() && std::abs(value.get<double>() - number) <= tolerance * std::abs(number);
}

bool one_of(const Json& value, std::initializer_list<std::string_view> texts) {
  return value.is_string() &&
         std::find(texts.begin(), texts.end(), value.get_ref<const std::string&>()) != texts.end();
}

/// The only values under which a key changes nothing; null is always one of them.
struct Neutral {
  bool (*allows)(const Json& value, const Config& config);
  const char* expected;
  std::vector<std::string_view> keys;
};

bool is_false(const Json& value, const Config&) { return value == false; }
bool is_true(const Json& value, const Config&) { return value == true; }
bool is_zero(const Json& value, const Config&) { return equal(value, 0.0); }
bool is_one(const Json& value, const Config&) { return equal(value, 1.0); }
bool is_empty(const Json& value, const Config&) { return value.empty(); }
bool never(const Json&, const Config&) { return false; }

const std::vector<Neutral>& neutral_keys() {
  static const std::vector<Neutral> keys = {
      // Rotation.
      {is_false,
       "false: pairs are (f, f + width/2)",
       {"rope_interleaved", "rope_interleave", "rotary_interleaved", "interleaved_rotary",
        "rope_is_neox_style", "use_mrope"}},
      {is_one,
       "1: the share of a head that is rotated is partial_rotary_factor",
       {"rotary_pct", "rope_pct", "rotary_percent", "rotary_emb_fraction", "rope_percentage"}},
      {[](const Json& value, const Config& config) {
         return equal(value, static_cast<double>(config.rotated_width));
       },
       "the rotated width that head_dim and partial_rotary_factor give",
       {"rotary_dim", "rope_dim", "rotary_ndims", "rotary_embedding_dim"}},
      {[](const Json& value, const Config& config) { return equal(value, config.rope_base); },
       "rope_theta: one base for all layers",
       {"rotary_emb_base", "rotary_base", "rope_base", "rope_local_base_freq", "rope_global_base_freq",
        "swa_rope_theta", "global_rope_theta", "local_rope_theta"}},
      {is_one,
       "1: frequencies are those of rope_theta and the scaling",
       {"rope_ratio", "rope_scale", "rope_factor", "ntk_alpha", "rope_alpha"}},
      {[](const Json& value, const Config&) {
         return value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& rotated) {
                  return rotated == 1 || rotated == true;
                });
       },
       "1 for every layer: all are rotated",
       {"no_rope_layers"}},
      {is_zero, "none: all layers are rotated", {"no_rope_layer_interval", "nope_layer_interval"}},
      {is_true,
       "true: queries and keys are rotated",
       {"use_rope", "use_rotary", "rotary", "use_rotary_embeddings"}},
      {[](const Json& value, const Config&) {
         return one_of(value, {"rope", "rotary", "rotary_pos_emb"});
       },
       "rope",
       {"position_embedding_type", "pos_emb", "position_encoding", "positional_embedding"}},
      {is_false, "false: positions are rotary", {"alibi", "use_alibi", "use_dynamic_ntk", "use_logn_attn"}},
      // Attention.
      {[](const Json& value, const Config&) {
         return value.is_array() && std::all_of(value.begin(), value.end(),
                                                [](const Json& type) { return type == "full_attention"; });
       },
       "full_attention in every layer",
       {"layer_types", "attention_types"}},
      {is_false,
       "false: no norm of queries or keys",
       {"use_qk_norm", "qk_norm", "qk_layernorm", "use_qk_layernorm", "qk_layer_norm"}},
      {[](const Json& value, const Config& config) {
         return equal(value, static_cast<double>(config.head_width));
       },
       "the head width: scores are divided by its square root",
       {"query_pre_attn_scalar"}},
      {[](const Json& value, const Config& config) {
         return equal(value, 1.0 / std::sqrt(static_cast<double>(config.head_width)));
       },
       "1 over the square root of the head width",
       {"attention_multiplier", "attention_scale", "attn_scale", "softmax_scale", "scale_attn"}},
      {is_true, "true: scores are divided by the square root of the head width", {"scale_attn_weights"}},
      {never,
       "none: scores and logits have no cap",
       {"attn_logit_softcapping", "final_logit_softcapping", "attn_logit_softcap", "final_logit_softcap",
        "attn_logit_cap", "clip_qkv"}},
      {is_false,
       "false: attention is causal and full",
       {"attn_temperature_tuning", "scale_attn_by_inverse_layer_idx", "use_bidirectional_attention",
        "add_cross_attention", "is_encoder_decoder", "multi_query", "attn_output_gate",
        "use_sink_attention"}},
      {is_true, "true: attention is causal", {"is_causal", "causal", "is_decoder_causal"}},
      {never,
       "none: attention is full",
       {"attention_chunk_size", "sliding_window_pattern", "cross_attention_layers"}},
      {is_zero, "0: attention is full", {"global_attn_every_n_layers", "num_attn_sinks"}},
      {is_empty, "none", {"pruned_heads"}},
      // Biases, norms, activation.
      {is_false,
       "false: biases are those of the architecture",
       {"use_bias", "bias", "attention_out_bias", "attention_output_bias", "o_proj_bias", "lm_head_bias",
        "ffn_bias", "norm_bias"}},
      {[](const Json& value, const Config& config) {
         return value == (config.bias == AttentionBias::query_key_value);
       },
       "true for Qwen2, false for Llama",
       {"qkv_bias", "use_qkv_bias", "add_qkv_bias", "attention_qkv_bias"}},
      {[](const Json& value, const Config&) {
         return one_of(value, {"silu", "swish", "swiglu"});
       },
       "silu",
       {"hidden_activation", "activation_function", "activation", "act_fn", "hidden_act_function",
        "mlp_hidden_act"}},
      {[](const Json& value, const Config&) {
         return one_of(value, {"rmsnorm", "rms_norm", "RMSNorm"});
       },
       "rmsnorm",
       {"norm_type", "normalization", "normalization_type", "layer_norm_type", "norm"}},
      {[](const Json& value, const Config& config) { return equal(value, config.rms_epsilon); },
       "rms_norm_eps",
       {"layer_norm_eps", "layer_norm_epsilon", "layernorm_epsilon", "norm_eps", "norm_epsilon",
        "rms_norm_epsilon"}},
      {is_false,
       "false: a layer is norm, attention, norm, SwiGLU, with residuals in sequence",
       {"use_parallel_residual", "parallel_residual", "parallel_attn", "new_decoder_architecture",
        "rms_norm_add_unit_offset", "add_unit_offset", "use_post_norm",
        "apply_residual_connection_post_layernorm", "use_double_wide_mlp", "do_layer_norm_before",
        "no_bias"}},
      // Multipliers.
      {is_one,
       "1: nothing is multiplied",
       {"embedding_multiplier", "residual_multiplier", "logits_scaling", "logit_scale", "output_multiplier",
        "scale_emb", "embedding_scale", "residual_scale", "lm_head_multiplier", "logits_scale",
        "mup_width_multiplier"}},
      {is_false,
       "false: nothing is multiplied",
       {"normalize_embedding", "scale_embedding", "scale_embeddings", "use_mup"}},
      // Other layers.
      {is_zero,
       "0: every layer has one SwiGLU",
       {"num_experts", "num_local_experts", "n_routed_experts", "n_shared_experts", "moe_num_experts",
        "num_experts_per_tok", "num_nextn_predict_layers", "num_shared_experts", "num_mtp_modules"}},
      {never,
       "none: weights of F32, F16 or BF16",
       {"quantization_config", "compression_config", "quantization"}},
      {is_empty, "none: code of the model's own is not run", {"auto_map", "custom_code"}},
      {is_false, "false", {"tie_encoder_decoder"}},
  };
  return keys;
}

/// Known keys that change no logits: storage, training, generation, bookkeeping.
constexpr std::string_view harmless_keys[] = {"_attn_implementation",
                                              "_attn_implementation_autoset",
                                              "_commit_hash",
                                              "_flash_attn_2_enabled",
                                              "_name_or_path",
                                              "attn_implementation",
                                              "bad_words_ids",
                                              "begin_suppress_tokens",
                                              "chunk_size_feed_forward",
                                              "decoder_start_token_id",
                                              "diversity_penalty",
                                              "do_sample",
                                              "dtype",
                                              "early_stopping",
                                              "encoder_no_repeat_ngram_size",
                                              "exponential_decay_length_penalty",
                                              "finetuning_task",
                                              "flash_attn",
                                              "forced_bos_token_id",
                                              "forced_eos_token_id",
                                              "gradient_checkpointing",
                                              "id2label",
                                              "initializer_factor",
                                              "initializer_range",
                                              "is_decoder",
                                              "is_llama_config",
                                              "label2id",
                                              "length_penalty",
                                              "license",
                                              "max_length",
                                              "max_seq_len",
                                              "max_seq_length",
                                              "max_sequence_length",
                                              "max_window_layers",
                                              "min_length",
                                              "model_max_length",
                                              "n_ctx",
                                              "n_positions",
                                              "no_repeat_ngram_size",
                                              "num_beam_groups",
                                              "num_beams",
                                              "num_labels",
                                              "num_return_sequences",
                                              "output_attentions",
                                              "output_hidden_states",
                                              "output_scores",
                                              "pad_token_id",
                                              "prefix",
                                              "pretraining_tp",
                                              "problem_type",
                                              "remove_invalid_values",
                                              "repetition_penalty",
                                              "return_dict",
                                              "return_dict_in_generate",
                                              "seed",
                                              "sep_token_id",
                                              "suppress_tokens",
                                              "task_specific_params",
                                              "temperature",
                                              "tf_legacy_loss",
                                              "tokenizer_class",
                                              "top_k",
                                              "top_p",
                                              "torch_dtype",
                                              "torchscript",
                                              "transformers.js_config",
                                              "transformers_version",
                                              "typical_p",
                                              "unk_token_id",
                                              "unsloth_fixed",
                                              "unsloth_version",
                                              "use_bfloat16",
                                              "use_cache",
                                              "use_flash_attention",
                                              "use_flash_attn",
                                              "vocab_file"};

/// Words that speak of the computation. Those of four letters and more stand for all that begins with them.
constexpr std::string_view suspect_words[] = {
    "abs",     "act",      "activation", "adapter", "alibi",  "alpha",         "atten",
    "attn",    "audio",    "base",       "beta",    "bias",   "bidirectional", "bits",
    "block",   "cap",      "causal",     "chunk",   "clip",   "compress",      "conv",
    "cross",   "decay",    "decoder",    "delta",   "depth",  "dilat",         "dim",
    "dims",    "dual",     "emb",        "embed",   "encod",  "eps",           "epsilon",
    "expert",  "factor",   "feed",       "ffn",     "freq",   "gate",          "gating",
    "global",  "group",    "head",       "heads",   "hidden", "hybrid",        "inter",
    "key",     "kernel",   "kv",         "latent",  "layer",  "linear",        "local",
    "logit",   "lora",     "low",        "mamba",   "mask",   "memory",        "merge",
    "mixture", "mla",      "mlp",        "moe",     "mrope",  "mtp",           "mult",
    "mup",     "nextn",    "nope",       "norm",    "ntk",    "num",           "offset",
    "output",  "parallel", "patch",      "period",  "pos",    "position",      "proj",
    "qk",      "qkv",      "quant",      "query",   "rank",   "recur",         "residual",
    "rms",     "rope",     "rot",        "rotary",  "rout",   "scal",          "share",
    "shift",   "sink",     "size",       "slid",    "soft",   "softcap",       "sparse",
    "ssm",     "state",    "swa",        "text",    "theta",  "tie",           "topk",
    "value",   "vision",   "width",      "window",  "yarn"};

/// The words of a name, in lower case: at '_', '-', '.', ' ', digits, and where camelCase or KVCache begins anew.
std::vector<std::string> words_of(std::string_view name) {
  const auto upper = [&](std::size_t at) { return at < name.size() && name[at] >= 'A' && name[at] <= 'Z'; };
  const auto lower = [&](std::size_t at) { return at < name.size() && name[at] >= 'a' && name[at] <= 'z'; };
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool hump = upper(i) && i > 0 && (lower(i - 1) || (upper(i - 1) && lower(i + 1)));
    const bool letter = upper(i) || lower(i);
    if ((!letter || hump) && !words.back().empty()) words.emplace_back();
    if (letter) words.back() += static_cast<char>(upper(i) ? name[i] - 'A' + 'a' : name[i]);
  }
  return words;
}

/// The word that makes a key suspect; empty where none does.
std::string_view suspect_word(std::string_view key) {
  constexpr std::size_t stem = 4;
  for (const std::string& word : words_of(key)) {
    for (const std::string_view suspect : suspect_words) {
      if (word == suspect || (suspect.size() >= stem && word.starts_with(suspect))) return suspect;
    }
  }
  return {};
}

bool contains_word(std::string_view key, std::string_view stem) {
  const auto words = words_of(key);
  return std::any_of(words.begin(), words.end(), [&](const auto& word) { return word.starts_with(stem); });
}

bool harmless(std::string_view key) {
  return std::find(std::begin(harmless_keys), std::end(harmless_keys), key) != std::end(harmless_keys) ||
         contains_word(key, "dropout") || contains_word(key, "pdrop");
}

const Neutral* neutral(std::string_view key) {
  for (const Neutral& rule : neutral_keys()) {
    if (std::find(rule.keys.begin(), rule.keys.end(), key) != rule.keys.end()) return &rule;
  }
  return nullptr;
}

}  // namespace

void require_understood(const Fields& root, Config& config) {
  for (const std::string& key : root.unused()) {
    const Json* value = root.find(key.c_str());
    if (const Neutral* rule = neutral(key)) {
      if (value != nullptr && !rule->allows(*value, config)) root.fail(key.c_str(), *value, rule->expected);
      continue;
    }
    if (value != nullptr && !harmless(key)) {
      if (const auto word = suspect_word(key); !word.empty()) {
        throw dope::Error(root.where(), dope::detail::text("key ", printable(key), " with ", shown(*value)),
                          dope::detail::text("a key that is known here, as '", word,
                                             "' may change what the model computes, or no such key"));
      }
    }
    config.unused.push_back(key);
  }
}

}  // namespace reference
