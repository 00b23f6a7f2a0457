// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "draw/chart.hpp"
#include "draw/colour.hpp"

namespace lab {

/// One grid: values row after row; not-a-number where there is none, drawn grey.
struct RasterPanel {
  std::string title;
  std::string note;
  std::vector<double> values;
};

/// Small multiples of grids too fine for a rectangle per value, over the same rows and columns.
///
/// Ticks and marks are given in rows from the top and columns from the left: 0.5 is the middle of the first.
/// A mark stands above each panel with its label. Where cells have room, their values are printed in them.
struct RasterMap {
  std::string title;
  std::string subtitle;
  std::string row_title;
  std::string column_title;
  std::string value_title;  // with the unit
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<Tick> row_ticks;
  std::vector<Tick> column_ticks;
  std::vector<Tick> marks;
  std::vector<RasterPanel> panels;
  double low = 0.0;
  double high = 1.0;
  int decimals = 1;
  ColourScale scale = ColourScale::amount;
  std::size_t panels_per_line = 2;
  double width = 900.0;  // of the picture, pixels
};

/// The picture as SVG: one image per panel.
///
/// Throws dope::Error for no rows, columns, panels or panels per line, a width below 400, a panel whose
/// values are not rows × columns, an infinite value, or a scale that is not finite with low < high.
[[nodiscard]] std::string raster_map_svg(const RasterMap& map);

}  // namespace lab
