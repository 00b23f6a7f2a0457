// SPDX-License-Identifier: MIT
#include "lab/support/head_map.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dope/core/error.hpp"
#include "draw/chart.hpp"

namespace lab {
namespace {

constexpr double left = 62.0;
constexpr double right = 20.0;
constexpr double head_labels = 40.0;
constexpr double foot = 76.0;

void check(const HeadMap& map) {
  if (map.layers == 0 || map.heads == 0 || map.values.size() != map.layers * map.heads) {
    throw dope::Error(
        "head_map_svg",
        dope::detail::text(map.values.size(), " values for ", map.layers, " layers of ", map.heads, " heads"),
        "one value per head, at least one");
  }
  if (std::any_of(map.values.begin(), map.values.end(), [](double value) { return std::isinf(value); })) {
    throw dope::Error("head_map_svg", "an infinite value", "finite values");
  }
  if (!map.links.empty() && map.links.size() != map.values.size()) {
    throw dope::Error("head_map_svg", dope::detail::text(map.links.size(), " links"),
                      dope::detail::text("none, or one for each of ", map.values.size(), " heads"));
  }
  for (const dope::HeadId& id : map.selected) {
    if (id.layer >= map.layers || id.head >= map.heads) {
      throw dope::Error("head_map_svg", dope::detail::text("selected layer ", id.layer, ", head ", id.head),
                        dope::detail::text("a layer below ", map.layers, " and a head below ", map.heads));
    }
  }
}

std::string diamond(double x, double y, double radius) {
  const std::string r = coordinate(radius);
  return "M" + coordinate(x) + " " + coordinate(y - radius) + "l" + r + " " + r + "l-" + r + " " + r + "l-" +
         r + " -" + r + "z";
}

/// Outline and diamond of a selected cell.
void mark(Svg& svg, double x, double y, double width, double height) {
  const double thick = std::clamp(0.07 * std::min(width, height), 1.5, 3.0);
  svg.rect(x + thick / 2.0, y + thick / 2.0, width - thick, height - thick,
           {{"fill", "none"}, {"stroke", "#000000"}, {"stroke-width", coordinate(thick)}});
  svg.rect(x + 1.5 * thick, y + 1.5 * thick, width - 3.0 * thick, height - 3.0 * thick,
           {{"fill", "none"}, {"stroke", "#ffffff"}, {"stroke-width", coordinate(thick)}});
  const double radius = std::clamp(0.14 * std::min(width, height), 2.5, 6.0);
  const double inset = 2.0 * thick + radius + 1.0;
  svg.path(diamond(x + width - inset, y + inset, radius),
           {{"fill", "#ffffff"}, {"stroke", "#000000"}, {"stroke-width", "1.2"}});
}

}  // namespace

std::string head_map_svg(const HeadMap& map) {
  check(map);
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const double value : map.values) {
    if (std::isnan(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) low = high = 0.0;

  const double cell = std::clamp(820.0 / static_cast<double>(map.heads), 24.0, 64.0);
  const double row_height = std::min(cell, 44.0);
  const double grid_width = cell * static_cast<double>(map.heads);
  const double grid_height = row_height * static_cast<double>(map.layers);
  const double width = std::max(left + grid_width + right, 560.0);
  const double top = title_height + head_labels;
  const double height = top + grid_height + foot;

  const CellStyle style = cell_style(cell, row_height, low, high, map.decimals, map.values);
  Svg svg = chart_page(width, height, map.title, map.subtitle);
  fitted_text(svg, left, title_height + 12.0, grid_width, map.head_title, 13.0, Anchor::start, text_colour);
  upward_text(svg, 24.0, top + grid_height / 2.0, grid_height + head_labels, "layer");
  for (std::size_t head = 0; head < map.heads; ++head) {
    fitted_text(svg, left + cell * (static_cast<double>(head) + 0.5), top - 8.0, cell, std::to_string(head),
                12.0, Anchor::middle, text_colour);
  }
  for (std::size_t layer = 0; layer < map.layers; ++layer) {
    const double y = top + row_height * static_cast<double>(layer);
    fitted_text(svg, left - 8.0, y + row_height / 2.0 + 4.0, 24.0, std::to_string(layer), 12.0, Anchor::end,
                text_colour);
    for (std::size_t head = 0; head < map.heads; ++head) {
      const std::size_t at = layer * map.heads + head;
      const auto draw = [&] {
        value_cell(svg, style, left + cell * static_cast<double>(head), y, map.values[at]);
      };
      if (map.links.empty() || map.links[at].empty()) {
        draw();
      } else {
        svg.link(map.links[at],
                 dope::detail::text("layer ", layer, ", ", map.head_title, " ", head, ": ",
                                    figure(map.values[at], map.decimals)),
                 draw);
      }
    }
  }
  for (const dope::HeadId& id : map.selected) {
    mark(svg, left + cell * static_cast<double>(id.head), top + row_height * static_cast<double>(id.layer),
         cell, row_height);
  }
  const double below = top + grid_height + 22.0;
  colour_bar(svg, left, below, 260.0, map.value_title, low, high, map.decimals);
  if (map.mark_title.empty()) return svg.str();
  const double key = left + 320.0;
  svg.rect(key, below + 8.0, 44.0, 28.0, {{"fill", std::string(empty_colour)}});
  mark(svg, key, below + 8.0, 44.0, 28.0);
  fitted_text(svg, key + 54.0, below + 27.0, width - key - 64.0, map.mark_title, 12.0, Anchor::start,
              text_colour);
  return svg.str();
}

}  // namespace lab
