// SPDX-License-Identifier: MIT
#include "setting.hpp"

#include <algorithm>

#include "dope/core/error.hpp"
#include "lab/support/files.hpp"

namespace needle {
namespace {

/// FNV-1a over 64 bits: tells two files apart, no more.
std::string fingerprint(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::byte byte : bytes) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3u;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 0; i < 16; ++i) text[i] = digits[(hash >> (60 - 4 * i)) & 15u];
  return text;
}

std::string fingerprint(std::string_view text) { return fingerprint(std::as_bytes(std::span(text))); }

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

Setting::Setting(Options given, reference::Model loaded, lab::Haystack text)
    : options(std::move(given)), model(std::move(loaded)), haystack(std::move(text)) {
  for (const Length& length : options.lengths)
    lengths.push_back(length.tokens(model.config().training_length));
  std::sort(lengths.begin(), lengths.end());
  lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  if (options.task == Task::shots) {
    setups = {Setup::insert, Setup::skip};
  } else {
    setups = {Setup::original};
    if (options.noise > 0) setups.push_back(Setup::noisy);
  }
}

double Setting::depth(std::size_t index) const noexcept {
  return options.depths == 1 ? 0.5 : static_cast<double>(index) / static_cast<double>(options.depths - 1);
}

std::size_t Setting::depths_of(Setup setup) const noexcept {
  return setup == Setup::skip ? 1 : options.depths;
}

std::uint64_t Setting::prompt_seed(Part part, std::size_t depth_index, std::size_t index) const noexcept {
  return (options.seed << 32) | (static_cast<std::uint64_t>(part) << 28) |
         (static_cast<std::uint64_t>(depth_index) << 16) | static_cast<std::uint64_t>(index);
}

Prompt Setting::prompt(Part part, std::size_t length, Setup setup, std::size_t depth_index,
                       std::size_t index) const {
  const std::uint64_t seed = prompt_seed(part, depth_index, index);
  if (options.task == Task::shots) {
    lab::ShotsSpec spec{length, std::nullopt, seed, *model.config().bos};
    if (setup == Setup::insert) spec.depth = depth(depth_index);
    auto episode = lab::make_shots_prompt(spec);
    return {std::move(episode.tokens),
            lab::bytes_as_tokens(episode.expected),
            spec.depth.value_or(1.0),
            0,
            episode.shots,
            seed};
  }
  lab::NeedleSpec spec;
  spec.length = length;
  spec.depth = depth(depth_index);
  spec.noise = setup == Setup::noisy ? options.noise : 0;
  spec.seed = seed;
  spec.start_token = *model.config().bos;
  auto prompt = lab::make_needle_prompt(spec, haystack);
  return {std::move(prompt.tokens),
          lab::bytes_as_tokens(std::string_view(prompt.answer).substr(0, 5)),
          spec.depth,
          spec.noise,
          0,
          seed};
}

Prompt Setting::calibration_prompt(std::size_t length, std::size_t index) const {
  const Setup setup = setups[index % setups.size()];
  // Where both counts share a factor, a depth stays until all setups had it.
  const std::size_t turn = options.depths % setups.size() == 0 ? index / setups.size() : index;
  return prompt(Part::calibration, length, setup, turn % depths_of(setup), index);
}

Setting make_setting(Options options) {
  auto model = reference::Model::load(options.model);
  const auto& config = model.config();
  if (!config.bos || *config.bos < 256 || static_cast<std::size_t>(*config.bos) >= config.vocabulary) {
    throw dope::Error("needle",
                      dope::detail::text(options.model.string(), ", vocabulary ", config.vocabulary),
                      "a byte-level model: tokens 0 to 255 the bytes, and a bos_token_id above them");
  }
  auto haystack = options.haystack
                      ? lab::Haystack::of_file(*options.haystack)
                      : lab::Haystack::of_prose(lab::load_lexicon(options.model / "lexicon.json"));
  Setting setting(std::move(options), std::move(model), std::move(haystack));
  for (const std::size_t length : setting.lengths) {
    // The shortest prompts fail here, before anything runs.
    for (const Setup setup : setting.setups)
      static_cast<void>(setting.prompt(Part::test, length, setup, 0, 0));
  }
  for (const auto& path : setting.options.plans) {
    setting.plans.push_back(lab::load_plan(path));
    const auto& plan = setting.plans.back().plan;
    static_cast<void>(
        reference::make_schedule(setting.model, dope::DynamicNtk{}, setting.lengths.front(), plan));
  }
  return setting;
}

lab::ResultStore::Json configuration_of(const Setting& setting) {
  const Options& options = setting.options;
  const auto& weights = setting.model.weights();
  lab::ResultStore::Json json;
  json["program"] = "needle";
  json["task"] = options.task == Task::shots ? "shots" : "needle";
  json["model"] = {{"config", fingerprint(lab::read_file_whole(options.model / "config.json"))},
                   {"embedding", fingerprint(std::as_bytes(weights.embedding.values()))},
                   {"last_layer", fingerprint(std::as_bytes(weights.layers.back().down.values()))},
                   {"layers", setting.model.config().layers},
                   {"training_length", setting.model.config().training_length}};
  json["haystack"] = options.haystack
                         ? fingerprint(lab::read_file_whole(*options.haystack))
                         : "prose " + fingerprint(lab::read_file_whole(options.model / "lexicon.json"));
  json["lengths"] = setting.lengths;
  json["depths"] = options.depths;
  json["noise"] = options.noise;
  json["prompts"] = options.prompts;
  json["calibration_prompts"] = options.calibration_prompts;
  json["random_draws"] = options.random_draws;
  json["seed"] = options.seed;
  json["transforms"] = lab::ResultStore::Json::array();
  for (const auto& transform : options.transforms) json["transforms"].push_back(dope::name_of(transform));
  json["gqa"] = std::string(dope::name_of(options.gqa));
  json["baselines"] = options.baselines == Baselines::main ? "main" : "all";
  json["sweep"] = options.breadth == lab::Breadth::quick ? "quick" : "full";
  json["plans"] = lab::ResultStore::Json::array();
  for (const auto& path : options.plans) json["plans"].push_back(fingerprint(lab::read_file_whole(path)));
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
      {"noise", "start tokens right after the needle"}};
  return json;
}

}  // namespace needle
