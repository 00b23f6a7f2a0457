// SPDX-License-Identifier: MIT
#include "evaluation.hpp"

#include <algorithm>
#include <numeric>

#include "dope/core/error.hpp"
#include "lab/support/baselines.hpp"
#include "lab/support/cell_fields.hpp"
#include "lab/support/sweep.hpp"

namespace perplexity {
namespace {

using Json = lab::ResultStore::Json;

constexpr double most_bits = 1e40;  // of a byte: logits are floats

/// The run of a schedule, which equal ones share.
std::size_t run_of(Part& part, reference::Schedule schedule) {
  const auto same = std::find_if(part.runs.begin(), part.runs.end(), [&](const reference::Schedule& other) {
    return schedule->same_but_for_plan(*other) && schedule->plan() == other->plan();
  });
  if (same != part.runs.end()) return static_cast<std::size_t>(same - part.runs.begin());
  part.runs.push_back(std::move(schedule));
  return part.runs.size() - 1;
}

Part part_of(const Setting& setting, Part::Mode mode, std::size_t tokens) {
  const auto& model = setting.model;
  Part part{mode, tokens, {}, {}};
  const auto asked = [&](std::string_view name) { return setting.asks_for(name); };
  const auto add = [&](const std::vector<lab::Baseline>& baselines) {
    for (const auto& baseline : baselines) {
      if (!asked(baseline.name)) continue;
      part.methods.push_back({baseline.name, {run_of(part, baseline.schedule)}});
    }
  };
  add(lab::main_baselines(model, tokens));
  add(lab::further_baselines(model, tokens, asked));
  const auto planned = [&](const dope::Plan& plan) {
    return run_of(part, reference::make_schedule(model, dope::DynamicNtk{}, tokens, plan));
  };
  for (std::size_t i = 0; i < setting.plans.size(); ++i)
    part.methods.push_back({setting.plan_names[i], {planned(setting.plans[i].plan)}});
  if (setting.options.control == Control::none) return part;
  for (std::size_t i = 0; i < setting.plans.size(); ++i) {
    const dope::Plan& plan = setting.plans[i].plan;
    Method method{"random " + setting.plan_names[i], {}};
    for (std::size_t draw = 0; draw < setting.options.random_draws; ++draw) {
      const std::uint64_t seed = (setting.options.seed << 32) | draw;
      auto heads = dope::random_heads(plan.shape, plan.gqa, plan.heads.size(), seed);
      method.runs.push_back(
          planned(lab::plan_for(plan.shape, plan.gqa, plan.transform, std::move(heads), {})));
    }
    part.methods.push_back(std::move(method));
  }
  return part;
}

std::string name_of(const Part& part) {
  return part.mode == Part::Mode::growing ? "growing" : "sliding " + std::to_string(part.tokens);
}

}  // namespace

std::vector<Part> parts_of(const Setting& setting) {
  std::vector<Part> parts;
  if (setting.grows()) parts.push_back(part_of(setting, Part::Mode::growing, setting.bins.length));
  for (const std::size_t width : setting.widths)
    parts.push_back(part_of(setting, Part::Mode::sliding, width));
  return parts;
}

Means measure(const Setting& setting, const Part& part, std::size_t run, const std::string& passage) {
  const auto& schedule = part.runs[run];
  if (part.mode == Part::Mode::growing) {
    const auto tokens = setting.tokens(passage, 0, part.tokens - 1);
    return means_of(setting.bins, bits_of(setting.model, schedule, tokens, 1));
  }
  double sum = 0.0;
  for (const Window& window : windows_of(passage.size(), part.tokens, setting.stride, setting.scored)) {
    const auto tokens = setting.tokens(passage, window.first, window.end);
    const auto bits = bits_of(setting.model, schedule, tokens, tokens.size() - window.scored);
    sum = std::accumulate(bits.begin(), bits.end(), sum);
  }
  return {sum / static_cast<double>(setting.scored)};
}

std::size_t tokens_read(const Setting& setting, const Part& part) {
  if (part.mode == Part::Mode::growing) return part.tokens;
  return part.tokens *
         windows_of(setting.passage_bytes(), part.tokens, setting.stride, setting.scored).size();
}

std::string passage_key(std::size_t index) { return "passage/" + std::to_string(index); }

Json cell_of(const Setting& setting, const std::vector<Part>& parts, std::size_t index,
             const std::vector<std::vector<Means>>& results) {
  Json cell;
  cell["passage"] = index;
  if (setting.prose) cell["seed"] = setting.passage_seed(index);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Json& bits = cell[name_of(parts[i])];
    for (const Method& method : parts[i].methods) {
      Json& draws = bits[method.name] = Json::array();
      for (const std::size_t run : method.runs) draws.push_back(results[i][run]);
    }
  }
  return cell;
}

lab::ResultStore::Check cell_check(const Setting& setting, const std::vector<Part>& parts) {
  return [&](std::string_view key, const Json& value, const std::string& where) {
    const lab::CellFields cell(value, where);
    if (!key.starts_with("passage/")) throw dope::Error(where, "an unknown kind of cell", "passage/");
    for (const Part& part : parts) {
      const auto bits = cell.object(name_of(part));
      const std::size_t means = part.mode == Part::Mode::growing ? setting.bins.count() : 1;
      for (const Method& method : part.methods) {
        for (const Json& draw : bits.list(method.name, method.runs.size())) {
          const Json one = {{method.name, draw}};
          lab::CellFields(one, bits.where()).numbers(method.name, means, 0.0, most_bits);
        }
      }
    }
  };
}

Means means_in(const Json& cell, const Part& part, const std::string& method) {
  const Json& draws = cell.at(name_of(part)).at(method);
  Means means;
  for (const Json& draw : draws) {
    const auto values = draw.get<Means>();
    means.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) means[i] += values[i];
  }
  for (double& mean : means) mean /= static_cast<double>(draws.size());
  return means;
}

}  // namespace perplexity
