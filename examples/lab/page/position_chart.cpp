// SPDX-License-Identifier: MIT
#include "lab/page/position_chart.hpp"

#include <algorithm>
#include <cmath>

#include "dope/core/error.hpp"
#include "draw/chart.hpp"

namespace page {
namespace {

using lab::Anchor;
using lab::coordinate;
using lab::Svg;

constexpr double labels_width = 170.0;
constexpr double scale_width = 36.0;
constexpr double column_width = 318.0;
constexpr double between = 52.0;
constexpr double strip = 62.0;
constexpr double strip_gap = 16.0;
constexpr double heads_height = 58.0;
constexpr double axis_height = 52.0;
constexpr double least_band = 3.0;

void check(const PositionChart& chart) {
  const bool bins = chart.tokens > 0 && chart.edges.size() >= 2 && chart.columns.size() == 2;
  const bool mark =
      !chart.marked || (chart.marked->first < chart.marked->second && chart.marked->second <= chart.tokens);
  const bool rows = std::all_of(chart.rows.begin(), chart.rows.end(), [&](const PositionRow& row) {
    return row.notes.size() <= 2 && row.shares.size() == chart.columns.size() &&
           std::all_of(row.shares.begin(), row.shares.end(),
                       [&](const auto& shares) { return shares.size() + 1 == chart.edges.size(); });
  });
  if (!bins || !mark || !rows) {
    throw dope::Error("position_chart_svg",
                      dope::detail::text(chart.tokens, " tokens, ", chart.edges.size(), " edges, ",
                                         chart.columns.size(), " columns, ", chart.rows.size(), " rows"),
                      "a token, a bin, two columns, for each row and column a share per bin, and a mark on "
                      "the tokens");
  }
}

double height_of(double share) {
  const double floor = std::log10(least_share);
  return strip * std::clamp((std::log10(std::max(share, least_share)) - floor) / -floor, 0.0, 1.0);
}

std::string class_of(Fill fill) { return fill == Fill::strong ? "area-selected" : "area-kept"; }

void draw_shares(Svg& svg, const PositionChart& chart, const std::vector<double>& shares, double x,
                 double bottom, const std::string& style) {
  const double scale = column_width / static_cast<double>(chart.tokens);
  std::string data = "M" + coordinate(x) + " " + coordinate(bottom);
  for (std::size_t bin = 0; bin < shares.size(); ++bin) {
    data += "V" + coordinate(bottom - height_of(shares[bin])) + "H" +
            coordinate(x + scale * chart.edges[bin + 1]);
  }
  svg.path(data + "V" + coordinate(bottom) + "z", {{"class", style}});
}

void draw_mark(Svg& svg, const PositionChart& chart, double x, double bottom) {
  const double scale = column_width / static_cast<double>(chart.tokens);
  const double first = scale * static_cast<double>(chart.marked->first);
  const double end = scale * static_cast<double>(chart.marked->second);
  const double wide = std::max(end - first, least_band);
  const double from = std::clamp(0.5 * (first + end - wide), 0.0, column_width - wide);
  svg.rect(x + from, bottom - strip, wide, strip, {{"class", "needle-band"}});
  svg.path("M" + coordinate(x + from + 0.5 * wide) + " " + coordinate(bottom - strip) + "l-5 -8h10z",
           {{"class", "needle-mark"}});
}

void draw_frame(Svg& svg, const PositionChart& chart, double x, double bottom) {
  const double uniform = bottom - height_of(1.0 / static_cast<double>(chart.edges.size() - 1));
  svg.path("M" + coordinate(x) + " " + coordinate(uniform) + "h" + coordinate(column_width),
           {{"class", "uniform"}});
  svg.rect(x, bottom - strip, column_width, strip, {{"class", "frame"}});
}

void draw_scale(Svg& svg, double x, double bottom) {
  for (const auto& [share, label] : {std::pair{1.0, "100 %"}, {1e-2, "1 %"}, {1e-4, "0.01 %"}}) {
    lab::fitted_text(svg, x - 4.0, bottom - height_of(share) + 3.5, scale_width + 10.0, label, 10.0,
                     Anchor::end, lab::faint_colour);
  }
}

void draw_positions(Svg& svg, const PositionChart& chart, double x, double y) {
  for (std::size_t i = 0; i <= 4; ++i) {
    const double share = static_cast<double>(i) / 4.0;
    const double at = x + column_width * share;
    svg.path("M" + coordinate(at) + " " + coordinate(y) + "v4", {{"class", "axis"}});
    lab::fitted_text(svg, at, y + 17.0, column_width / 5.0, std::to_string(chart.tokens * i / 4), 11.0,
                     Anchor::middle, lab::text_colour);
  }
  lab::fitted_text(svg, x, y + 36.0, column_width, "position (token)", 12.0, Anchor::start, lab::text_colour);
}

void draw_key(Svg& svg, const PositionChart& chart, double key) {
  double at = 16.0;
  const auto name = [&](const std::string& words) {
    lab::fitted_text(svg, at + 20.0, key + 4.0, 240.0, words, 12.0, Anchor::start, lab::text_colour);
    at += 20.0 + 6.9 * static_cast<double>(words.size()) + 26.0;
  };
  for (const auto& entry : chart.fills) {
    svg.rect(at, key - 6.0, 14.0, 12.0, {{"class", class_of(entry.first)}});
    name(entry.second);
  }
  if (chart.marked) {
    svg.path("M" + coordinate(at + 7.0) + " " + coordinate(key + 5.0) + "l-5 -9h10z",
             {{"class", "needle-mark"}});
    name(chart.mark_title);
  }
  svg.path("M" + coordinate(at - 4.0) + " " + coordinate(key) + "h20", {{"class", "uniform"}});
  name("an equal share for every bin");
}

}  // namespace

std::string position_chart_svg(const PositionChart& chart) {
  check(chart);
  const double first_x = labels_width + scale_width;
  const double second_x = first_x + column_width + between;
  const double width = second_x + column_width + 24.0;
  const double top = lab::title_height + heads_height;
  const double strips = (strip + strip_gap) * static_cast<double>(chart.rows.size());
  Svg svg = lab::chart_page(width, top + strips + axis_height, chart.title, chart.subtitle);
  draw_key(svg, chart, lab::title_height + 8.0);
  lab::fitted_text(svg, first_x, top - 14.0, column_width, chart.columns[0], 13.0, Anchor::start,
                   lab::text_colour, lab::Weight::bold);
  lab::fitted_text(svg, second_x, top - 14.0, column_width, chart.columns[1], 13.0, Anchor::start,
                   lab::text_colour, lab::Weight::bold);
  for (std::size_t i = 0; i < chart.rows.size(); ++i) {
    const PositionRow& row = chart.rows[i];
    const double bottom = top + (strip + strip_gap) * static_cast<double>(i) + strip;
    lab::fitted_text(svg, 16.0, bottom - strip + 20.0, labels_width - 20.0, row.title, 13.0, Anchor::start,
                     lab::text_colour, lab::Weight::bold);
    for (std::size_t note = 0; note < row.notes.size(); ++note) {
      lab::fitted_text(svg, 16.0, bottom - strip + 37.0 + 15.0 * static_cast<double>(note),
                       labels_width - 20.0, row.notes[note], 11.5, Anchor::start, lab::faint_colour);
    }
    for (std::size_t column = 0; column < 2; ++column) {
      const double x = column == 0 ? first_x : second_x;
      draw_shares(svg, chart, row.shares[column], x, bottom, class_of(row.fill));
      if (chart.marked) draw_mark(svg, chart, x, bottom);
      draw_frame(svg, chart, x, bottom);
      draw_scale(svg, x, bottom);
    }
  }
  draw_positions(svg, chart, first_x, top + strips - strip_gap);
  draw_positions(svg, chart, second_x, top + strips - strip_gap);
  return svg.str();
}

}  // namespace page
