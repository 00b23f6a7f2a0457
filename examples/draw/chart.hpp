// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "draw/colour.hpp"
#include "draw/svg.hpp"

namespace lab {

// What the pictures share: page, texts that fit, values in cells, the colour bar.

inline constexpr std::string_view page_colour = "#ffffff";
inline constexpr std::string_view text_colour = "#1a1a1a";
inline constexpr std::string_view faint_colour = "#595959";
inline constexpr std::string_view empty_colour = "#e6e6e6";
inline constexpr Rgb empty_rgb{0xe6, 0xe6, 0xe6};

/// Of Okabe and Ito's palette, which colour-blind eyes tell apart, yellow made darker; black and grey are
/// ours.
inline constexpr std::array<std::string_view, 8> line_colours = {"#000000", "#0072b2", "#d55e00", "#009e73",
                                                                 "#cc79a7", "#56b4e9", "#b38600", "#767676"};

/// Lines of one colour differ in these.
inline constexpr std::array<std::string_view, 4> line_dashes = {"", "7 4", "2 3", "10 3 2 3"};

/// A place on an axis and its label.
struct Tick {
  double at = 0.0;
  std::string label;
};

/// Where a text's x lies in it, SVG's text-anchor.
enum class Anchor { start, middle, end };

enum class Weight { normal, bold };

/// The largest size up to `size` pixels, in tenths, at which `content` is no wider than `width`, by the
/// estimate of 0.56 em a character (0.61 em where bold).
[[nodiscard]] double fitting_size(std::string_view content, double width, double size,
                                  Weight weight = Weight::normal);

/// Text of at most `size` pixels, made smaller down to 9 where it would be wider than `width`, then cut
/// short with an ellipsis.
void fitted_text(Svg& svg, double x, double y, double width, std::string_view content, double size,
                 Anchor anchor, std::string_view colour, Weight weight = Weight::normal);

/// Lays a page with its own background, so that it reads on light and on dark, and its two title lines.
[[nodiscard]] Svg chart_page(double width, double height, std::string_view title, std::string_view subtitle);

/// Height of chart_page's title lines, with their margin.
inline constexpr double title_height = 64.0;

/// The axis title of a column of rows: turned text, reading upwards, centred on y.
void upward_text(Svg& svg, double x, double y, double height, std::string_view content);

/// A number for a cell or a tick: `decimals` after the point below 1000, none below 10⁶, then two in
/// scientific form; a dash for not-a-number.
[[nodiscard]] std::string figure(double value, int decimals);

/// Share of value between low and high, 0.5 where they are equal.
[[nodiscard]] double share_between(double value, double low, double high);

/// Coloured cells of one size with their figures in one letter size; where the widest would need less
/// than 8 pixels, no figures. Not-a-number is a grey cell with a dash. low, high: ends of the colour scale.
struct CellStyle {
  double width = 0.0;
  double height = 0.0;
  double low = 0.0;
  double high = 1.0;
  int decimals = 0;
  double letter_size = 0.0;  // 0: no figures
};
[[nodiscard]] CellStyle cell_style(double width, double height, double low, double high, int decimals,
                                   std::span<const double> values);
void value_cell(Svg& svg, const CellStyle& style, double x, double y, double value);

/// The colour bar with its title and five ticks. Takes 44 pixels of height.
void colour_bar(Svg& svg, double x, double y, double width, std::string_view title, double low, double high,
                int decimals, ColourScale scale = ColourScale::amount);

}  // namespace lab
