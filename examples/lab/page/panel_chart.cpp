// SPDX-License-Identifier: MIT
#include "lab/page/panel_chart.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "dope/core/error.hpp"
#include "draw/chart.hpp"

namespace page {
namespace {

using lab::Anchor;
using lab::coordinate;
using lab::Svg;

constexpr double page_width = 900.0;
constexpr double left = 66.0;
constexpr double right = 14.0;
constexpr double gap = 26.0;
constexpr double legend_height = 28.0;
constexpr double panel_head = 45.0;
constexpr double panel_foot = 34.0;
constexpr double foot = 24.0;
constexpr double dot_radius = 3.2;
// Series with whiskers stand side by side where they share an x.
constexpr double aside = 3.0;

std::string class_of(Look look) {
  return look == Look::main ? "main" : look == Look::second ? "second" : "reference";
}

/// Circle, square, diamond: a shape for each look.
void mark(Svg& svg, Look look, double x, double y) {
  const double r = look == Look::main ? dot_radius : dot_radius + 0.3;
  const std::string style = "dot-" + class_of(look);
  if (look == Look::main) {
    svg.rect(x - r, y - r, 2.0 * r, 2.0 * r, {{"rx", coordinate(r)}, {"class", style}});
  } else if (look == Look::second) {
    svg.rect(x - r, y - r, 2.0 * r, 2.0 * r, {{"class", style}});
  } else {
    const std::string d = coordinate(r + 1.0);
    svg.path("M" + coordinate(x) + " " + coordinate(y - r - 1.0) + "l" + d + " " + d + "l-" + d + " " + d +
                 "l-" + d + " -" + d + "z",
             {{"class", style}});
  }
}

void segment(Svg& svg, double x0, double y0, double x1, double y1, const std::string& style) {
  svg.path("M" + coordinate(x0) + " " + coordinate(y0) + "L" + coordinate(x1) + " " + coordinate(y1),
           {{"class", style}});
}

/// A legend's name behind its sign at x; the next sign's place.
double legend_name(Svg& svg, double x, double y, const std::string& name) {
  lab::fitted_text(svg, x + 36.0, y + 4.0, 400.0, name, 12.0, Anchor::start, lab::text_colour);
  return x + 36.0 + 6.9 * static_cast<double>(name.size()) + 24.0;
}

void draw_legend(Svg& svg, const std::vector<LegendEntry>& legend, double x, double y, bool lines) {
  for (const LegendEntry& entry : legend) {
    if (lines || entry.look == Look::reference) segment(svg, x, y, x + 30.0, y, class_of(entry.look));
    if (lines || entry.look != Look::reference) mark(svg, entry.look, x + 15.0, y);
    x = legend_name(svg, x, y, entry.name);
  }
}

struct Plot {
  double x;
  double y;
  double width;
  double height;
  const Axis& across;
  const Axis& up;

  [[nodiscard]] double at_x(double value) const {
    return x + width * std::clamp(lab::share_between(value, across.low, across.high), 0.0, 1.0);
  }
  [[nodiscard]] double at_y(double value) const {
    return y + height * (1.0 - std::clamp(lab::share_between(value, up.low, up.high), 0.0, 1.0));
  }
};

void draw_series(Svg& svg, const Plot& plot, const Series& series) {
  const std::string style = class_of(series.look);
  const bool whiskers = std::any_of(series.points.begin(), series.points.end(),
                                    [](const Point& point) { return point.low < point.high; });
  const double shift = !whiskers ? 0.0 : series.look == Look::main ? aside : -aside;
  std::string data;
  bool pen = false;
  for (const Point& point : series.points) {
    if (!std::isfinite(point.y)) {
      pen = false;
      continue;
    }
    const double x = plot.at_x(point.x) + shift;
    data += (pen ? "L" : "M") + coordinate(x) + " " + coordinate(plot.at_y(point.y));
    pen = true;
    if (point.low < point.high)
      segment(svg, x, plot.at_y(point.low), x, plot.at_y(point.high), "whisker-" + style);
  }
  if (!data.empty()) svg.path(data, {{"class", style}});
  if (series.marks == Marks::none) return;
  for (const Point& point : series.points) {
    if (std::isfinite(point.y)) mark(svg, series.look, plot.at_x(point.x) + shift, plot.at_y(point.y));
  }
}

/// Labels of ticks, leaving out those that would touch the one before.
void tick_labels_across(Svg& svg, const Plot& plot, double y, double size) {
  double reached = -1e9;
  for (const Tick& tick : plot.across.ticks) {
    const double half = 0.29 * size * static_cast<double>(tick.label.size());
    const double x = plot.at_x(tick.at);
    if (x - half < reached) continue;
    lab::fitted_text(svg, x, y, 4.0 * half + 8.0, tick.label, size, Anchor::middle, lab::text_colour);
    reached = x + half + 4.0;
  }
}

/// The word of the first of several guides stands on its left.
void draw_guides(Svg& svg, const Plot& plot, const std::vector<Tick>& guides) {
  for (std::size_t i = 0; i < guides.size(); ++i) {
    const double x = plot.at_x(guides[i].at);
    segment(svg, x, plot.y - 12.0, x, plot.y + plot.height, "uniform");
    const bool before = i + 1 < guides.size() || x > plot.x + 0.7 * plot.width;
    lab::fitted_text(svg, before ? x - 4.0 : x + 4.0, plot.y - 4.0, 120.0, guides[i].label, 10.0,
                     before ? Anchor::end : Anchor::start, lab::faint_colour);
  }
}

/// One point of a series as a part of its path: a disc by the stroke's round end, a square, a diamond.
std::string point_path(Look look, double x, double y) {
  if (look == Look::main) return "M" + coordinate(x) + " " + coordinate(y) + "h0";
  if (look == Look::second) return "M" + coordinate(x - 2.5) + " " + coordinate(y - 2.5) + "h5v5h-5z";
  return "M" + coordinate(x) + " " + coordinate(y - 3.5) + "l3.5 3.5l-3.5 3.5l-3.5 -3.5z";
}

void draw_points(Svg& svg, const Plot& plot, const Series& series) {
  std::string data;
  for (const Point& point : series.points) {
    for (const double value : {point.x, point.y}) {
      if (!(value >= plot.across.low && value <= plot.across.high)) {
        throw dope::Error("scatter_chart_svg", dope::detail::text("a point at ", point.x, ", ", point.y),
                          dope::detail::text("both from ", plot.across.low, " to ", plot.across.high));
      }
    }
    data += point_path(series.look, plot.at_x(point.x), plot.at_y(point.y));
  }
  if (data.empty()) return;
  svg.path(data, {{"class", series.look == Look::main ? "points-main" : "dot-" + class_of(series.look)}});
}

void check_axis(const Axis& axis, std::string_view what) {
  if (axis.ticks.empty() || !(axis.low < axis.high) || !std::isfinite(axis.low) ||
      !std::isfinite(axis.high)) {
    throw dope::Error("chart",
                      dope::detail::text("an axis ", what, " from ", axis.low, " to ", axis.high, " with ",
                                         axis.ticks.size(), " ticks"),
                      "finite ends, the low one first, and a tick");
  }
}

}  // namespace

std::string panel_chart_svg(const PanelChart& chart) {
  check_axis(chart.x, "x");
  check_axis(chart.y, "y");
  if (chart.panels.empty() || chart.panels_per_line == 0)
    throw dope::Error("panel_chart_svg", "no panel", "at least one");
  const std::size_t across = chart.panels_per_line;
  const std::size_t lines = (chart.panels.size() + across - 1) / across;
  const double width =
      std::min(chart.panel_width, (page_width - left - right - gap * static_cast<double>(across - 1)) /
                                      static_cast<double>(across));
  const double plot_height = chart.plot_height;
  const double guide_height = chart.guides.empty() ? 0.0 : 12.0;
  const double head = panel_head + guide_height;
  const double line_height = head + plot_height + panel_foot;
  const double shown = static_cast<double>(std::min(across, chart.panels.size()));
  const double all = std::max(left + shown * (width + gap) - gap + right, 560.0);
  const double top = lab::title_height + legend_height;
  Svg svg = lab::chart_page(all, top + line_height * static_cast<double>(lines) + foot, chart.title,
                            chart.subtitle);
  draw_legend(svg, chart.legend, left, lab::title_height + 8.0, true);
  for (std::size_t i = 0; i < chart.panels.size(); ++i) {
    const ChartPanel& panel = chart.panels[i];
    const Plot plot{left + static_cast<double>(i % across) * (width + gap),
                    top + static_cast<double>(i / across) * line_height + head,
                    width,
                    plot_height,
                    chart.x,
                    chart.y};
    lab::fitted_text(svg, plot.x, plot.y - guide_height - 27.0, width + gap - 6.0, panel.title, 13.0,
                     Anchor::start, lab::text_colour, lab::Weight::bold);
    lab::fitted_text(svg, plot.x, plot.y - guide_height - 12.0, width + gap - 6.0, panel.note, 11.5,
                     Anchor::start, lab::faint_colour);
    for (const Tick& tick : chart.y.ticks) {
      segment(svg, plot.x, plot.at_y(tick.at), plot.x + width, plot.at_y(tick.at), "grid");
      if (i % across == 0) {
        lab::fitted_text(svg, plot.x - 7.0, plot.at_y(tick.at) + 4.0, 36.0, tick.label, 11.0, Anchor::end,
                         lab::text_colour);
      }
    }
    for (const Tick& tick : chart.x.ticks)
      segment(svg, plot.at_x(tick.at), plot.y + plot_height, plot.at_x(tick.at), plot.y + plot_height + 4.0,
              "axis");
    segment(svg, plot.x, plot.y + plot_height, plot.x + width, plot.y + plot_height, "axis");
    tick_labels_across(svg, plot, plot.y + plot_height + 17.0, 11.0);
    if (i % across == 0) lab::upward_text(svg, 16.0, plot.y + plot_height / 2.0, line_height, chart.y_title);
    draw_guides(svg, plot, chart.guides);
    for (const Series& series : panel.series) draw_series(svg, plot, series);
  }
  lab::fitted_text(svg, left, top + line_height * static_cast<double>(lines) + 8.0, all - left - right,
                   chart.x_title, 13.0, Anchor::start, lab::text_colour);
  return svg.str();
}

std::string scatter_chart_svg(const ScatterChart& chart) {
  if (chart.panels.empty() || chart.panels_per_line == 0)
    throw dope::Error("scatter_chart_svg", "no panel", "at least one");
  constexpr double side = 218.0;
  constexpr double pitch = left + side + right;
  constexpr double line_height = panel_head + side + panel_foot + foot;
  const std::size_t across = std::min(chart.panels_per_line, chart.panels.size());
  const std::size_t lines = (chart.panels.size() + across - 1) / across;
  const double top = lab::title_height + legend_height;
  const double width = std::max(pitch * static_cast<double>(across) + right, 560.0);
  Svg svg =
      lab::chart_page(width, top + line_height * static_cast<double>(lines), chart.title, chart.subtitle);
  const double key = lab::title_height + 8.0;
  segment(svg, left, key, left + 30.0, key, "reference");
  double next = legend_name(svg, left, key, chart.diagonal_title);
  for (const LegendEntry& entry : chart.legend) {
    mark(svg, entry.look, next + 15.0, key);
    next = legend_name(svg, next, key, entry.name);
  }
  for (std::size_t i = 0; i < chart.panels.size(); ++i) {
    const ScatterPanel& panel = chart.panels[i];
    check_axis(panel.axis, "of points");
    const Plot plot{left + static_cast<double>(i % across) * pitch,
                    top + static_cast<double>(i / across) * line_height + panel_head,
                    side,
                    side,
                    panel.axis,
                    panel.axis};
    const double bottom = plot.y + side;
    lab::fitted_text(svg, plot.x, plot.y - 27.0, side + right, panel.title, 13.0, Anchor::start,
                     lab::text_colour, lab::Weight::bold);
    lab::fitted_text(svg, plot.x, plot.y - 12.0, side + right, panel.note, 11.5, Anchor::start,
                     lab::faint_colour);
    for (const Tick& tick : panel.axis.ticks) {
      segment(svg, plot.x, plot.at_y(tick.at), plot.x + side, plot.at_y(tick.at), "grid");
      segment(svg, plot.at_x(tick.at), plot.y, plot.at_x(tick.at), bottom + 4.0, "grid");
      lab::fitted_text(svg, plot.x - 7.0, plot.at_y(tick.at) + 4.0, 36.0, tick.label, 11.0, Anchor::end,
                       lab::text_colour);
    }
    tick_labels_across(svg, plot, bottom + 17.0, 11.0);
    segment(svg, plot.x, bottom, plot.x + side, plot.y, "reference");
    lab::upward_text(svg, plot.x - 50.0, plot.y + side / 2.0, side, chart.y_title);
    lab::fitted_text(svg, plot.x, bottom + 36.0, side, chart.x_title, 12.0, Anchor::start, lab::text_colour);
    for (const Series& series : panel.series) draw_points(svg, plot, series);
  }
  return svg.str();
}

std::string dot_chart_svg(const DotChart& chart) {
  check_axis(chart.x, "x");
  const std::size_t panels = chart.panel_titles.size();
  if (panels == 0 || chart.rows.empty() || chart.references.size() != panels || chart.looks == 0 ||
      chart.legend.size() < chart.looks) {
    throw dope::Error("dot_chart_svg",
                      dope::detail::text(panels, " panels, ", chart.rows.size(), " rows, ",
                                         chart.references.size(), " references"),
                      "at least one of each, a reference per panel, a name per look");
  }
  constexpr double labels = 196.0;
  constexpr double row_height = 21.0;
  constexpr double panel_title = 26.0;
  const double width = std::min(330.0, (page_width - labels - right - gap * static_cast<double>(panels - 1)) /
                                           static_cast<double>(panels));
  const double top = lab::title_height + legend_height + panel_title;
  const double rows = row_height * static_cast<double>(chart.rows.size());
  const double all = std::max(labels + static_cast<double>(panels) * (width + gap) - gap + right, 560.0);
  Svg svg = lab::chart_page(all, top + rows + panel_foot + foot, chart.title, chart.subtitle);
  draw_legend(svg, chart.legend, 16.0, lab::title_height + 8.0, false);
  const Axis nothing{};
  for (std::size_t panel = 0; panel < panels; ++panel) {
    const Plot plot{labels + static_cast<double>(panel) * (width + gap), top, width, rows, chart.x, nothing};
    lab::fitted_text(svg, plot.x, top - 8.0, width + gap - 6.0, chart.panel_titles[panel], 13.0,
                     Anchor::start, lab::text_colour, lab::Weight::bold);
    for (const Tick& tick : chart.x.ticks)
      segment(svg, plot.at_x(tick.at), top, plot.at_x(tick.at), top + rows + 4.0, "grid");
    if (std::isfinite(chart.references[panel]))
      segment(svg, plot.at_x(chart.references[panel]), top, plot.at_x(chart.references[panel]), top + rows,
              "reference");
    tick_labels_across(svg, plot, top + rows + 18.0, 11.0);
  }
  for (std::size_t i = 0; i < chart.rows.size(); ++i) {
    const DotRow& row = chart.rows[i];
    const double y = top + row_height * (static_cast<double>(i) + 0.5);
    lab::fitted_text(svg, row.heading ? 16.0 : 28.0, y + 4.0, labels - 36.0, row.label, 12.0, Anchor::start,
                     row.heading ? lab::faint_colour : lab::text_colour,
                     row.heading ? lab::Weight::bold : lab::Weight::normal);
    if (row.heading) continue;
    if (row.values.size() != panels * chart.looks) {
      throw dope::Error("dot_chart_svg",
                        dope::detail::text(row.values.size(), " values in row \"", row.label, "\""),
                        dope::detail::text(panels * chart.looks, ", panels times looks"));
    }
    for (std::size_t panel = 0; panel < panels; ++panel) {
      const Plot plot{
          labels + static_cast<double>(panel) * (width + gap), top, width, rows, chart.x, nothing};
      segment(svg, plot.x, y, plot.x + width, y, "grid");
      for (std::size_t look = chart.looks; look-- > 0;) {
        const double value = row.values[panel * chart.looks + look];
        if (std::isfinite(value)) mark(svg, chart.legend[look].look, plot.at_x(value), y);
      }
    }
  }
  lab::fitted_text(svg, labels, top + rows + panel_foot + 8.0, all - labels - right, chart.x_title, 13.0,
                   Anchor::start, lab::text_colour);
  return svg.str();
}

}  // namespace page
