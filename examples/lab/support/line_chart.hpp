// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "draw/chart.hpp"

namespace lab {

/// A curve and its label at the right. x ascends; of few points each is marked.
struct ChartLine {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
  std::size_t colour = 0;  // into line_colours
  std::size_t dash = 0;    // into line_dashes
  Weight weight = Weight::normal;
};

enum class AxisScale { linear, log2 };

/// One plot. The vertical axis is logarithmic, with powers of two that take in all values as ticks: y > 0,
/// what is less than 2⁻²⁰ is drawn there. The horizontal one goes from the first tick to the last.
struct LinePanel {
  std::string title;
  std::string x_title;
  std::string y_title;
  AxisScale x_scale = AxisScale::linear;
  std::vector<Tick> x_ticks;       // ascending, at least two
  std::optional<Tick> guide = {};  // a dotted upright with a word
  std::vector<ChartLine> lines;
};

struct LineChart {
  std::string title;
  std::string subtitle;
  std::vector<LinePanel> panels;  // from top to bottom
};

/// SVG with a background of its own. Throws dope::Error for a panel without a line, fewer than two ticks, a
/// line whose x and y are unlike in number or none, or that leaves the axis; and a value that is not finite.
[[nodiscard]] std::string line_chart_svg(const LineChart& chart);

}  // namespace lab
