// SPDX-License-Identifier: MIT
#include "course/support/plot.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string_view>

#include "dope/core/error.hpp"
#include "draw/chart.hpp"
#include "draw/colour.hpp"
#include "draw/svg.hpp"

namespace course {
namespace {

using lab::Anchor;
using lab::Svg;

constexpr double page_width = 820.0;
constexpr double left = 76.0;
constexpr double top = lab::title_height + 10.0;
constexpr double wide_width = 500.0;
constexpr double wide_height = 330.0;
constexpr double square_side = 400.0;
constexpr double label_height = 19.0;

std::string tenth(double value) { return lab::coordinate(std::round(10.0 * value) / 10.0); }

std::string place(double x, double y) { return tenth(x) + " " + tenth(y); }

std::string segment(double x0, double y0, double x1, double y1) {
  return "M" + place(x0, y0) + "L" + place(x1, y1);
}

std::string tick_label(double value) {
  std::array<char, 32> digits{};
  return {digits.data(),
          std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed).ptr};
}

double scaled(const Axis& axis, double at) {
  if (axis.scale == Scale::linear) return at;
  return axis.scale == Scale::log2 ? std::log2(at) : std::log10(at);
}

void require_axis(const Axis& axis) {
  const bool ascends = std::is_sorted(axis.ticks.begin(), axis.ticks.end(), std::less_equal<>());
  if (axis.ticks.size() < 2 || !ascends || (axis.scale != Scale::linear && !(axis.ticks.front() > 0.0))) {
    throw dope::Error("svg_of", "axis \"" + axis.title + "\" with its ticks",
                      "at least two, ascending, and above 0 on a logarithmic axis");
  }
}

/// The share of the axis before `at`; Error off the axis.
double share(const Axis& axis, double at) {
  const double low = axis.ticks.front();
  const double high = axis.ticks.back();
  if (!(at >= low && at <= high)) {
    throw dope::Error("svg_of", dope::detail::text(at, " on axis \"", axis.title, "\""),
                      dope::detail::text("a value from ", low, " to ", high));
  }
  return (scaled(axis, at) - scaled(axis, low)) / (scaled(axis, high) - scaled(axis, low));
}

/// The plot's rectangle and its axes.
struct Frame {
  const Plot* plot;
  double width;
  double height;

  [[nodiscard]] double right() const { return left + width; }
  [[nodiscard]] double bottom() const { return top + height; }
  [[nodiscard]] double x_of(double at) const { return left + width * share(plot->x, at); }
  [[nodiscard]] double y_of(double at) const { return bottom() - height * share(plot->y, at); }
};

void draw_axes(Svg& svg, const Frame& frame) {
  const Svg::Attributes grid = {{"stroke", "#e0e0e0"}, {"stroke-width", "1"}};
  const auto label = [&](double x, double y, const std::string& text, Anchor anchor) {
    lab::fitted_text(svg, x, y, 60.0, text, 13.0, anchor, lab::text_colour);
  };
  for (const double tick : frame.plot->x.ticks) {
    const double x = frame.x_of(tick);
    svg.path(segment(x, top, x, frame.bottom() + 5.0), grid);
    label(x, frame.bottom() + 21.0, tick_label(tick), Anchor::middle);
  }
  for (const double tick : frame.plot->y.ticks) {
    const double y = frame.y_of(tick);
    svg.path(segment(left - 5.0, y, frame.right(), y), grid);
    label(left - 9.0, y + 4.5, tick_label(tick), Anchor::end);
  }
  lab::fitted_text(svg, left + frame.width / 2.0, frame.bottom() + 46.0, frame.width, frame.plot->x.title,
                   14.0, Anchor::middle, lab::text_colour);
  lab::upward_text(svg, 20.0, top + frame.height / 2.0, frame.height, frame.plot->y.title);
}

void draw_guides(Svg& svg, const Frame& frame) {
  const Svg::Attributes dotted = {
      {"stroke", std::string(lab::faint_colour)}, {"stroke-width", "1.4"}, {"stroke-dasharray", "1 4"}};
  for (const Guide& guide : frame.plot->guides) {
    if (guide.axis == Guide::Across::x) {
      const double x = frame.x_of(guide.at);
      svg.path(segment(x, top, x, frame.bottom()), dotted);
      lab::fitted_text(svg, x + 6.0, top + 14.0, frame.right() - x, guide.word, 12.0, Anchor::start,
                       lab::faint_colour);
    } else {
      const double y = frame.y_of(guide.at);
      svg.path(segment(left, y, frame.right(), y), dotted);
      lab::fitted_text(svg, left + 6.0, y - 6.0, frame.width, guide.word, 12.0, Anchor::start,
                       lab::faint_colour);
    }
  }
}

std::string colour_of(std::size_t curve) {
  return std::string(lab::line_colours[(curve + 1) % lab::line_colours.size()]);
}

Svg::Attributes stroke_of(std::size_t curve) {
  Svg::Attributes stroke = {
      {"fill", "none"}, {"stroke", colour_of(curve)}, {"stroke-width", "2.2"}, {"stroke-linejoin", "round"}};
  const std::string_view dash = lab::line_dashes[curve % lab::line_dashes.size()];
  if (!dash.empty()) stroke.emplace_back("stroke-dasharray", std::string(dash));
  return stroke;
}

/// A full circle, then outlines around it: square, triangle, diamond. One over the other, both show.
std::string marker(std::size_t curve, double x, double y) {
  constexpr std::array<std::string_view, 4> outlines = {"m-3.2 0a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0 -6.4 0z",
                                                        "m-4.6 -4.6h9.2v9.2h-9.2z", "m-5 4.2h10l-5 -9.2z",
                                                        "m0 -6l6 6l-6 6l-6 -6z"};
  return "M" + place(x, y) + std::string(outlines[curve % outlines.size()]);
}

Svg::Attributes fill_of(std::size_t curve) {
  if (curve == 0) return {{"fill", colour_of(curve)}};
  return {{"fill", "none"}, {"stroke", colour_of(curve)}, {"stroke-width", "1.6"}};
}

/// A curve's label: where the curve ends, and the height of its text.
struct Label {
  std::size_t curve;
  double end_x, end_y, y;
};

Label draw_curve(Svg& svg, const Frame& frame, std::size_t index) {
  const Curve& curve = frame.plot->curves[index];
  if (curve.x.empty() || curve.x.size() != curve.y.size()) {
    throw dope::Error("svg_of",
                      dope::detail::text("curve \"", curve.name, "\" of ", curve.x.size(), " places and ",
                                         curve.y.size(), " values"),
                      "equally many, at least one");
  }
  std::string path;
  Label label{index, 0.0, 0.0, 0.0};
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    label.end_x = frame.x_of(curve.x[i]);
    label.end_y = label.y = frame.y_of(curve.y[i]);
    path += curve.mark == Mark::points ? marker(index, label.end_x, label.end_y)
                                       : (i == 0 ? "M" : "L") + place(label.end_x, label.end_y);
  }
  svg.path(path, curve.mark == Mark::points ? fill_of(index) : stroke_of(index));
  return label;
}

/// Labels of lines at the heights where the lines end, those of points from the top down; moved apart until
/// none overlap.
void spread(std::vector<Label>& labels, const Frame& frame) {
  for (Label& label : labels) {
    if (frame.plot->curves[label.curve].mark == Mark::points) label.y = top;
  }
  std::stable_sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) { return a.y < b.y; });
  double free = top + 6.0;
  for (Label& label : labels) {
    label.y = std::max(label.y, free);
    free = label.y + label_height;
  }
  double limit = frame.bottom();
  for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
    label->y = std::min(label->y, limit);
    limit = label->y - label_height;
  }
}

void draw_label(Svg& svg, const Frame& frame, const Label& label) {
  const double x = frame.right() + 30.0;
  const Curve& curve = frame.plot->curves[label.curve];
  if (curve.mark == Mark::points) {
    svg.path(marker(label.curve, x + 14.0, label.y), fill_of(label.curve));
  } else {
    svg.path(segment(label.end_x + 2.0, label.end_y, x - 2.0, label.y),
             {{"stroke", colour_of(label.curve)}, {"stroke-width", "0.7"}});
    svg.path(segment(x, label.y, x + 28.0, label.y), stroke_of(label.curve));
  }
  lab::fitted_text(svg, x + 35.0, label.y + 4.5, page_width - x - 40.0, curve.name, 13.0, Anchor::start,
                   lab::text_colour);
}

std::string draw(const Plot& plot) {
  require_axis(plot.x);
  require_axis(plot.y);
  if (plot.curves.empty()) throw dope::Error("svg_of", "a plot without a curve", "at least one");
  const bool square = plot.shape == Shape::square;
  const Frame frame{&plot, square ? square_side : wide_width, square ? square_side : wide_height};
  Svg svg = lab::chart_page(page_width, frame.bottom() + 62.0, plot.title, plot.subtitle);
  draw_axes(svg, frame);
  draw_guides(svg, frame);
  std::vector<Label> labels;
  for (std::size_t curve = 0; curve < plot.curves.size(); ++curve)
    labels.push_back(draw_curve(svg, frame, curve));
  spread(labels, frame);
  for (const Label& label : labels) draw_label(svg, frame, label);
  return svg.str();
}

std::string draw(const Map& map) {
  if (map.rows.empty() || map.rows.front().empty() || !(map.low < map.high))
    throw dope::Error("svg_of", "a map", "at least one cell, and low < high");
  const std::size_t columns = map.rows.front().size();
  const double cell = square_side / static_cast<double>(std::max(columns, map.rows.size()));
  const double width = cell * static_cast<double>(columns);
  const double height = cell * static_cast<double>(map.rows.size());
  Svg svg = lab::chart_page(page_width, top + height + 62.0, map.title, map.subtitle);
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    if (map.rows[i].size() != columns) throw dope::Error("svg_of", "rows of unlike length", "one length");
    for (std::size_t j = 0; j < columns; ++j) {
      const double value = map.rows[i][j];
      const double at = lab::share_between(value, map.low, map.high);
      const std::string fill =
          std::isnan(value) ? std::string(lab::empty_colour) : lab::hex(lab::viridis(at));
      const std::string side = tenth(cell);
      svg.path("M" + place(left + cell * static_cast<double>(j), top + cell * static_cast<double>(i)) + "h" +
                   side + "v" + side + "h-" + side + "z",
               {{"fill", fill}, {"shape-rendering", "crispEdges"}});
    }
  }
  const auto number = [&](double x, double y, std::size_t value, Anchor anchor) {
    lab::fitted_text(svg, x, y, 40.0, std::to_string(value), 13.0, anchor, lab::text_colour);
  };
  const std::size_t step = std::max<std::size_t>(1, std::max(columns, map.rows.size()) / 8);
  for (std::size_t j = 0; j < columns; j += step)
    number(left + cell * (static_cast<double>(j) + 0.5), top + height + 18.0, j, Anchor::middle);
  for (std::size_t i = 0; i < map.rows.size(); i += step)
    number(left - 8.0, top + cell * (static_cast<double>(i) + 0.5) + 4.5, i, Anchor::end);
  lab::fitted_text(svg, left + width / 2.0, top + height + 42.0, width, map.x_title, 14.0, Anchor::middle,
                   lab::text_colour);
  lab::upward_text(svg, 20.0, top + height / 2.0, height, map.y_title);
  lab::colour_bar(svg, left + width + 44.0, top, 240.0, map.value_title, map.low, map.high, map.decimals);
  return svg.str();
}

/// Nothing is left behind where it cannot be written whole.
void write(const std::string& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  const bool opened = stream.is_open();
  if (opened && stream << text && stream.flush()) return;
  if (opened) static_cast<void>(std::remove(file.c_str()));
  throw dope::Error(file, "a file that cannot be written", "one that can");
}

}  // namespace

std::string svg_of(const Picture& picture) {
  return std::visit([](const auto& kind) { return draw(kind); }, picture);
}

int run(int argc, const char* const* argv, const std::string& model,
        const std::function<Picture(const std::string& model)>& lesson) {
  try {
    std::string folder = model;
    std::string file;
    bool named = model.empty();  // a lesson without a model takes no name of one
    for (int i = 1; i < argc; ++i) {
      const std::string_view word = argv[i];
      if (word == "--svg" && i + 1 < argc && file.empty()) {
        file = argv[++i];
      } else if (!named && !word.starts_with("-")) {
        folder = word;
        named = true;
      } else {
        throw dope::Error(argv[0], "\"" + std::string(word) + "\"",
                          model.empty() ? "[--svg FILE]" : "[--svg FILE] [MODEL]");
      }
    }
    const Picture picture = lesson(folder);
    if (!file.empty()) write(file, svg_of(picture));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}

int run(int argc, const char* const* argv, const std::function<Picture()>& lesson) {
  return run(argc, argv, std::string(), [&](const std::string&) { return lesson(); });
}

}  // namespace course
