// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <algorithm>
#include <limits>

#include "lab/support/chart.hpp"
#include "lab/support/head_map.hpp"
#include "lab/support/heat_map.hpp"
#include "lab/support/plan_json.hpp"
#include "lab/support/statistics.hpp"
#include "lab/support/table.hpp"
#include "transformer/atomic_file.hpp"

namespace needle {
namespace {

using lab::Align;
using lab::Column;
using lab::Table;

struct Tally {
  std::size_t hits = 0;
  std::size_t prompts = 0;
};

Tally tally(const lab::ResultStore& store, const std::string& key) {
  const auto* cell = store.find(key);
  if (cell == nullptr) return {};
  return {cell->at("hits").get<std::size_t>(), cell->at("prompts").get<std::size_t>()};
}

Tally over_depths(const Setting& setting, const lab::ResultStore& store, std::size_t length, Setup setup,
                  const std::string& method) {
  Tally sum;
  for (std::size_t depth = 0; depth < setting.depths_of(setup); ++depth) {
    const Tally cell = tally(store, test_key(setting, length, setup, depth, method));
    sum.hits += cell.hits;
    sum.prompts += cell.prompts;
  }
  return sum;
}

std::string length_label(const Setting& setting, std::size_t length) {
  const std::size_t training = setting.model.config().training_length;
  std::string label = std::to_string(length);
  if (length == training)
    label += " = L";
  else if (length % training == 0)
    label += " = " + std::to_string(length / training) + "L";
  return label;
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

std::string setup_title(const Setting& setting, Setup setup) {
  switch (setup) {
    case Setup::original:
      return "Original";
    case Setup::noisy:
      return dope::detail::text("Noisy: ", setting.options.noise, " start tokens after the needle");
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

std::string score_table(const Setting& setting, const std::vector<std::string>& methods,
                        const lab::ResultStore& store, Setup setup, Form form) {
  std::vector<Column> columns = {{"method", Align::left}};
  for (const std::size_t length : setting.lengths)
    columns.push_back({length_label(setting, length), Align::right});
  Table table(columns);
  for (const auto& method : methods) {
    std::vector<std::string> row = {method};
    for (const std::size_t length : setting.lengths) {
      const Tally sum = over_depths(setting, store, length, setup, method);
      row.push_back(lab::percent_with_interval(sum.hits, sum.prompts));
    }
    table.add_row(row);
  }
  return heading(setup_title(setting, setup), form) + shown(table, form);
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

/// Every method against Dynamic NTK on the same prompts, p-values corrected for how many the table shows.
std::string paired_table(const Setting& setting, const std::vector<std::string>& methods,
                         const lab::ResultStore& store, Form form) {
  const std::string rival = "dynamic_ntk";
  std::vector<Column> columns = {{"setup", Align::left}, {"method", Align::left}};
  for (const std::size_t length : setting.lengths)
    columns.push_back({length_label(setting, length), Align::right});
  std::vector<Disagreement> counts;
  std::vector<double> p;
  for (const Setup setup : setting.setups) {
    for (const auto& method : methods) {
      if (method == rival) continue;
      for (const std::size_t length : setting.lengths) {
        counts.push_back(against(verdicts_of(setting, store, length, setup, rival),
                                 verdicts_of(setting, store, length, setup, method)));
        p.push_back(lab::mcnemar(counts.back().won, counts.back().lost));
      }
    }
  }
  const auto corrected = lab::holm(p);
  Table table(columns);
  std::size_t at = 0;
  for (const Setup setup : setting.setups) {
    for (const auto& method : methods) {
      if (method == rival) continue;
      std::vector<std::string> row = {std::string(name_of(setup)), method};
      for (std::size_t i = 0; i < setting.lengths.size(); ++i, ++at) {
        row.push_back(dope::detail::text("+", counts[at].won, " -", counts[at].lost,
                                         " p=", lab::figure(corrected[at], 3)));
      }
      table.add_row(row);
    }
  }
  return heading("Against dynamic_ntk on the same prompts: won, lost, exact McNemar p after Holm", form) +
         shown(table, form);
}

/// "Exemplar lines per prompt, mean: 17.2 at 512, 54.9 at 1536."
std::string shot_counts(const Setting& setting) {
  std::string line;
  for (const std::size_t length : setting.lengths) {
    double sum = 0.0;
    for (std::size_t i = 0; i < setting.options.prompts; ++i)
      sum += static_cast<double>(setting.prompt(Part::test, length, Setup::skip, 0, i).shots);
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
               {"plans tried", Align::right}});
  for (const Calibration& calibration : calibrations) {
    const auto hits = [&](const Trial& trial) {
      return dope::detail::text(trial.hits, "/", setting.options.calibration_prompts);
    };
    table.add_row(
        {std::to_string(calibration.length), "(dynamic_ntk alone)", "", "", hits(calibration.baseline), ""});
    for (const Choice& choice : calibration.choices) {
      const auto name = dope::name_of(choice.transform);
      table.add_row({std::to_string(calibration.length), name.substr(0, name.find('(')),
                     lab::name_of(choice.candidate.selectors.front()), head_list(choice.candidate.plan),
                     hits(choice.trial), std::to_string(choice.distinct_plans)});
    }
  }
  return heading("Chosen on calibration prompts", form) + shown(table, form);
}

lab::HeatMap heat_map(const Setting& setting, const std::vector<std::string>& methods,
                      const lab::ResultStore& store, Setup setup) {
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
  for (const auto& method : methods) {
    lab::HeatPanel panel{method, "", {}};
    Tally sum;
    for (std::size_t depth = 0; depth < setting.depths_of(setup); ++depth) {
      for (const std::size_t length : setting.lengths) {
        const Tally cell = tally(store, test_key(setting, length, setup, depth, method));
        sum.hits += cell.hits;
        sum.prompts += cell.prompts;
        panel.values.push_back(cell.prompts == 0 ? std::numeric_limits<double>::quiet_NaN()
                                                 : 100.0 * static_cast<double>(cell.hits) /
                                                       static_cast<double>(cell.prompts));
      }
    }
    if (sum.prompts > 0) {
      panel.note =
          "mean " + lab::percent(static_cast<double>(sum.hits) / static_cast<double>(sum.prompts)) + " %";
    }
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

std::string tables(const Setting& setting, const std::vector<Calibration>& calibrations,
                   const std::vector<std::string>& methods, const lab::ResultStore& store, Form form) {
  std::string text = form == Form::markdown ? "# " + task_title(setting) + "\n\n" : "";
  const std::size_t prompts = setting.depths_of(setting.setups.front()) * setting.options.prompts;
  if (setting.options.task == Task::shots) {
    text += dope::detail::text("Greedy exact match of the expected digits, % with 95 % Wilson interval; ",
                               prompts, " test prompts per entry of the first table, ",
                               setting.options.prompts, " of the second.\n\n", shot_counts(setting));
  } else {
    text += dope::detail::text("Greedy exact match of five digits, % with 95 % Wilson interval; ", prompts,
                               " test prompts per entry.\n\n");
  }
  for (const Setup setup : setting.setups) text += score_table(setting, methods, store, setup, form) + "\n";
  text += paired_table(setting, methods, store, form) + "\n";
  return text + choice_table(setting, calibrations, form);
}

std::vector<std::filesystem::path> write_report(const Setting& setting,
                                                const std::vector<Calibration>& calibrations,
                                                const std::vector<std::string>& methods,
                                                const lab::ResultStore& store) {
  std::vector<std::filesystem::path> written;
  const auto write = [&](const std::filesystem::path& path, const std::string& bytes) {
    reference::write_file_whole(path, bytes);
    written.push_back(path);
  };
  const auto& out = setting.options.out;
  write(out / "table.md", tables(setting, calibrations, methods, store, Form::markdown));
  for (const Setup setup : setting.setups) {
    write(out / dope::detail::text("depth_by_length_", name_of(setup), ".svg"),
          lab::heat_map_svg(heat_map(setting, methods, store, setup)));
  }
  std::filesystem::create_directories(out / "plans");
  for (const Calibration& calibration : calibrations) {
    for (std::size_t i = 0; i < calibration.choices.size(); ++i) {
      const Choice& choice = calibration.choices[i];
      const auto name = dope::name_of(choice.transform);
      const auto stem =
          dope::detail::text(calibration.length, "_", i + 1, "_", name.substr(0, name.find('(')));
      write(out / ("heads_" + stem + ".svg"), lab::head_map_svg(head_map(setting, calibration, choice)));
      const auto path = out / "plans" / (stem + ".json");
      lab::save_plan(
          path, choice.candidate.plan,
          {{"selector", lab::name_of(choice.candidate.selectors.front())},
           {"length", std::to_string(calibration.length)},
           {"calibration", dope::detail::text(choice.trial.hits, "/", setting.options.calibration_prompts)}});
      written.push_back(path);
    }
  }
  return written;
}

}  // namespace needle
