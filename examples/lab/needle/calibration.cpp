// SPDX-License-Identifier: MIT
#include "calibration.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lab/support/parallel.hpp"

namespace needle {
namespace {

using Json = lab::ResultStore::Json;

void run_through(const Setting& setting, const reference::Schedule& schedule, const Prompt& prompt,
                 const reference::Tap& tap) {
  reference::Request request(setting.model, schedule);
  request.tap(tap);
  request.prefill(prompt.tokens);
}

std::vector<dope::HeadId> all_units(const dope::AttentionShape& shape, dope::GqaPolicy gqa) {
  std::vector<dope::HeadId> units;
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    for (std::size_t unit = 0; unit < shape.units(gqa); ++unit) units.push_back({layer, unit});
  }
  return units;
}

}  // namespace

Measurement measure_heads(const Setting& setting, std::size_t length) {
  const auto& model = setting.model;
  const auto shape = model.shape();
  const auto rope = model.config().rope();
  const auto native = dope::native_frequencies(rope);
  const auto scaled = dope::scaled_frequencies(rope, dope::DynamicNtk{}, length);
  const auto schedule = reference::make_schedule(model, dope::DynamicNtk{}, length);
  Measurement measurement;
  measurement.indicators = lab::sweep_indicators(setting.options.breadth, shape.head_width);

  dope::HeadMeter heads(shape, reference::Config::pairing, native, scaled, measurement.indicators);
  dope::SpreadMeter spread(shape, reference::Config::pairing, scaled);
  const std::size_t prompts = setting.options.calibration_prompts;
  enum class Pass { first, second };
  const auto pass = [&](Pass which) {
    std::vector<std::optional<dope::HeadMeter>> parts(prompts);
    std::vector<std::optional<dope::SpreadMeter>> spreads(prompts);
    lab::for_each_in_parallel(prompts, [&](std::size_t i) {
      parts[i] = heads.fresh();
      spreads[i].emplace(shape, reference::Config::pairing, scaled);
      run_through(setting, schedule, setting.calibration_prompt(length, i),
                  [&](std::size_t layer, auto queries, auto keys, std::size_t first) {
                    const auto position = static_cast<std::int64_t>(first);
                    parts[i]->add(layer, queries, keys, position);
                    if (which == Pass::first) spreads[i]->add(layer, queries, keys, position);
                  });
    });
    for (std::size_t i = 0; i < prompts; ++i) {
      heads.merge(*parts[i]);
      if (which == Pass::first) spread.merge(*spreads[i]);
    }
  };
  pass(Pass::first);
  if (heads.needs_second_pass()) {
    heads.start_second_pass();
    pass(Pass::second);
  }
  measurement.scores = heads.scores(measurement.indicators, setting.options.gqa);
  measurement.spreads = spread.spreads(all_units(shape, setting.options.gqa), setting.options.gqa);
  return measurement;
}

Json to_json(const Measurement& measurement) {
  Json json;
  json["scores"] = Json::object();
  for (std::size_t i = 0; i < measurement.indicators.size(); ++i) {
    Json values = Json::array();
    for (const auto& score : measurement.scores[i]) values.push_back(score.value);
    json["scores"][dope::name_of(measurement.indicators[i])] = std::move(values);
  }
  json["spreads"] = Json::array();
  for (const auto& spread : measurement.spreads) json["spreads"].push_back({spread.query, spread.key});
  return json;
}

Measurement measurement_from(const Setting& setting, const Json& cell) {
  const auto units = all_units(setting.model.shape(), setting.options.gqa);
  Measurement measurement;
  for (const auto& [name, values] : cell.at("scores").items()) {
    measurement.indicators.push_back(dope::parse_indicator(name));
    auto& scores = measurement.scores.emplace_back();
    for (std::size_t i = 0; i < units.size(); ++i) scores.push_back({units[i], values.at(i).get<double>()});
  }
  for (const auto& spread : cell.at("spreads")) {
    measurement.spreads.push_back({spread.at(0).get<double>(), spread.at(1).get<double>()});
  }
  return measurement;
}

std::vector<lab::Candidate> candidates_of(const Setting& setting, const Measurement& measurement) {
  const auto shape = setting.model.shape();
  const auto counts =
      lab::sweep_counts(setting.options.breadth, shape.layers * shape.units(setting.options.gqa));
  return lab::sweep(shape, setting.options.gqa, setting.options.transforms, measurement.indicators,
                    measurement.scores, counts, measurement.spreads);
}

std::vector<reference::Schedule> schedules_of(const Setting& setting, std::size_t length,
                                              const std::vector<lab::Candidate>& candidates) {
  std::vector<reference::Schedule> schedules;
  for (const auto& candidate : candidates) {
    schedules.push_back(reference::make_schedule(setting.model, dope::DynamicNtk{}, length, candidate.plan));
  }
  schedules.push_back(reference::make_schedule(setting.model, dope::DynamicNtk{}, length));
  return schedules;
}

Json try_schedules(const Setting& setting, std::size_t length, std::size_t prompt_index,
                   const std::vector<reference::Schedule>& schedules) {
  const auto prompt = setting.calibration_prompt(length, prompt_index);
  const auto answers = lab::answer_under(setting.model, prompt.tokens, prompt.expected, schedules);
  Json cell;
  std::string hits;
  Json log_probability = Json::array();
  for (const auto& answer : answers) {
    hits += answer.verdict == lab::Verdict::hit ? '1' : '0';
    log_probability.push_back(answer.log_probability);
  }
  cell["length"] = length;
  cell["depth"] = prompt.depth;
  cell["noise"] = prompt.noise;
  cell["seed"] = prompt.seed;
  cell["hits"] = hits;
  cell["log_probability"] = std::move(log_probability);
  return cell;
}

Calibration choose(const Setting& setting, std::size_t length, Measurement measurement,
                   std::vector<lab::Candidate> candidates, const std::vector<Json>& cells) {
  std::vector<Trial> trials(candidates.size() + 1);
  for (const Json& cell : cells) {
    const auto hits = cell.at("hits").get<std::string>();
    for (std::size_t i = 0; i < trials.size(); ++i) {
      trials[i].hits += hits.at(i) == '1' ? 1 : 0;
      trials[i].log_probability +=
          cell.at("log_probability").at(i).get<double>() / static_cast<double>(cells.size());
    }
  }
  Calibration calibration{length, std::move(measurement), std::move(candidates), trials.back(), {}};
  for (const auto& transform : setting.options.transforms) {
    Choice choice{transform, {}, {}, 0};
    for (std::size_t i = 0; i < calibration.candidates.size(); ++i) {
      const auto& candidate = calibration.candidates[i];
      if (!(candidate.plan.transform == transform)) continue;
      const bool better =
          choice.distinct_plans == 0 || trials[i].hits > choice.trial.hits ||
          (trials[i].hits == choice.trial.hits && trials[i].log_probability > choice.trial.log_probability);
      ++choice.distinct_plans;
      if (better) {
        choice.candidate = candidate;
        choice.trial = trials[i];
      }
    }
    calibration.choices.push_back(std::move(choice));
  }
  return calibration;
}

}  // namespace needle
