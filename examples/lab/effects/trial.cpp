// SPDX-License-Identifier: MIT
#include "trial.hpp"

#include "lab/support/answer.hpp"
#include "lab/support/sweep.hpp"

namespace effects {

std::vector<reference::Schedule> schedules_of(const Setting& setting, const Place& place,
                                              std::span<const dope::HeadSpread> spreads) {
  const auto scaling = setting.scaling(place.base);
  std::vector<reference::Schedule> schedules = {
      reference::make_schedule(setting.model, scaling, place.length)};
  for (const auto& transform : setting.options.transforms) {
    for (const auto& head : setting.heads()) {
      schedules.push_back(reference::make_schedule(
          setting.model, scaling, place.length,
          lab::plan_for(setting.model.shape(), dope::GqaPolicy::per_query_head, transform, {head}, spreads)));
    }
  }
  return schedules;
}

lab::ResultStore::Json try_schedules(const Setting& setting, const Place& place, std::size_t prompt_index,
                                     std::span<const reference::Schedule> schedules) {
  const auto prompt = setting.prompt(Part::effect, place.length, prompt_index);
  std::string hits;
  auto log_probability = lab::ResultStore::Json::array();
  for (const auto& answer : lab::answer_under(setting.model, prompt.tokens, prompt.expected, schedules)) {
    hits += answer.verdict == lab::Verdict::hit ? '1' : '0';
    log_probability.push_back(answer.log_probability);
  }
  lab::ResultStore::Json cell;
  cell["length"] = place.length;
  cell["training_length"] = setting.model.config().training_length;
  cell["scaling"] = std::string(name_of(place.base));
  cell["depth"] = prompt.depth;
  cell["seed"] = prompt.seed;
  cell["hits"] = hits;
  cell["log_probability"] = std::move(log_probability);
  return cell;
}

std::string trial_key(const Place& place, std::size_t prompt_index) {
  return dope::detail::text("effects/", place.length, "/", name_of(place.base), "/", prompt_index);
}

Effects effects_from(const Setting& setting, const std::vector<lab::ResultStore::Json>& cells,
                     std::size_t transform) {
  Effects effects;
  effects.heads = setting.heads().size();
  effects.prompts = cells.size();
  effects.nats.resize(effects.heads * effects.prompts);
  effects.hits.resize(effects.heads * effects.prompts);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto hits = cells[i].at("hits").get<std::string>();
    const auto nats = cells[i].at("log_probability").get<std::vector<double>>();
    const auto hit = [&](std::size_t schedule) { return hits.at(schedule) == '1' ? 1.0 : 0.0; };
    effects.baseline_nats.push_back(nats.at(0));
    effects.baseline_hits.push_back(hit(0));
    for (std::size_t head = 0; head < effects.heads; ++head) {
      const std::size_t schedule = 1 + transform * effects.heads + head;
      effects.nats[head * effects.prompts + i] = nats.at(schedule) - nats.at(0);
      effects.hits[head * effects.prompts + i] = hit(schedule) - hit(0);
    }
  }
  return effects;
}

}  // namespace effects
