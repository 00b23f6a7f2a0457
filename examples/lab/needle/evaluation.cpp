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

Json describe(const dope::Plan& plan) {
  Json json;
  json["scaling"] = "dynamic_ntk";
  json["transform"] = dope::name_of(plan.transform);
  json["gqa"] = std::string(dope::name_of(plan.gqa));
  json["heads"] = heads_json(plan);
  return json;
}

/// "by_parts" of "by_parts(reading=identity, …)".
std::string short_name(const Setting& setting, const dope::Transform& transform) {
  const std::string name = dope::name_of(transform);
  const std::string family = name.substr(0, name.find('('));
  const auto same_family = [&](const dope::Transform& other) {
    return dope::name_of(other).starts_with(family);
  };
  const auto& all = setting.options.transforms;
  return std::count_if(all.begin(), all.end(), same_family) > 1 ? name : family;
}

/// "1" a hit, "0" a miss, prompt after prompt: what paired comparisons need.
std::string hits_text(const std::vector<lab::Verdict>& verdicts) {
  std::string text;
  for (const auto verdict : verdicts) text += verdict == lab::Verdict::hit ? '1' : '0';
  return text;
}

}  // namespace

std::vector<Method> methods_of(const Setting& setting, const Calibration& calibration) {
  const auto& model = setting.model;
  const std::size_t length = calibration.length;
  const auto planned = [&](const dope::Plan& plan) {
    return reference::make_schedule(model, dope::DynamicNtk{}, length, plan);
  };
  std::vector<Method> methods;
  const auto add = [&](std::vector<lab::Baseline> baselines) {
    for (auto& baseline : baselines)
      methods.push_back(
          {std::move(baseline.name), {std::move(baseline.schedule)}, std::move(baseline.description)});
  };
  add(lab::main_baselines(model, length));
  if (setting.options.baselines == Baselines::all) add(lab::further_baselines(model, length));
  for (const Choice& choice : calibration.choices) {
    Json description = describe(choice.candidate.plan);
    const auto& selector = choice.candidate.selectors.front();
    description["indicator"] = dope::name_of(selector.indicator);
    description["order"] = std::string(dope::name_of(selector.order));
    description["n"] = selector.count;
    description["also_selected_by"] = choice.candidate.selectors.size() - 1;
    description["calibration_hits"] = choice.trial.hits;
    description["calibration_prompts"] = setting.options.calibration_prompts;
    description["calibration_log_probability"] = choice.trial.log_probability;
    description["chosen_from"] = choice.distinct_plans;
    methods.push_back(
        {short_name(setting, choice.transform), {planned(choice.candidate.plan)}, std::move(description)});
  }
  for (const Choice& choice : calibration.choices) {
    Method method{"random " + short_name(setting, choice.transform), {}, {}};
    method.description = {{"scaling", "dynamic_ntk"},
                          {"transform", dope::name_of(choice.transform)},
                          {"n", choice.candidate.plan.heads.size()},
                          {"draws", Json::array()}};
    for (std::size_t draw = 0; draw < setting.options.random_draws; ++draw) {
      const std::uint64_t seed = (setting.options.seed << 32) | draw;
      const auto plan = lab::plan_for(
          model.shape(), setting.options.gqa, choice.transform,
          dope::random_heads(model.shape(), setting.options.gqa, choice.candidate.plan.heads.size(), seed),
          calibration.measurement.spreads);
      method.schedules.push_back(planned(plan));
      method.description["draws"].push_back(heads_json(plan));
    }
    methods.push_back(std::move(method));
  }
  for (std::size_t i = 0; i < setting.plans.size(); ++i) {
    const auto& saved = setting.plans[i];
    Json description = describe(saved.plan);
    description["origin"] = saved.origin;
    methods.push_back(
        {setting.options.plans[i].filename().string(), {planned(saved.plan)}, std::move(description)});
  }
  return methods;
}

std::string test_key(const Setting& setting, std::size_t length, Setup setup, std::size_t depth_index,
                     const std::string& method) {
  return dope::detail::text("test/", length, "/", name_of(setup), "/",
                            lab::percent(setting.depth(depth_index)), "/", method);
}

std::vector<lab::Verdict> answer_test(const Setting& setting, const std::vector<Method>& methods,
                                      std::size_t length, Setup setup, std::size_t depth_index,
                                      std::size_t prompt_index) {
  const auto prompt = setting.prompt(Part::test, length, setup, depth_index, prompt_index);
  // The draws take turns over depths too, so that no draw owns a depth.
  const std::size_t turn = depth_index * setting.options.prompts + prompt_index;
  std::vector<reference::Schedule> schedules;
  for (const Method& method : methods) schedules.push_back(method.schedules[turn % method.schedules.size()]);
  std::vector<lab::Verdict> verdicts;
  for (const auto& answer : lab::answer_under(setting.model, prompt.tokens, prompt.expected, schedules)) {
    verdicts.push_back(answer.verdict);
  }
  return verdicts;
}

Json test_cell(const Setting& setting, const Method& method, std::size_t length, Setup setup,
               std::size_t depth_index, const std::vector<lab::Verdict>& verdicts) {
  const auto hits = static_cast<std::size_t>(std::count(verdicts.begin(), verdicts.end(), lab::Verdict::hit));
  const auto interval = lab::wilson(hits, verdicts.size());
  Json cell;
  cell["method"] = method.name;
  cell["length"] = length;
  cell["training_length"] = setting.model.config().training_length;
  cell["setup"] = std::string(name_of(setup));
  cell["noise"] = setup == Setup::noisy ? setting.options.noise : 0;
  cell["depth"] = setting.depth(depth_index);
  cell["hits"] = hits;
  cell["prompts"] = verdicts.size();
  cell["verdicts"] = hits_text(verdicts);
  cell["wilson_95"] = {interval.low, interval.high};
  cell["first_seed"] = setting.prompt_seed(Part::test, depth_index, 0);
  cell["how"] = method.description;
  return cell;
}

}  // namespace needle
