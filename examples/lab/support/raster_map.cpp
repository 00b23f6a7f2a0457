// SPDX-License-Identifier: MIT
#include "lab/support/raster_map.hpp"

#include <algorithm>
#include <cmath>

#include "dope/core/error.hpp"
#include "lab/support/raster.hpp"

namespace lab {
namespace {

constexpr double least_width = 400.0;
constexpr double left = 74.0;  // axis title and row labels
constexpr double right = 16.0;
constexpr double gap = 20.0;
constexpr double panel_head = 40.0;  // title and note
constexpr double mark_height = 18.0;
constexpr double panel_foot = 30.0;  // column labels
constexpr double tallest_row = 22.0;
constexpr double tallest_grid = 200.0;
constexpr double foot = 88.0;  // column title and colour bar
constexpr double least_figure_width = 30.0;
constexpr double least_figure_height = 16.0;

void check(const RasterMap& map) {
  if (map.rows == 0 || map.columns == 0 || map.panels.empty() || map.panels_per_line == 0 ||
      !(map.width >= least_width)) {
    throw dope::Error(
        "raster_map_svg",
        dope::detail::text(map.rows, " rows, ", map.columns, " columns, ", map.panels.size(), " panels, ",
                           map.panels_per_line, " a line, ", map.width, " pixels wide"),
        "at least one of each, and 400 pixels");
  }
}

void stroke(Svg& svg, const std::string& data) {
  svg.path(data, {{"stroke", std::string(text_colour)}, {"stroke-width", "1"}, {"fill", "none"}});
}

/// Labels of rows, leaving out those that would touch the one before.
void label_rows(Svg& svg, const RasterMap& map, double y, double row_height) {
  constexpr double apart = 13.0;
  double reached = -apart;
  for (const Tick& tick : map.row_ticks) {
    const double at = row_height * tick.at;
    if (at - reached < apart) continue;
    fitted_text(svg, left - 8.0, y + at + 4.0, left - 40.0, tick.label, 11.0, Anchor::end, text_colour);
    reached = at;
  }
}

void label_columns(Svg& svg, const RasterMap& map, double x, double y, double column_width) {
  double reached = -1e9;
  for (const Tick& tick : map.column_ticks) {
    constexpr double size = 11.0;
    const double half = 0.3 * size * static_cast<double>(tick.label.size());
    const double at = x + column_width * tick.at;
    if (at - half < reached) continue;
    stroke(svg, "M" + coordinate(at) + " " + coordinate(y) + "v4");
    fitted_text(svg, at, y + 17.0, 2.0 * half + 12.0, tick.label, size, Anchor::middle, text_colour);
    reached = at + half + 6.0;
  }
}

/// Triangles that point at their columns from above. The label of the first of several stands on its left.
void draw_marks(Svg& svg, const RasterMap& map, double x, double y, double column_width) {
  for (std::size_t i = 0; i < map.marks.size(); ++i) {
    const double at = x + column_width * map.marks[i].at;
    svg.path("M" + coordinate(at) + " " + coordinate(y - 1.0) + "l-4 -8h8z", {{"class", "needle-mark"}});
    const bool before = i + 1 < map.marks.size() || map.marks[i].at > 0.7 * static_cast<double>(map.columns);
    fitted_text(svg, before ? at - 7.0 : at + 7.0, y - 2.0, 150.0, map.marks[i].label, 11.0,
                before ? Anchor::end : Anchor::start, text_colour);
  }
}

}  // namespace

std::string raster_map_svg(const RasterMap& map) {
  check(map);
  const std::size_t across = std::min(map.panels_per_line, map.panels.size());
  const std::size_t lines = (map.panels.size() + across - 1) / across;
  const double panel_width =
      (map.width - left - right - gap * static_cast<double>(across - 1)) / static_cast<double>(across);
  const double column_width = panel_width / static_cast<double>(map.columns);
  const double row_height = std::min(tallest_row, tallest_grid / static_cast<double>(map.rows));
  const double grid_height = row_height * static_cast<double>(map.rows);
  const double marks = map.marks.empty() ? 0.0 : mark_height;
  const double line_height = panel_head + marks + grid_height + panel_foot;
  const double height = title_height + line_height * static_cast<double>(lines) + foot;

  std::vector<double> all;
  for (const RasterPanel& panel : map.panels) all.insert(all.end(), panel.values.begin(), panel.values.end());
  const bool figures = column_width >= least_figure_width && row_height >= least_figure_height;
  const CellStyle style =
      figures ? cell_style(column_width, row_height, map.low, map.high, map.decimals, all) : CellStyle{};

  Svg svg = chart_page(map.width, height, map.title, map.subtitle);
  for (std::size_t i = 0; i < map.panels.size(); ++i) {
    const RasterPanel& panel = map.panels[i];
    const double x = left + static_cast<double>(i % across) * (panel_width + gap);
    const double top = title_height + static_cast<double>(i / across) * line_height;
    const double y = top + panel_head + marks;
    fitted_text(svg, x, top + 16.0, panel_width + gap - 4.0, panel.title, 13.0, Anchor::start, text_colour,
                Weight::bold);
    fitted_text(svg, x, top + 32.0, panel_width + gap - 4.0, panel.note, 11.5, Anchor::start, faint_colour);
    const Raster raster = raster_of(panel.values, map.columns, map.rows, map.low, map.high, map.scale);
    svg.image(x, y, panel_width, grid_height, data_address(raster), {});
    for (std::size_t cell = 0; style.letter_size > 0.0 && cell < panel.values.size(); ++cell) {
      svg.text(x + column_width * (static_cast<double>(cell % map.columns) + 0.5),
               y + row_height * (static_cast<double>(cell / map.columns) + 0.5) + 0.36 * style.letter_size,
               figure(panel.values[cell], map.decimals),
               {{"font-size", coordinate(style.letter_size)},
                {"fill", hex(ink_on(raster.palette[raster.pixels[cell]]))},
                {"text-anchor", "middle"}});
    }
    if (i % across == 0) {
      label_rows(svg, map, y, row_height);
      upward_text(svg, 24.0, y + grid_height / 2.0, line_height, map.row_title);
    }
    label_columns(svg, map, x, y + grid_height, column_width);
    draw_marks(svg, map, x, y, column_width);
  }
  const double below = height - foot;
  fitted_text(svg, left, below + 14.0, map.width - left - right, map.column_title, 13.0, Anchor::start,
              text_colour);
  colour_bar(svg, left, below + 32.0, 260.0, map.value_title, map.low, map.high, map.decimals, map.scale);
  return svg.str();
}

}  // namespace lab
