// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lab {

/// One method's grid: values row after row; not-a-number where there is none. The note is a second,
/// smaller line under the title, e.g. the mean.
struct HeatPanel {
  std::string title;
  std::string note;
  std::vector<double> values;
};

/// Small multiples over the same rows (needle depth) and columns (length): one panel per method.
///
/// Axis titles carry the unit. low and high: the ends of the colour scale, in the unit of value_title.
struct HeatMap {
  std::string title;
  std::string subtitle;
  std::string row_title = "needle depth (%)";
  std::string column_title = "length (tokens)";
  std::string value_title = "exact match (%)";
  std::vector<std::string> row_labels;
  std::vector<std::string> column_labels;
  std::vector<HeatPanel> panels;
  double low = 0.0;
  double high = 100.0;
  int decimals = 0;
  std::size_t panels_per_line = 4;
};

/// The picture as SVG, about 900 pixels wide, every value printed in its cell.
///
/// Throws dope::Error for no rows, columns, panels or panels per line, a panel whose values are not
/// rows × columns, an infinite value, or a scale that is not finite with low < high.
[[nodiscard]] std::string heat_map_svg(const HeatMap& map);

}  // namespace lab
