// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace lab {

/// A value with its interval; not-a-number: none. filled: passes whatever test the picture is about.
struct Dot {
  enum class Fill { hollow, filled };

  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
  Fill fill = Fill::hollow;
};

/// One column: dots[i] belongs to row i.
struct DotPanel {
  std::string title;
  std::string note;
  std::vector<Dot> dots;
};

/// Small multiples over the same rows: dots with whiskers on a common scale, a line at zero.
struct DotPlot {
  std::string title;
  std::string subtitle;
  std::string value_title;
  std::string fill_title;  // what a filled dot means
  std::vector<std::string> row_labels;
  std::vector<DotPanel> panels;
  double low = -1.0;
  double high = 1.0;
  int decimals = 0;  // of the scale's figures
};

/// The picture as SVG, at least 900 pixels wide. Whiskers end at the scale's ends.
///
/// Throws dope::Error for no rows or panels, a panel with another number of dots, a dot that is infinite, off
/// the scale or outside its interval, or a scale that is not finite with low < high.
[[nodiscard]] std::string dot_plot_svg(const DotPlot& plot);

}  // namespace lab
