// SPDX-License-Identifier: MIT
#include "attention.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "lab/support/parallel.hpp"
#include "transformer/stop.hpp"

namespace needle {
namespace {

using Json = lab::ResultStore::Json;

constexpr std::size_t most_bins = 256;
constexpr std::size_t most_rows = 128;
constexpr std::size_t fewest_kept = 8;

/// The attention of one head: mass per bin.
struct Glance {
  std::vector<double> last;
  std::vector<double> mean;
  double needle = 0.0;  // mass of the last token on the needle
};

/// The prompt whose asked fact stands nearest to the middle.
Prompt middle_prompt(const Setting& setting, std::size_t length) {
  std::optional<Prompt> best;
  for (std::size_t i = 0; i < setting.options.calibration_prompts; ++i) {
    auto prompt = setting.calibration_prompt(length, i);
    if (prompt.asked_end == prompt.asked_first) continue;
    if (!best || std::abs(prompt.depth - 0.5) < std::abs(best->depth - 0.5)) best = std::move(prompt);
  }
  return best ? std::move(*best) : setting.calibration_prompt(length, 0);
}

/// Rotated keys of all tokens, and rotated queries of some, of one layer.
class Layer {
 public:
  Layer(const dope::AttentionShape& shape, std::size_t tokens, const std::vector<std::size_t>& rows)
      : shape_(shape),
        rows_(&rows),
        keys_(shape.key_heads * tokens * shape.head_width),
        queries_(shape.query_heads * rows.size() * shape.head_width),
        tokens_(tokens) {}

  void add(const reference::RequestSchedule& schedule, std::size_t layer,
           dope::HeadsView<const float> queries, dope::HeadsView<const float> keys, std::size_t first) {
    const std::size_t width = shape_.head_width;
    for (std::size_t head = 0; head < shape_.key_heads; ++head) {
      float* to = keys_.data() + (head * tokens_ + first) * width;
      const auto view = dope::dense_head(to, keys.tokens, width);
      for (std::size_t t = 0; t < keys.tokens; ++t) std::copy_n(keys.head(head).row(t), width, view.row(t));
      schedule.rope().apply(layer, dope::HeadRole::shared_key, head, view, first);
    }
    const auto from = std::lower_bound(rows_->begin(), rows_->end(), first);
    const auto to = std::lower_bound(from, rows_->end(), first + queries.tokens);
    for (auto row = from; row != to; ++row) {
      const auto at = static_cast<std::size_t>(row - rows_->begin());
      for (std::size_t head = 0; head < shape_.query_heads; ++head) {
        float* query = queries_.data() + (head * rows_->size() + at) * width;
        std::copy_n(queries.head(head).row(*row - first), width, query);
        schedule.rope().apply(layer, dope::HeadRole::query, head, dope::dense_head(query, 1, width), *row);
      }
    }
  }

  [[nodiscard]] Glance glance(std::size_t head, std::size_t bins, const Prompt& prompt) const {
    const std::size_t width = shape_.head_width;
    const float* keys = keys_.data() + head / shape_.group() * tokens_ * width;
    Glance glance{std::vector<double>(bins), std::vector<double>(bins), 0.0};
    std::vector<double> mass(tokens_);
    for (std::size_t at = 0; at < rows_->size(); ++at) {
      reference::stop_if_asked();
      const std::size_t seen = (*rows_)[at] + 1;
      const float* query = queries_.data() + (head * rows_->size() + at) * width;
      double highest = -INFINITY;
      for (std::size_t j = 0; j < seen; ++j) {
        const float* key = keys + j * width;
        mass[j] = static_cast<double>(std::inner_product(query, query + width, key, 0.0F)) /
                  std::sqrt(static_cast<double>(width));
        highest = std::max(highest, mass[j]);
      }
      double total = 0.0;
      for (std::size_t j = 0; j < seen; ++j) total += mass[j] = std::exp(mass[j] - highest);
      const bool last = at + 1 == rows_->size();
      for (std::size_t j = 0; j < seen; ++j) {
        const double share = mass[j] / total;
        const std::size_t bin = ((j + 1) * bins - 1) / tokens_;
        glance.mean[bin] += share / static_cast<double>(rows_->size());
        if (last) glance.last[bin] += share;
        if (last && j >= prompt.asked_first && j < prompt.asked_end) glance.needle += share;
      }
    }
    return glance;
  }

 private:
  dope::AttentionShape shape_;
  const std::vector<std::size_t>* rows_;
  std::vector<float> keys_;     // [key head, token, width]
  std::vector<float> queries_;  // [query head, row, width]
  std::size_t tokens_;
};

/// Evenly spaced from where the needle ends to the last token, which is among them.
std::vector<std::size_t> rows_of(const Prompt& prompt) {
  const std::size_t tokens = prompt.tokens.size();
  const std::size_t first = std::min(prompt.asked_end, tokens - 1);
  const std::size_t count = std::min(most_rows, tokens - first);
  std::vector<std::size_t> rows(count, tokens - 1);
  for (std::size_t i = 0; i + 1 < count; ++i) rows[i] = first + i * (tokens - 1 - first) / (count - 1);
  return rows;
}

Json rounded(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(std::round(value * 1e6) / 1e6);
  return list;
}

}  // namespace

Json attention_cell(const Setting& setting, const Calibration& calibration) {
  const auto shape = setting.model.shape();
  const Prompt prompt = middle_prompt(setting, calibration.length);
  const std::size_t tokens = prompt.tokens.size();
  const std::size_t bins = std::min(most_bins, tokens);
  const auto rows = rows_of(prompt);
  const auto schedule =
      reference::make_schedule(setting.model, setting.scaling(calibration.length), calibration.length);
  std::vector<Glance> glances(shape.layers * shape.query_heads);
  // Layers come in order for each run of tokens, so all are open at once, each until its last token.
  std::vector<Layer> layers(shape.layers, Layer(shape, tokens, rows));
  reference::Request request(setting.model, schedule);
  request.tap([&](std::size_t layer, auto queries, auto keys, std::size_t first) {
    layers[layer].add(*schedule, layer, queries, keys, first);
  });
  request.prefill(prompt.tokens);
  lab::for_each_in_parallel(glances.size(), [&](std::size_t i) {
    glances[i] = layers[i / shape.query_heads].glance(i % shape.query_heads, bins, prompt);
  });

  const auto selected_by = [&](std::size_t layer, std::size_t head) {
    Json names = Json::array();
    for (const Choice& choice : calibration.choices) {
      const auto name = dope::name_of(choice.transform);
      if (choice.candidate.plan.denoises_query(layer, head)) names.push_back(name.substr(0, name.find('(')));
    }
    return names;
  };
  std::vector<std::size_t> selected, kept;
  for (std::size_t i = 0; i < glances.size(); ++i) {
    auto& list = selected_by(i / shape.query_heads, i % shape.query_heads).empty() ? kept : selected;
    list.push_back(i);
  }
  std::stable_sort(kept.begin(), kept.end(),
                   [&](std::size_t a, std::size_t b) { return glances[a].needle > glances[b].needle; });
  kept.resize(std::min(kept.size(), std::max(fewest_kept, selected.size())));
  std::sort(kept.begin(), kept.end());

  Json cell;
  cell["length"] = calibration.length;
  cell["tokens"] = tokens;
  cell["needle"] = {prompt.asked_first, prompt.asked_end};
  cell["bins"] = bins;
  cell["mean_of"] = rows.size();
  cell["rows"] = Json::array();
  for (const auto* list : {&selected, &kept}) {
    for (const std::size_t i : *list) {
      const std::size_t layer = i / shape.query_heads;
      const std::size_t head = i % shape.query_heads;
      cell["rows"].push_back({{"layer", layer},
                              {"head", head},
                              {"selected_by", selected_by(layer, head)},
                              {"last", rounded(glances[i].last)},
                              {"mean", rounded(glances[i].mean)}});
    }
  }
  return cell;
}

}  // namespace needle
