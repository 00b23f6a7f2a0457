// SPDX-License-Identifier: MIT
#include "setting.hpp"

#include <algorithm>
#include <iostream>

#include "dope/core/error.hpp"
#include "lab/support/byte_model.hpp"
#include "lab/support/fingerprint.hpp"
#include "lab/support/memory.hpp"
#include "lab/support/prompts.hpp"
#include "lab/support/shots.hpp"
#include "transformer/linear.hpp"

namespace effects {
namespace {

constexpr std::size_t code_digits = 5;

}  // namespace

Setting::Setting(Options given, reference::Model loaded, lab::Haystack text)
    : options(std::move(given)), model(std::move(loaded)), haystack(std::move(text)) {
  for (const lab::Length& length : options.lengths)
    lengths.push_back(length.tokens(model.config().training_length));
  std::sort(lengths.begin(), lengths.end());
  lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  for (const std::size_t length : lengths) {
    for (const Base base : options.bases) places.push_back({length, base});
  }
}

Prompt Setting::prompt(Part part, std::size_t length, std::size_t index) const {
  const std::size_t turn = index % options.depths;
  const double depth =
      options.depths == 1 ? 0.5 : static_cast<double>(turn) / static_cast<double>(options.depths - 1);
  const std::uint64_t seed = (options.seed << 32) | (static_cast<std::uint64_t>(part) << 28) |
                             (static_cast<std::uint64_t>(turn) << 16) | static_cast<std::uint64_t>(index);
  const std::int32_t start = *model.config().bos;
  if (options.task == Task::shots) {
    auto episode = lab::make_shots_prompt({length, depth, seed, start});
    constexpr std::size_t after_code = 2;  // ".\n"
    return {std::move(episode.tokens),
            lab::bytes_as_tokens(episode.expected),
            depth,
            seed,
            episode.asked_first,
            episode.asked_end,
            episode.asked_end - after_code - code_digits};
  }
  auto prompt = lab::make_needle_prompt({length, depth, 0, seed, start}, haystack);
  return {std::move(prompt.tokens),
          lab::bytes_as_tokens(std::string_view(prompt.answer).substr(0, code_digits)),
          depth,
          seed,
          prompt.needle_first,
          prompt.needle_end,
          prompt.code_first};
}

dope::Scaling Setting::scaling(Base base) const {
  return base == Base::plain ? model.config().scaling : dope::Scaling(dope::DynamicNtk{});
}

dope::Frequencies Setting::native() const { return dope::native_frequencies(model.config().rope()); }

dope::Frequencies Setting::frequencies(const Place& place) const {
  return dope::scaled_frequencies(model.config().rope(), scaling(place.base), place.length);
}

std::vector<dope::HeadId> Setting::heads() const {
  const auto shape = model.shape();
  std::vector<dope::HeadId> all;
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    for (std::size_t head = 0; head < shape.query_heads; ++head) all.push_back({layer, head});
  }
  return all;
}

Setting make_setting(Options options) {
  auto model = lab::load_byte_model(options.model, options.tokens, std::cerr);
  auto haystack = options.haystack
                      ? lab::Haystack::of_file(*options.haystack, "--haystack")
                      : lab::Haystack::of_prose(lab::load_lexicon(options.model / "lexicon.json"));
  Setting setting(std::move(options), std::move(model), std::move(haystack));
  const std::size_t longest = *std::max_element(setting.lengths.begin(), setting.lengths.end());
  const auto at_work = static_cast<double>(lab::side_by_side(
      setting.options.threads, std::max(setting.options.prompts, setting.options.measured)));
  const lab::MemoryPart parts[] = {
      {"prompts", at_work * static_cast<double>(longest) * sizeof(std::int32_t)},
      {"key and value caches", 2.0 * at_work * lab::request_bytes(setting.model, longest)},
      {"layers that plans share", at_work * lab::kept_bytes(setting.model, longest)}};
  lab::require_memory("lengths", longest, parts);
  // The shortest prompts fail here, before anything runs.
  lab::in_option("--lengths", [&] {
    for (const std::size_t length : setting.lengths)
      static_cast<void>(setting.prompt(Part::effect, length, 0));
  });
  return setting;
}

lab::ResultStore::Json configuration_of(const Setting& setting) {
  const Options& options = setting.options;
  lab::ResultStore::Json json;
  json["program"] = "effects";
  json["task"] = options.task == Task::shots ? "shots" : "needle";
  json["model"] = lab::identity_of(setting.model);
  json["kernels"] = reference::kernels_in_force();
  json["haystack"] = setting.haystack.identity();
  json["lengths"] = setting.lengths;
  json["depths"] = options.depths;
  json["prompts"] = options.prompts;
  json["measured"] = options.measured;
  json["rows"] = options.rows;
  json["seed"] = options.seed;
  json["gqa"] = std::string(dope::name_of(dope::GqaPolicy::per_query_head));
  json["transforms"] = lab::ResultStore::Json::array();
  for (const auto& transform : options.transforms) json["transforms"].push_back(dope::name_of(transform));
  json["scalings"] = lab::ResultStore::Json::array();
  for (const Base base : options.bases) json["scalings"].push_back(std::string(name_of(base)));
  json["conventions"] = {
      {"effect", "one head denoised minus none, same prompt and scaling; mean over prompts"},
      {"log_probability", "sum over the expected digits, nats, each after the digits expected before it"},
      {"points", "100 x difference of greedy exact match"},
      {"dynamic_ntk", "base' = base * (length/L)^(d/(d-2)), length fixed per request: prompt and answer"},
      {"entropy",
       "natural logarithm, nats, on eigenvalues of X^T X; rows neither centred nor normalised, but for "
       "uncomp"},
      {"stages", "pre_ntk: no rotation; post_ntk: scaled frequencies; post_rope: native frequencies"},
      {"unseen_phase",
       "energy share of bands with omega*L < 2 pi and omega'*N > omega*L; graded: each weighs "
       "1 - omega*L/min(omega'*N, 2 pi)"},
      {"band_score",
       "sigma_1 of Q_f K_f^T/sqrt(d) over sqrt(MN), rows of all head prompts rotated by the scaled "
       "frequencies; f with omega <= 2 pi/L, max or sum"},
      {"attention rows", "evenly spaced, the last included; answer rows: those that give the digits"},
      {"attention_shift", "total variation between a row and the row of the same q and k denoised"},
      {"retrieval",
       "mass of the answer rows on the fact that is asked for; _change: denoised minus as it is"},
      {"interval", "bootstrap percentile, 95 %: effects over prompts, correlations over heads"},
      {"p",
       "max-statistic permutation test over all measures of a map; within layers: ranks and permutations "
       "within each layer"}};
  return json;
}

std::string length_label(const Setting& setting, std::size_t length) {
  return lab::length_text(length, setting.model.config().training_length);
}

}  // namespace effects
