// SPDX-License-Identifier: MIT
#include "lab/report/attention_picture.hpp"

#include <algorithm>
#include <cmath>

#include "dope/core/error.hpp"
#include "lab/support/chart.hpp"

namespace report {
namespace {

using lab::Anchor;
using lab::coordinate;
using lab::Svg;

constexpr double labels_width = 170.0;
constexpr double scale_width = 36.0;
constexpr double panel_width = 318.0;
constexpr double between = 52.0;
constexpr double strip = 62.0;
constexpr double strip_gap = 16.0;
constexpr double heads_height = 58.0;
constexpr double axis_height = 52.0;
constexpr double least_band = 3.0;

double height_of(double share) {
  const double floor = std::log10(least_share);
  return strip * std::clamp((std::log10(std::max(share, least_share)) - floor) / -floor, 0.0, 1.0);
}

/// Boundary of bin b, in tokens.
double boundary(const AttentionCell& cell, std::size_t bin) {
  return static_cast<double>(cell.tokens) * static_cast<double>(bin) / static_cast<double>(cell.bins);
}

void draw_shares(Svg& svg, const AttentionCell& cell, const std::vector<double>& shares, double x,
                 double bottom, const std::string& style) {
  const double scale = panel_width / static_cast<double>(cell.tokens);
  std::string data = "M" + coordinate(x) + " " + coordinate(bottom);
  for (std::size_t bin = 0; bin < cell.bins; ++bin) {
    data += "V" + coordinate(bottom - height_of(shares[bin])) + "H" +
            coordinate(x + scale * boundary(cell, bin + 1));
  }
  svg.path(data + "V" + coordinate(bottom) + "z", {{"class", style}});
}

void draw_needle(Svg& svg, const AttentionCell& cell, double x, double bottom) {
  const double scale = panel_width / static_cast<double>(cell.tokens);
  const double first = scale * static_cast<double>(cell.needle_first);
  const double end = scale * static_cast<double>(cell.needle_end);
  const double wide = std::max(end - first, least_band);
  const double from = std::clamp(0.5 * (first + end - wide), 0.0, panel_width - wide);
  svg.rect(x + from, bottom - strip, wide, strip, {{"class", "needle-band"}});
  svg.path("M" + coordinate(x + from + 0.5 * wide) + " " + coordinate(bottom - strip) + "l-5 -8h10z",
           {{"class", "needle-mark"}});
}

void draw_frame(Svg& svg, const AttentionCell& cell, double x, double bottom) {
  const double uniform = bottom - height_of(1.0 / static_cast<double>(cell.bins));
  svg.path("M" + coordinate(x) + " " + coordinate(uniform) + "h" + coordinate(panel_width),
           {{"class", "uniform"}});
  svg.rect(x, bottom - strip, panel_width, strip, {{"class", "frame"}});
}

void draw_scale(Svg& svg, double x, double bottom) {
  for (const auto& [share, label] : {std::pair{1.0, "100 %"}, {1e-2, "1 %"}, {1e-4, "0.01 %"}}) {
    lab::fitted_text(svg, x - 4.0, bottom - height_of(share) + 3.5, scale_width + 10.0, label, 10.0,
                     Anchor::end, lab::faint_colour);
  }
}

void draw_positions(Svg& svg, const AttentionCell& cell, double x, double y) {
  for (std::size_t i = 0; i <= 4; ++i) {
    const double share = static_cast<double>(i) / 4.0;
    const double at = x + panel_width * share;
    svg.path("M" + coordinate(at) + " " + coordinate(y) + "v4", {{"class", "axis"}});
    lab::fitted_text(svg, at, y + 17.0, panel_width / 5.0, std::to_string(cell.tokens * i / 4), 11.0,
                     Anchor::middle, lab::text_colour);
  }
  lab::fitted_text(svg, x, y + 36.0, panel_width, "position (token)", 12.0, Anchor::start, lab::text_colour);
}

std::string joined_names(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

}  // namespace

std::string mean_title(const AttentionCell& cell) {
  return cell.mean_of == cell.tokens ? "mean of all tokens"
                                     : dope::detail::text("mean of ", cell.mean_of, " tokens");
}

double share_at(const AttentionCell& cell, std::span<const double> shares, std::size_t first,
                std::size_t end) {
  double sum = 0.0;
  for (std::size_t bin = 0; bin < cell.bins; ++bin) {
    if (boundary(cell, bin) < static_cast<double>(end) &&
        boundary(cell, bin + 1) > static_cast<double>(first))
      sum += shares[bin];
  }
  return sum;
}

std::string attention_svg(const AttentionCell& cell, std::string_view scaling) {
  std::vector<const AttentionRow*> rows;
  for (const auto& row : cell.rows) rows.push_back(&row);
  std::stable_partition(rows.begin(), rows.end(),
                        [](const AttentionRow* row) { return !row->selected_by.empty(); });

  const double first_x = labels_width + scale_width;
  const double second_x = first_x + panel_width + between;
  const double width = second_x + panel_width + 24.0;
  const double top = lab::title_height + heads_height;
  const double strips = (strip + strip_gap) * static_cast<double>(rows.size());
  Svg svg = lab::chart_page(
      width, top + strips + axis_height, "Attention of selected and kept heads",
      dope::detail::text(cell.tokens, " tokens, needle at ", cell.needle_first, " to ", cell.needle_end - 1,
                         "; share of attention per bin of ",
                         lab::figure(static_cast<double>(cell.tokens) / static_cast<double>(cell.bins), 1),
                         " tokens, logarithmic; ", scaling_title(scaling), " without a plan"));
  const double key = lab::title_height + 8.0;
  double at = 16.0;
  const auto name = [&](const std::string& text) {
    lab::fitted_text(svg, at + 20.0, key + 4.0, 240.0, text, 12.0, Anchor::start, lab::text_colour);
    at += 20.0 + 6.9 * static_cast<double>(text.size()) + 26.0;
  };
  svg.rect(at, key - 6.0, 14.0, 12.0, {{"class", "area-selected"}});
  name("selected head");
  svg.rect(at, key - 6.0, 14.0, 12.0, {{"class", "area-kept"}});
  name("kept head");
  svg.path("M" + coordinate(at + 7.0) + " " + coordinate(key + 5.0) + "l-5 -9h10z",
           {{"class", "needle-mark"}});
  name("needle");
  svg.path("M" + coordinate(at - 4.0) + " " + coordinate(key) + "h20", {{"class", "uniform"}});
  name("an equal share for every bin");
  lab::fitted_text(svg, first_x, top - 14.0, panel_width, "last token", 13.0, Anchor::start, lab::text_colour,
                   lab::Weight::bold);
  lab::fitted_text(svg, second_x, top - 14.0, panel_width, mean_title(cell), 13.0, Anchor::start,
                   lab::text_colour, lab::Weight::bold);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const AttentionRow& row = *rows[i];
    const bool selected = !row.selected_by.empty();
    const double bottom = top + (strip + strip_gap) * static_cast<double>(i) + strip;
    lab::fitted_text(svg, 16.0, bottom - strip + 20.0, labels_width - 20.0,
                     dope::detail::text("layer ", row.head.layer, ", head ", row.head.head), 13.0,
                     Anchor::start, lab::text_colour, lab::Weight::bold);
    lab::fitted_text(svg, 16.0, bottom - strip + 37.0, labels_width - 20.0, selected ? "selected by" : "kept",
                     11.5, Anchor::start, lab::faint_colour);
    if (selected) {
      lab::fitted_text(svg, 16.0, bottom - strip + 52.0, labels_width - 20.0, joined_names(row.selected_by),
                       11.5, Anchor::start, lab::faint_colour);
    }
    const std::string style = selected ? "area-selected" : "area-kept";
    for (const bool last : {true, false}) {
      const double x = last ? first_x : second_x;
      draw_shares(svg, cell, last ? row.last : row.mean, x, bottom, style);
      draw_needle(svg, cell, x, bottom);
      draw_frame(svg, cell, x, bottom);
      draw_scale(svg, x, bottom);
    }
  }
  draw_positions(svg, cell, first_x, top + strips - strip_gap);
  draw_positions(svg, cell, second_x, top + strips - strip_gap);
  return svg.str();
}

}  // namespace report
