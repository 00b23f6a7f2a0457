// SPDX-License-Identifier: MIT
#include "measurement.hpp"

#include <array>
#include <optional>
#include <utility>

#include "candidates.hpp"
#include "dope/core/alternatives.hpp"
#include "lab/support/parallel.hpp"
#include "lab/support/sweep.hpp"

namespace effects {
namespace {

using Json = lab::ResultStore::Json;
using dope::Side;
using dope::Stage;

constexpr std::array<std::pair<std::string_view, double AttentionCandidates::*>, 12> attention_measures = {{
    {"sink_score", &AttentionCandidates::sink},
    {"attention_entropy", &AttentionCandidates::entropy},
    {"recency", &AttentionCandidates::recency},
    {"attention_distance", &AttentionCandidates::distance},
    {"retrieval", &AttentionCandidates::retrieval},
    {"copying", &AttentionCandidates::copying},
    {"attention_shift/by_parts", &AttentionCandidates::shift_by_parts},
    {"attention_shift/by_all", &AttentionCandidates::shift_by_all},
    {"answer_shift/by_parts", &AttentionCandidates::answer_shift_by_parts},
    {"answer_shift/by_all", &AttentionCandidates::answer_shift_by_all},
    {"retrieval_change/by_parts", &AttentionCandidates::retrieval_change_by_parts},
    {"retrieval_change/by_all", &AttentionCandidates::retrieval_change_by_all},
}};

/// What one pass over the head prompts fills, per prompt.
struct Streams {
  std::optional<dope::HeadMeter> meter;
  std::optional<dope::SpreadMeter> spread;
  std::optional<AttentionCollector> attention;
};

void add_energy_measures(const Setting& setting, const Place& place, const dope::HeadMeter& meter,
                         Stage in_force, std::vector<Measure>& measures) {
  const auto shape = setting.model.shape();
  const auto native = setting.native();
  const auto scaled = setting.frequencies(place);
  const std::size_t training = setting.model.config().training_length;
  const auto unseen = unseen_phases(native, training, scaled, place.length);
  const auto low = dope::low_bands(dope::ByParts{}, native, scaled, training);
  constexpr std::array<std::string_view, 3> sides = {"query", "key", "both"};
  std::array<Measure, 3> share;
  std::array<Measure, 3> graded;
  for (std::size_t side = 0; side < sides.size(); ++side) {
    share[side] = {dope::detail::text("unseen_phase/", sides[side]), Origin::other, {}};
    graded[side] = {dope::detail::text("unseen_phase_graded/", sides[side]), Origin::other, {}};
  }
  Measure greatest{"band_score/max", Origin::other, {}};
  Measure sum{"band_score/sum", Origin::other, {}};
  Measure layer{"layer", Origin::control, {}};
  constexpr auto layout = reference::Config::pairing;
  for (const auto& id : setting.heads()) {
    const std::size_t key_head = shape.key_head_of(id.head);
    const auto gram = [&](Side side, Stage stage) -> const dope::Gram& {
      return meter.gram(id.layer, side, side == Side::query ? id.head : key_head, stage);
    };
    const auto query = unseen_energy(gram(Side::query, Stage::pre_ntk), layout, unseen);
    const auto key = unseen_energy(gram(Side::key, Stage::pre_ntk), layout, unseen);
    const std::array<double, 3> shares = {query.share, key.share, 0.5 * (query.share + key.share)};
    const std::array<double, 3> grades = {query.graded, key.graded, 0.5 * (query.graded + key.graded)};
    for (std::size_t side = 0; side < sides.size(); ++side) {
      share[side].values.push_back(shares[side]);
      graded[side].values.push_back(grades[side]);
    }
    const auto score = band_score(dope::band_grams_of(gram(Side::query, in_force), layout, native.bands()),
                                  dope::band_grams_of(gram(Side::key, in_force), layout, native.bands()), low,
                                  shape.head_width);
    greatest.values.push_back(score.greatest);
    sum.values.push_back(score.sum);
    layer.values.push_back(static_cast<double>(id.layer));
  }
  for (Measure& measure : share) measures.push_back(std::move(measure));
  for (Measure& measure : graded) measures.push_back(std::move(measure));
  for (Measure* measure : {&greatest, &sum, &layer}) measures.push_back(std::move(*measure));
}

}  // namespace

Measurement measure_heads(const Setting& setting, const Place& place) {
  const auto shape = setting.model.shape();
  const auto native = setting.native();
  const auto scaled = setting.frequencies(place);
  const Stage in_force = native == scaled ? Stage::post_rope : Stage::post_ntk;
  auto indicators = lab::sweep_indicators(lab::Breadth::full, shape.head_width);
  if (in_force == Stage::post_rope)
    std::erase_if(indicators, [](const auto& indicator) { return indicator.stage == Stage::post_ntk; });

  const auto schedule = reference::make_schedule(setting.model, setting.scaling(place.base), place.length);
  constexpr auto layout = reference::Config::pairing;
  dope::HeadMeter heads(shape, layout, native, scaled, indicators);
  dope::SpreadMeter spread(shape, layout, scaled);
  const std::size_t prompts = setting.options.measured;
  std::vector<AttentionCandidates> attention(shape.layers * shape.query_heads);
  enum class Pass { first, second };
  const auto pass = [&](Pass which) {
    std::vector<Streams> streams(prompts);
    std::vector<std::vector<AttentionCandidates>> of_prompt(prompts);
    lab::for_each_in_parallel(prompts, [&](std::size_t i) {
      Streams& own = streams[i];
      const auto prompt = setting.prompt(Part::head, place.length, i);
      own.meter = heads.fresh();
      own.spread.emplace(shape, layout, scaled);
      own.attention.emplace(setting, place, prompt, setting.options.rows);
      reference::Request request(setting.model, schedule);
      request.tap([&](std::size_t layer, auto queries, auto keys, std::size_t first) {
        const auto position = static_cast<std::int64_t>(first);
        own.meter->add(layer, queries, keys, position);
        if (which == Pass::second) return;
        own.spread->add(layer, queries, keys, position);
        own.attention->add(layer, queries, keys, first);
      });
      request.prefill(own.attention->tokens());
      if (which == Pass::first) of_prompt[i] = own.attention->measure();
      own.attention.reset();
    });
    for (std::size_t i = 0; i < prompts; ++i) {
      heads.merge(*streams[i].meter);
      if (which == Pass::second) continue;
      spread.merge(*streams[i].spread);
      for (const auto& [name, field] : attention_measures) {
        for (std::size_t head = 0; head < attention.size(); ++head)
          attention[head].*field += of_prompt[i][head].*field / static_cast<double>(prompts);
      }
    }
  };
  pass(Pass::first);
  if (heads.needs_second_pass()) {
    heads.start_second_pass();
    pass(Pass::second);
  }

  Measurement measurement;
  const auto scores = heads.scores(indicators, dope::GqaPolicy::per_query_head);
  for (std::size_t i = 0; i < indicators.size(); ++i) {
    Measure measure{dope::name_of(indicators[i]), Origin::paper, {}};
    for (const auto& score : scores[i]) measure.values.push_back(score.value);
    measurement.measures.push_back(std::move(measure));
  }
  for (const auto& [name, field] : attention_measures) {
    Measure measure{std::string(name), Origin::other, {}};
    for (const auto& head : attention) measure.values.push_back(head.*field);
    measurement.measures.push_back(std::move(measure));
  }
  add_energy_measures(setting, place, heads, in_force, measurement.measures);
  measurement.spreads = spread.spreads(setting.heads(), dope::GqaPolicy::per_query_head);
  return measurement;
}

Json to_json(const Measurement& measurement) {
  constexpr std::array<std::string_view, 3> origins = {"paper", "other", "control"};
  static_assert(dope::detail::alternatives<Origin> == 3, "origins: every Origin");
  Json json;
  json["measures"] = Json::object();
  for (const Measure& measure : measurement.measures) {
    json["measures"][measure.name] = {
        {"origin", std::string(origins[static_cast<std::size_t>(measure.origin)])},
        {"by_head", measure.values}};
  }
  json["spreads"] = Json::array();
  for (const auto& spread : measurement.spreads) json["spreads"].push_back({spread.query, spread.key});
  return json;
}

Measurement measurement_from(const Json& cell) {
  Measurement measurement;
  for (const auto& [name, measure] : cell.at("measures").items()) {
    const auto origin = measure.at("origin").get<std::string>();
    measurement.measures.push_back({name,
                                    origin == "paper"   ? Origin::paper
                                    : origin == "other" ? Origin::other
                                                        : Origin::control,
                                    measure.at("by_head").get<std::vector<double>>()});
  }
  for (const auto& spread : cell.at("spreads"))
    measurement.spreads.push_back({spread.at(0).get<double>(), spread.at(1).get<double>()});
  return measurement;
}

}  // namespace effects
