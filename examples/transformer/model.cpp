// SPDX-License-Identifier: MIT
#include "transformer/model.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "transformer/elementwise.hpp"
#include "transformer/linear.hpp"
#include "transformer/stop.hpp"

namespace reference {
namespace {

/// Tokens that pass through the layers together: bounds the work space.
constexpr std::size_t chunk = 512;

/// Query rows of one attention task.
constexpr std::size_t rows_per_task = 64;

/// Query heads of a layer whose rotation or noise differs under two plans of one shape, ascending.
std::vector<std::size_t> heads_that_differ(const dope::Plan& a, const dope::Plan& b, std::size_t layer) {
  const auto spread = [](const dope::Plan& plan, std::size_t at) {
    return plan.spreads.empty() ? dope::HeadSpread{} : plan.spreads[at];
  };
  std::vector<std::size_t> heads;
  for (std::size_t head = 0; head < a.shape.query_heads; ++head) {
    const auto in_a = a.find(a.unit_of(layer, head));
    const auto in_b = b.find(b.unit_of(layer, head));
    const bool alike =
        in_a.has_value() == in_b.has_value() &&
        (!in_a || (a.transform == b.transform && a.gqa == b.gqa && spread(a, *in_a) == spread(b, *in_b)));
    if (!alike) heads.push_back(head);
  }
  return heads;
}

}  // namespace

Model Model::load(const std::filesystem::path& folder) { return load(load_config(folder), folder); }

Model Model::load(Config config, const std::filesystem::path& folder) {
  Weights weights = load_weights(config, folder);
  return {std::move(config), std::move(weights)};
}

dope::AttentionShape Model::shape() const noexcept {
  return {config_.layers, config_.query_heads, config_.key_heads, config_.head_width, config_.rotated_width};
}

Schedule make_schedule(const Model& model, const dope::Scaling& scaling, std::size_t length, dope::Plan plan,
                       const AttentionPattern& pattern) {
  if (plan.shape != model.shape()) {
    throw dope::Error(
        "make_schedule",
        dope::detail::text("a plan for ", plan.shape.layers, " layers of ", plan.shape.query_heads, "/",
                           plan.shape.key_heads, " heads of width ", plan.shape.head_width),
        dope::detail::text(model.shape().layers, " layers of ", model.shape().query_heads, "/",
                           model.shape().key_heads, " heads of width ", model.shape().head_width));
  }
  const dope::RopeSchedule rope{model.config().rope(), scaling, length, Config::pairing, dope::Angles::exact};
  return std::make_shared<const RequestSchedule>(dope::PlannedRope<float>(std::move(plan), rope), pattern);
}

Schedule make_schedule(const Model& model, const dope::Scaling& scaling, std::size_t length,
                       const AttentionPattern& pattern) {
  return make_schedule(model, scaling, length, dope::empty_plan(model.shape()), pattern);
}

/// Buffers of one chunk; the views are [token, head, width].
struct Request::Workspace {
  Workspace(const Config& config, std::size_t count)
      : normed(count * config.hidden),
        queries(count * config.query_width()),
        keys(count * config.key_width()),
        values(count * config.key_width()),
        mixed(count * config.query_width()),
        gate(count * config.intermediate),
        up(count * config.intermediate),
        added(count * config.hidden) {}

  std::vector<float> normed, queries, keys, values, mixed, gate, up, added;
};

Request::Request(const Model& model, Schedule schedule) : model_(&model), schedule_(std::move(schedule)) {
  for (std::size_t layer = 0; layer < model.config().layers; ++layer) caches_.push_back(make_cache(layer));
}

Request::LayerCache Request::make_cache(std::size_t layer) const {
  const Config& config = model_->config();
  const std::size_t capacity = schedule_->rows();
  LayerCache cache;
  cache.owners = schedule_->plan().own_key_heads(layer);
  cache.shared_keys.assign(config.key_heads, KeyCache(capacity, config.head_width));
  cache.own_keys.assign(cache.owners.size(), KeyCache(capacity, config.head_width));
  cache.values.assign(config.key_heads, ValueCache(capacity, config.head_width));
  return cache;
}

Request Request::resume(const Request& base, Schedule schedule, Keep keep) {
  const Config& config = base.model_->config();
  if (!schedule->same_but_for_plan(*base.schedule_)) {
    throw dope::Error("Request::resume", "a schedule of other frequencies, length or attention pattern",
                      "those of the base request");
  }
  if (base.kept_.empty() || base.kept_.front()->input.size() != base.tokens_ * config.hidden) {
    throw dope::Error("Request::resume", "a base that does not hold its layers",
                      "one prefilled with Keep::layers, nothing decoded");
  }
  std::size_t first_layer = 0;
  std::vector<std::size_t> other_heads;
  for (; first_layer < config.layers; ++first_layer) {
    other_heads = heads_that_differ(schedule->plan(), base.schedule_->plan(), first_layer);
    if (!other_heads.empty()) break;
  }
  Request request(*base.model_, std::move(schedule));
  std::copy_n(base.caches_.begin(), first_layer, request.caches_.begin());
  if (keep == Keep::layers) {
    request.kept_ = base.kept_;
    request.fresh_kept(first_layer, base.tokens_);
  }
  request.tokens_ = base.tokens_;
  request.logit_rows_ = base.logit_rows_;
  if (first_layer == config.layers) {
    request.logits_ = base.logits_;
    return request;
  }
  const KeptLayer& kept = *base.kept_[first_layer];
  std::vector<float> x;
  for (std::size_t first = 0; first < base.tokens_; first += chunk) {
    const std::size_t count = std::min(chunk, base.tokens_ - first);
    const auto input = std::span(kept.input).subspan(first * config.hidden, count * config.hidden);
    x.assign(input.begin(), input.end());
    const std::size_t left = base.tokens_ - first - count;
    const std::size_t rows = request.logit_rows_ > left ? std::min(count, request.logit_rows_ - left) : 0;
    if (kept.mixed.empty()) {
      request.run(x, first, count, first_layer, rows, keep);
    } else {
      const std::size_t width = config.query_width();
      const Reuse reuse{std::span(kept.mixed).subspan(first * width, count * width), other_heads};
      request.run(x, first, count, first_layer, rows, keep, &reuse);
    }
  }
  return request;
}

/// Of what is kept, fresh layers from first_layer on, that cost what Keep says: vectors that grow may hold
/// twice as much.
void Request::fresh_kept(std::size_t first_layer, std::size_t tokens) {
  const Config& config = model_->config();
  for (std::size_t layer = first_layer; layer < config.layers; ++layer) {
    kept_[layer] = std::make_shared<KeptLayer>();
    kept_[layer]->input.reserve(tokens * config.hidden);
    if (layer + 1 < config.layers) kept_[layer]->mixed.reserve(tokens * config.query_width());
  }
}

void Request::require_tokens(std::span<const std::int32_t> tokens) const {
  const std::size_t capacity = schedule_->rows();
  if (tokens.empty() || tokens.size() > capacity - tokens_) {
    throw dope::Error(
        "Request", dope::detail::text(tokens.size(), " tokens after ", tokens_),
        dope::detail::text("at least one, and at most ", capacity, " in all, the schedule's length"));
  }
  const std::size_t vocabulary = model_->config().vocabulary;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || static_cast<std::size_t>(tokens[i]) >= vocabulary) {
      throw dope::Error("Request", dope::detail::text("token ", tokens[i], " at index ", i),
                        dope::detail::text("a token from 0 to ", vocabulary, " - 1"));
    }
  }
}

std::span<const float> Request::prefill(std::span<const std::int32_t> tokens, Keep keep,
                                        std::size_t logit_rows) {
  require_tokens(tokens);
  if (logit_rows == 0 || logit_rows > tokens.size()) {
    throw dope::Error("Request::prefill", dope::detail::text(logit_rows, " rows of logits"),
                      dope::detail::text("1 to ", tokens.size()));
  }
  const Config& config = model_->config();
  if (keep == Keep::layers) {
    if (tokens_ != 0)
      throw dope::Error("Request::prefill", "Keep::layers after other tokens", "a fresh request");
    kept_.assign(config.layers, {});
    fresh_kept(0, tokens.size());
  }
  logit_rows_ = logit_rows;
  logits_.clear();
  std::vector<float> x;
  for (std::size_t start = 0; start < tokens.size(); start += chunk) {
    const std::size_t count = std::min(chunk, tokens.size() - start);
    x.resize(count * config.hidden);
    for (std::size_t t = 0; t < count; ++t) {
      const auto row = model_->weights().embedding.row(static_cast<std::size_t>(tokens[start + t]));
      std::copy(row.begin(), row.end(), x.begin() + static_cast<std::ptrdiff_t>(t * config.hidden));
    }
    const std::size_t left = tokens.size() - start - count;
    const std::size_t rows = logit_rows > left ? std::min(count, logit_rows - left) : 0;
    run(x, tokens_, count, 0, rows, keep);
    tokens_ += count;
  }
  return logits_;
}

std::span<const float> Request::decode(std::int32_t token) { return prefill({&token, 1}); }

/// Tokens [first, first + count), whose input to first_layer is x, through the layers from there on;
/// appends the logits of the last `logit_rows` of them. reuse: of first_layer.
void Request::run(std::span<float> x, std::size_t first, std::size_t count, std::size_t first_layer,
                  std::size_t logit_rows, Keep keep, const Reuse* reuse) {
  const Config& config = model_->config();
  Workspace work(config, count);
  for (std::size_t layer = first_layer; layer < config.layers; ++layer) {
    const bool last = layer + 1 == config.layers;
    if (keep == Keep::layers) {
      auto& input = kept_[layer]->input;
      input.insert(input.end(), x.begin(), x.end());
    }
    run_layer(layer, work, x, first, count, last ? logit_rows : count,
              layer == first_layer ? reuse : nullptr);
    if (keep == Keep::layers && !last) {
      auto& mixed = kept_[layer]->mixed;
      mixed.insert(mixed.end(), work.mixed.begin(), work.mixed.end());
    }
  }
  if (logit_rows == 0) return;
  const auto tail = x.last(logit_rows * config.hidden);
  rms_norm(tail, model_->weights().final_norm, config.rms_epsilon, tail);
  const std::size_t written = logits_.size();
  logits_.resize(written + logit_rows * config.vocabulary);
  linear(tail, model_->weights().head, {}, logit_rows, std::span(logits_).subspan(written));
}

/// One layer in place on x. Only the last `needed` rows leave it: the others' keys and values are all
/// that later tokens ask of a last layer. With `reuse`, all rows are needed.
void Request::run_layer(std::size_t layer, Workspace& work, std::span<float> x, std::size_t first,
                        std::size_t count, std::size_t needed, const Reuse* reuse) {
  const Config& config = model_->config();
  const LayerWeights& weights = model_->weights().layers[layer];
  const std::size_t width = config.head_width;
  rms_norm(x, weights.attention_norm, config.rms_epsilon, work.normed);
  linear(work.normed, weights.key, weights.key_bias, count, work.keys);
  linear(work.normed, weights.value, weights.value_bias, count, work.values);
  if (tap_) {
    linear(work.normed, weights.query, weights.query_bias, count, work.queries);
    tap_(layer, dope::token_major(std::as_const(work.queries).data(), count, config.query_heads, width),
         dope::token_major(std::as_const(work.keys).data(), count, config.key_heads, width), first);
  }
  write_caches(layer, work, first, count);
  if (needed == 0) return;

  const std::size_t before = count - needed;
  const bool projected = tap_ && before == 0;
  if (!projected) {
    linear(std::span(work.normed).subspan(before * config.hidden), weights.query, weights.query_bias, needed,
           work.queries);
  }
  const auto queries = dope::token_major(work.queries.data(), needed, config.query_heads, width);
  const auto mixed = dope::token_major(work.mixed.data(), needed, config.query_heads, width);
  const std::size_t blocks = (needed + rows_per_task - 1) / rows_per_task;
  const LayerCache& cache = caches_[layer];
  const std::size_t group = config.query_heads / config.key_heads;
  std::vector<std::size_t> heads;
  if (reuse != nullptr) {
    std::copy(reuse->mixed.begin(), reuse->mixed.end(), work.mixed.begin());
    heads.assign(reuse->other_heads.begin(), reuse->other_heads.end());
  } else {
    for (std::size_t head = 0; head < config.query_heads; ++head) heads.push_back(head);
  }
  std::exception_ptr failure;
#pragma omp parallel for collapse(2) schedule(dynamic)
  for (std::size_t i = 0; i < heads.size(); ++i) {
    for (std::size_t block = 0; block < blocks; ++block) {
      if (stop_asked()) continue;
      const std::size_t head = heads[i];
      const std::size_t start = block * rows_per_task;
      const std::size_t rows = std::min(rows_per_task, needed - start);
      const std::size_t position = first + before + start;
      try {
        schedule_->attend(layer, head, queries.head(head).slice(start, rows), position,
                          cache.keys_of(head, group), cache.values[head / group],
                          mixed.head(head).slice(start, rows));
      } catch (...) {
#pragma omp critical(dope_attention_failure)
        failure = std::current_exception();
      }
    }
  }
  if (failure) std::rethrow_exception(failure);
  stop_if_asked();
  const auto out = x.last(needed * config.hidden);
  linear(work.mixed, weights.output, {}, needed, work.added);
  add(out, std::span(work.added).first(out.size()));
  rms_norm(out, weights.mlp_norm, config.rms_epsilon, work.normed);
  linear(work.normed, weights.gate, {}, needed, work.gate);
  linear(work.normed, weights.up, {}, needed, work.up);
  swiglu(std::span(work.gate).first(needed * config.intermediate), work.up);
  linear(work.gate, weights.down, {}, needed, work.added);
  add(out, std::span(work.added).first(out.size()));
}

/// Rotates a chunk's keys, the copies of their own first, and stores keys and values.
void Request::write_caches(std::size_t layer, Workspace& work, std::size_t first, std::size_t count) {
  const Config& config = model_->config();
  const std::size_t width = config.head_width;
  const auto keys = dope::token_major(work.keys.data(), count, config.key_heads, width);
  const auto values = dope::token_major(std::as_const(work.values).data(), count, config.key_heads, width);
  LayerCache& cache = caches_[layer];
  std::vector<float> own(cache.owners.empty() ? 0 : count * width);
  for (std::size_t i = 0; i < cache.owners.size(); ++i) {
    const std::size_t owner = cache.owners[i];
    const auto source = keys.head(schedule_->plan().shape.key_head_of(owner));
    const auto copy = dope::dense_head(own.data(), count, width);
    for (std::size_t t = 0; t < count; ++t) std::copy_n(source.row(t), width, copy.row(t));
    schedule_->place_keys(layer, dope::HeadRole::own_key, owner, copy, first);
    cache.own_keys[i].write(first, copy);
  }
#pragma omp parallel for schedule(static)
  for (std::size_t head = 0; head < config.key_heads; ++head) {
    schedule_->place_keys(layer, dope::HeadRole::shared_key, head, keys.head(head), first);
    cache.shared_keys[head].write(first, keys.head(head));
    cache.values[head].write(first, values.head(head));
  }
}

const KeyCache& Request::LayerCache::keys_of(std::size_t query_head, std::size_t group) const {
  const auto owner = std::lower_bound(owners.begin(), owners.end(), query_head);
  if (owner != owners.end() && *owner == query_head) {
    return own_keys[static_cast<std::size_t>(owner - owners.begin())];
  }
  return shared_keys[query_head / group];
}

}  // namespace reference
