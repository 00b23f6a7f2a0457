// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

// The pictures of the course's lessons, as SVG with a light background of their own. Curves differ by dash or
// marker as well as by colour.

namespace course {

enum class Scale { linear, log2, log10 };

/// From the first tick to the last, which ascend; above 0 where the scale is logarithmic.
struct Axis {
  std::string title;  // with its unit
  std::vector<double> ticks;
  Scale scale = Scale::linear;
};

enum class Mark { line, points };

/// A point that is off an axis is an Error, as is a value that is not finite.
struct Curve {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
  Mark mark = Mark::line;
};

/// A dotted line with a word: upright at a place on the x axis, or level at one on the y axis.
struct Guide {
  enum class Across { x, y };

  Across axis = Across::x;
  double at = 0.0;
  std::string word;
};

/// square: the plane, both axes equally long.
enum class Shape { wide, square };

struct Plot {
  std::string title;
  std::string subtitle;
  Axis x;
  Axis y;
  std::vector<Curve> curves = {};
  std::vector<Guide> guides = {};
  Shape shape = Shape::wide;
};

/// rows[i][j] as a coloured cell, row 0 on top; not-a-number is an empty cell.
struct Map {
  std::string title;
  std::string subtitle;
  std::string x_title;
  std::string y_title;
  std::string value_title;
  std::vector<std::vector<double>> rows;
  double low = 0.0;
  double high = 1.0;
  int decimals = 1;  // of the colour bar's figures
};

using Picture = std::variant<Plot, Map>;

/// Coordinates have one decimal. Throws dope::Error for a picture without a curve or a row, for ticks that do
/// not ascend, and for points that do not fit.
[[nodiscard]] std::string svg_of(const Picture& picture);

/// A lesson as a program: LESSON [--svg FILE]. The lesson prints; its picture goes to FILE, whole or not at
/// all. What main returns: 0, or 2 after one line on standard error.
[[nodiscard]] int run(int argc, const char* const* argv, const std::function<Picture()>& lesson);

/// The same for a lesson on a model: LESSON [--svg FILE] [MODEL], MODEL a folder, by default `model`.
[[nodiscard]] int run(int argc, const char* const* argv, const std::string& model,
                      const std::function<Picture(const std::string& model)>& lesson);

}  // namespace course
