// SPDX-License-Identifier: MIT
#include "cells.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "dope/core/error.hpp"
#include "lab/support/cell_fields.hpp"
#include "lab/support/sweep.hpp"

namespace needle {
namespace {

using dope::detail::text;
using lab::CellFields;
using lab::least_log_probability;

constexpr double any = std::numeric_limits<double>::max();
constexpr std::size_t largest_count = std::size_t{1} << 53;

void require_heads(const Setting& setting, const CellFields& cell) {
  const auto shape = setting.model.shape();
  const std::size_t units = shape.layers * shape.units(setting.options.gqa);
  const CellFields scores = cell.object("scores");
  const auto indicators = lab::sweep_indicators(setting.options.breadth, shape.head_width);
  for (const auto& indicator : indicators) scores.numbers(dope::name_of(indicator), units, -any, any);
  if (cell.at("scores").size() != indicators.size())
    cell.fail("scores", cell.at("scores"), text("an object of ", indicators.size()));
  cell.pairs("spreads", units, 0.0, any);
}

void require_trial(const CellFields& cell) {
  const std::size_t prompts = cell.count("prompts", 1, largest_count);
  cell.count("hits", 0, prompts);
  cell.number("log_probability", least_log_probability, 0.0);
}

void require_trials(const CellFields& cell) {
  const std::size_t plans = cell.text("hits").size();
  static_cast<void>(cell.verdicts("hits", plans));
  cell.numbers("log_probability", plans, least_log_probability, 0.0);
}

void require_sweep(const CellFields& cell) {
  require_trial(cell.object("baseline"));
  std::size_t number = 0;
  for (const auto& plan : cell.list("plans"))
    require_trial(CellFields(plan, text(cell.where(), ", plan ", number++)));
}

void require_attention(const CellFields& cell) {
  const std::size_t tokens = cell.count("tokens", 1, largest_count);
  const std::size_t bins = cell.count("bins", 1, tokens);
  cell.numbers("needle", 2, 0.0, static_cast<double>(tokens));
  std::size_t number = 0;
  for (const auto& row : cell.list("rows")) {
    const CellFields fields(row, text(cell.where(), ", row ", number++));
    // Sums of many shares may pass 1 by rounding.
    for (const char* key : {"last", "mean"}) fields.numbers(key, bins, 0.0, 1.001);
  }
}

void require_test(const Setting& setting, const CellFields& cell) {
  const auto ones = [](const std::string& verdicts) {
    return static_cast<std::size_t>(std::count(verdicts.begin(), verdicts.end(), '1'));
  };
  static_cast<void>(cell.text("method"));
  const std::size_t prompts = setting.options.prompts;
  std::size_t hits = 0;
  std::size_t asked = prompts;
  if (cell.has("draws")) {
    for (const auto& draw : cell.list("draws", setting.options.random_draws)) {
      const lab::ResultStore::Json one = {{"draws", draw}};
      hits += ones(CellFields(one, cell.where()).verdicts("draws", prompts));
    }
    asked *= setting.options.random_draws;
  } else {
    hits = ones(cell.verdicts("verdicts", prompts));
  }
  cell.count("prompts", asked, asked);
  cell.count("hits", hits, hits);
}

}  // namespace

lab::ResultStore::Check cell_check(const Setting& setting) {
  return [&setting](std::string_view key, const lab::ResultStore::Json& value, const std::string& where) {
    const CellFields cell(value, where);
    const auto is = [&](std::string_view stem) { return key.starts_with(stem); };
    if (is("heads/")) return require_heads(setting, cell);
    if (is("trial/") || is("greedy/")) return require_trials(cell);
    if (is("sweep/")) return require_sweep(cell);
    if (is("attention/")) return require_attention(cell);
    if (is("test/")) return require_test(setting, cell);
    throw dope::Error(where, "an unknown kind of cell",
                      "heads/, trial/, greedy/, sweep/, attention/ or test/");
  };
}

}  // namespace needle
