// SPDX-License-Identifier: MIT
#include "lab/report/needle_view.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "dope/core/error.hpp"
#include "draw/chart.hpp"
#include "lab/page/panel_chart.hpp"
#include "lab/report/attention_picture.hpp"
#include "lab/report/bounds.hpp"
#include "lab/report/sweep_view.hpp"
#include "lab/support/command_line.hpp"
#include "lab/support/head_map.hpp"
#include "lab/support/heat_map.hpp"
#include "lab/support/statistics.hpp"

namespace report {
namespace {

using dope::detail::text;

constexpr std::array<std::string_view, 4> paper_order = {"noisy", "original", "insert", "skip"};

/// The tests of a run, looked up by what the tables and pictures range over.
class Tests {
 public:
  explicit Tests(const std::vector<TestCell>& tests) : setups_(setups_in_order(tests)) {
    std::set<std::size_t> lengths;
    std::set<std::string_view> seen;
    for (const TestCell& test : tests) {
      if (seen.insert(test.method).second) methods_.push_back(test.method);
      lengths.insert(test.length);
      has_controls_ = has_controls_ || !test.draws.empty();
      training_length_ = std::max(training_length_, test.training_length);
      cells_[{test.method, test.setup, test.length}].emplace(test.depth, &test);
    }
    lengths_.assign(lengths.begin(), lengths.end());
  }

  using ByDepth = std::map<double, const TestCell*>;

  [[nodiscard]] const ByDepth& at(const std::string& method, const std::string& setup,
                                  std::size_t length) const {
    static const ByDepth nothing;
    const auto found = cells_.find({method, setup, length});
    return found == cells_.end() ? nothing : found->second;
  }

  struct Tally {
    std::size_t hits = 0;
    std::size_t prompts = 0;
    std::vector<std::size_t> draws;  // of a control: hits of each

    [[nodiscard]] double share() const { return static_cast<double>(hits) / static_cast<double>(prompts); }

    /// Each prompt once, though all draws of a control meet it.
    [[nodiscard]] std::size_t distinct_prompts() const {
      return prompts / std::max<std::size_t>(1, draws.size());
    }

    /// Standard deviation of the draws' shares; 0 for one draw.
    [[nodiscard]] double spread() const {
      if (draws.size() < 2) return 0.0;
      const auto count = static_cast<double>(draws.size());
      double sum = 0.0;
      for (const std::size_t hit : draws) {
        const double off = static_cast<double>(hit) * count / static_cast<double>(prompts) - share();
        sum += off * off;
      }
      return std::sqrt(sum / (count - 1.0));
    }

    /// In percent: with the 95 % Wilson interval, or of a control ± the spread of its draws.
    [[nodiscard]] std::string shown() const {
      if (prompts == 0 || draws.empty()) return lab::percent_with_interval(hits, prompts);
      return lab::percent(share()) + " ± " + lab::percent(spread());
    }
  };

  [[nodiscard]] Tally tally(const std::string& method, const std::string& setup, std::size_t length) const {
    Tally sum;
    for (const auto& [depth, test] : at(method, setup, length)) {
      sum.hits += test->hits;
      sum.prompts += test->prompts;
      sum.draws.resize(std::max(sum.draws.size(), test->draws.size()));
      for (std::size_t i = 0; i < test->draws.size(); ++i) sum.draws[i] += test->draws[i];
    }
    return sum;
  }

  [[nodiscard]] bool has_controls() const { return has_controls_; }

  /// The first cell of a method at a length, or null.
  [[nodiscard]] const TestCell* any(const std::string& method, std::size_t length) const {
    for (const auto& setup : setups_) {
      const auto& cells = at(method, setup, length);
      if (!cells.empty()) return cells.begin()->second;
    }
    return nullptr;
  }

  [[nodiscard]] const std::vector<std::string>& methods() const { return methods_; }
  [[nodiscard]] const std::vector<std::string>& setups() const { return setups_; }
  [[nodiscard]] const std::vector<std::size_t>& lengths() const { return lengths_; }
  [[nodiscard]] std::size_t training_length() const { return training_length_; }
  [[nodiscard]] bool has(std::string_view method) const {
    return std::find(methods_.begin(), methods_.end(), method) != methods_.end();
  }

 private:
  std::vector<std::string> setups_;
  std::vector<std::string> methods_;
  std::vector<std::size_t> lengths_;
  std::size_t training_length_ = 0;
  bool has_controls_ = false;
  std::map<std::tuple<std::string, std::string, std::size_t>, ByDepth> cells_;
};

std::string setup_in_words(const std::string& setup) {
  if (setup == "original") return "original: the needle alone";
  if (setup == "noisy") return "noisy: start tokens beside the needle";
  if (setup == "insert") return "insert: the asked exemplar stands among the shots";
  if (setup == "skip") return "skip: a new key is asked, the digits that all codes share are right";
  return setup;
}

std::string or_dash(const std::string& word) { return word.empty() ? "–" : word; }

std::string r_of_selection(const Selection& chosen) {
  if (chosen.r) return std::to_string(*chosen.r);
  return chosen.stage.empty() ? "–" : "all";
}

/// What a method's selection has at each length, " / " between them where they differ.
template <class Get>
std::string over_lengths(const Tests& tests, const std::string& method, Get get) {
  std::vector<std::string> values;
  bool any = false;
  for (const std::size_t length : tests.lengths()) {
    const TestCell* cell = tests.any(method, length);
    const bool chosen = cell != nullptr && cell->selection.has_value();
    any = any || chosen;
    values.push_back(chosen ? get(*cell->selection) : "–");
  }
  if (!any) return "";
  if (std::all_of(values.begin(), values.end(), [&](const auto& value) { return value == values.front(); }))
    return values.front();
  std::string list;
  for (const auto& value : values) list += (list.empty() ? "" : " / ") + value;
  return list;
}

std::vector<page::Sheet::Column> score_columns(const Tests& tests) {
  std::vector<page::Sheet::Column> columns;
  for (const std::size_t length : tests.lengths()) {
    for (const auto& setup : tests.setups())
      columns.push_back({length_label(length, tests.training_length()), setup, true});
  }
  return columns;
}

page::Sheet choice_table_of(const Tests& tests) {
  page::Sheet sheet;
  sheet.caption = "What calibration chose, and the heads (layer.head) it denoises.";
  sheet.columns = {{"", "method", false}, {"", "length", true},   {"", "side", false},
                   {"", "r", true},       {"", "n", true},        {"", "stage", false},
                   {"", "order", false},  {"", "entropy", false}, {"", "heads", false}};
  for (const auto& method : tests.methods()) {
    for (const std::size_t length : tests.lengths()) {
      const TestCell* cell = tests.any(method, length);
      if (cell == nullptr || !cell->selection) continue;
      const Selection& chosen = *cell->selection;
      sheet.rows.push_back({method, length_label(length, tests.training_length()), or_dash(chosen.side),
                            r_of_selection(chosen), std::to_string(chosen.n), or_dash(chosen.stage),
                            or_dash(chosen.order), chosen.entropy, list_of_heads(cell->heads)});
    }
  }
  return sheet;
}

page::Axis length_axis(const Tests& tests) {
  page::Axis axis{0.0, 1.0, {}};
  for (const std::size_t length : tests.lengths()) {
    const std::size_t training = tests.training_length();
    const bool whole = training > 0 && length % training == 0;
    const std::string label = !whole               ? std::to_string(length)
                              : length == training ? "L"
                                                   : text(length / training, "L");
    axis.ticks.push_back({std::log2(static_cast<double>(length)), label});
  }
  const double pad = std::max(0.25, 0.08 * (axis.ticks.back().at - axis.ticks.front().at));
  axis.low = axis.ticks.front().at - pad;
  axis.high = axis.ticks.back().at + pad;
  return axis;
}

page::Series accuracy_series(const Tests& tests, page::Look look, const std::string& method,
                             const std::string& setup) {
  page::Series series{look, {}};
  for (const std::size_t length : tests.lengths()) {
    const auto sum = tests.tally(method, setup, length);
    if (sum.prompts == 0) continue;
    auto interval = lab::wilson(sum.hits, sum.prompts);
    if (!sum.draws.empty())
      interval = {std::max(0.0, sum.share() - sum.spread()), std::min(1.0, sum.share() + sum.spread())};
    series.points.push_back({std::log2(static_cast<double>(length)), 100.0 * sum.share(),
                             100.0 * interval.low, 100.0 * interval.high});
  }
  return series;
}

page::Sheet accuracy_values(const Tests& tests, const std::string& setup) {
  page::Sheet sheet;
  sheet.columns = {{"", "method", false}};
  for (const std::size_t length : tests.lengths())
    sheet.columns.push_back({"", length_label(length, tests.training_length()), true});
  for (const auto& method : tests.methods()) {
    std::vector<std::string> row = {method};
    for (const std::size_t length : tests.lengths()) {
      row.push_back(tests.tally(method, setup, length).shown());
    }
    sheet.rows.push_back(std::move(row));
  }
  return sheet;
}

page::Picture accuracy_picture(const Tests& tests, const std::string& setup, const std::string& rival) {
  page::PanelChart chart;
  chart.title = "Right answers against length, " + setup;
  chart.subtitle = setup_in_words(setup);
  chart.x_title = tests.training_length() > 0
                      ? text("length (L = ", tests.training_length(), " tokens, logarithmic)")
                      : "length (tokens, logarithmic)";
  chart.y_title = "right (%)";
  chart.x = length_axis(tests);
  chart.y = page::percent_axis(4);
  const bool compared = tests.has(rival);
  for (const auto& method : tests.methods()) {
    if (compared && method == rival && tests.methods().size() > 1) continue;
    page::ChartPanel panel{method, "", {}};
    if (compared) panel.series.push_back(accuracy_series(tests, page::Look::reference, rival, setup));
    panel.series.push_back(accuracy_series(tests, page::Look::main, method, setup));
    chart.panels.push_back(std::move(panel));
  }
  chart.legend = {{page::Look::main, "the panel's method"}};
  std::string beside;
  if (compared) {
    chart.legend.push_back({page::Look::reference, rival});
    beside = " beside " + rival + " (dotted, diamonds)";
  }
  return {"accuracy-against-length", page::panel_chart_svg(chart),
          text("Right answers against length, setup ", setup_in_words(setup),
               ". Each panel is a method (solid, circles)", beside, "; whiskers are 95 % Wilson intervals",
               tests.has_controls() ? ", of random heads ± the standard deviation of the draws" : "",
               ". Both stand a little aside of their length, so that "
               "neither hides the other."),
          accuracy_values(tests, setup)};
}

/// Depth by length; nothing where a setup knows one depth only.
std::optional<page::Picture> depth_picture(const Tests& tests, const std::string& setup) {
  std::set<double> all;
  for (const auto& method : tests.methods()) {
    for (const std::size_t length : tests.lengths()) {
      for (const auto& [depth, cell] : tests.at(method, setup, length)) all.insert(depth);
    }
  }
  if (all.size() < 2) return std::nullopt;
  const auto depths = some_of(std::vector<double>(all.begin(), all.end()), most_depths);
  lab::HeatMap map;
  map.title = "Right answers by depth and length, " + setup;
  map.subtitle = setup_in_words(setup);
  for (const double depth : depths) map.row_labels.push_back(lab::figure(100.0 * depth, 0));
  for (const std::size_t length : tests.lengths()) map.column_labels.push_back(std::to_string(length));
  for (const auto& method : tests.methods()) {
    lab::HeatPanel panel{method, "", {}};
    Tests::Tally sum;
    for (const double depth : depths) {
      for (const std::size_t length : tests.lengths()) {
        const auto& cells = tests.at(method, setup, length);
        const auto found = cells.find(depth);
        if (found == cells.end()) {
          panel.values.push_back(std::numeric_limits<double>::quiet_NaN());
          continue;
        }
        const TestCell& cell = *found->second;
        panel.values.push_back(100.0 * static_cast<double>(cell.hits) / static_cast<double>(cell.prompts));
      }
    }
    for (const std::size_t length : tests.lengths()) {
      const Tests::Tally at_length = tests.tally(method, setup, length);
      sum.hits += at_length.hits;
      sum.prompts += at_length.prompts;
    }
    if (sum.prompts > 0) panel.note = text("mean ", lab::percent(sum.share()), " %");
    map.panels.push_back(std::move(panel));
  }
  return page::Picture{
      "depth-by-length", lab::heat_map_svg(map),
      text("Right answers in % by needle depth (down, in % of the text) and length (across), setup ",
           setup_in_words(setup), ". A panel per method; the colour repeats the figure in the cell.",
           depths.size() < all.size()
               ? text(" Depths: ", depths.size(), " of ", all.size(), " are shown, evenly spaced.")
               : ""),
      std::nullopt};
}

std::vector<page::Block> head_pictures(const NeedleCells& cells, const Tests& tests,
                                       const NeedleSetting& setting) {
  std::vector<page::Block> blocks;
  std::size_t further = 0;
  std::size_t large = 0;
  for (const auto& heads : cells.heads) {
    for (const auto& method : tests.methods()) {
      const TestCell* test = tests.any(method, heads.length);
      if (test == nullptr || !test->selection || test->heads.empty()) continue;
      const auto scores = std::find_if(heads.scores.begin(), heads.scores.end(),
                                       [&](const auto& entry) { return entry.first == test->indicator; });
      if (scores == heads.scores.end()) continue;
      if (scores->second.empty() || scores->second.size() % setting.layers != 0) {
        throw dope::Error("heads/" + std::to_string(heads.length), text(scores->second.size(), " scores"),
                          text("as many for each of ", setting.layers, " layers"));
      }
      if (scores->second.size() > most_heads_on_a_map) {
        ++large;
        continue;
      }
      if (blocks.size() == most_head_maps) {
        ++further;
        continue;
      }
      lab::HeadMap map;
      map.title = text(method, ", ", length_label(heads.length, tests.training_length()), " tokens");
      map.subtitle = text("score ", test->indicator, "; ", test->heads.size(), " heads chosen, ",
                          test->selection->order, " order");
      map.head_title = setting.key_heads ? "key head" : "query head";
      map.value_title = "score of the head";
      map.layers = setting.layers;
      map.heads = scores->second.size() / setting.layers;
      map.values = scores->second;
      std::set<dope::HeadId> selected;
      for (const auto& head : test->heads) {
        if (selected.insert(head).second) map.selected.push_back(head);
      }
      blocks.emplace_back(page::Picture{
          "head-scores", lab::head_map_svg(map),
          text("Scores of all heads by ", test->indicator, " at ", heads.length, " tokens; those that ",
               method, " denoises have a double outline and a diamond."),
          std::nullopt});
    }
  }
  if (further > 0) {
    blocks.emplace_back(page::Paragraph{
        text("Left out: ", further, " further maps of heads; the first ", most_head_maps, " are shown.")});
  }
  if (large > 0) {
    blocks.emplace_back(page::Paragraph{text("Left out: ", large, " maps of more than ", most_heads_on_a_map,
                                             " heads, which have no picture.")});
  }
  return blocks;
}

page::Picture attention_figure(const AttentionCell& cell, const std::string& scaling) {
  page::Sheet sheet;
  sheet.columns = {{"", "head", false},
                   {"", "selected by", false},
                   {"last token", "first bin, %", true},
                   {"last token", "needle's bins, %", true},
                   {mean_title(cell), "first bin, %", true},
                   {mean_title(cell), "needle's bins, %", true}};
  for (const auto& row : cell.rows) {
    std::string by;
    for (const auto& name : row.selected_by) by += (by.empty() ? "" : ", ") + name;
    const auto shown = [](double share) { return lab::figure(100.0 * share, 2); };
    sheet.rows.push_back(
        {text("layer ", row.head.layer, ", head ", row.head.head), by.empty() ? "(kept)" : by,
         shown(row.last.front()), shown(share_at(cell, row.last, cell.needle_first, cell.needle_end)),
         shown(row.mean.front()), shown(share_at(cell, row.mean, cell.needle_first, cell.needle_end))});
  }
  return {"attention", attention_svg(cell, scaling),
          text("Attention over positions at ", cell.length, " tokens under ", scaling_title(scaling),
               " without a plan, on a logarithmic scale; the needle is marked by a band and a triangle. "
               "Above the dotted line a bin has more than an equal share. Tall first bins are "
               "attention sinks."),
          std::move(sheet)};
}

page::Section results_section(const Tests& tests, const std::vector<TestCell>& cells, bool shots) {
  page::Section section{"Right answers", {}};
  std::string prompts;
  for (const auto& setup : tests.setups()) {
    std::size_t most = 0;
    for (const auto& method : tests.methods()) {
      for (const std::size_t length : tests.lengths())
        most = std::max(most, tests.tally(method, setup, length).distinct_prompts());
    }
    prompts += text(prompts.empty() ? "" : ", ", most, " ", setup);
  }
  section.blocks.emplace_back(page::Paragraph{text(
      "Greedy exact match of ", shots ? "the expected digits" : "five digits",
      ", % with 95 % Wilson interval",
      tests.has_controls() ? "; of random heads mean ± standard deviation of the draws, each on every prompt"
                           : "",
      "; over all depths; prompts per entry: ", prompts,
      ". Columns stand in the paper's order. Where lengths chose heads in different ways, the choices "
      "stand in the order of the lengths.")});
  page::Bullets setups;
  for (const auto& setup : tests.setups()) setups.items.push_back(setup_in_words(setup));
  section.blocks.emplace_back(std::move(setups));
  section.blocks.emplace_back(paper_table(cells));
  return section;
}

}  // namespace

std::string length_label(std::size_t length, std::size_t training_length) {
  return training_length == 0 ? std::to_string(length) : lab::length_text(length, training_length);
}

std::vector<std::string> setups_in_order(const std::vector<TestCell>& tests) {
  std::vector<std::string> names;
  std::set<std::string_view> seen;
  for (const auto& test : tests) {
    if (seen.insert(test.setup).second) names.push_back(test.setup);
  }
  const auto rank = [](const std::string& name) {
    return std::find(paper_order.begin(), paper_order.end(), name) - paper_order.begin();
  };
  std::stable_sort(names.begin(), names.end(),
                   [&](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
  return names;
}

page::Sheet paper_table(const std::vector<TestCell>& cells) {
  const Tests tests(cells);
  page::Sheet sheet;
  sheet.columns.push_back({"", "method", false});
  for (const char* title : {"side", "r", "n", "stage", "order", "entropy"})
    sheet.columns.push_back({"heads chosen by", title, false});
  for (auto& column : score_columns(tests)) sheet.columns.push_back(std::move(column));
  for (const auto& method : tests.methods()) {
    std::vector<std::string> row = {method};
    const auto add = [&](auto get) { row.push_back(over_lengths(tests, method, get)); };
    add([](const Selection& chosen) { return or_dash(chosen.side); });
    add(r_of_selection);
    add([](const Selection& chosen) { return std::to_string(chosen.n); });
    add([](const Selection& chosen) { return or_dash(chosen.stage); });
    add([](const Selection& chosen) { return or_dash(chosen.order); });
    add([](const Selection& chosen) { return chosen.entropy; });
    for (const std::size_t length : tests.lengths()) {
      for (const auto& setup : tests.setups()) {
        row.push_back(tests.tally(method, setup, length).shown());
      }
    }
    sheet.rows.push_back(std::move(row));
  }
  return sheet;
}

page::Sheet paired_table(const std::vector<TestCell>& cells, std::string_view scaling) {
  const std::string rival(scaling);
  const Tests tests(cells);
  page::Sheet sheet;
  sheet.columns.push_back({"", "method", false});
  for (auto& column : score_columns(tests)) sheet.columns.push_back(std::move(column));
  if (!tests.has(rival)) return sheet;

  struct Pair {
    std::size_t compared = 0;
    std::size_t won = 0;
    std::size_t lost = 0;
  };
  const auto compare = [&](const std::string& method, const std::string& setup, std::size_t length) {
    Pair pair;
    const auto& others = tests.at(rival, setup, length);
    for (const auto& [depth, own] : tests.at(method, setup, length)) {
      const auto other = others.find(depth);
      if (other == others.end() || own->verdicts.size() != other->second->verdicts.size()) continue;
      for (std::size_t i = 0; i < own->verdicts.size(); ++i) {
        const char mine = own->verdicts[i];
        const char theirs = other->second->verdicts[i];
        ++pair.compared;
        if (mine > theirs) ++pair.won;
        if (mine < theirs) ++pair.lost;
      }
    }
    return pair;
  };
  std::vector<Pair> pairs;
  std::vector<double> p;
  for (const auto& method : tests.methods()) {
    if (method == rival) continue;
    for (const std::size_t length : tests.lengths()) {
      for (const auto& setup : tests.setups()) {
        pairs.push_back(compare(method, setup, length));
        if (pairs.back().compared > 0) p.push_back(lab::mcnemar(pairs.back().won, pairs.back().lost));
      }
    }
  }
  if (p.empty()) return sheet;
  const auto corrected = lab::holm(p);
  auto pair = pairs.begin();
  auto value = corrected.begin();
  for (const auto& method : tests.methods()) {
    if (method == rival) continue;
    std::vector<std::string> row = {method};
    const auto end = pair + static_cast<std::ptrdiff_t>(sheet.columns.size() - 1);
    if (std::all_of(pair, end, [](const Pair& one) { return one.compared == 0; })) {
      pair = end;
      continue;
    }
    for (; pair != end; ++pair) {
      row.push_back(pair->compared == 0
                        ? "–"
                        : text("+", pair->won, " −", pair->lost, " [", lab::p_text(*value++), "]"));
    }
    sheet.rows.push_back(std::move(row));
  }
  return sheet;
}

NeedleSetting needle_setting_of(const Run& run) {
  NeedleSetting setting;
  const auto& configuration = run.configuration;
  setting.shots = configuration.value("task", nlohmann::ordered_json()) == "shots";
  const auto scaling = configuration.value("scaling", nlohmann::ordered_json());
  if (scaling.is_string()) setting.scaling = scaling.get<std::string>();
  const auto gqa = configuration.value("gqa", nlohmann::ordered_json());
  setting.key_heads = gqa.is_string() && gqa != "per_query_head";
  const auto model = configuration.find("model");
  if (model == configuration.end() || !model->is_object() || !model->contains("layers")) return setting;
  const auto& layers = model->at("layers");
  if (!layers.is_number_unsigned() || layers.get<std::size_t>() == 0 || layers.get<std::size_t>() > 4096)
    throw dope::Error("configuration of " + run.file.string(), "model.layers " + layers.dump(), "1 to 4096");
  setting.layers = layers.get<std::size_t>();
  return setting;
}

std::vector<page::Section> needle_sections(const NeedleCells& all, const NeedleSetting& setting) {
  std::vector<page::Section> sections;
  auto [cells, left_out] = shown_of(all, setting.scaling);
  if (!left_out.empty()) sections.push_back({"Left out", {page::Bullets{std::move(left_out)}}});
  const Tests tests(cells.tests);
  if (!cells.tests.empty()) {
    sections.push_back(results_section(tests, cells.tests, setting.shots));
    page::Sheet paired = paired_table(cells.tests, setting.scaling);
    if (!paired.rows.empty()) {
      sections.push_back(
          {"Against " + scaling_title(setting.scaling),
           {page::Paragraph{text(
                "On the same prompts: those that the method alone answered (+), those that ", setting.scaling,
                " alone answered (−), and the exact p-value of McNemar's test, corrected by Holm "
                "for as many comparisons as the table shows.")},
            std::move(paired)}});
    }
    page::Section accuracy{"Accuracy against length", {}};
    page::Section depths{"Accuracy by depth and length", {}};
    for (const auto& setup : tests.setups()) {
      accuracy.blocks.emplace_back(accuracy_picture(tests, setup, setting.scaling));
      if (auto picture = depth_picture(tests, setup)) depths.blocks.emplace_back(std::move(*picture));
    }
    sections.push_back(std::move(accuracy));
    if (!depths.blocks.empty()) sections.push_back(std::move(depths));
    page::Sheet choices = choice_table_of(tests);
    if (!choices.rows.empty()) sections.push_back({"Chosen heads", {std::move(choices)}});
    if (setting.layers > 0) {
      auto pictures = head_pictures(cells, tests, setting);
      if (!pictures.empty()) sections.push_back({"Scores of heads", std::move(pictures)});
    }
  }
  auto swept = sweep_blocks(cells.sweeps, tests.training_length(), setting.scaling);
  if (!swept.empty()) sections.push_back({"Ways of selecting heads", std::move(swept)});
  page::Section attention{"Attention of heads", {}};
  for (const auto& cell : cells.attentions)
    attention.blocks.emplace_back(attention_figure(cell, setting.scaling));
  if (!attention.blocks.empty()) sections.push_back(std::move(attention));
  return sections;
}

}  // namespace report
