// SPDX-License-Identifier: MIT
#include "setting.hpp"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <set>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "lab/support/baselines.hpp"
#include "lab/support/byte_model.hpp"
#include "lab/support/files.hpp"
#include "lab/support/fingerprint.hpp"
#include "lab/support/memory.hpp"
#include "lab/support/prompts.hpp"
#include "transformer/input_file.hpp"
#include "transformer/linear.hpp"
#include "transformer/printable.hpp"

namespace perplexity {
namespace {

using Json = lab::ResultStore::Json;

constexpr std::uint64_t prose_part = 3;  // the needle lab's prompts are parts 1 and 2

void require_grid(const Setting& setting) {
  const std::size_t training = setting.bins.training_length;
  if (setting.grows() && setting.bins.length < 2)
    throw dope::Error("--length", dope::detail::text(setting.bins.length, " tokens"), "at least 2");
  // Two positions a bin: the first bin lacks position 0.
  if (setting.grows() && 2 * setting.bins.per_training_length > training) {
    throw dope::Error("--bins", dope::detail::text(setting.bins.per_training_length),
                      dope::detail::text("at most ", training / 2, ", half the training length"));
  }
  if (setting.widths.empty()) return;
  if (setting.stride < 1 || setting.stride >= setting.widths.front()) {
    throw dope::Error("--stride", dope::detail::text(setting.stride, " bytes"),
                      dope::detail::text("at least 1, and less than the narrowest window, ",
                                         setting.widths.front(), " tokens"));
  }
  if (setting.scored < 1) throw dope::Error("--scored", "0 bytes", "at least 1");
}

void require_text(const Setting& setting) {
  const std::size_t texts = setting.options.texts;
  if (setting.options.text && setting.file.size() / texts < setting.passage_bytes()) {
    throw dope::Error(
        lab::input_name("--text", *setting.options.text), dope::detail::text(setting.file.size(), " bytes"),
        dope::detail::text(texts, " passages of ", setting.passage_bytes(),
                           " bytes; fewer --texts or a shorter --length and --windows need less"));
  }
}

/// A request of each passage at work, the logits of a block of it, and the tables of every method.
void require_memory_for(const Setting& setting) {
  const auto require = [&](const char* option, std::size_t length) {
    const std::size_t methods = lab::all_baselines.size() + setting.options.plans.size();
    const auto at_work =
        static_cast<double>(lab::side_by_side(setting.options.threads, setting.options.texts * methods));
    const lab::MemoryPart parts[] = {
        {"passages", static_cast<double>(setting.options.texts) * static_cast<double>(length)},
        {"key and value caches", at_work * lab::request_bytes(setting.model, length)},
        {"rotation tables", static_cast<double>(methods) * lab::table_bytes(setting.model, length)}};
    lab::require_memory(option, length, parts);
  };
  if (setting.grows()) require("length", setting.bins.length);
  if (!setting.widths.empty()) require("windows", setting.widths.back());
}

void load_plans(Setting& setting) {
  std::set<std::string> names;
  for (const auto& path : setting.options.plans) {
    setting.plans.push_back(lab::load_plan(path));
    setting.plan_names.push_back(path.filename().replace_extension().string());
    const auto& plan = setting.plans.back().plan;
    static_cast<void>(lab::with_place(lab::input_name("--plan", path), [&] {
      return reference::make_schedule(setting.model, dope::DynamicNtk{}, 1, plan);
    }));
    if (!names.insert(setting.plan_names.back()).second) {
      throw dope::Error("--plan", "two plans named " + reference::printable(setting.plan_names.back()),
                        "plans whose files have different names");
    }
    const auto* noise = std::get_if<dope::ByGaussian>(&plan.transform);
    static_assert(dope::detail::alternatives<dope::Transform> == 3, "random controls: every Transform");
    if (setting.options.control == Control::random_heads && noise != nullptr &&
        noise->spread == dope::ByGaussian::Spread::matched) {
      throw dope::Error("--random", "the plan " + reference::printable(path.string()) + " of matched spread",
                        "a fixed sigma: the spread of heads that the plan does not name is not known");
    }
  }
  for (const auto& name : setting.plan_names) {
    if (std::find(lab::all_baselines.begin(), lab::all_baselines.end(), name) != lab::all_baselines.end()) {
      throw dope::Error("--plan", "a plan named " + reference::printable(name),
                        "a file name that no other method has");
    }
  }
}

}  // namespace

std::size_t Setting::passage_bytes() const noexcept {
  const std::size_t growing = grows() ? bins.length - 1 : 0;
  const std::size_t sliding = widths.empty() ? 0 : bytes_needed(widths.back(), stride, scored);
  return std::max(growing, sliding);
}

bool Setting::asks_for(std::string_view row) const {
  const auto& rows = options.baselines;
  return row == rival || std::find(rows.begin(), rows.end(), row) != rows.end();
}

std::uint64_t Setting::passage_seed(std::size_t index) const noexcept {
  return (options.seed << 32) | (prose_part << 28) | static_cast<std::uint64_t>(index);
}

std::string Setting::passage(std::size_t index) const {
  const std::size_t bytes = passage_bytes();
  return prose ? prose->cut(passage_seed(index), bytes, bytes)
               : file.substr(index * (file.size() / options.texts), bytes);
}

std::vector<std::int32_t> Setting::tokens(const std::string& passage, std::size_t first,
                                          std::size_t end) const {
  std::vector<std::int32_t> result = {*model.config().bos};
  for (std::size_t i = first; i < end; ++i)
    result.push_back(static_cast<std::int32_t>(static_cast<unsigned char>(passage[i])));
  return result;
}

Setting make_setting(Options options) {
  auto model = lab::load_byte_model(options.model, options.tokens, std::cerr);
  const std::size_t training = model.config().training_length;
  std::string file;
  if (options.text) {
    file = reference::read_input(lab::input_name("--text", *options.text), *options.text, lab::largest_text,
                                 reference::Source::file_or_pipe);
  }
  std::optional<lab::Haystack> prose;
  if (!options.text) prose = lab::Haystack::of_prose(lab::load_lexicon(options.model / "lexicon.json"));
  Setting setting{
      std::move(options), std::move(model), std::move(prose), std::move(file), {}, {}, 0, 0, {}, {}};
  setting.bins = {training, setting.options.bins, setting.options.length.tokens(training)};
  if (setting.options.modes != Modes::growing) {
    for (const auto& width : setting.options.windows) setting.widths.push_back(width.tokens(training));
    std::sort(setting.widths.begin(), setting.widths.end());
    setting.widths.erase(std::unique(setting.widths.begin(), setting.widths.end()), setting.widths.end());
    setting.stride = setting.options.stride.tokens(training);
    setting.scored = setting.options.scored.tokens(training);
  }
  require_grid(setting);
  require_memory_for(setting);
  require_text(setting);
  // A training length too short for a pattern fails here.
  lab::in_option("--baselines", [&] {
    static_cast<void>(lab::further_baselines(setting.model, 1,
                                             [&](std::string_view name) { return setting.asks_for(name); }));
  });
  load_plans(setting);
  return setting;
}

Json configuration_of(const Setting& setting) {
  const Options& options = setting.options;
  Json json;
  json["program"] = "perplexity";
  json["model"] = lab::identity_of(setting.model);
  json["kernels"] = reference::kernels_in_force();
  json["text"] = options.text ? lab::fingerprint(setting.file) : setting.prose->identity();
  json["texts"] = options.texts;
  json["passage_bytes"] = setting.passage_bytes();
  json["seed"] = options.seed;
  if (setting.grows()) {
    json["growing"] = {{"length", setting.bins.length},
                       {"bins_per_training_length", setting.bins.per_training_length}};
  }
  if (!setting.widths.empty()) {
    json["sliding"] = {{"widths", setting.widths}, {"stride", setting.stride}, {"scored", setting.scored}};
  }
  std::vector<std::string_view> rows;
  std::copy_if(lab::all_baselines.begin(), lab::all_baselines.end(), std::back_inserter(rows),
               [&](std::string_view row) { return setting.asks_for(row); });
  if (rows.size() < lab::all_baselines.size()) json["baselines"] = rows;
  json["plans"] = Json::object();
  for (std::size_t i = 0; i < setting.plans.size(); ++i)
    json["plans"][setting.plan_names[i]] = Json::parse(lab::plan_json(setting.plans[i].plan, {}));
  json["random_draws"] = options.control == Control::random_heads ? options.random_draws : 0;
  json["conventions"] = {
      {"bits", "-log2 of the softmax over the whole vocabulary, in double, of float logits; per byte"},
      {"request", "the start token, then bytes; the start token is not scored"},
      {"growing",
       "one request of `length` tokens; position: tokens before the byte; bin: floor(position*bins/L); a "
       "value a bin: the mean over its bytes"},
      {"sliding",
       "the last `scored` bytes of each passage, the same for all widths; windows of W tokens end at the "
       "passage's end and every `stride` before; each scores its last `stride` bytes, with W - stride to W - "
       "1 "
       "tokens before them; every window is a request of its own; a value: the mean over the bytes"},
      {"length of a request", "`length` while growing, W while sliding; scalings and plans are set for it"},
      {"dynamic_ntk", "base' = base * (length/L)^(d/(d-2)), length that of the request, even at its start"},
      {"factor", "static_ntk, yarn, yarn_paper, llama3 and positional_interpolation: max(1, length/L)"},
      {"patterns",
       "dual_chunk and sink_window with the defaults of their papers, under the model's own RoPE"},
      {"plans", "on top of dynamic_ntk"},
      {"random", "a plan's transform on as many heads drawn by lot; an entry a draw, the mean counts"},
      {"interval", "bootstrap of the mean over passages, 95 %, percentile, 10000 resamples, the run's seed"}};
  return json;
}

}  // namespace perplexity
