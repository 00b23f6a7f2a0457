// SPDX-License-Identifier: MIT
#include "lab/support/dot_plot.hpp"

#include <algorithm>
#include <cmath>

#include "dope/core/error.hpp"
#include "draw/chart.hpp"

namespace lab {
namespace {

constexpr double label_width = 300.0;
constexpr double gap = 22.0;
constexpr double panel_head = 40.0;
constexpr double row_height = 19.0;
constexpr double foot = 78.0;
constexpr double radius = 4.0;
constexpr std::string_view stripe_colour = "#f3f3f3";
constexpr std::string_view line_colour = "#b5b5b5";
constexpr std::string_view dot_colour = "#3b528b";

void check(const DotPlot& plot) {
  if (plot.row_labels.empty() || plot.panels.empty()) {
    throw dope::Error("dot_plot_svg",
                      dope::detail::text(plot.row_labels.size(), " rows, ", plot.panels.size(), " panels"),
                      "at least one of each");
  }
  if (!std::isfinite(plot.low) || !std::isfinite(plot.high) || !(plot.low < plot.high)) {
    throw dope::Error("dot_plot_svg", dope::detail::text("scale from ", plot.low, " to ", plot.high),
                      "finite ends, the low one first");
  }
  for (const DotPanel& panel : plot.panels) {
    if (panel.dots.size() != plot.row_labels.size()) {
      throw dope::Error("dot_plot_svg",
                        dope::detail::text(panel.dots.size(), " dots in panel \"", panel.title, "\""),
                        dope::detail::text(plot.row_labels.size(), ", one a row"));
    }
    for (const Dot& dot : panel.dots) {
      if (std::isnan(dot.value)) continue;
      const bool ordered = dot.low <= dot.value && dot.value <= dot.high;
      if (!ordered || !(dot.value >= plot.low && dot.value <= plot.high)) {
        throw dope::Error("dot_plot_svg",
                          dope::detail::text(dot.value, " in [", dot.low, ", ", dot.high, "] of panel \"",
                                             panel.title, "\""),
                          "a value on the scale and in its interval");
      }
    }
  }
}

std::string disc(double x, double y) {
  const std::string r = coordinate(radius);
  const std::string across = coordinate(2.0 * radius);
  return "M" + coordinate(x - radius) + " " + coordinate(y) + "a" + r + " " + r + " 0 1 0 " + across + " 0a" +
         r + " " + r + " 0 1 0 -" + across + " 0z";
}

void draw(Svg& svg, const Dot& dot, double x, double y) {
  svg.path(disc(x, y), {{"fill", std::string(dot.fill == Dot::Fill::filled ? dot_colour : page_colour)},
                        {"stroke", std::string(dot_colour)},
                        {"stroke-width", "1.5"}});
}

}  // namespace

std::string dot_plot_svg(const DotPlot& plot) {
  check(plot);
  const auto across = static_cast<double>(plot.panels.size());
  const double panel_width = std::clamp((900.0 - label_width - gap) / across - gap, 110.0, 400.0);
  const double width = std::max(900.0, label_width + across * (panel_width + gap) + gap);
  const double grid_height = row_height * static_cast<double>(plot.row_labels.size());
  const double top = title_height + panel_head;
  Svg svg = chart_page(width, top + grid_height + foot, plot.title, plot.subtitle);
  for (std::size_t row = 0; row < plot.row_labels.size(); ++row) {
    const double y = top + row_height * static_cast<double>(row);
    if (row % 2 == 0) svg.rect(16.0, y, width - 32.0, row_height, {{"fill", std::string(stripe_colour)}});
    fitted_text(svg, label_width - 8.0, y + 13.5, label_width - 28.0, plot.row_labels[row], 12.0, Anchor::end,
                text_colour);
  }
  for (std::size_t i = 0; i < plot.panels.size(); ++i) {
    const DotPanel& panel = plot.panels[i];
    const double left = label_width + static_cast<double>(i) * (panel_width + gap);
    const auto at = [&](double value) {
      return left + panel_width * std::clamp(share_between(value, plot.low, plot.high), 0.0, 1.0);
    };
    fitted_text(svg, left, title_height + 16.0, panel_width + gap - 4.0, panel.title, 13.0, Anchor::start,
                text_colour, Weight::bold);
    fitted_text(svg, left, title_height + 32.0, panel_width + gap - 4.0, panel.note, 11.5, Anchor::start,
                faint_colour);
    const double middle = 0.5 * (plot.low + plot.high);
    for (const double tick : {plot.low, middle, plot.high}) {
      svg.path("M" + coordinate(at(tick)) + " " + coordinate(top) + "v" + coordinate(grid_height + 4.0),
               {{"stroke", std::string(tick == 0.0 ? faint_colour : line_colour)}, {"stroke-width", "1"}});
      fitted_text(svg, at(tick), top + grid_height + 17.0, 40.0, figure(tick, plot.decimals), 11.0,
                  Anchor::middle, text_colour);
    }
    for (std::size_t row = 0; row < panel.dots.size(); ++row) {
      const Dot& dot = panel.dots[row];
      if (std::isnan(dot.value)) continue;
      const double y = top + row_height * (static_cast<double>(row) + 0.5);
      svg.path("M" + coordinate(at(dot.low)) + " " + coordinate(y) + "H" + coordinate(at(dot.high)),
               {{"stroke", std::string(dot_colour)}, {"stroke-width", "1.5"}});
      draw(svg, dot, at(dot.value), y);
    }
  }
  const double below = top + grid_height + 38.0;
  fitted_text(svg, label_width, below, width - label_width - gap, plot.value_title, 13.0, Anchor::start,
              text_colour);
  Dot key;
  key.fill = Dot::Fill::filled;
  draw(svg, key, label_width + radius, below + 17.0);
  fitted_text(svg, label_width + 16.0, below + 21.0, width - label_width - 32.0, plot.fill_title, 12.0,
              Anchor::start, text_colour);
  return svg.str();
}

}  // namespace lab
