// SPDX-License-Identifier: MIT
#include "setting.hpp"

#include <algorithm>
#include <iostream>

#include "dope/core/error.hpp"
#include "lab/support/baselines.hpp"
#include "lab/support/byte_model.hpp"
#include "lab/support/files.hpp"
#include "lab/support/fingerprint.hpp"
#include "lab/support/memory.hpp"
#include "transformer/linear.hpp"

namespace needle {
namespace {

/// Evenly from 0 to 1; the middle where there is one.
double nth_depth(std::size_t index, std::size_t depths) noexcept {
  return depths == 1 ? 0.5 : static_cast<double>(index) / static_cast<double>(depths - 1);
}

/// What every prompt at work holds: the request that others resume from, one that does, and between them the
/// layers.
void require_memory_for(const Setting& setting) {
  const auto& options = setting.options;
  const std::size_t prompts = std::max(options.prompts * options.depths, options.calibration_prompts);
  const auto at_work = static_cast<double>(lab::side_by_side(options.threads, prompts));
  const auto require = [&](const char* option, std::size_t length) {
    const lab::MemoryPart parts[] = {
        {"prompts", at_work * static_cast<double>(length) * sizeof(std::int32_t)},
        {"key and value caches", 2.0 * at_work * lab::request_bytes(setting.model, length)},
        {"layers that plans share", at_work * lab::kept_bytes(setting.model, length)},
        {"rotation tables",
         static_cast<double>(options.baselines.size()) * lab::table_bytes(setting.model, length)}};
    lab::require_memory(option, length, parts);
  };
  require("lengths", setting.lengths.back());
  if (!options.calibrate_at.empty()) require("calibrate-at", setting.calibration_lengths.back());
}

}  // namespace

std::string_view name_of(Setup setup) noexcept {
  switch (setup) {
    case Setup::original:
      return "original";
    case Setup::noisy:
      return "noisy";
    case Setup::insert:
      return "insert";
    case Setup::skip:
      break;
  }
  return "skip";
}

Task task_of(Setup setup) noexcept {
  return setup == Setup::insert || setup == Setup::skip ? Task::shots : Task::needle;
}

Setting::Setting(Options given, reference::Model loaded, lab::Haystack text)
    : options(std::move(given)), model(std::move(loaded)), haystack(std::move(text)) {
  const auto in_tokens = [&](const std::vector<lab::Length>& given_lengths) {
    std::vector<std::size_t> tokens;
    for (const lab::Length& length : given_lengths)
      tokens.push_back(length.tokens(model.config().training_length));
    std::sort(tokens.begin(), tokens.end());
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    return tokens;
  };
  lengths = in_tokens(options.lengths);
  calibration_lengths = options.calibrate_at.empty() ? lengths : in_tokens(options.calibrate_at);
  const auto setups_of = [&](Task task) -> std::vector<Setup> {
    if (task == Task::shots) return {Setup::insert, Setup::skip};
    if (options.noise > 0) return {Setup::original, Setup::noisy};
    return {Setup::original};
  };
  setups = setups_of(options.task);
  calibration_setups = setups_of(options.calibrate_on.value_or(options.task));
}

double Setting::depth(std::size_t index) const noexcept { return nth_depth(index, options.depths); }

std::size_t Setting::depths_of(Setup setup) const noexcept {
  return setup == Setup::skip ? 1 : options.depths;
}

std::size_t Setting::noise_tokens(Setup setup) const noexcept {
  if (setup != Setup::noisy) return 0;
  return lab::NeedleSpec{.noise = options.noise, .noise_place = options.noise_place}.noise_tokens();
}

std::uint64_t Setting::prompt_seed(Part part, std::size_t depth_index, std::size_t index) const noexcept {
  return (options.seed << 32) | (static_cast<std::uint64_t>(part) << 28) |
         (static_cast<std::uint64_t>(depth_index) << 16) | static_cast<std::uint64_t>(index);
}

Prompt Setting::prompt(std::uint64_t prompt_seed, std::size_t length, Setup setup, double depth) const {
  if (task_of(setup) == Task::shots) {
    lab::ShotsSpec spec{length, std::nullopt, prompt_seed, *model.config().bos};
    if (setup == Setup::insert) spec.depth = depth;
    auto episode = lab::make_shots_prompt(spec);
    return {std::move(episode.tokens),
            lab::bytes_as_tokens(episode.expected),
            episode.asked_first,
            episode.asked_end,
            spec.depth.value_or(1.0),
            0,
            episode.shots,
            prompt_seed};
  }
  lab::NeedleSpec spec;
  spec.length = length;
  spec.depth = depth;
  spec.needles = options.needles;
  spec.noise = setup == Setup::noisy ? options.noise : 0;
  spec.noise_place = options.noise_place;
  spec.seed = prompt_seed;
  spec.start_token = *model.config().bos;
  auto needle = lab::make_needle_prompt(spec, haystack);
  return {std::move(needle.tokens),
          lab::bytes_as_tokens(std::string_view(needle.answer).substr(0, 5)),
          needle.needle_first,
          needle.needle_end,
          spec.depth,
          spec.noise_tokens(),
          0,
          prompt_seed};
}

Prompt Setting::test_prompt(std::size_t length, Setup setup, std::size_t depth_index,
                            std::size_t index) const {
  return prompt(prompt_seed(Part::test, depth_index, index), length, setup, depth(depth_index));
}

Prompt Setting::calibration_prompt(std::size_t length, std::size_t index) const {
  const Setup setup = calibration_setups[index % calibration_setups.size()];
  const std::size_t all = task_of(setup) == options.task ? options.depths : usual_depths(task_of(setup));
  const std::size_t depths = setup == Setup::skip ? 1 : all;
  // Where both counts share a factor, a depth stays until all setups had it.
  const std::size_t turn = all % calibration_setups.size() == 0 ? index / calibration_setups.size() : index;
  const std::size_t depth_index = turn % depths;
  return prompt(prompt_seed(Part::calibration, depth_index, index), length, setup,
                nth_depth(depth_index, all));
}

dope::Scaling Setting::scaling(std::size_t length) const {
  return lab::scaling_named(options.scaling, model, length);
}

bool Setting::asks_for(std::string_view row) const {
  const auto& rows = options.baselines;
  return row == options.scaling || std::find(rows.begin(), rows.end(), row) != rows.end();
}

std::vector<std::size_t> Setting::sources_of(std::size_t length) const {
  return options.calibrate_at.empty() ? std::vector{length} : calibration_lengths;
}

Setting make_setting(Options options) {
  auto model = lab::load_byte_model(options.model, options.tokens, std::cerr);
  auto haystack = options.haystack
                      ? lab::Haystack::of_file(*options.haystack, "--haystack")
                      : lab::Haystack::of_prose(lab::load_lexicon(options.model / "lexicon.json"));
  Setting setting(std::move(options), std::move(model), std::move(haystack));
  require_memory_for(setting);
  lab::in_option("--scaling", [&] { static_cast<void>(setting.scaling(setting.lengths.front())); });
  lab::in_option("--baselines", [&] {
    static_cast<void>(lab::further_baselines(setting.model, 1,
                                             [&](std::string_view name) { return setting.asks_for(name); }));
  });
  // The shortest prompts fail here, before anything runs.
  lab::in_option("--lengths", [&] {
    for (const std::size_t length : setting.lengths) {
      for (const Setup setup : setting.setups) static_cast<void>(setting.test_prompt(length, setup, 0, 0));
    }
  });
  lab::in_option(setting.options.calibrate_at.empty() ? "--lengths" : "--calibrate-at", [&] {
    for (const std::size_t length : setting.calibration_lengths) {
      for (std::size_t i = 0; i < setting.calibration_setups.size(); ++i)
        static_cast<void>(setting.calibration_prompt(length, i));
    }
  });
  for (const auto& path : setting.options.plans) {
    setting.plans.push_back(lab::load_plan(path));
    const auto& plan = setting.plans.back().plan;
    static_cast<void>(lab::with_place(lab::input_name("--plan", path), [&] {
      return reference::make_schedule(setting.model, setting.scaling(setting.lengths.front()),
                                      setting.lengths.front(), plan);
    }));
  }
  return setting;
}

lab::ResultStore::Json configuration_of(const Setting& setting) {
  const Options& options = setting.options;
  lab::ResultStore::Json json;
  json["program"] = "needle";
  json["task"] = std::string(name_of(options.task));
  json["model"] = lab::identity_of(setting.model);
  json["kernels"] = reference::kernels_in_force();
  json["haystack"] = setting.haystack.identity();
  json["lengths"] = setting.lengths;
  json["depths"] = options.depths;
  json["needles"] = options.needles;
  json["noise"] = options.noise;
  json["noise_at"] = std::string(name_of(options.noise_place));
  json["prompts"] = options.prompts;
  json["calibration_prompts"] = options.calibration_prompts;
  json["calibrate_at"] = setting.calibration_lengths;
  json["calibrate_on"] = std::string(name_of(options.calibrate_on.value_or(options.task)));
  json["greedy"] = options.greedy;
  json["random_draws"] = options.random_draws;
  json["seed"] = options.seed;
  json["transforms"] = lab::ResultStore::Json::array();
  for (const auto& transform : options.transforms) json["transforms"].push_back(dope::name_of(transform));
  json["scaling"] = options.scaling;
  json["gqa"] = std::string(dope::name_of(options.gqa));
  if (options.baselines.size() == lab::all_baselines.size()) {
    json["baselines"] = "all";
  } else {
    json["baselines"] = std::vector<std::string>(options.baselines.begin(), options.baselines.end());
  }
  json["sweep"] = options.breadth == lab::Breadth::quick ? "quick" : "full";
  json["plans"] = lab::ResultStore::Json::array();
  for (const auto& saved : setting.plans) json["plans"].push_back(saved.fingerprint);
  json["conventions"] = {
      {"entropy",
       "natural logarithm, nats, on eigenvalues of X^T X; rows neither centred nor normalised, but for "
       "uncomp"},
      {"uncomp", "rows centred on the token mean, then normalised; covariance + 1e-10 I; divided by ln d"},
      {"stages", "pre_ntk: no rotation; post_ntk: scaled frequencies; post_rope: native frequencies"},
      {"gram", "float blocks of rows, summed in double, over all calibration prompts of the length"},
      {"dynamic_ntk", "base' = base * (length/L)^(d/(d-2)), length fixed per request: prompt and answer"},
      {"positional_interpolation", "omega / max(1, length/L)"},
      {"score",
       "greedy decoding gives all expected digits: five, of a skipped needle the shared ones; ties go "
       "to the lowest token"},
      {"interval", "Wilson, 95 %"},
      {"choice",
       "most calibration hits, then greatest mean log probability of the digits, then first in the sweep"},
      {"noise", "start tokens right at the asked needle"}};
  return json;
}

}  // namespace needle
