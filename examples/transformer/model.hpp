// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "transformer/attention.hpp"
#include "transformer/config.hpp"
#include "transformer/schedule.hpp"
#include "transformer/weights.hpp"

namespace reference {

/// A checkpoint in memory. Immutable, shared by any number of requests on any threads.
class Model {
 public:
  /// Throws dope::Error where config.json or the weights do not fit (see load_config, load_weights).
  static Model load(const std::filesystem::path& folder);
  /// The same where config.json was read before.
  static Model load(Config config, const std::filesystem::path& folder);

  [[nodiscard]] const Config& config() const noexcept { return config_; }
  [[nodiscard]] const Weights& weights() const noexcept { return weights_; }
  [[nodiscard]] dope::AttentionShape shape() const noexcept;

 private:
  Model(Config config, Weights weights) : config_(std::move(config)), weights_(std::move(weights)) {}

  Config config_;
  Weights weights_;
};

/// The schedule of requests that hold at most `length` tokens, prompt and answer. Throws dope::Error for a
/// plan of another shape, or what RequestSchedule has no meaning for.
[[nodiscard]] Schedule make_schedule(const Model& model, const dope::Scaling& scaling, std::size_t length,
                                     dope::Plan plan, const AttentionPattern& pattern = FullAttention{});
[[nodiscard]] Schedule make_schedule(const Model& model, const dope::Scaling& scaling, std::size_t length,
                                     const AttentionPattern& pattern = FullAttention{});

/// Sees the unrotated queries and keys of tokens first … first + tokens − 1 at one layer; layers come
/// in order for each run of tokens.
using Tap = std::function<void(std::size_t layer, dope::HeadsView<const float> queries,
                               dope::HeadsView<const float> keys, std::size_t first)>;

/// Whether a prefill keeps what enters each layer and what its heads' attention gave, so that other plans can
/// start from it (resume). It costs layers × tokens × (hidden + query width) floats.
enum class Keep { nothing, layers };

/// One sequence: its schedule, its key and value caches.
///
/// Memory: caches of schedule length × layers × (2·key heads + own key copies) × head width floats, and work
/// space that does not grow with the length. Laws: decode(t) after prefill(p) gives the logits of
/// prefill(p·t), to rounding of the matrix products; nothing depends on the number of threads.
/// Throws dope::Error for a token outside the vocabulary or more tokens than the schedule's length, and
/// Stopped within about a second of stop_flag (stop.hpp): the request is then unfinished, and of no more use.
class Request {
 public:
  Request(const Model& model, Schedule schedule);

  /// A request for the same prompt under another plan: `base` was prefilled in one call, or resumed, with
  /// Keep::layers, and nothing decoded; frequencies, length and attention pattern are the same. Layers below
  /// the first where the plans differ are taken from it, and in that layer the attention of heads that both
  /// plans treat alike; the rest is computed anew. Law: equal to a prefill of its own, to the last bit.
  static Request resume(const Request& base, Schedule schedule, Keep keep = Keep::nothing);

  void tap(Tap tap) { tap_ = std::move(tap); }

  /// Append tokens; the logits of the last `logit_rows` of them, [logit_rows, vocabulary].
  std::span<const float> prefill(std::span<const std::int32_t> tokens, Keep keep = Keep::nothing,
                                 std::size_t logit_rows = 1);

  /// Append one token; its logits, [vocabulary]. The span of an earlier call is no longer valid.
  std::span<const float> decode(std::int32_t token);

  /// Logits of the last prefill, decode or resume.
  [[nodiscard]] std::span<const float> logits() const noexcept { return logits_; }
  [[nodiscard]] std::size_t tokens() const noexcept { return tokens_; }

 private:
  struct LayerCache {
    std::vector<KeyCache> shared_keys;  // per key head
    std::vector<KeyCache> own_keys;     // per entry of owners
    std::vector<ValueCache> values;     // per key head
    std::vector<std::size_t> owners;    // query heads with a key copy of their own, ascending

    [[nodiscard]] const KeyCache& keys_of(std::size_t query_head, std::size_t group) const;
  };

  /// One layer of a prefill, for requests that resume from it.
  struct KeptLayer {
    std::vector<float> input;  // [tokens, hidden]
    std::vector<float> mixed;  // [tokens, query heads, head width]: of attention; empty in the last layer
  };

  /// Rows of attention's output that another request has computed, and the heads that it has not.
  struct Reuse {
    std::span<const float> mixed;  // [tokens of the chunk, query heads, head width]
    std::span<const std::size_t> other_heads;
  };

  struct Workspace;

  [[nodiscard]] LayerCache make_cache(std::size_t layer) const;
  void run(std::span<float> x, std::size_t first, std::size_t count, std::size_t first_layer,
           std::size_t logit_rows, Keep keep, const Reuse* reuse = nullptr);
  void run_layer(std::size_t layer, Workspace& work, std::span<float> x, std::size_t first, std::size_t count,
                 std::size_t needed, const Reuse* reuse);
  void write_caches(std::size_t layer, Workspace& work, std::size_t first, std::size_t count);
  void fresh_kept(std::size_t first_layer, std::size_t tokens);
  void require_tokens(std::span<const std::int32_t> tokens) const;

  const Model* model_;
  Schedule schedule_;
  std::size_t tokens_ = 0;
  std::vector<LayerCache> caches_;
  std::vector<std::shared_ptr<KeptLayer>> kept_;  // per layer, if kept; requests of one prompt share them
  std::vector<float> logits_;
  std::size_t logit_rows_ = 1;
  Tap tap_;
};

}  // namespace reference
