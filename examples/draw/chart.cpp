// SPDX-License-Identifier: MIT
#include "draw/chart.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

namespace lab {
namespace {

constexpr double smallest_text = 9.0;
constexpr double smallest_figure = 8.0;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0u) != 0x80u;
  }));
}

/// The first `count` characters, which `text` has.
std::string_view leading(std::string_view text, std::size_t count) {
  std::size_t bytes = 0;
  while (bytes < text.size() && characters(text.substr(0, bytes + 1)) <= count) ++bytes;
  return text.substr(0, bytes);
}

double em_share(Weight weight) { return weight == Weight::bold ? 0.61 : 0.56; }

std::string svg_name(Anchor anchor) { return anchor == Anchor::middle ? "middle" : "end"; }

}  // namespace

double fitting_size(std::string_view content, double width, double size, Weight weight) {
  const double natural =
      em_share(weight) * static_cast<double>(std::max<std::size_t>(characters(content), 1));
  return std::min(size, std::floor(10.0 * width / natural) / 10.0);
}

void fitted_text(Svg& svg, double x, double y, double width, std::string_view content, double size,
                 Anchor anchor, std::string_view colour, Weight weight) {
  if (content.empty()) return;
  double fitted = fitting_size(content, width, size, weight);
  std::string shown(content);
  if (fitted < smallest_text) {
    fitted = smallest_text;
    const auto room = static_cast<std::size_t>(std::max(1.0, width / (em_share(weight) * smallest_text)));
    if (room < characters(content)) shown = std::string(leading(content, room - 1)) + "…";
  }
  Svg::Attributes attributes = {{"font-size", coordinate(fitted)}, {"fill", std::string(colour)}};
  if (anchor != Anchor::start) attributes.emplace_back("text-anchor", svg_name(anchor));
  if (weight == Weight::bold) attributes.emplace_back("font-weight", "bold");
  svg.text(x, y, shown, attributes);
}

Svg chart_page(double width, double height, std::string_view title, std::string_view subtitle) {
  Svg svg(width, height, title, subtitle);
  svg.rect(0.0, 0.0, width, height, {{"fill", std::string(page_colour)}});
  fitted_text(svg, 16.0, 28.0, width - 32.0, title, 18.0, Anchor::start, text_colour, Weight::bold);
  fitted_text(svg, 16.0, 48.0, width - 32.0, subtitle, 13.0, Anchor::start, faint_colour);
  return svg;
}

void upward_text(Svg& svg, double x, double y, double height, std::string_view content) {
  const double size = std::max(smallest_text, fitting_size(content, height, 13.0));
  svg.text(x, y, content,
           {{"font-size", coordinate(size)},
            {"text-anchor", "middle"},
            {"fill", std::string(text_colour)},
            {"transform", "rotate(-90 " + coordinate(x) + " " + coordinate(y) + ")"}});
}

std::string figure(double value, int decimals) {
  if (std::isnan(value)) return "–";
  const double magnitude = std::abs(value);
  const auto format = magnitude >= 1e6 ? std::chars_format::scientific : std::chars_format::fixed;
  const int places = magnitude >= 1e6 ? 2 : magnitude >= 1e3 ? 0 : decimals;
  std::array<char, 400> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, format, places);
  const std::string text(digits.data(), end.ptr);
  return text.front() == '-' && text.find_first_not_of("-0.") == std::string::npos ? text.substr(1) : text;
}

double share_between(double value, double low, double high) {
  return high > low ? (value - low) / (high - low) : 0.5;
}

CellStyle cell_style(double width, double height, double low, double high, int decimals,
                     std::span<const double> values) {
  CellStyle style{width, height, low, high, decimals, std::min(12.0, 0.68 * height)};
  for (const double value : values) {
    style.letter_size = std::min(style.letter_size, fitting_size(figure(value, decimals), width - 4.0, 12.0));
  }
  if (style.letter_size < smallest_figure) style.letter_size = 0.0;
  return style;
}

void value_cell(Svg& svg, const CellStyle& style, double x, double y, double value) {
  const bool missing = std::isnan(value);
  const Rgb shade = missing ? empty_rgb : viridis(share_between(value, style.low, style.high));
  svg.rect(x, y, style.width, style.height,
           {{"fill", hex(shade)}, {"stroke", std::string(page_colour)}, {"stroke-width", "1"}});
  if (style.letter_size == 0.0) return;
  svg.text(x + style.width / 2.0, y + style.height / 2.0 + 0.36 * style.letter_size,
           figure(value, style.decimals),
           {{"font-size", coordinate(style.letter_size)},
            {"fill", hex(ink_on(shade))},
            {"text-anchor", "middle"}});
}

void colour_bar(Svg& svg, double x, double y, double width, std::string_view title, double low, double high,
                int decimals, ColourScale scale) {
  constexpr int stops = 16;
  constexpr int ticks = 4;
  std::vector<std::string> colours;
  for (int i = 0; i <= stops; ++i) colours.push_back(hex(colour_at(scale, static_cast<double>(i) / stops)));
  svg.gradient("scale", colours);
  fitted_text(svg, x, y + 11.0, 2.0 * width, title, 12.0, Anchor::start, text_colour);
  svg.rect(x, y + 17.0, width, 12.0, {{"fill", "url(#scale)"}});
  for (int i = 0; i <= ticks; ++i) {
    const double share = static_cast<double>(i) / ticks;
    const double at = x + width * share;
    svg.path("M" + coordinate(at) + " " + coordinate(y + 29.0) + "v4",
             {{"stroke", std::string(text_colour)}, {"stroke-width", "1"}});
    fitted_text(svg, at, y + 44.0, width / (ticks + 1), figure(low + (high - low) * share, decimals), 11.0,
                Anchor::middle, text_colour);
  }
}

}  // namespace lab
