// SPDX-License-Identifier: MIT
// Config files shaped like those of real models: each loads with these numbers, or is refused by this key.
#include "transformer/config_keys.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "transformer/config.hpp"
#include "transformer/tiny_checkpoint.hpp"

namespace {

using Json = nlohmann::json;
using Text = std::string;
using Texts = std::vector<Text>;

reference::Config parsed(const Json& json) {
  return reference::parse_config(json.dump(), "here/config.json");
}

Json with(Json json, const Json& changes) {
  if (!changes.empty()) json.update(changes);
  return json;
}

/// What the Error says; "loads" where there is none. Every Error names the file, on one line.
Text verdict(const Json& json) {
  try {
    static_cast<void>(parsed(json));
  } catch (const dope::Error& error) {
    const Text what = error.what();
    CHECK(what.starts_with("here/config.json"));
    CHECK(what.find('\n') == Text::npos);
    CHECK(what.size() <= 400);
    return what;
  }
  return "loads";
}

bool refuses(const Json& json, const Text& words) {
  const Text what = verdict(json);
  CAPTURE(what);
  CAPTURE(words);
  const bool told = what.find(words) != Text::npos;
  CHECK(told);
  return told;
}

const Json plain = Json::parse(test::config_text({.head_width = 8}));

/// Keys that Hugging Face writes into every file.
const Json bookkeeping = {{"torch_dtype", "bfloat16"},   {"transformers_version", "4.43.0"},
                          {"use_cache", true},           {"initializer_range", 0.02},
                          {"attention_dropout", 0.0},    {"eos_token_id", 2},
                          {"bos_token_id", 1},           {"hidden_act", "silu"},
                          {"tie_word_embeddings", false}};
const Texts bookkept = {"attention_dropout", "initializer_range", "torch_dtype", "transformers_version",
                        "use_cache"};

Json model(const char* type, const char* class_name, const Json& more) {
  Json json = with(bookkeeping, {{"model_type", type},
                                 {"architectures", {class_name}},
                                 {"hidden_size", 64},
                                 {"intermediate_size", 96},
                                 {"num_hidden_layers", 4},
                                 {"num_attention_heads", 8},
                                 {"num_key_value_heads", 2},
                                 {"vocab_size", 1000},
                                 {"rms_norm_eps", 1e-5},
                                 {"max_position_embeddings", 8192},
                                 {"rope_theta", 10000.0}});
  return with(json, more);
}

Json llama(const Json& more) { return model("llama", "LlamaForCausalLM", more); }
Json qwen2(const Json& more) { return model("qwen2", "Qwen2ForCausalLM", more); }

/// The same keys said of a Llama, as somebody who renames an architecture would.
Json as_llama(Json json) {
  json["model_type"] = "llama";
  json.erase("architectures");
  return json;
}

/// pow with its exponent's rounding amplified by ln(b'), and a handful of operations.
constexpr double rounding = 64 * std::numeric_limits<double>::epsilon();

double slowest(const reference::Config& config, std::size_t length) {
  return dope::scaled_frequencies(config.rope(), config.scaling, length).omega.back();
}

}  // namespace

TEST_CASE("files shaped like those of Llama and Qwen2 load, and the keys that nothing used are listed") {
  const Json llama3 = {{"rope_type", "llama3"},
                       {"factor", 8.0},
                       {"low_freq_factor", 1.0},
                       {"high_freq_factor", 4.0},
                       {"original_max_position_embeddings", 8192}};
  struct Case {
    const char* name;
    Json json;
    std::size_t training_length;
    dope::Scaling scaling;
    Texts also_unused;
    Texts defaults;
  };
  const Case cases[] = {
      {"Llama 2",
       llama({{"pretraining_tp", 1}, {"rope_scaling", nullptr}, {"max_position_embeddings", 4096}}),
       4096,
       dope::Unscaled{},
       {"pretraining_tp"},
       {}},
      {"Llama 1, with little in it",
       {{"model_type", "llama"},
        {"hidden_size", 64},
        {"intermediate_size", 96},
        {"num_hidden_layers", 1},
        {"num_attention_heads", 8},
        {"vocab_size", 1000},
        {"pad_token_id", 0}},
       2048,
       dope::Unscaled{},
       {"pad_token_id"},
       {"hidden_act silu", "num_key_value_heads 8", "max_position_embeddings 2048", "rms_norm_eps 1e-06",
        "tie_word_embeddings false", "bos_token_id 1", "rope_theta 10000"}},
      {"Llama 3.1",
       llama({{"rope_theta", 500000.0},
              {"max_position_embeddings", 131072},
              {"rope_scaling", llama3},
              {"attention_bias", false},
              {"mlp_bias", false},
              {"pretraining_tp", 1},
              {"eos_token_id", {3, 4, 5}}}),
       8192,
       dope::Llama3{8.0, 1.0, 4.0},
       {"pretraining_tp"},
       {}},
      {"Llama 3.2",
       llama({{"rope_theta", 500000.0},
              {"max_position_embeddings", 131072},
              {"head_dim", 8},
              {"rope_scaling", with(llama3, {{"factor", 32.0}})},
              {"tie_word_embeddings", true}}),
       8192,
       dope::Llama3{32.0, 1.0, 4.0},
       {},
       {}},
      {"a Llama 3.1 as newer writers have it",
       llama({{"rope_parameters", with(llama3, {{"rope_theta", 10000.0}})},
              {"max_position_embeddings", 131072},
              {"dtype", "bfloat16"}}),
       8192,
       dope::Llama3{8.0, 1.0, 4.0},
       {"dtype"},
       {}},
      {"SmolLM2",
       llama({{"rope_interleaved", false},
              {"is_llama_config", true},
              {"pad_token_id", 2},
              {"pretraining_tp", 1},
              {"tie_word_embeddings", true},
              {"transformers.js_config", {{"dtype", "q4"}}}}),
       8192,
       dope::Unscaled{},
       {"is_llama_config", "pad_token_id", "pretraining_tp", "transformers.js_config"},
       {}},
      {"a YaRN that gives no more than its type",
       llama({{"rope_scaling", {{"rope_type", "yarn"}, {"original_max_position_embeddings", 4096}}}}),
       4096,
       dope::Yarn{.factor = 2.0},
       {},
       {"factor 2", "beta_fast 32", "beta_slow 1"}},
      {"a Llama 3.1 without an original",
       llama({{"rope_scaling",
               {{"rope_type", "llama3"},
                {"factor", 8.0},
                {"low_freq_factor", 1.0},
                {"high_freq_factor", 4.0}}}}),
       8192,
       dope::Llama3{8.0, 1.0, 4.0},
       {},
       {"original_max_position_embeddings 8192"}},
      {"the equal ends of Llama 4 Scout",
       llama({{"rope_scaling",
               with(llama3, {{"low_freq_factor", 1.0}, {"high_freq_factor", 1.0}, {"factor", 16.0}})}}),
       8192,
       dope::Llama3{16.0, 1.0, 1.0},
       {},
       {}},
      {"the equal betas of Kimi K2",
       llama({{"max_position_embeddings", 131072},
              {"rope_scaling",
               {{"type", "yarn"},
                {"factor", 32.0},
                {"beta_fast", 1.0},
                {"beta_slow", 1.0},
                {"mscale", 1.0},
                {"mscale_all_dim", 1.0},
                {"original_max_position_embeddings", 4096}}}}),
       4096,
       dope::Yarn{.factor = 32.0, .beta_fast = 1.0, .beta_slow = 1.0, .mscale = 1.0, .mscale_all_dim = 1.0},
       {},
       {}},
      {"an original written as 8192.0",
       llama({{"max_position_embeddings", 131072},
              {"rope_scaling", with(llama3, {{"original_max_position_embeddings", 8192.0}})}}),
       8192,
       dope::Llama3{8.0, 1.0, 4.0},
       {},
       {}},
      {"Qwen2",
       qwen2({{"use_sliding_window", false},
              {"sliding_window", 32768},
              {"max_window_layers", 28},
              {"rope_theta", 1e6},
              {"max_position_embeddings", 32768}}),
       32768,
       dope::Unscaled{},
       {"sliding_window", "max_window_layers"},
       {}},
      {"Qwen2.5 with YaRN and what its type does not use",
       qwen2({{"sliding_window", nullptr},
              {"layer_types", {"full_attention", "full_attention"}},
              {"use_mrope", false},
              {"rope_scaling",
               {{"type", "yarn"},
                {"factor", 4.0},
                {"original_max_position_embeddings", 8192},
                {"finetuned", true},
                {"low_freq_factor", 1.0}}},
              {"max_position_embeddings", 32768}}),
       8192,
       dope::Yarn{.factor = 4.0},
       {"rope_scaling.finetuned", "rope_scaling.low_freq_factor"},
       {"beta_fast 32", "beta_slow 1"}},
      {"unknown keys without a word of the computation, or without a value",
       llama({{"_unknown", "x"}, {"wandb", {{"run", 1}}}, {"rope_of_sand", nullptr}, {"resid_pdrop", 0.1}}),
       8192,
       dope::Unscaled{},
       {"_unknown", "wandb", "rope_of_sand", "resid_pdrop"},
       {}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    REQUIRE(verdict(one.json) == "loads");
    const auto config = parsed(one.json);
    CHECK(config.training_length == one.training_length);
    CHECK(config.scaling.index() == one.scaling.index());
    for (const std::size_t length : {std::size_t{100}, std::size_t{200000}}) {
      CHECK(dope::scaled_frequencies(config.rope(), config.scaling, length) ==
            dope::scaled_frequencies(config.rope(), one.scaling, length));
    }
    Texts unused = one.also_unused;
    for (const Text& key : bookkept) {
      if (one.json.contains(key)) unused.push_back(key);
    }
    std::sort(unused.begin(), unused.end());
    Texts listed = config.unused;
    std::sort(listed.begin(), listed.end());
    CHECK(listed == unused);
    CHECK(config.defaults == one.defaults);
  }
}

TEST_CASE("files shaped like those of other models are refused, by type and by what else they say") {
  struct Case {
    const char* name;
    Json json;
    Text key;  // that refuses the same file said to be a Llama
  };
  const Case cases[] = {
      {"Mistral", model("mistral", "MistralForCausalLM", {{"sliding_window", 4096}}), "sliding_window"},
      {"Phi-3",
       model("phi3", "Phi3ForCausalLM",
             {{"sliding_window", 2047}, {"embd_pdrop", 0.0}, {"original_max_position_embeddings", 4096}}),
       "sliding_window"},
      {"Gemma", model("gemma", "GemmaForCausalLM", {{"hidden_act", "gelu"}}), "hidden_act"},
      {"Gemma 2",
       model("gemma2", "Gemma2ForCausalLM",
             {{"hidden_activation", "gelu_pytorch_tanh"}, {"query_pre_attn_scalar", 256}}),
       "hidden_activation"},
      {"Gemma 2, its caps", model("gemma2", "Gemma2ForCausalLM", {{"final_logit_softcapping", 30.0}}),
       "final_logit_softcapping"},
      {"Gemma 2, its scale", model("gemma2", "Gemma2ForCausalLM", {{"query_pre_attn_scalar", 224}}),
       "query_pre_attn_scalar"},
      {"Gemma 3", model("gemma3_text", "Gemma3ForCausalLM", {{"rope_local_base_freq", 1e6}}),
       "rope_local_base_freq"},
      {"Gemma 3, its layers", model("gemma3_text", "Gemma3ForCausalLM", {{"sliding_window_pattern", 6}}),
       "sliding_window_pattern"},
      {"Granite", model("granite", "GraniteForCausalLM", {{"embedding_multiplier", 12.0}}),
       "embedding_multiplier"},
      {"Granite, its attention",
       model("granite", "GraniteForCausalLM", {{"attention_multiplier", 0.0078125}}), "attention_multiplier"},
      {"Granite, its residuals", model("granite", "GraniteForCausalLM", {{"residual_multiplier", 0.22}}),
       "residual_multiplier"},
      {"Granite, its logits", model("granite", "GraniteForCausalLM", {{"logits_scaling", 8.0}}),
       "logits_scaling"},
      {"SmolLM3",
       model("smollm3", "SmolLM3ForCausalLM",
             {{"no_rope_layers", {1, 1, 1, 0}}, {"no_rope_layer_interval", 4}}),
       "no_rope_layer_interval"},
      {"SmolLM3, its layers", model("smollm3", "SmolLM3ForCausalLM", {{"no_rope_layers", {1, 1, 1, 0}}}),
       "no_rope_layers"},
      {"GPT-NeoX",
       model("gpt_neox", "GPTNeoXForCausalLM", {{"rotary_pct", 0.25}, {"rotary_emb_base", 10000}}),
       "rotary_pct"},
      {"GPT-NeoX, its layers", model("gpt_neox", "GPTNeoXForCausalLM", {{"use_parallel_residual", true}}),
       "use_parallel_residual"},
      {"DeepSeek V3", model("deepseek_v3", "DeepseekV3ForCausalLM", {{"n_routed_experts", 256}}),
       "n_routed_experts"},
      {"DeepSeek V3, its heads", model("deepseek_v3", "DeepseekV3ForCausalLM", {{"qk_rope_head_dim", 64}}),
       "qk_rope_head_dim"},
      {"Kimi K2", model("kimi_k2", "DeepseekV3ForCausalLM", {{"kv_lora_rank", 512}}), "kv_lora_rank"},
      {"Kimi K2, its storage",
       model("kimi_k2", "DeepseekV3ForCausalLM", {{"quantization_config", {{"quant_method", "fp8"}}}}),
       "quantization_config"},
      {"ChatGLM", model("chatglm", "ChatGLMModel", {{"rope_ratio", 500}, {"multi_query_attention", true}}),
       "multi_query_attention"},
      {"ChatGLM, its rotation", model("chatglm", "ChatGLMModel", {{"rope_ratio", 500}}), "rope_ratio"},
      {"ChatGLM, its norm", model("chatglm", "ChatGLMModel", {{"layernorm_epsilon", 1.5625e-07}}),
       "layernorm_epsilon"},
      {"GLM-4", model("glm4", "Glm4ForCausalLM", {{"partial_rotary_factor", 0.5}, {"attention_bias", true}}),
       "attention_bias"},
      {"Cohere", model("cohere", "CohereForCausalLM", {{"logit_scale", 0.0625}, {"use_qk_norm", false}}),
       "logit_scale"},
      {"Cohere, its norm", model("cohere", "CohereForCausalLM", {{"use_qk_norm", true}}), "use_qk_norm"},
      {"Qwen3", model("qwen3", "Qwen3ForCausalLM", {{"head_dim", 8}, {"attention_bias", true}}),
       "attention_bias"},
      {"Qwen3 MoE",
       model("qwen3_moe", "Qwen3MoeForCausalLM", {{"num_experts", 128}, {"norm_topk_prob", true}}),
       "norm_topk_prob"},
      {"Qwen3 MoE, its experts", model("qwen3_moe", "Qwen3MoeForCausalLM", {{"num_experts", 128}}),
       "num_experts"},
      {"Llama 4 text", model("llama4_text", "Llama4ForCausalLM", {{"attention_chunk_size", 8192}}),
       "attention_chunk_size"},
      {"Llama 4 text, its scores",
       model("llama4_text", "Llama4ForCausalLM", {{"attn_temperature_tuning", true}}),
       "attn_temperature_tuning"},
      {"MiniCPM", model("minicpm", "MiniCPMForCausalLM", {{"scale_emb", 12}, {"scale_depth", 1.4}}),
       "scale_depth"},
      {"Mixtral", model("mixtral", "MixtralForCausalLM", {{"num_local_experts", 8}}), "num_local_experts"},
      {"MiMo-like", model("mimo", "MiMoForCausalLM", {{"swa_rope_theta", 1e6}}), "swa_rope_theta"},
      {"Falcon-like", model("falcon", "FalconForCausalLM", {{"alibi", true}}), "alibi"},
      {"a model with code of its own",
       model("own", "OwnForCausalLM",
             {{"auto_map", {{"AutoModelForCausalLM", "modeling_own.OwnForCausalLM"}}}}),
       "auto_map"},
      {"a model with pictures", model("own", "OwnForCausalLM", {{"vision_config", Json::object()}}),
       "vision_config"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    CHECK(refuses(one.json, "model_type '" + one.json.at("model_type").get<Text>() + "'"));
    const Text what = verdict(as_llama(one.json));
    CAPTURE(what);
    CHECK((what.find("given " + one.key + " ") != Text::npos ||
           what.find("key '" + one.key + "'") != Text::npos));
  }
}

TEST_CASE("a key with a neutral value is taken under that value alone") {
  const double scale = 1.0 / std::sqrt(8.0);
  const Json none = Json::array();
  struct Case {
    const char* key;
    std::vector<Json> neutral;
    std::vector<Json> other;
  };
  const std::vector<Case> cases = {
      {"rope_interleaved", {false}, {true, 0, "no"}},
      {"rotary_pct", {1, 1.0}, {0.25, 0, "1", true}},
      {"rotary_dim", {8, 8.0}, {4, 16, "8"}},
      {"rotary_emb_base", {10000, 10000.0}, {500000, 10000.1, 0}},
      {"rope_local_base_freq", {10000.0}, {1e6, "10000"}},
      {"swa_rope_theta", {10000}, {1000}},
      {"rope_ratio", {1, 1.0}, {500, 0.5}},
      {"no_rope_layers", {none, {1, 1}, {true, true}}, {{1, 0}, {0}, 1, "all"}},
      {"no_rope_layer_interval", {0}, {4}},
      {"position_embedding_type", {"rope", "rotary"}, {"alibi", "absolute", 1}},
      {"use_rope", {true}, {false}},
      {"alibi", {false}, {true}},
      {"layer_types",
       {none, {"full_attention", "full_attention"}},
       {{"sliding_attention"}, "full_attention", {1}}},
      {"use_qk_norm", {false}, {true}},
      {"query_pre_attn_scalar", {8, 8.0}, {256, 1}},
      {"attention_multiplier", {scale, 0.35355339}, {0.35, 0.353555, 1.0, 0}},
      {"attn_logit_softcapping", {}, {50.0, 0, false}},
      {"quantization_config", {}, {{{"bits", 4}}, "fp8", Json::object()}},
      {"is_encoder_decoder", {false}, {true}},
      {"qkv_bias", {false}, {true, 1}},
      {"hidden_activation", {"silu", "swiglu"}, {"gelu", 1}},
      {"norm_type", {"rmsnorm", "RMSNorm"}, {"layernorm"}},
      {"layer_norm_eps", {1e-5}, {1e-6, 1e-12}},
      {"embedding_multiplier", {1, 1.0}, {12.0, 0}},
      {"logits_scaling", {1}, {8.0}},
      {"num_experts", {0}, {8, 1}},
      {"auto_map", {Json::object()}, {{{"AutoConfig", "c.C"}}}},
      {"pruned_heads", {Json::object()}, {{{"0", {1}}}}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.key);
    CHECK(verdict(with(plain, {{one.key, nullptr}})) == "loads");
    for (const Json& value : one.neutral) {
      CAPTURE(value.dump());
      CHECK(verdict(with(plain, {{one.key, value}})) == "loads");
      CHECK(parsed(with(plain, {{one.key, value}})).unused.empty());
    }
    for (const Json& value : one.other) {
      CAPTURE(value.dump());
      CHECK(refuses(with(plain, {{one.key, value}}), Text("given ") + one.key + " "));
    }
  }
  // What a value is held against is this file's own.
  const Json half =
      with(plain, {{"partial_rotary_factor", 0.5}, {"rope_theta", 500000}, {"rms_norm_eps", 1e-6}});
  const std::vector<std::pair<const char*, std::vector<Json>>> own = {
      {"rotary_dim", {4, 8}}, {"rotary_emb_base", {500000, 10000}}, {"layer_norm_eps", {1e-6, 1e-5}}};
  for (const auto& one : own) {
    CAPTURE(one.first);
    CHECK(verdict(with(half, {{one.first, one.second[0]}})) == "loads");
    CHECK(refuses(with(half, {{one.first, one.second[1]}}), Text("given ") + one.first + " "));
  }
  const Json qwen =
      Json::parse(test::config_text({.architecture = reference::Architecture::qwen2, .head_width = 8}));
  CHECK(verdict(with(qwen, {{"qkv_bias", true}})) == "loads");
  CHECK(refuses(with(qwen, {{"qkv_bias", false}}), "qkv_bias"));
  CHECK(verdict(with(qwen, {{"attention_bias", true}})) == "loads");
  CHECK(refuses(with(qwen, {{"attention_bias", false}}), "attention_bias"));
  CHECK(refuses(with(qwen, {{"mlp_bias", true}}), "mlp_bias"));
  CHECK(verdict(with(qwen, {{"sliding_window", 4096}})) == "loads");
  CHECK(refuses(with(plain, {{"sliding_window", 4096}}), "sliding_window 4096"));
  CHECK(verdict(with(plain, {{"sliding_window", 4096}, {"use_sliding_window", false}})) == "loads");
  CHECK(verdict(with(plain, {{"sliding_window", nullptr}})) == "loads");
}

TEST_CASE("an unknown key is refused where a word of it speaks of the computation, else listed") {
  for (const char* key : {"rope", "ropeScale", "my-rope", "attnGain", "qk_gain", "layerNormScale", "window",
                          "mlp_act", "expert2weights", "router_jitter", "KVSharing", "kv_heads_shared",
                          "ntk.by", "x_multiplier", "softcap", "logit_bias2", "lora"}) {
    CAPTURE(key);
    CHECK(refuses(with(plain, {{key, 1}}), Text("key '") + key + "' with 1"));
    CHECK(refuses(with(plain, {{key, false}}), key));
    CHECK(parsed(with(plain, {{key, nullptr}})).unused == Texts{key});
  }
  // Of these the last six begin with words of three letters, which stand for themselves alone.
  for (const char* key : {"properties", "europe", "wandb_run", "author", "notes", "created", "seed",
                          "license", "hidden_dropout_prob", "attn_pdrop", "keyboard", "actor", "capital",
                          "positive", "lowest", "dimmed"}) {
    CAPTURE(key);
    CHECK(parsed(with(plain, {{key, 1}})).unused == Texts{key});
  }
  // A key from a file is printed safely.
  const Text long_key = "rope" + Text(5000, 'x');
  CHECK(refuses(with(plain, {{long_key, "\x1b[2J" + Text(5000, 'y')}}), "..."));
  CHECK(refuses(with(plain, {{"rope\x1b[2J", 1}}), "\\x1b"));
}

TEST_CASE("dynamic NTK stretches from max_position_embeddings, as Hugging Face computes it") {
  const Json scaling = {{"type", "dynamic"}, {"factor", 2.0}, {"original_max_position_embeddings", 512}};
  const auto config = parsed(llama({{"rope_scaling", scaling}}));
  CHECK(config.training_length == 8192);
  CHECK(std::find_if(config.unused.begin(), config.unused.end(), [](const Text& key) {
          return key.starts_with("original_max_position_embeddings");
        }) != config.unused.end());
  CHECK(slowest(config, 8192) == dope::native_frequencies(config.rope()).omega.back());
  // b' = b (2·16384/8192 − 1)^(8/6): the slowest band is slowed threefold, to a rounding of pow. From 512 on
  // it would be 63-fold.
  CHECK(slowest(config, 16384) ==
        doctest::Approx(dope::native_frequencies(config.rope()).omega.back() / 3.0).epsilon(rounding));
  const auto equal =
      parsed(llama({{"rope_scaling", with(scaling, {{"original_max_position_embeddings", 8192}})}}));
  CHECK(equal.unused.size() == bookkept.size());
}

TEST_CASE("dual_chunk_attention_config gives the pattern and the length that was trained") {
  // As in Qwen2.5-1M: 1,010,000 positions, trained at 262,144.
  const Json dual = {
      {"chunk_size", 262144}, {"local_size", 8192}, {"original_max_position_embeddings", 262144}};
  const Json million = qwen2({{"max_position_embeddings", 1010000}, {"dual_chunk_attention_config", dual}});
  const auto config = parsed(million);
  CHECK(config.training_length == 262144);
  CHECK(config.max_position_embeddings == 1010000);
  REQUIRE(config.dual_chunk.has_value());
  CHECK(*config.dual_chunk == reference::DualChunk{262144 - 8192, 8193});
  CHECK_FALSE(parsed(qwen2({})).dual_chunk.has_value());
  CHECK_FALSE(parsed(qwen2({{"dual_chunk_attention_config", nullptr}})).dual_chunk.has_value());
  const auto other = [&](const Json& changes) {
    return with(million, {{"dual_chunk_attention_config", with(dual, changes)}});
  };
  CHECK(refuses(other({{"local_size", 131072}}), "local_size 131072"));
  CHECK(verdict(other({{"local_size", 131071}})) == "loads");
  CHECK(refuses(other({{"local_size", nullptr}}), "no local_size"));
  CHECK(refuses(other({{"sparse_attention_enabled", true}}), "'sparse_attention_enabled'"));
  CHECK(refuses(with(million, {{"dual_chunk_attention_config", true}}), "an object"));
  CHECK(refuses(with(million, {{"original_max_position_embeddings", 32768}}), "32768 and 262144"));
}

TEST_CASE("two values for one thing are refused, wherever they stand") {
  const Json yarn = {{"rope_type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 2048}};
  CHECK(verdict(llama({{"rope_scaling", yarn}, {"original_max_position_embeddings", 2048}})) == "loads");
  CHECK(
      refuses(llama({{"rope_scaling", yarn}, {"original_max_position_embeddings", 4096}}), "4096 and 2048"));
  const auto both = [](const char* key, const Json& outer, const Json& inner) {
    return llama({{"rope_parameters", {{"rope_type", "default"}, {key, inner}}}, {key, outer}});
  };
  CHECK(verdict(both("rope_theta", 500000, 500000.0)) == "loads");
  CHECK(refuses(both("rope_theta", 500000, 10000), "rope_theta 5e+05, and 10000"));
  CHECK(refuses(both("partial_rotary_factor", 0.5, 1.0), "partial_rotary_factor 0.5, and 1"));
  CHECK(refuses(llama({{"rope_scaling", with(yarn, {{"type", "linear"}})}}), "one type"));
}

TEST_CASE("null is a value only where Hugging Face gives it one") {
  for (const char* key : {"rope_theta", "rms_norm_eps", "max_position_embeddings", "hidden_act",
                          "tie_word_embeddings", "use_sliding_window", "attention_bias", "mlp_bias",
                          "partial_rotary_factor", "original_max_position_embeddings", "dope_tokens"}) {
    CAPTURE(key);
    CHECK(refuses(with(plain, {{key, nullptr}}), Text("given ") + key + " null"));
  }
  for (const char* key :
       {"rope_theta", "partial_rotary_factor", "original_max_position_embeddings", "rope_type"}) {
    CAPTURE(key);
    CHECK(refuses(with(plain, {{"rope_parameters", {{key, nullptr}}}}), Text("given ") + key + " null"));
  }
  for (const char* key :
       {"num_key_value_heads", "head_dim", "rope_scaling", "rope_parameters", "sliding_window", "layer_types",
        "quantization_config", "architectures", "bos_token_id", "eos_token_id", "dual_chunk_attention_config",
        "pad_token_id", "torch_dtype"}) {
    CAPTURE(key);
    CHECK(verdict(llama({{key, nullptr}})) == "loads");
  }
}

TEST_CASE("dope_tokens says that tokens are bytes") {
  CHECK(parsed(plain).tokens == reference::Tokens::unknown);
  CHECK(parsed(with(plain, {{"dope_tokens", "bytes"}})).tokens == reference::Tokens::bytes);
  for (const Json& bad : {Json("byte"), Json("unknown"), Json(""), Json(256), Json(true)}) {
    CHECK(refuses(with(plain, {{"dope_tokens", bad}}), "dope_tokens"));
  }
}

TEST_CASE("a text's fingerprint is that of all its bytes") {
  const Text text = plain.dump();
  const auto of = [](const Text& given) { return reference::parse_config(given, "here").fingerprint; };
  CHECK(of(text).size() == 32);
  CHECK(of(text) == of(text));
  CHECK(of(text) != of(text + " "));
}
