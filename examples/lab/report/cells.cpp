// SPDX-License-Identifier: MIT
#include "lab/report/cells.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "dope/core/error.hpp"
#include "transformer/checked_json.hpp"
#include "transformer/fields.hpp"

namespace report {
namespace {

using nlohmann::json;
using reference::Fields;

// Far above anything that runs, far below what would make a picture of a gigabyte.
constexpr std::size_t most_tokens = std::size_t{1} << 40;
constexpr std::size_t most_heads = 4096;
constexpr std::size_t most_bins = 4096;
constexpr std::size_t most_rows = 2048;
constexpr std::size_t most_selectors = 64;
constexpr double anything = std::numeric_limits<double>::max();

// Sums of many shares may pass 1 by rounding.
constexpr double most_share = 1.0 + 1e-3;

// A file's name, which a plan's row bears, has at most 255 bytes.
constexpr std::size_t longest_name = 300;

void require_name(const Fields& fields, const char* key, const std::string& name) {
  if (name.size() > longest_name)
    fields.fail(key, json(name), dope::detail::text("a name of at most ", longest_name, " bytes"));
}

std::string required_text(const Fields& fields, const char* key) {
  auto text = fields.text(key);
  if (!text) fields.missing(key);
  require_name(fields, key, *text);
  return *text;
}

std::string name_or_nothing(const Fields& fields, const char* key) {
  auto text = fields.text(key).value_or("");
  require_name(fields, key, text);
  return text;
}

const json& required_list(const Fields& fields, const char* key) {
  const json* list = fields.find(key);
  if (list == nullptr) fields.missing(key);
  if (!list->is_array()) fields.fail(key, *list, "a list");
  return *list;
}

dope::HeadId head_of(const Fields& fields, const json& pair) {
  const auto valid = [](const json& value) {
    return value.is_number_unsigned() && value.get<std::size_t>() < most_heads;
  };
  if (!pair.is_array() || pair.size() != 2 || !valid(pair[0]) || !valid(pair[1]))
    fields.fail("heads", pair, dope::detail::text("pairs [layer, head], each below ", most_heads));
  return {pair[0].get<std::size_t>(), pair[1].get<std::size_t>()};
}

std::vector<dope::HeadId> heads_of(const Fields& fields) {
  std::vector<dope::HeadId> heads;
  if (fields.find("heads") == nullptr) return heads;
  for (const json& pair : required_list(fields, "heads")) heads.push_back(head_of(fields, pair));
  return heads;
}

Trial trial_of(const Fields& fields) {
  Trial trial;
  trial.prompts = fields.required_count("prompts", 1, most_tokens);
  trial.hits = fields.required_count("hits", 0, trial.prompts);
  trial.log_probability = fields.number("log_probability", -anything, anything)
                              .value_or(std::numeric_limits<double>::quiet_NaN());
  return trial;
}

bool is_verdicts(const json& text, std::size_t prompts) {
  if (!text.is_string()) return false;
  const auto& verdicts = text.get_ref<const std::string&>();
  return verdicts.size() == prompts && verdicts.find_first_not_of("01") == std::string::npos;
}

std::size_t hits_in(const json& verdicts) {
  const auto& text = verdicts.get_ref<const std::string&>();
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '1'));
}

/// Hits of each draw of a control.
std::vector<std::size_t> draws_of(const Fields& fields, const TestCell& test) {
  const json& list = required_list(fields, "draws");
  const std::string expected = "strings of 1 and 0, as many prompts in each, as many ones as hits";
  std::vector<std::size_t> draws;
  std::size_t hits = 0;
  for (const json& draw : list) {
    if (test.prompts % list.size() != 0 || !is_verdicts(draw, test.prompts / list.size()))
      fields.fail("draws", draw, expected);
    draws.push_back(hits_in(draw));
    hits += draws.back();
  }
  if (hits != test.hits) fields.fail("draws", list, expected);
  return draws;
}

TestCell test_of(const json& cell, const std::string& where) {
  const Fields fields(cell, where);
  TestCell test;
  test.method = required_text(fields, "method");
  test.setup = required_text(fields, "setup");
  test.length = fields.required_count("length", 1, most_tokens);
  test.training_length = fields.count("training_length", 1, most_tokens).value_or(0);
  test.depth = fields.required_number("depth", 0.0, 1.0);
  test.prompts = fields.required_count("prompts", 1, most_tokens);
  test.hits = fields.required_count("hits", 0, test.prompts);
  if (const auto verdicts = fields.text("verdicts")) {
    if (!is_verdicts(cell.at("verdicts"), test.prompts) || hits_in(cell.at("verdicts")) != test.hits)
      fields.fail("verdicts", cell.at("verdicts"), "a 1 or 0 for each prompt, as many ones as hits");
    test.verdicts = *verdicts;
  }
  if (fields.find("draws") != nullptr) test.draws = draws_of(fields, test);
  const json* how = fields.find("how");
  if (how == nullptr) return test;
  if (!how->is_object()) fields.fail("how", *how, "an object");
  const Fields description(*how, where + ", how");
  test.heads = heads_of(description);
  if (const auto indicator = description.text("indicator")) {
    require_name(description, "indicator", *indicator);
    test.indicator = *indicator;
    test.selection = selection_of(*indicator, name_or_nothing(description, "order"),
                                  description.count("n", 0, most_heads * most_heads).value_or(0));
  } else if (const auto chosen_by = description.text("chosen_by")) {
    require_name(description, "chosen_by", *chosen_by);
    test.selection = Selection{"", "", *chosen_by, std::nullopt, "", test.heads.size()};
  }
  return test;
}

HeadsCell scores_of(const json& cell, const std::string& where, std::size_t length) {
  const Fields fields(cell, where);
  const json* scores = fields.find("scores");
  if (scores == nullptr) fields.missing("scores");
  if (!scores->is_object()) fields.fail("scores", *scores, "an object: a list for each indicator");
  HeadsCell heads;
  heads.length = length;
  for (const auto& [indicator, list] : scores->items()) {
    if (!list.is_array()) fields.fail("scores", list, "a list for each indicator");
    std::vector<double> values;
    for (const json& value : list) {
      if (!value.is_number() && !value.is_null()) fields.fail("scores", value, "numbers or null");
      const double score = value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
      if (std::isinf(score)) fields.fail("scores", value, "numbers or null");
      values.push_back(score);
    }
    heads.scores.emplace_back(indicator, std::move(values));
  }
  return heads;
}

Selection selector_of(const json& object, const std::string& where) {
  if (!object.is_object()) throw dope::Error(where, reference::shown(object), "an object");
  const Fields fields(object, where);
  return {required_text(fields, "stage"),   required_text(fields, "side"),
          required_text(fields, "entropy"), fields.count("r", 1, most_tokens),
          required_text(fields, "order"),   fields.required_count("n", 0, most_heads * most_heads)};
}

SweepCell sweep_of(const json& cell, const std::string& where) {
  const Fields fields(cell, where);
  SweepCell sweep;
  sweep.length = fields.required_count("length", 1, most_tokens);
  const json* baseline = fields.find("baseline");
  if (baseline == nullptr) fields.missing("baseline");
  if (!baseline->is_object()) fields.fail("baseline", *baseline, "an object");
  sweep.baseline = trial_of(Fields(*baseline, where + ", baseline"));
  for (const json& entry : required_list(fields, "plans")) {
    const std::string place = dope::detail::text(where, ", plans[", sweep.plans.size(), "]");
    if (!entry.is_object()) fields.fail("plans", entry, "objects");
    const Fields plan(entry, place);
    SweptPlan swept{required_text(plan, "transform"), heads_of(plan), {}, trial_of(plan)};
    for (const json& selector : required_list(plan, "selectors"))
      swept.selectors.push_back(selector_of(selector, place + ", selectors"));
    if (swept.selectors.empty()) plan.fail("selectors", entry.at("selectors"), "at least one");
    sweep.plans.push_back(std::move(swept));
  }
  return sweep;
}

AttentionRow row_of(const json& object, const std::string& where, std::size_t bins) {
  if (!object.is_object()) throw dope::Error(where, reference::shown(object), "an object");
  const Fields fields(object, where);
  AttentionRow row;
  row.head = {fields.required_count("layer", 0, most_heads), fields.required_count("head", 0, most_heads)};
  for (const json& name : required_list(fields, "selected_by")) {
    if (!name.is_string()) fields.fail("selected_by", name, "names");
    require_name(fields, "selected_by", name.get_ref<const std::string&>());
    if (row.selected_by.size() == most_selectors)
      fields.fail("selected_by", object.at("selected_by"),
                  dope::detail::text("at most ", most_selectors, " names"));
    row.selected_by.push_back(name.get<std::string>());
  }
  row.last = fields.required_numbers("last", 0.0, most_share);
  row.mean = fields.required_numbers("mean", 0.0, most_share);
  for (const char* key : {"last", "mean"}) {
    if (object.at(key).size() != bins)
      fields.fail(key, object.at(key), dope::detail::text("a number for each of ", bins, " bins"));
  }
  return row;
}

AttentionCell attention_of(const json& cell, const std::string& where) {
  const Fields fields(cell, where);
  AttentionCell attention;
  attention.length = fields.required_count("length", 1, most_tokens);
  attention.tokens = fields.required_count("tokens", 1, most_tokens);
  attention.bins = fields.required_count("bins", 1, std::min(most_bins, attention.tokens));
  attention.mean_of = fields.count("mean_of", 1, attention.tokens).value_or(attention.tokens);
  const auto needle = fields.required_numbers("needle", 0.0, static_cast<double>(attention.tokens));
  const auto whole = [](double value) { return value == std::floor(value); };
  if (needle.size() != 2 || !whole(needle[0]) || !whole(needle[1]) || !(needle[0] < needle[1]))
    fields.fail("needle", cell.at("needle"), "its first token and the one after its last");
  attention.needle_first = static_cast<std::size_t>(needle[0]);
  attention.needle_end = static_cast<std::size_t>(needle[1]);
  const json& rows = required_list(fields, "rows");
  if (rows.empty() || rows.size() > most_rows)
    fields.fail("rows", rows, dope::detail::text("1 to ", most_rows, " heads"));
  for (const json& row : rows) {
    const std::string place = dope::detail::text(where, ", rows[", attention.rows.size(), "]");
    attention.rows.push_back(row_of(row, place, attention.bins));
  }
  return attention;
}

/// LENGTH of a key "heads/LENGTH".
std::size_t length_in(std::string_view key, const std::string& where) {
  const std::string_view digits = key.substr(key.find('/') + 1);
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc{} || end != digits.data() + digits.size() || length == 0 || length > most_tokens)
    throw dope::Error(where, "key " + reference::printable(key), "heads/LENGTH");
  return length;
}

}  // namespace

std::string scaling_title(std::string_view row) {
  return row == usual_scaling ? "Dynamic NTK" : std::string(row);
}

Selection selection_of(std::string_view indicator, std::string order, std::size_t n) {
  Selection selection;
  selection.order = std::move(order);
  selection.n = n;
  const std::size_t first = indicator.find('/');
  const std::size_t second = first == std::string_view::npos ? first : indicator.find('/', first + 1);
  if (second == std::string_view::npos) {
    selection.entropy = indicator;
    return selection;
  }
  selection.stage = indicator.substr(0, first);
  selection.side = indicator.substr(first + 1, second - first - 1);
  selection.entropy = indicator.substr(second + 1);
  const std::size_t open = selection.entropy.find("(r=");
  if (open != std::string::npos && selection.entropy.ends_with(')')) {
    const char* begin = selection.entropy.data() + open + 3;
    const char* end = selection.entropy.data() + selection.entropy.size() - 1;
    std::size_t r = 0;
    const auto [stop, error] = std::from_chars(begin, end, r);
    if (error == std::errc{} && stop == end) {
      selection.r = r;
      selection.entropy.erase(open);
    }
  }
  return selection;
}

NeedleCells read_needle_cells(const Run& run) {
  NeedleCells cells;
  for (const Cell& cell : run.cells) {
    const std::string where =
        reference::printable(run.file.string()) + ", cell " + reference::printable(cell.key);
    if (cell.key.starts_with("test/")) cells.tests.push_back(test_of(cell.value, where));
    if (cell.key.starts_with("heads/"))
      cells.heads.push_back(scores_of(cell.value, where, length_in(cell.key, where)));
    if (cell.key.starts_with("sweep/")) cells.sweeps.push_back(sweep_of(cell.value, where));
    if (cell.key.starts_with("attention/")) cells.attentions.push_back(attention_of(cell.value, where));
  }
  return cells;
}

}  // namespace report
