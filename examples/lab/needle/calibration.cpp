// SPDX-License-Identifier: MIT
#include "calibration.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "lab/support/answer.hpp"
#include "lab/support/cell_fields.hpp"
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

/// Eigenvalues that an entropy looks at, where it is a truncated one.
std::optional<std::size_t> r_of(const dope::Entropy& entropy) {
  return std::visit(
      [](const auto& kind) -> std::optional<std::size_t> {
        if constexpr (requires { kind.r; }) return kind.r;
        return std::nullopt;
      },
      entropy);
}

/// "truncated_mean" of "truncated_mean(r=8)"; others keep what stands in brackets.
std::string name_without_r(const dope::Entropy& entropy) {
  const std::string name = dope::name_of(entropy);
  return r_of(entropy) ? name.substr(0, name.find('(')) : name;
}

}  // namespace

Measurement measure_heads(const Setting& setting, std::size_t length) {
  const auto& model = setting.model;
  const auto shape = model.shape();
  const auto rope = model.config().rope();
  const auto native = dope::native_frequencies(rope);
  const auto scaled = dope::scaled_frequencies(rope, setting.scaling(length), length);
  const auto schedule = reference::make_schedule(model, setting.scaling(length), length);
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

Json try_plans(const Setting& setting, std::size_t length, std::size_t prompt_index,
               const std::vector<dope::Plan>& plans) {
  const auto prompt = setting.calibration_prompt(length, prompt_index);
  std::vector<reference::Schedule> schedules;
  for (const auto& plan : plans)
    schedules.push_back(reference::make_schedule(setting.model, setting.scaling(length), length, plan));
  std::string hits;
  Json log_probability = Json::array();
  for (const auto& answer : lab::answer_under(setting.model, prompt.tokens, prompt.expected, schedules)) {
    hits += answer.verdict == lab::Verdict::hit ? '1' : '0';
    log_probability.push_back(answer.log_probability);
  }
  Json cell;
  cell["length"] = length;
  cell["depth"] = prompt.depth;
  cell["noise"] = prompt.noise;
  cell["seed"] = prompt.seed;
  cell["hits"] = hits;
  cell["log_probability"] = std::move(log_probability);
  return cell;
}

void add_cell(const Json& cell, const std::string& where, const std::vector<std::size_t>& ids,
              std::vector<lab::Trial>& trials) {
  const lab::CellFields fields(cell, where);
  const std::string hits = fields.verdicts("hits", ids.size());
  fields.numbers("log_probability", ids.size(), lab::least_log_probability, 0.0);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    lab::Trial& trial = trials.at(ids[i]);
    ++trial.prompts;
    trial.hits += hits.at(i) == '1' ? 1 : 0;
    trial.log_probability += cell.at("log_probability").at(i).get<double>();
  }
}

std::vector<std::vector<std::size_t>> rounds_of(const Setting& setting) {
  const std::size_t prompts = setting.options.calibration_prompts;
  if (setting.options.breadth == lab::Breadth::full) return lab::halving_rounds(prompts);
  std::vector<std::size_t> all(prompts);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return {all};
}

std::vector<std::size_t> transforms_of(const Setting& setting,
                                       const std::vector<lab::Candidate>& candidates) {
  const auto& all = setting.options.transforms;
  std::vector<std::size_t> indices;
  for (const auto& candidate : candidates) {
    indices.push_back(
        static_cast<std::size_t>(std::find(all.begin(), all.end(), candidate.plan.transform) - all.begin()));
  }
  return indices;
}

std::vector<Choice> choose(const Setting& setting, const std::vector<lab::Candidate>& candidates,
                           const std::vector<lab::Trial>& trials) {
  std::vector<Choice> choices;
  for (const auto& transform : setting.options.transforms) {
    Choice choice{transform, {}, {}, 0};
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (!(candidates[i].plan.transform == transform)) continue;
      ++choice.distinct_plans;
      if (trials[i].prompts < setting.options.calibration_prompts) continue;
      if (choice.trial.prompts == 0 || lab::better(trials[i], choice.trial)) {
        choice.candidate = candidates[i];
        choice.trial = trials[i];
      }
    }
    choices.push_back(std::move(choice));
  }
  return choices;
}

Json sweep_cell(const Setting& setting, std::size_t length, const std::vector<lab::Candidate>& candidates,
                const std::vector<lab::Trial>& trials) {
  const auto of_trial = [](Json& json, const lab::Trial& trial) {
    json["prompts"] = trial.prompts;
    json["hits"] = trial.hits;
    json["log_probability"] = trial.mean_log_probability();
  };
  Json cell;
  cell["length"] = length;
  cell["prompts_per_round"] = Json::array();
  for (const auto& round : rounds_of(setting)) cell["prompts_per_round"].push_back(round.size());
  cell["baseline"] = Json::object();
  of_trial(cell["baseline"], trials.back());
  cell["plans"] = Json::array();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    Json plan;
    plan["transform"] = dope::name_of(candidates[i].plan.transform);
    plan["heads"] = Json::array();
    for (const auto& head : candidates[i].plan.heads) plan["heads"].push_back({head.layer, head.head});
    plan["selectors"] = Json::array();
    for (const auto& selector : candidates[i].selectors) {
      const auto& indicator = selector.indicator;
      const auto r = r_of(indicator.entropy);
      plan["selectors"].push_back({{"stage", std::string(dope::name_of(indicator.stage))},
                                   {"side", std::string(dope::name_of(indicator.side))},
                                   {"entropy", name_without_r(indicator.entropy)},
                                   {"r", r ? Json(*r) : Json(nullptr)},
                                   {"order", std::string(dope::name_of(selector.order))},
                                   {"n", selector.count}});
    }
    of_trial(plan, trials[i]);
    cell["plans"].push_back(std::move(plan));
  }
  return cell;
}

std::vector<dope::Plan> extensions_of(const Setting& setting, const Measurement& measurement,
                                      const dope::Plan& plan) {
  const auto shape = setting.model.shape();
  std::vector<dope::Plan> plans;
  for (const auto& unit : all_units(shape, setting.options.gqa)) {
    if (plan.find(unit)) continue;
    auto heads = plan.heads;
    heads.push_back(unit);
    plans.push_back(
        lab::plan_for(shape, setting.options.gqa, plan.transform, std::move(heads), measurement.spreads));
  }
  return plans;
}

}  // namespace needle
