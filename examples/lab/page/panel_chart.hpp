// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lab/page/axis.hpp"

namespace page {

/// How a series is drawn: told apart by dash and mark too, not by colour alone.
enum class Look { main, second, reference };

/// low, high: the whisker; drawn where they differ. A y that is not a number leaves a gap.
struct Point {
  double x = 0.0;
  double y = 0.0;
  double low = 0.0;
  double high = 0.0;
};

/// marked: a mark on every point.
enum class Marks { every_point, none };

struct Series {
  Look look = Look::main;
  std::vector<Point> points;  // by x
  Marks marks = Marks::every_point;
};

struct ChartPanel {
  std::string title;
  std::string note;
  std::vector<Series> series;
};

struct LegendEntry {
  Look look = Look::main;
  std::string name;
};

/// Small multiples over the same axes. A guide is a dotted upright with a word at its top.
struct PanelChart {
  std::string title;
  std::string subtitle;
  std::string x_title;
  std::string y_title;
  Axis x;
  Axis y;
  std::vector<ChartPanel> panels;
  std::vector<LegendEntry> legend;
  std::size_t panels_per_line = 4;
  std::vector<Tick> guides = {};  // by x
  double panel_width = 330.0;     // at most
  double plot_height = 108.0;
};

/// The picture as SVG, about 900 pixels wide; its lines have classes that style.hpp colours.
/// Throws dope::Error for no panel, no tick on x, or an axis without extent.
[[nodiscard]] std::string panel_chart_svg(const PanelChart& chart);

/// Points of one quantity against another, on the same axis: their diagonal is drawn. An axis may be one of
/// decades; the points are then decimal logarithms.
struct ScatterPanel {
  std::string title;
  std::string note;
  Axis axis;
  std::vector<Series> series;
};

struct ScatterChart {
  std::string title;
  std::string subtitle;
  std::string x_title;
  std::string y_title;
  std::string diagonal_title;
  std::vector<ScatterPanel> panels;
  std::vector<LegendEntry> legend;
  std::size_t panels_per_line = 3;
};

/// Square panels, one path for all points of a series. Throws dope::Error for no panel, an axis without
/// extent, or a point that is not on it.
[[nodiscard]] std::string scatter_chart_svg(const ScatterChart& chart);

/// Rows of marks on a common scale: for choices without an order.
struct DotRow {
  std::string label;
  bool heading = false;        // a label alone
  std::vector<double> values;  // by panel and look: panel · looks + look
};

struct DotChart {
  std::string title;
  std::string subtitle;
  std::string x_title;
  Axis x;
  std::vector<std::string> panel_titles;
  std::vector<double> references;   // by panel: a line; not-a-number for none
  std::vector<LegendEntry> legend;  // the looks of a row's values, in their order; then that of the line
  std::size_t looks = 2;
  std::vector<DotRow> rows;
};

/// Throws dope::Error for no row, no panel, or values that are not panels × looks.
[[nodiscard]] std::string dot_chart_svg(const DotChart& chart);

}  // namespace page
