// SPDX-License-Identifier: MIT
#include "growth/picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string_view>

#include "draw/chart.hpp"
#include "draw/svg.hpp"

namespace growth {
namespace {

using lab::Anchor;
using lab::coordinate;

constexpr double page_width = 960.0;
constexpr double plot_width = 264.0;
constexpr double plot_height = 330.0;
constexpr double left_margin = 66.0;
constexpr double top_margin = 34.0;  // of a panel, for its title
constexpr double panel_width = page_width / 2.0;
constexpr double panel_height = top_margin + plot_height + 62.0;
constexpr double label_height = 17.0;

/// Of Okabe and Ito's palette, which colour-blind eyes tell apart; markers are paths about the origin.
struct Look {
  std::string_view primitive, colour, marker;
};
constexpr std::array<Look, 7> looks = {{
    {"rotate", "#000000", "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"},
    {"table", "#0072b2", "m-3.5 -3.5h7v7h-7z"},
    {"gram", "#009e73", "m0 -5l4.5 8h-9z"},
    {"entropy", "#56b4e9", "m0 -5l5 5l-5 5l-5 -5z"},
    {"attention", "#cc79a7", "m0 5l4.5 -8h-9z"},
    {"prefill", "#d55e00", "m-4 -4l8 8m0 -8l-8 8"},
    {"decode", "#b38600", "m-5 0h10m-5 -5v10"},
}};

const Look& look_of(std::string_view primitive) {
  const auto found =
      std::find_if(looks.begin(), looks.end(), [&](const Look& look) { return look.primitive == primitive; });
  return found == looks.end() ? looks.front() : *found;
}

std::string short_count(double n) {
  const auto whole = static_cast<long>(n);
  if (whole >= 1024 && whole % 1024 == 0) return std::to_string(whole / 1024) + "k";
  return std::to_string(whole);
}

/// 10^power seconds: "10 µs".
std::string time_of(int power) {
  constexpr std::array<std::string_view, 4> units = {"ns", "µs", "ms", "s"};
  const int unit = std::clamp((power + 9) / 3, 0, 3);
  int rest = power + 9 - 3 * unit;
  std::string number = "1";
  for (; rest > 0; --rest) number += "0";
  return number + " " + std::string(units[static_cast<std::size_t>(unit)]);
}

std::string two_decimals(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", std::abs(value));
  return (value < 0.0 ? "−" : "") + std::string(text.data());
}

/// One axis's panel: where its sizes and times lie on the page.
struct Panel {
  Axis axis;
  double x, y;  // the plot's upper left corner
  double smallest, largest;
  int lowest, highest;  // decades of seconds

  [[nodiscard]] double x_of(double at) const {
    return x + plot_width * std::log(at / smallest) / std::log(largest / smallest);
  }
  [[nodiscard]] double y_of(double seconds) const {
    return y + plot_height * (highest - std::log10(seconds)) / (highest - lowest);
  }
};

Panel panel_of(Axis axis, double x, double y, const std::vector<const Series*>& lines) {
  double smallest = std::numeric_limits<double>::infinity(), largest = 0.0;
  double fastest = smallest, slowest = 0.0;
  for (const Series* line : lines) {
    for (const Point& point : line->points) {
      smallest = std::min(smallest, point.at);
      largest = std::max(largest, point.at);
      fastest = std::min(fastest, point.seconds);
      slowest = std::max(slowest, point.seconds);
    }
  }
  return {axis,
          x,
          y,
          smallest,
          largest,
          static_cast<int>(std::floor(std::log10(fastest))),
          static_cast<int>(std::ceil(std::log10(slowest)))};
}

void draw_axes(lab::Svg& svg, const Panel& panel) {
  const auto grid = [&](const std::string& data) {
    svg.path(data, {{"stroke", "#e3e3e3"}, {"stroke-width", "1"}});
  };
  const double bottom = panel.y + plot_height;
  for (int power = panel.lowest; power <= panel.highest; ++power) {
    const double y = panel.y_of(std::pow(10.0, power));
    grid("M" + coordinate(panel.x) + " " + coordinate(y) + "h" + coordinate(plot_width));
    lab::fitted_text(svg, panel.x - 7.0, y + 4.0, 50.0, time_of(power), 11.0, Anchor::end, lab::text_colour);
  }
  const double step = panel.largest / panel.smallest > 100.0 ? 4.0 : 2.0;
  for (double at = panel.smallest; at <= panel.largest; at *= step) {
    const double x = panel.x_of(at);
    grid("M" + coordinate(x) + " " + coordinate(panel.y) + "V" + coordinate(bottom + 4.0));
    lab::fitted_text(svg, x, bottom + 18.0, 44.0, short_count(at), 11.0, Anchor::middle, lab::text_colour);
  }
  lab::fitted_text(svg, panel.x + plot_width / 2.0, bottom + 38.0, plot_width,
                   std::string(name_of(panel.axis)), 13.0, Anchor::middle, lab::text_colour);
  lab::fitted_text(svg, panel.x, panel.y - 12.0, plot_width + 120.0,
                   "time of a call against " + std::string(name_of(panel.axis)), 14.0, Anchor::start,
                   lab::text_colour, lab::Weight::bold);
}

struct Label {
  const Series* line;
  double end_x, end_y, y;
};

Label draw_line(lab::Svg& svg, const Panel& panel, const Series& line) {
  const Look& look = look_of(line.primitive);
  const std::string colour(look.colour);
  std::string path, markers;
  Label label{&line, 0.0, 0.0, 0.0};
  for (const Point& point : line.points) {
    label.end_x = panel.x_of(point.at);
    label.end_y = label.y = panel.y_of(point.seconds);
    const std::string place = coordinate(label.end_x) + " " + coordinate(label.end_y);
    path += (path.empty() ? "M" : "L") + place;
    markers += "M" + place + std::string(look.marker);
  }
  svg.path(path, {{"fill", "none"}, {"stroke", colour}, {"stroke-width", "1.8"}});
  const bool open = look.marker.back() != 'z';
  svg.path(markers,
           {{"fill", open ? "none" : colour}, {"stroke", colour}, {"stroke-width", open ? "1.8" : "0"}});
  return label;
}

/// Labels at the heights of their lines' ends, moved apart until none overlap, inside the plot's height.
void spread(std::vector<Label>& labels, const Panel& panel) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const Label& a, const Label& b) { return a.end_y < b.end_y; });
  double free = panel.y;
  for (Label& label : labels) {
    label.y = std::max(label.end_y, free);
    free = label.y + label_height;
  }
  double limit = panel.y + plot_height;
  for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
    label->y = std::min(label->y, limit);
    limit = label->y - label_height;
  }
}

void draw_label(lab::Svg& svg, const Panel& panel, const Label& label) {
  const Look& look = look_of(label.line->primitive);
  const std::string colour(look.colour);
  const double x = panel.x + plot_width + 22.0;
  svg.path("M" + coordinate(label.end_x + 5.0) + " " + coordinate(label.end_y) + "L" + coordinate(x - 8.0) +
               " " + coordinate(label.y),
           {{"stroke", colour}, {"stroke-width", "0.7"}, {"fill", "none"}});
  const bool open = look.marker.back() != 'z';
  svg.path("M" + coordinate(x) + " " + coordinate(label.y) + std::string(look.marker),
           {{"fill", open ? "none" : colour}, {"stroke", colour}, {"stroke-width", open ? "1.8" : "0"}});
  lab::fitted_text(svg, x + 10.0, label.y + 4.0, 112.0,
                   label.line->primitive + " " + two_decimals(fit(*label.line).exponent), 12.0, Anchor::start,
                   lab::text_colour);
}

}  // namespace

std::string picture_of(const std::vector<Series>& measured) {
  lab::Svg svg = lab::chart_page(page_width, lab::title_height + 2.0 * panel_height, "How costs grow",
                                 "Behind each name: the exponent fitted over the upper half of "
                                 "its range, time ≈ c · size^exponent");
  constexpr std::array<Axis, 4> axes = {Axis::tokens, Axis::width, Axis::heads, Axis::threads};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    std::vector<const Series*> lines;
    for (const Series& series : measured) {
      if (series.axis == axes[i]) lines.push_back(&series);
    }
    if (lines.empty()) continue;
    const Panel panel =
        panel_of(axes[i], left_margin + panel_width * static_cast<double>(i % 2),
                 lab::title_height + top_margin + panel_height * static_cast<double>(i / 2), lines);
    draw_axes(svg, panel);
    std::vector<Label> labels;
    for (const Series* line : lines) labels.push_back(draw_line(svg, panel, *line));
    spread(labels, panel);
    for (const Label& label : labels) draw_label(svg, panel, label);
  }
  return svg.str();
}

}  // namespace growth
