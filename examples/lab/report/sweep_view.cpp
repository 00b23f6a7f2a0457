// SPDX-License-Identifier: MIT
#include "lab/report/sweep_view.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "draw/chart.hpp"
#include "lab/page/panel_chart.hpp"
#include "lab/report/bounds.hpp"
#include "lab/report/needle_view.hpp"
#include "lab/support/statistics.hpp"

namespace report {
namespace {

using dope::detail::text;

constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

std::string value_of(Feature feature, const Selection& selector) {
  switch (feature) {
    case Feature::n:
      return std::to_string(selector.n);
    case Feature::r:
      return selector.r ? std::to_string(*selector.r) : "all";
    case Feature::entropy:
      return selector.entropy;
    case Feature::side:
      return selector.side;
    case Feature::stage:
      return selector.stage;
    case Feature::order:
      break;
  }
  return selector.order;
}

double number_of(Feature feature, const Selection& selector) {
  if (feature == Feature::n) return static_cast<double>(selector.n);
  if (feature == Feature::r && selector.r) return static_cast<double>(*selector.r);
  return 0.0;
}

/// More prompts first, then more hits, then the greater log probability.
bool is_better(const Trial& trial, const Trial& than) {
  if (trial.prompts != than.prompts) return trial.prompts > than.prompts;
  if (trial.hits != than.hits) return trial.hits > than.hits;
  return trial.log_probability > than.log_probability ||
         (std::isnan(than.log_probability) && !std::isnan(trial.log_probability));
}

std::string short_transform(const std::string& name, const std::vector<std::string>& all) {
  const std::string family = name.substr(0, name.find('('));
  const auto same = std::count_if(all.begin(), all.end(), [&](const std::string& other) {
    return other.substr(0, other.find('(')) == family;
  });
  return same > 1 ? name : family;
}

std::string hits_of(const Trial& trial) { return text(trial.hits, "/", trial.prompts); }

/// In percent with one decimal.
std::string shown_share(double share) { return lab::figure(100.0 * share, 1); }

/// What both pictures over a numbered feature share.
struct Curves {
  Feature feature;
  std::string word;      // "n"
  std::string meaning;   // "heads selected"
  std::string baseline;  // "Dynamic NTK"
};

/// The axis's value with this name, or its end: a value that is not drawn.
auto tick_of(const page::Axis& axis, const std::string& value) {
  return std::find_if(axis.ticks.begin(), axis.ticks.end(),
                      [&](const page::Tick& tick) { return tick.label == value; });
}

/// Where a group stands on the axis: n at its number, r at its rank among those there are.
page::Axis axis_of(const Curves& curves, const std::vector<SweepCell>& sweeps) {
  const auto values = values_of(curves.feature, sweeps);
  page::Axis axis{0.0, 1.0, {}};
  for (const auto& [number, label] : some_of(std::vector(values.begin(), values.end()), most_values)) {
    const double at = curves.feature == Feature::n ? number : static_cast<double>(axis.ticks.size());
    axis.ticks.push_back({at, label});
  }
  if (axis.ticks.empty()) return axis;
  const double pad = std::max(0.3, 0.04 * (axis.ticks.back().at - axis.ticks.front().at));
  axis.low = axis.ticks.front().at - pad;
  axis.high = axis.ticks.back().at + pad;
  return axis;
}

enum class Measure { share, log_probability };

double mean_of(const Group& group, Measure measure) {
  return measure == Measure::share ? 100.0 * group.mean_share : group.mean_log_probability;
}

double value_of_trial(const Trial& trial, Measure measure) {
  return measure == Measure::share ? 100.0 * trial.share() : trial.log_probability;
}

page::ChartPanel curve_panel(const Curves& curves, Measure measure, const SweepCell& sweep,
                             const std::string& transform, const page::Axis& axis) {
  page::ChartPanel panel;
  panel.note = text(sweep.length, " tokens; ", curves.baseline, " ", hits_of(sweep.baseline));
  page::Series best{page::Look::main, {}};
  page::Series mean{page::Look::second, {}};
  for (const Group& group : groups_by(curves.feature, sweep, transform)) {
    const auto tick = tick_of(axis, group.value);
    if (tick == axis.ticks.end()) continue;
    const double value = value_of_trial(group.best, measure);
    best.points.push_back({tick->at, value, value, value});
    mean.points.push_back({tick->at, mean_of(group, measure), 0.0, 0.0});
    // "all" is no number: no line leads from it to the least r.
    if (curves.feature == Feature::r && group.number == 0.0) {
      best.points.push_back({tick->at, no_value, 0.0, 0.0});
      mean.points.push_back({tick->at, no_value, 0.0, 0.0});
    }
  }
  const double level = value_of_trial(sweep.baseline, measure);
  panel.series = {
      {page::Look::reference, {{axis.low, level, 0.0, 0.0}, {axis.high, level, 0.0, 0.0}}}, mean, best};
  return panel;
}

page::PanelChart curve_chart(const Curves& curves, Measure measure, const std::vector<SweepCell>& sweeps) {
  page::PanelChart chart;
  const bool share = measure == Measure::share;
  chart.title = text(share ? "Right answers" : "Log probability", " against ", curves.word);
  chart.subtitle = "plans tried in calibration, by transform and length";
  chart.x_title = text(curves.word, ": ", curves.meaning);
  chart.y_title = share ? "right (%)" : "mean log prob. (nats)";
  chart.x = axis_of(curves, sweeps);
  std::vector<double> values;
  std::size_t widest = 1;
  for (const auto& sweep : sweeps) {
    const auto transforms = transforms_of(sweep);
    widest = std::max(widest, transforms.size());
    for (const auto& transform : transforms) {
      chart.panels.push_back(curve_panel(curves, measure, sweep, transform, chart.x));
      chart.panels.back().title = short_transform(transform, transforms);
      for (const auto& series : chart.panels.back().series) {
        for (const auto& point : series.points) values.push_back(point.y);
      }
    }
  }
  chart.y = share ? page::percent_axis(4) : page::axis_over(values, 4);
  chart.panels_per_line = std::min<std::size_t>(widest, 4);
  chart.legend = {{page::Look::main, "best plan"},
                  {page::Look::second, "mean of all ways"},
                  {page::Look::reference, curves.baseline}};
  return chart;
}

std::vector<std::string> group_cells(const Group& group) {
  return {std::to_string(group.ways),
          hits_of(group.best),
          shown_share(group.best.share()),
          shown_share(group.mean_share),
          lab::figure(group.best.log_probability, 3),
          lab::figure(group.mean_log_probability, 3)};
}

std::vector<page::Sheet::Column> group_columns(std::vector<page::Sheet::Column> first) {
  for (const char* title : {"ways", "best plan", "best, %", "mean, %", "best, nats", "mean, nats"})
    first.push_back({"", title, true});
  return first;
}

page::Sheet curve_sheet(const Curves& curves, const std::vector<SweepCell>& sweeps) {
  page::Sheet sheet;
  const page::Axis axis = axis_of(curves, sweeps);
  sheet.columns = group_columns({{"", "transform", false}, {"", "length", true}, {"", curves.word, true}});
  for (const auto& sweep : sweeps) {
    const auto transforms = transforms_of(sweep);
    for (const auto& transform : transforms) {
      for (const Group& group : groups_by(curves.feature, sweep, transform)) {
        if (tick_of(axis, group.value) == axis.ticks.end()) continue;
        std::vector<std::string> row = {short_transform(transform, transforms), std::to_string(sweep.length),
                                        group.value};
        for (auto& cell : group_cells(group)) row.push_back(std::move(cell));
        sheet.rows.push_back(std::move(row));
      }
    }
  }
  return sheet;
}

constexpr std::array<std::pair<Feature, const char*>, 4> choices = {{{Feature::entropy, "entropy"},
                                                                     {Feature::side, "side"},
                                                                     {Feature::stage, "stage"},
                                                                     {Feature::order, "order"}}};

page::DotChart choice_chart(const SweepCell& sweep, std::size_t training_length,
                            const std::string& baseline) {
  page::DotChart chart;
  const auto transforms = transforms_of(sweep);
  chart.title = text("Right answers by choice, ", length_label(sweep.length, training_length), " tokens");
  chart.subtitle = "plans tried in calibration, by entropy, side, stage and order of the selection";
  chart.x_title = "right (%)";
  chart.x = page::percent_axis(4);
  chart.legend = {{page::Look::main, "best plan"},
                  {page::Look::second, "mean of all ways"},
                  {page::Look::reference, baseline}};
  for (const auto& transform : transforms) {
    chart.panel_titles.push_back(short_transform(transform, transforms));
    chart.references.push_back(100.0 * sweep.baseline.share());
  }
  for (const auto& [feature, word] : choices) {
    chart.rows.push_back({word, true, {}});
    std::map<std::string, std::vector<double>> rows;
    for (std::size_t t = 0; t < transforms.size(); ++t) {
      for (const Group& group : some_of(groups_by(feature, sweep, transforms[t]), most_values)) {
        auto& values = rows.try_emplace(group.value, 2 * transforms.size(), no_value).first->second;
        values[2 * t] = 100.0 * group.best.share();
        values[2 * t + 1] = 100.0 * group.mean_share;
      }
    }
    for (auto& [value, values] : rows) chart.rows.push_back({value, false, std::move(values)});
  }
  return chart;
}

page::Sheet choice_sheet(const SweepCell& sweep) {
  page::Sheet sheet;
  sheet.columns = group_columns({{"", "choice", false}, {"", "value", false}, {"", "transform", false}});
  const auto transforms = transforms_of(sweep);
  for (const auto& [feature, word] : choices) {
    for (const auto& transform : transforms) {
      for (const Group& group : some_of(groups_by(feature, sweep, transform), most_values)) {
        std::vector<std::string> row = {word, group.value, short_transform(transform, transforms)};
        for (auto& cell : group_cells(group)) row.push_back(std::move(cell));
        sheet.rows.push_back(std::move(row));
      }
    }
  }
  return sheet;
}

page::Sheet best_sheet(const std::vector<SweepCell>& sweeps, std::size_t training_length,
                       std::string_view scaling) {
  page::Sheet sheet;
  sheet.caption = text("The best plan of each transform on the calibration prompts, and ",
                       scaling_title(scaling), " without a plan.");
  sheet.columns = {
      {"", "transform", false}, {"", "length", true},        {"", "side", false},  {"", "r", true},
      {"", "n", true},          {"", "stage", false},        {"", "order", false}, {"", "entropy", false},
      {"", "heads", false},     {"", "right answers", true}, {"", "nats", true},   {"", "plans", true}};
  for (const auto& sweep : sweeps) {
    const std::string length = length_label(sweep.length, training_length);
    sheet.rows.push_back({text("(", scaling, " alone)"), length, "", "", "", "", "", "", "",
                          hits_of(sweep.baseline), lab::figure(sweep.baseline.log_probability, 3), ""});
    const auto transforms = transforms_of(sweep);
    for (const auto& transform : transforms) {
      const SweptPlan* best = nullptr;
      std::size_t plans = 0;
      for (const auto& plan : sweep.plans) {
        if (plan.transform != transform) continue;
        ++plans;
        if (best == nullptr || is_better(plan.trial, best->trial)) best = &plan;
      }
      const Selection& selector = best->selectors.front();
      sheet.rows.push_back({short_transform(transform, transforms), length, selector.side,
                            value_of(Feature::r, selector), std::to_string(selector.n), selector.stage,
                            selector.order, selector.entropy, list_of_heads(best->heads),
                            hits_of(best->trial), lab::figure(best->trial.log_probability, 3),
                            std::to_string(plans)});
    }
  }
  return sheet;
}

}  // namespace

std::set<std::pair<double, std::string>> values_of(Feature feature, const std::vector<SweepCell>& sweeps) {
  std::set<std::pair<double, std::string>> values;
  for (const auto& sweep : sweeps) {
    for (const auto& plan : sweep.plans) {
      for (const auto& selector : plan.selectors)
        values.emplace(number_of(feature, selector), value_of(feature, selector));
    }
  }
  return values;
}

std::vector<std::string> transforms_of(const SweepCell& sweep) {
  std::vector<std::string> names;
  std::set<std::string_view> seen;
  for (const auto& plan : sweep.plans) {
    if (seen.insert(plan.transform).second) names.push_back(plan.transform);
  }
  return names;
}

std::vector<Group> groups_by(Feature feature, const SweepCell& sweep, const std::string& transform) {
  struct Sum {
    Group group;
    double shares = 0.0;
    double logs = 0.0;
    std::size_t logged = 0;
  };
  std::map<std::pair<double, std::string>, Sum> sums;
  for (const auto& plan : sweep.plans) {
    if (plan.transform != transform) continue;
    for (const auto& selector : plan.selectors) {
      const double number = number_of(feature, selector);
      const std::string value = value_of(feature, selector);
      Sum& sum = sums[{number, value}];
      if (sum.group.ways == 0 || is_better(plan.trial, sum.group.best)) sum.group.best = plan.trial;
      sum.group.value = value;
      sum.group.number = number;
      ++sum.group.ways;
      sum.shares += plan.trial.share();
      if (std::isnan(plan.trial.log_probability)) continue;
      sum.logs += plan.trial.log_probability;
      ++sum.logged;
    }
  }
  std::vector<Group> groups;
  for (auto& [key, sum] : sums) {
    sum.group.mean_share = sum.shares / static_cast<double>(sum.group.ways);
    sum.group.mean_log_probability = sum.logged == 0 ? no_value : sum.logs / static_cast<double>(sum.logged);
    groups.push_back(std::move(sum.group));
  }
  return groups;
}

std::vector<page::Block> sweep_blocks(const std::vector<SweepCell>& all, std::size_t training_length,
                                      std::string_view scaling) {
  const std::string baseline = scaling_title(scaling);
  std::vector<SweepCell> sweeps = all;
  std::erase_if(sweeps, [](const SweepCell& sweep) { return sweep.plans.empty(); });
  std::stable_sort(sweeps.begin(), sweeps.end(),
                   [](const SweepCell& a, const SweepCell& b) { return a.length < b.length; });
  std::vector<page::Block> blocks;
  if (sweeps.empty()) return blocks;
  blocks.emplace_back(page::Paragraph{
      "All of this is measured on calibration prompts, on which the winners were picked: it shows "
      "which ways of "
      "selecting heads work, not how well. A way is a stage, side, entropy with its r, order and "
      "n; where several "
      "ways select the same heads, their one plan counts for each. Best is, of the plans that were "
      "tried on most "
      "prompts, the one with most right answers, then the greatest log probability of the expected "
      "digits. Plans "
      "that were dropped early count in the means with the few prompts they saw."});
  blocks.emplace_back(best_sheet(sweeps, training_length, scaling));
  for (const Curves& curves : {Curves{Feature::n, "n", "heads selected", baseline},
                               Curves{Feature::r, "r", "eigenvalues that the entropy takes", baseline}}) {
    blocks.emplace_back(page::Picture{
        "accuracy-against-" + curves.word, page::panel_chart_svg(curve_chart(curves, Measure::share, sweeps)),
        text("Right answers on calibration prompts against ", curves.word, ", ", curves.meaning,
             ": best plan (solid, circles), mean over all ways (dashed, squares), and ", baseline,
             " without a plan (dotted, diamonds)."),
        curve_sheet(curves, sweeps)});
    blocks.emplace_back(
        page::Picture{"log-probability-against-" + curves.word,
                      page::panel_chart_svg(curve_chart(curves, Measure::log_probability, sweeps)),
                      text("Mean log probability of the expected digits against ", curves.word,
                           ", for the same plans: it tells plans apart where right answers tie. "
                           "The solid line is the best plan by "
                           "right answers, so the dashed mean may pass above it."),
                      std::nullopt});
  }
  for (const SweepCell& sweep : sweeps) {
    blocks.emplace_back(page::Picture{
        "accuracy-by-choice", page::dot_chart_svg(choice_chart(sweep, training_length, baseline)),
        text("Right answers on calibration prompts of ", length_label(sweep.length, training_length),
             " tokens by entropy, side, stage and order: best plan (circle), mean over all ways with "
             "that choice (square), and ",
             baseline, " without a plan (dotted line)."),
        choice_sheet(sweep)});
  }
  return blocks;
}

}  // namespace report
