// SPDX-License-Identifier: MIT
#include "evaluation.hpp"

#include <algorithm>

#include "lab/support/baselines.hpp"
#include "lab/support/statistics.hpp"

namespace needle {
namespace {

using Json = lab::ResultStore::Json;

Json heads_json(const dope::Plan& plan) {
  Json heads = Json::array();
  for (const auto& head : plan.heads) heads.push_back({head.layer, head.head});
  return heads;
}

Json describe(const Setting& setting, const dope::Plan& plan) {
  Json json;
  json["scaling"] = setting.options.scaling;
  json["transform"] = dope::name_of(plan.transform);
  json["gqa"] = std::string(dope::name_of(plan.gqa));
  json["heads"] = heads_json(plan);
  return json;
}

Json describe(const Setting& setting, const Choice& choice) {
  Json description = describe(setting, choice.candidate.plan);
  const auto& selector = choice.candidate.selectors.front();
  description["indicator"] = dope::name_of(selector.indicator);
  description["order"] = std::string(dope::name_of(selector.order));
  description["n"] = selector.count;
  description["also_selected_by"] = choice.candidate.selectors.size() - 1;
  description["calibration_hits"] = choice.trial.hits;
  description["calibration_prompts"] = setting.options.calibration_prompts;
  description["calibration_log_probability"] = choice.trial.mean_log_probability();
  description["best_of"] = choice.distinct_plans;
  return description;
}

Json describe(const Setting& setting, const Greedy& greedy) {
  Json description = describe(setting, greedy.plan);
  description["chosen_by"] = "measured gain, head by head";
  description["n"] = greedy.plan.heads.size();
  description["calibration_hits"] = greedy.trial.hits;
  description["calibration_prompts"] = greedy.trial.prompts;
  description["calibration_log_probability"] = greedy.trial.mean_log_probability();
  return description;
}

}  // namespace

std::vector<Method> methods_of(const Setting& setting, const std::vector<Calibration>& calibrations,
                               std::size_t length) {
  const auto& model = setting.model;
  const auto planned = [&](const dope::Plan& plan) {
    return reference::make_schedule(model, setting.scaling(length), length, plan);
  };
  std::vector<Method> methods;
  const auto asked = [&](std::string_view name) { return setting.asks_for(name); };
  const auto add = [&](std::vector<lab::Baseline> baselines) {
    for (auto& baseline : baselines) {
      if (!asked(baseline.name)) continue;
      methods.push_back({std::move(baseline.name),
                         Kind::baseline,
                         {std::move(baseline.schedule)},
                         std::move(baseline.description)});
    }
  };
  add(lab::main_baselines(model, length));
  add(lab::further_baselines(model, length, asked));

  const auto sources = setting.sources_of(length);
  const auto for_each_source = [&](const auto& visit) {
    for (const Calibration& calibration : calibrations) {
      if (std::find(sources.begin(), sources.end(), calibration.length) == sources.end()) continue;
      const bool elsewhere = !setting.options.calibrate_at.empty();
      visit(calibration, elsewhere ? dope::detail::text(" @", calibration.length) : std::string());
    }
  };
  for_each_source([&](const Calibration& calibration, const std::string& at) {
    for (const Choice& choice : calibration.choices) {
      methods.push_back({lab::short_name(choice.transform, setting.options.transforms) + at,
                         Kind::chosen,
                         {planned(choice.candidate.plan)},
                         describe(setting, choice)});
    }
  });
  for_each_source([&](const Calibration& calibration, const std::string& at) {
    for (const Greedy& greedy : calibration.greedy) {
      methods.push_back({"greedy " + lab::short_name(greedy.plan.transform, setting.options.transforms) + at,
                         Kind::greedy,
                         {planned(greedy.plan)},
                         describe(setting, greedy)});
    }
  });
  for_each_source([&](const Calibration& calibration, const std::string& at) {
    if (setting.options.random_draws == 0) return;
    for (const Choice& choice : calibration.choices) {
      Method method{"random " + lab::short_name(choice.transform, setting.options.transforms) + at,
                    Kind::control,
                    {},
                    {}};
      const std::size_t count = choice.candidate.plan.heads.size();
      method.description = {{"scaling", setting.options.scaling},
                            {"transform", dope::name_of(choice.transform)},
                            {"n", count},
                            {"draws", Json::array()}};
      for (std::size_t draw = 0; draw < setting.options.random_draws; ++draw) {
        const std::uint64_t seed = (setting.options.seed << 32) | draw;
        const auto plan = lab::plan_for(model.shape(), setting.options.gqa, choice.transform,
                                        dope::random_heads(model.shape(), setting.options.gqa, count, seed),
                                        calibration.measurement.spreads);
        method.schedules.push_back(planned(plan));
        method.description["draws"].push_back(heads_json(plan));
      }
      methods.push_back(std::move(method));
    }
  });
  for (std::size_t i = 0; i < setting.plans.size(); ++i) {
    const auto& saved = setting.plans[i];
    Json description = describe(setting, saved.plan);
    description["origin"] = saved.origin;
    methods.push_back({setting.options.plans[i].filename().string(),
                       Kind::saved,
                       {planned(saved.plan)},
                       std::move(description)});
  }
  return methods;
}

std::string test_key(const Setting& setting, std::size_t length, Setup setup, std::size_t depth_index,
                     const std::string& method) {
  return dope::detail::text("test/", length, "/", name_of(setup), "/",
                            lab::percent(setting.depth(depth_index)), "/", method);
}

Answered answer_test(const Setting& setting, const std::vector<Method>& methods, std::size_t length,
                     Setup setup, std::size_t depth_index, std::size_t prompt_index) {
  const auto prompt = setting.test_prompt(length, setup, depth_index, prompt_index);
  std::vector<reference::Schedule> schedules;
  for (const Method& method : methods)
    schedules.insert(schedules.end(), method.schedules.begin(), method.schedules.end());
  const auto answers = lab::answer_under(setting.model, prompt.tokens, prompt.expected, schedules);
  Answered answered;
  auto answer = answers.begin();
  for (const Method& method : methods) {
    auto& verdicts = answered.emplace_back();
    for (std::size_t i = 0; i < method.schedules.size(); ++i) verdicts.push_back((answer++)->verdict);
  }
  return answered;
}

Json test_cell(const Setting& setting, const std::vector<Method>& methods, std::size_t method,
               std::size_t length, Setup setup, std::size_t depth_index,
               const std::vector<Answered>& prompts) {
  std::vector<std::string> texts(methods[method].schedules.size());
  std::size_t hits = 0;
  for (const Answered& prompt : prompts) {
    for (std::size_t draw = 0; draw < texts.size(); ++draw) {
      const bool hit = prompt[method][draw] == lab::Verdict::hit;
      texts[draw] += hit ? '1' : '0';
      hits += hit ? 1 : 0;
    }
  }
  const std::size_t asked = prompts.size() * texts.size();
  Json cell;
  cell["method"] = methods[method].name;
  cell["length"] = length;
  cell["training_length"] = setting.model.config().training_length;
  cell["setup"] = std::string(name_of(setup));
  cell["noise"] = setting.noise_tokens(setup);
  cell["depth"] = setting.depth(depth_index);
  cell["hits"] = hits;
  cell["prompts"] = asked;
  if (methods[method].kind == Kind::control) {
    cell["draws"] = texts;
  } else {
    const auto interval = lab::wilson(hits, asked);
    cell["verdicts"] = texts.front();
    cell["wilson_95"] = {interval.low, interval.high};
  }
  cell["first_seed"] = setting.prompt_seed(Part::test, depth_index, 0);
  cell["how"] = methods[method].description;
  return cell;
}

}  // namespace needle
