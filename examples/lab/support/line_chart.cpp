// SPDX-License-Identifier: MIT
#include "lab/support/line_chart.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "dope/core/error.hpp"
#include "draw/svg.hpp"

namespace lab {
namespace {

constexpr double page_width = 960.0;
constexpr double left = 66.0;
constexpr double plot_width = 650.0;
constexpr double least_plot_height = 320.0;
constexpr double panel_head = 30.0;
constexpr double panel_foot = 62.0;
constexpr double label_left = left + plot_width + 34.0;
constexpr double label_height = 17.0;
constexpr double least_value = 0x1p-20;
constexpr std::size_t few_points = 12;

/// A panel's place on the page and its axes.
struct Plot {
  const LinePanel* panel;
  double top;
  double height;
  int lowest, highest;  // powers of two

  [[nodiscard]] double bottom() const { return top + height; }
  [[nodiscard]] double x_of(double at) const {
    const auto scaled = [&](double x) { return panel->x_scale == AxisScale::log2 ? std::log2(x) : x; };
    const double low = scaled(panel->x_ticks.front().at);
    const double high = scaled(panel->x_ticks.back().at);
    return left + plot_width * (scaled(at) - low) / (high - low);
  }
  [[nodiscard]] double y_of(double value) const {
    return top + height * (highest - std::log2(std::max(value, least_value))) / (highest - lowest);
  }
};

void require_drawable(const LinePanel& panel) {
  const auto refuse = [&](const std::string& given, const std::string& expected) {
    throw dope::Error("line_chart_svg", "panel \"" + panel.title + "\" with " + given, expected);
  };
  if (panel.lines.empty()) refuse("no lines", "at least one");
  if (panel.x_ticks.size() < 2 || !(panel.x_ticks.front().at < panel.x_ticks.back().at) ||
      (panel.x_scale == AxisScale::log2 && !(panel.x_ticks.front().at > 0.0)))
    refuse(dope::detail::text(panel.x_ticks.size(), " ticks"),
           "ascending ticks, at least two, that its scale has");
  for (const ChartLine& line : panel.lines) {
    if (line.x.empty() || line.x.size() != line.y.size())
      refuse(dope::detail::text("a line of ", line.x.size(), " places and ", line.y.size(), " values"),
             "equally many, at least one");
    for (std::size_t i = 0; i < line.x.size(); ++i) {
      if (!(line.x[i] >= panel.x_ticks.front().at && line.x[i] <= panel.x_ticks.back().at) ||
          !std::isfinite(line.y[i]))
        refuse(dope::detail::text("a point at ", line.x[i], ", ", line.y[i]),
               "finite points between the ticks");
    }
  }
}

Plot plot_of(const LinePanel& panel, double top) {
  require_drawable(panel);
  double low = INFINITY;
  double high = 0.0;
  for (const ChartLine& line : panel.lines) {
    for (const double value : line.y) {
      low = std::min(low, std::max(value, least_value));
      high = std::max(high, std::max(value, least_value));
    }
  }
  const int lowest = static_cast<int>(std::floor(std::log2(low)));
  const int highest = std::max(lowest + 1, static_cast<int>(std::ceil(std::log2(high))));
  const double labels = label_height * static_cast<double>(panel.lines.size());
  return {&panel, top + panel_head, std::max(least_plot_height, labels), lowest, highest};
}

std::string power_of_two(int power) {
  if (power >= 0) return figure(std::ldexp(1.0, power), 0);
  return power >= -3 ? figure(std::ldexp(1.0, power), -power) : "2^" + std::to_string(power);
}

std::string segment(double x0, double y0, double x1, double y1) {
  return "M" + coordinate(x0) + " " + coordinate(y0) + "L" + coordinate(x1) + " " + coordinate(y1);
}

void draw_axes(Svg& svg, const Plot& plot) {
  const LinePanel& panel = *plot.panel;
  const Svg::Attributes grid = {{"stroke", "#e3e3e3"}, {"stroke-width", "1"}};
  fitted_text(svg, left, plot.top - 12.0, plot_width, panel.title, 14.0, Anchor::start, text_colour,
              Weight::bold);
  for (int power = plot.lowest; power <= plot.highest; ++power) {
    const double y = plot.y_of(std::ldexp(1.0, power));
    svg.path(segment(left, y, left + plot_width, y), grid);
    fitted_text(svg, left - 8.0, y + 4.0, 40.0, power_of_two(power), 12.0, Anchor::end, text_colour);
  }
  const double room = plot_width / static_cast<double>(panel.x_ticks.size() - 1) - 4.0;
  for (const Tick& tick : panel.x_ticks) {
    const double x = plot.x_of(tick.at);
    svg.path(segment(x, plot.top, x, plot.bottom() + 5.0), grid);
    fitted_text(svg, x, plot.bottom() + 19.0, room, tick.label, 12.0, Anchor::middle, text_colour);
  }
  if (panel.guide) {
    const double x = plot.x_of(panel.guide->at);
    svg.path(segment(x, plot.top, x, plot.bottom()),
             {{"stroke", "#767676"}, {"stroke-width", "1"}, {"stroke-dasharray", "1 3"}});
    fitted_text(svg, x + 5.0, plot.bottom() - 8.0, 160.0, panel.guide->label, 11.0, Anchor::start,
                faint_colour);
  }
  fitted_text(svg, left + plot_width / 2.0, plot.bottom() + 42.0, plot_width, panel.x_title, 13.0,
              Anchor::middle, text_colour);
  upward_text(svg, 18.0, plot.top + plot.height / 2.0, plot.height, panel.y_title);
}

std::string colour_of(const ChartLine& line) {
  return std::string(line_colours[line.colour % line_colours.size()]);
}

Svg::Attributes stroke_of(const ChartLine& line) {
  Svg::Attributes stroke = {{"fill", "none"},
                            {"stroke", colour_of(line)},
                            {"stroke-width", line.weight == Weight::bold ? "3" : "1.8"},
                            {"stroke-linejoin", "round"}};
  const std::string_view dash = line_dashes[line.dash % line_dashes.size()];
  if (!dash.empty()) stroke.emplace_back("stroke-dasharray", std::string(dash));
  return stroke;
}

/// A line's label: where the line ends, and the height of its text.
struct Label {
  const ChartLine* line;
  double end_x, end_y, y;
};

Label draw_line(Svg& svg, const Plot& plot, const ChartLine& line) {
  std::string path;
  std::string marks;
  Label label{&line, 0.0, 0.0, 0.0};
  for (std::size_t i = 0; i < line.x.size(); ++i) {
    label.end_x = plot.x_of(line.x[i]);
    label.end_y = label.y = plot.y_of(line.y[i]);
    const std::string place = coordinate(label.end_x) + " " + coordinate(label.end_y);
    path += (path.empty() ? "M" : "L") + place;
    marks += "M" + place + "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z";
  }
  svg.path(path, stroke_of(line));
  if (line.x.size() <= few_points) svg.path(marks, {{"fill", colour_of(line)}});
  return label;
}

/// Labels at the heights of their lines' ends, moved apart until none overlap, inside the plot's height.
void spread(std::vector<Label>& labels, const Plot& plot) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const Label& a, const Label& b) { return a.end_y < b.end_y; });
  double free = plot.top;
  for (Label& label : labels) {
    label.y = std::max(label.end_y, free);
    free = label.y + label_height;
  }
  double limit = plot.bottom();
  for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
    label->y = std::min(label->y, limit);
    limit = label->y - label_height;
  }
}

void draw_label(Svg& svg, const Label& label) {
  svg.path(segment(label.end_x + 3.0, label.end_y, label_left - 12.0, label.y),
           {{"stroke", colour_of(*label.line)}, {"stroke-width", "0.6"}});
  svg.path(segment(label_left - 10.0, label.y, label_left + 18.0, label.y), stroke_of(*label.line));
  fitted_text(svg, label_left + 24.0, label.y + 4.0, page_width - label_left - 28.0, label.line->name, 12.0,
              Anchor::start, text_colour, label.line->weight);
}

}  // namespace

std::string line_chart_svg(const LineChart& chart) {
  std::vector<Plot> plots;
  double bottom = title_height;
  for (const LinePanel& panel : chart.panels) {
    plots.push_back(plot_of(panel, bottom));
    bottom = plots.back().bottom() + panel_foot;
  }
  Svg svg = chart_page(page_width, bottom, chart.title, chart.subtitle);
  for (const Plot& plot : plots) {
    draw_axes(svg, plot);
    std::vector<Label> labels;
    for (const ChartLine& line : plot.panel->lines) labels.push_back(draw_line(svg, plot, line));
    spread(labels, plot);
    for (const Label& label : labels) draw_label(svg, label);
  }
  return svg.str();
}

}  // namespace lab
