// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "draw/chart.hpp"
#include "lab/support/command_line.hpp"
#include "lab/support/head_map.hpp"
#include "lab/support/heat_map.hpp"
#include "lab/support/plan_json.hpp"
#include "lab/support/statistics.hpp"
#include "lab/support/table.hpp"

namespace needle {
namespace {

using lab::Align;
using lab::Column;
using lab::Table;

/// The row that every method is held against, on the same prompts: what the transforms stand on.
const std::string& yardstick_of(const Setting& setting) { return setting.options.scaling; }

/// Answers of one method; of a control also of each draw.
struct Tally {
  std::size_t hits = 0;
  std::size_t prompts = 0;
  std::vector<std::size_t> draws;  // hits of each

  [[nodiscard]] double share() const {
    return static_cast<double>(hits) / static_cast<double>(std::max<std::size_t>(1, prompts));
  }
  [[nodiscard]] double share_of_draw(std::size_t draw) const {
    return static_cast<double>(draws[draw] * draws.size()) /
           static_cast<double>(std::max<std::size_t>(1, prompts));
  }
};

Tally tally(const lab::ResultStore& store, const std::string& key) {
  const auto* cell = store.find(key);
  if (cell == nullptr) return {};
  Tally found{cell->at("hits").get<std::size_t>(), cell->at("prompts").get<std::size_t>(), {}};
  if (cell->contains("draws")) {
    for (const auto& draw : cell->at("draws")) {
      const auto verdicts = draw.get<std::string>();
      found.draws.push_back(static_cast<std::size_t>(std::count(verdicts.begin(), verdicts.end(), '1')));
    }
  }
  return found;
}

Tally over_depths(const Setting& setting, const lab::ResultStore& store, std::size_t length, Setup setup,
                  const std::string& method) {
  Tally sum;
  for (std::size_t depth = 0; depth < setting.depths_of(setup); ++depth) {
    const Tally cell = tally(store, test_key(setting, length, setup, depth, method));
    sum.hits += cell.hits;
    sum.prompts += cell.prompts;
    sum.draws.resize(cell.draws.size());
    for (std::size_t draw = 0; draw < cell.draws.size(); ++draw) sum.draws[draw] += cell.draws[draw];
  }
  return sum;
}

/// Standard deviation of the draws' shares, 0 for one draw.
double spread_of_draws(const Tally& tally) {
  const std::size_t count = tally.draws.size();
  if (count < 2) return 0.0;
  double sum = 0.0;
  for (std::size_t draw = 0; draw < count; ++draw) {
    const double off = tally.share_of_draw(draw) - tally.share();
    sum += off * off;
  }
  return std::sqrt(sum / static_cast<double>(count - 1));
}

/// A proportion with its interval, or of a control "mean ± standard deviation over draws".
std::string score_text(const Tally& tally) {
  if (tally.draws.empty()) return lab::percent_with_interval(tally.hits, tally.prompts);
  return lab::percent(tally.share()) + " ± " + lab::percent(spread_of_draws(tally));
}

std::string length_label(const Setting& setting, std::size_t length) {
  return lab::length_text(length, setting.model.config().training_length);
}

std::string shown(const Table& table, Form form) {
  return form == Form::screen ? table.text() : table.markdown();
}

std::string heading(std::string_view text, Form form) {
  return (form == Form::markdown ? "## " : "") + std::string(text) + "\n\n";
}

std::string task_title(const Setting& setting) {
  return setting.options.task == Task::shots ? "Many shots" : "Needle in a haystack";
}

std::string noise_title(const Setting& setting) {
  const auto place = setting.options.noise_place;
  const std::string count = dope::detail::text("Noisy: ", setting.options.noise, " start tokens ");
  return count + (place == lab::NoisePlace::both ? "on each side of the needle"
                                                 : std::string(name_of(place)) + " the needle");
}

std::string setup_title(const Setting& setting, Setup setup) {
  switch (setup) {
    case Setup::original:
      return "Original";
    case Setup::noisy:
      return noise_title(setting);
    case Setup::insert:
      return "Needle insert: the asked exemplar stands among the shots";
    case Setup::skip:
      break;
  }
  return "Skip needle: a new key is asked, the digits that all codes share are right";
}

std::string head_list(const dope::Plan& plan) {
  std::string list;
  for (const auto& head : plan.heads) {
    list += dope::detail::text(list.empty() ? "" : " ", head.layer, ".", head.head);
  }
  return list;
}

/// A table with a column for each test length after the given ones.
Table table_by_length(const Setting& setting, std::span<const std::size_t> lengths,
                      std::vector<Column> columns) {
  for (const std::size_t length : lengths) columns.push_back({length_label(setting, length), Align::right});
  return Table(columns);
}

std::string score_table(const Finished& run, std::span<const std::size_t> lengths, Setup setup, Form form) {
  Table table = table_by_length(run.setting, lengths, {{"method", Align::left}});
  for (const Method& method : run.methods) {
    std::vector<std::string> row = {method.name};
    for (const std::size_t length : lengths)
      row.push_back(score_text(over_depths(run.setting, run.store, length, setup, method.name)));
    table.add_row(row);
  }
  return heading(setup_title(run.setting, setup), form) + shown(table, form);
}

/// The verdicts of a method on all test prompts of a setup and length; of one (setup, length), in one order.
std::string verdicts_of(const Setting& setting, const lab::ResultStore& store, std::size_t length,
                        Setup setup, const std::string& method) {
  std::string verdicts;
  for (std::size_t depth = 0; depth < setting.depths_of(setup); ++depth) {
    const auto* cell = store.find(test_key(setting, length, setup, depth, method));
    if (cell != nullptr) verdicts += cell->at("verdicts").get<std::string>();
  }
  return verdicts;
}

/// Prompts that one of two methods alone answered.
struct Disagreement {
  std::size_t won = 0;
  std::size_t lost = 0;
};

Disagreement against(const std::string& rival, const std::string& verdicts) {
  Disagreement counts;
  for (std::size_t i = 0; i < verdicts.size() && i < rival.size(); ++i) {
    if (verdicts[i] == '1' && rival[i] == '0') ++counts.won;
    if (verdicts[i] == '0' && rival[i] == '1') ++counts.lost;
  }
  return counts;
}

/// Every method but the yardstick itself and the controls, which are many methods.
std::vector<std::string> compared(const Setting& setting, const std::vector<Method>& methods) {
  std::vector<std::string> names;
  for (const Method& method : methods) {
    if (method.kind != Kind::control && method.name != yardstick_of(setting)) names.push_back(method.name);
  }
  return names;
}

/// Methods against the yardstick on the same prompts, p-values corrected for how many the table shows.
std::string paired_table(const Finished& run, Form form) {
  const auto& [setting, calibrations, methods, store] = run;
  const auto names = compared(setting, methods);
  std::vector<Disagreement> counts;
  std::vector<double> p;
  for (const Setup setup : setting.setups) {
    for (const auto& method : names) {
      for (const std::size_t length : setting.lengths) {
        counts.push_back(against(verdicts_of(setting, store, length, setup, yardstick_of(setting)),
                                 verdicts_of(setting, store, length, setup, method)));
        p.push_back(lab::mcnemar(counts.back().won, counts.back().lost));
      }
    }
  }
  const auto corrected = lab::holm(p);
  Table table = table_by_length(setting, setting.lengths, {{"setup", Align::left}, {"method", Align::left}});
  std::size_t at = 0;
  for (const Setup setup : setting.setups) {
    for (const auto& method : names) {
      std::vector<std::string> row = {std::string(name_of(setup)), method};
      for (std::size_t i = 0; i < setting.lengths.size(); ++i, ++at) {
        row.push_back(
            dope::detail::text("+", counts[at].won, " -", counts[at].lost, " ", lab::p_text(corrected[at])));
      }
      table.add_row(row);
    }
  }
  return heading("Against " + yardstick_of(setting) +
                     " on the same prompts: won, lost, exact McNemar p after Holm",
                 form) +
         shown(table, form);
}

/// Each chosen plan against its control: as many heads, drawn by lot.
std::string control_table(const Finished& run, Form form) {
  const auto& [setting, calibrations, methods, store] = run;
  Table table = table_by_length(setting, setting.lengths, {{"setup", Align::left}, {"method", Align::left}});
  for (const Setup setup : setting.setups) {
    for (const Method& method : methods) {
      if (method.kind != Kind::chosen) continue;
      std::vector<std::string> row = {std::string(name_of(setup)), method.name};
      for (const std::size_t length : setting.lengths) {
        const Tally chosen = over_depths(setting, store, length, setup, method.name);
        const Tally control = over_depths(setting, store, length, setup, "random " + method.name);
        std::size_t as_good = 0;
        for (std::size_t draw = 0; draw < control.draws.size(); ++draw) {
          // hits/prompts of both, as whole numbers.
          if (control.draws[draw] * control.draws.size() * chosen.prompts >= chosen.hits * control.prompts)
            ++as_good;
        }
        row.push_back(dope::detail::text(lab::percent(chosen.share()), " vs ", score_text(control), ", ",
                                         as_good, "/", control.draws.size()));
      }
      table.add_row(row);
    }
  }
  return heading("Chosen heads against random ones: %, mean ± standard deviation of the draws, draws as good",
                 form) +
         shown(table, form);
}

/// "Exemplar lines per prompt, mean: 17.2 at 512, 54.9 at 1536."
std::string shot_counts(const Setting& setting) {
  std::string line;
  for (const std::size_t length : setting.lengths) {
    double sum = 0.0;
    for (std::size_t i = 0; i < setting.options.prompts; ++i)
      sum += static_cast<double>(setting.test_prompt(length, Setup::skip, 0, i).shots);
    const double mean = sum / static_cast<double>(setting.options.prompts);
    line += dope::detail::text(line.empty() ? "Exemplar lines per prompt, mean: " : ", ",
                               lab::figure(mean, 1), " at ", length);
  }
  return line + ".\n\n";
}

std::string choice_table(const Setting& setting, const std::vector<Calibration>& calibrations, Form form) {
  Table table({{"length", Align::right},
               {"transform", Align::left},
               {"chosen by (stage/side/entropy order n)", Align::left},
               {"heads (layer.head)", Align::left},
               {"calibration", Align::right},
               {"log probability", Align::right},
               {"best of plans", Align::right}});
  for (const Calibration& calibration : calibrations) {
    const auto add = [&](const std::string& transform, const std::string& by, const std::string& heads,
                         const lab::Trial& trial, const std::string& plans) {
      table.add_row({std::to_string(calibration.length), transform, by, heads,
                     dope::detail::text(trial.hits, "/", trial.prompts),
                     lab::figure(trial.mean_log_probability(), 3), plans});
    };
    const auto family = [](const dope::Transform& transform) {
      const auto name = dope::name_of(transform);
      return name.substr(0, name.find('('));
    };
    add("(" + yardstick_of(setting) + " alone)", "", "", calibration.baseline, "");
    for (const Choice& choice : calibration.choices) {
      add(family(choice.transform), lab::name_of(choice.candidate.selectors.front()),
          head_list(choice.candidate.plan), choice.trial, std::to_string(choice.distinct_plans));
    }
    for (const Greedy& greedy : calibration.greedy) {
      add("greedy " + family(greedy.plan.transform), "measured gain", head_list(greedy.plan), greedy.trial,
          "");
    }
  }
  return heading("Chosen on calibration prompts; the tables above score them on fresh seeds", form) +
         (setting.options.calibrate_on && *setting.options.calibrate_on != setting.options.task
              ? dope::detail::text("Calibration prompts are of the other task, ",
                                   name_of(*setting.options.calibrate_on), ".\n\n")
              : std::string()) +
         shown(table, form);
}

lab::HeatMap heat_map(const Finished& run, Setup setup) {
  const auto& [setting, calibrations, methods, store] = run;
  lab::HeatMap map;
  map.panels_per_line = 3;  // baselines, transforms, controls
  map.title = task_title(setting) + ": " + setup_title(setting, setup);
  map.subtitle = dope::detail::text(
      setting.options.prompts, " prompts per cell; L = ", setting.model.config().training_length, " tokens");
  for (std::size_t depth = 0; depth < setting.depths_of(setup); ++depth) {
    const auto label = lab::percent(setting.depth(depth));
    map.row_labels.push_back(label.ends_with(".0") ? label.substr(0, label.size() - 2) : label);
  }
  for (const std::size_t length : setting.lengths) map.column_labels.push_back(std::to_string(length));
  for (const Method& method : methods) {
    lab::HeatPanel panel{method.name, "", {}};
    Tally sum;
    for (std::size_t depth = 0; depth < setting.depths_of(setup); ++depth) {
      for (const std::size_t length : setting.lengths) {
        const Tally cell = tally(store, test_key(setting, length, setup, depth, method.name));
        sum.hits += cell.hits;
        sum.prompts += cell.prompts;
        panel.values.push_back(cell.prompts == 0 ? std::numeric_limits<double>::quiet_NaN()
                                                 : 100.0 * static_cast<double>(cell.hits) /
                                                       static_cast<double>(cell.prompts));
      }
    }
    if (sum.prompts > 0) panel.note = "mean " + lab::percent(sum.share()) + " %";
    map.panels.push_back(std::move(panel));
  }
  return map;
}

lab::HeadMap head_map(const Setting& setting, const Calibration& calibration, const Choice& choice) {
  const auto& selector = choice.candidate.selectors.front();
  const auto& indicators = calibration.measurement.indicators;
  const auto at = static_cast<std::size_t>(
      std::find(indicators.begin(), indicators.end(), selector.indicator) - indicators.begin());
  const auto shape = setting.model.shape();
  lab::HeadMap map;
  map.title = dope::name_of(selector.indicator);
  map.subtitle = dope::detail::text(calibration.length, " tokens; ", choice.candidate.plan.heads.size(),
                                    " heads chosen for ", dope::name_of(choice.transform), ", ",
                                    dope::name_of(selector.order), " order");
  map.head_title = setting.options.gqa == dope::GqaPolicy::per_query_head ? "query head" : "key head";
  map.value_title = "score of the head";
  map.layers = shape.layers;
  map.heads = shape.units(setting.options.gqa);
  for (const auto& score : calibration.measurement.scores.at(at)) map.values.push_back(score.value);
  map.selected = choice.candidate.plan.heads;
  return map;
}

}  // namespace

std::string tables(const Finished& run, Form form) {
  const auto& [setting, calibrations, methods, store] = run;
  std::string text = form == Form::markdown ? "# " + task_title(setting) + "\n\n" : "";
  const std::size_t prompts = setting.depths_of(setting.setups.front()) * setting.options.prompts;
  const std::string_view controls =
      setting.options.random_draws == 0
          ? ""
          : "; of random heads mean ± standard deviation of the draws, each on every prompt";
  if (setting.options.task == Task::shots) {
    text +=
        dope::detail::text("Greedy exact match of the expected digits, % with 95 % Wilson interval; ",
                           prompts, " test prompts per entry of the first table, ", setting.options.prompts,
                           " of the second", controls, ".\n\n", shot_counts(setting));
  } else {
    text += dope::detail::text("Greedy exact match of five digits, % with 95 % Wilson interval; ", prompts,
                               " test prompts per entry", controls, ".\n\n");
  }
  for (const Setup setup : setting.setups) text += score_table(run, setting.lengths, setup, form) + "\n";
  text += paired_table(run, form) + "\n";
  if (setting.options.random_draws > 0) text += control_table(run, form) + "\n";
  return text + choice_table(setting, calibrations, form);
}

std::string table_of_length(const Finished& run, std::size_t length) {
  const auto& [setting, calibrations, methods, store] = run;
  std::string text = dope::detail::text(
      task_title(setting), " at ", length_label(setting, length),
      " tokens, % with 95 % Wilson interval; the other lengths follow, then all tables.\n\n");
  for (const Setup setup : setting.setups)
    text += score_table(run, std::span(&length, 1), setup, Form::screen) + "\n";
  return text;
}

std::vector<std::filesystem::path> write_report(const Finished& run, lab::RunFolder& folder) {
  const auto& [setting, calibrations, methods, store] = run;
  lab::RunFolder::Files files;
  files.add("table.md", tables(run, Form::markdown));
  for (const Setup setup : setting.setups) {
    files.add(dope::detail::text("depth_by_length_", name_of(setup), ".svg"),
              lab::heat_map_svg(heat_map(run, setup)));
  }
  for (const Calibration& calibration : calibrations) {
    for (std::size_t i = 0; i < calibration.choices.size(); ++i) {
      const Choice& choice = calibration.choices[i];
      const auto name = dope::name_of(choice.transform);
      const auto stem =
          dope::detail::text(calibration.length, "_", i + 1, "_", name.substr(0, name.find('(')));
      files.add("heads_" + stem + ".svg", lab::head_map_svg(head_map(setting, calibration, choice)));
      files.add("plans/" + stem + ".json",
                lab::plan_json(choice.candidate.plan,
                               {{"selector", lab::name_of(choice.candidate.selectors.front())},
                                {"length", std::to_string(calibration.length)},
                                {"scaling", setting.options.scaling},
                                {"calibration", dope::detail::text(choice.trial.hits, "/",
                                                                   setting.options.calibration_prompts)}}));
    }
  }
  return folder.write(files);
}

}  // namespace needle
