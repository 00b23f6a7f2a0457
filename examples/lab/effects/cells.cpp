// SPDX-License-Identifier: MIT
#include "cells.hpp"

#include <limits>
#include <string>

#include "dope/core/error.hpp"
#include "lab/support/cell_fields.hpp"

namespace effects {
namespace {

using lab::CellFields;

constexpr double any = std::numeric_limits<double>::max();

void require_heads(const CellFields& cell, std::size_t heads) {
  const CellFields measures = cell.object("measures");
  for (const auto& [name, value] : cell.at("measures").items()) {
    const CellFields measure = measures.object(name);
    const std::string origin = measure.text("origin");
    if (origin != "paper" && origin != "other" && origin != "control")
      measure.fail("origin", measure.at("origin"), "paper, other or control");
    measure.numbers("by_head", heads, -any, any);
  }
  cell.pairs("spreads", heads, 0.0, any);
}

}  // namespace

lab::ResultStore::Check cell_check(const Setting& setting) {
  const std::size_t heads = setting.heads().size();
  const std::size_t schedules = 1 + setting.options.transforms.size() * heads;
  return [=](std::string_view key, const lab::ResultStore::Json& value, const std::string& where) {
    const CellFields cell(value, where);
    if (key.starts_with("heads/")) return require_heads(cell, heads);
    if (!key.starts_with("effects/"))
      throw dope::Error(where, "an unknown kind of cell", "heads/ or effects/");
    static_cast<void>(cell.verdicts("hits", schedules));
    cell.numbers("log_probability", schedules, lab::least_log_probability, 0.0);
  };
}

}  // namespace effects
