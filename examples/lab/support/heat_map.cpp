// SPDX-License-Identifier: MIT
#include "lab/support/heat_map.hpp"

#include <algorithm>
#include <cmath>

#include "dope/core/error.hpp"
#include "draw/chart.hpp"

namespace lab {
namespace {

constexpr double page_width = 900.0;
constexpr double left = 74.0;  // axis title and row labels
constexpr double right = 16.0;
constexpr double gap = 20.0;
constexpr double panel_head = 40.0;  // title and note
constexpr double panel_foot = 24.0;  // column labels
constexpr double row_height = 21.0;
constexpr double foot = 88.0;  // column title and colour bar

void check(const HeatMap& map) {
  if (map.row_labels.empty() || map.column_labels.empty() || map.panels.empty() || map.panels_per_line == 0) {
    throw dope::Error(
        "heat_map_svg",
        dope::detail::text(map.row_labels.size(), " rows, ", map.column_labels.size(), " columns, ",
                           map.panels.size(), " panels, ", map.panels_per_line, " a line"),
        "at least one of each");
  }
  if (!std::isfinite(map.low) || !std::isfinite(map.high) || !(map.low < map.high)) {
    throw dope::Error("heat_map_svg", dope::detail::text("scale from ", map.low, " to ", map.high),
                      "finite ends, the low one first");
  }
  for (const HeatPanel& panel : map.panels) {
    const std::size_t expected = map.row_labels.size() * map.column_labels.size();
    if (panel.values.size() != expected) {
      throw dope::Error("heat_map_svg",
                        dope::detail::text(panel.values.size(), " values in panel \"", panel.title, "\""),
                        dope::detail::text(expected, ", rows times columns"));
    }
    if (std::any_of(panel.values.begin(), panel.values.end(),
                    [](double value) { return std::isinf(value); })) {
      throw dope::Error("heat_map_svg", "an infinite value in panel \"" + panel.title + "\"",
                        "finite values");
    }
  }
}

}  // namespace

std::string heat_map_svg(const HeatMap& map) {
  check(map);
  const std::size_t rows = map.row_labels.size();
  const std::size_t columns = map.column_labels.size();
  const std::size_t across = std::min(map.panels_per_line, map.panels.size());
  const std::size_t lines = (map.panels.size() + across - 1) / across;
  const double room = page_width - left - right - gap * static_cast<double>(across - 1);
  const double cell = std::clamp(room / static_cast<double>(across * columns), 34.0, 64.0);
  const double panel_width = cell * static_cast<double>(columns);
  const double grid_height = row_height * static_cast<double>(rows);
  const double line_height = panel_head + grid_height + panel_foot;
  const double grids = static_cast<double>(across) * (panel_width + gap) - gap;
  const double width = std::max(left + grids + right, 480.0);
  const double height = title_height + line_height * static_cast<double>(lines) + foot;

  std::vector<double> all;
  for (const HeatPanel& panel : map.panels) all.insert(all.end(), panel.values.begin(), panel.values.end());
  const CellStyle style = cell_style(cell, row_height, map.low, map.high, map.decimals, all);

  Svg svg = chart_page(width, height, map.title, map.subtitle);
  for (std::size_t i = 0; i < map.panels.size(); ++i) {
    const HeatPanel& panel = map.panels[i];
    const double x = left + static_cast<double>(i % across) * (panel_width + gap);
    const double top = title_height + static_cast<double>(i / across) * line_height;
    const double y = top + panel_head;
    fitted_text(svg, x, top + 16.0, panel_width + gap - 4.0, panel.title, 13.0, Anchor::start, text_colour,
                Weight::bold);
    fitted_text(svg, x, top + 32.0, panel_width + gap - 4.0, panel.note, 11.5, Anchor::start, faint_colour);
    for (std::size_t row = 0; row < rows; ++row) {
      const double cell_y = y + row_height * static_cast<double>(row);
      if (i % across == 0) {
        fitted_text(svg, left - 8.0, cell_y + 15.0, left - 38.0, map.row_labels[row], 12.0, Anchor::end,
                    text_colour);
      }
      for (std::size_t column = 0; column < columns; ++column) {
        value_cell(svg, style, x + cell * static_cast<double>(column), cell_y,
                   panel.values[row * columns + column]);
      }
    }
    for (std::size_t column = 0; column < columns; ++column) {
      fitted_text(svg, x + cell * (static_cast<double>(column) + 0.5), y + grid_height + 15.0, cell - 2.0,
                  map.column_labels[column], 12.0, Anchor::middle, text_colour);
    }
    if (i % across == 0) upward_text(svg, 24.0, y + grid_height / 2.0, line_height, map.row_title);
  }
  const double below = height - foot;
  fitted_text(svg, left, below + 14.0, width - left - right, map.column_title, 13.0, Anchor::start,
              text_colour);
  colour_bar(svg, left, below + 32.0, 260.0, map.value_title, map.low, map.high, map.decimals);
  return svg.str();
}

}  // namespace lab
