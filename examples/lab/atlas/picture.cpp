// SPDX-License-Identifier: MIT
#include "lab/atlas/picture.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

#include "draw/chart.hpp"
#include "draw/svg.hpp"

namespace atlas {
namespace {

using lab::Anchor;
using lab::coordinate;

constexpr double page_width = 960.0;
constexpr double left = 66.0;
constexpr double top = lab::title_height + 14.0;
constexpr double plot_width = 650.0;
constexpr double plot_height = 520.0;
constexpr double page_height = top + plot_height + 62.0;
constexpr double label_left = left + plot_width + 34.0;
constexpr double label_height = 19.0;

constexpr double lowest = 1e-8;
constexpr double highest = 4.0;

/// Of Okabe and Ito's palette, which colour-blind eyes tell apart, yellow left out; black is ours.
constexpr std::string_view colour_of(Family family) {
  switch (family) {
    case Family::exact:
      return "#000000";
    case Family::float_angle:
      return "#0072b2";
    case Family::step_by_step:
      return "#009e73";
    case Family::fast_sine:
      return "#56b4e9";
    case Family::stored_16:
      return "#cc79a7";
    case Family::position_16:
      return "#d55e00";
    case Family::angle_16:
      return "#b38600";
  }
  return "#000000";
}

/// Members of one family, in the order of arithmetics().
constexpr std::array<std::string_view, 3> dashes = {"", "7 4", "2 3"};

double x_of(double position, double last) {
  return left + plot_width * (last > 1.0 ? std::log(position) / std::log(last) : 0.0);
}

double y_of(double chord) {
  const double share = std::log(std::clamp(chord, lowest, highest) / lowest) / std::log(highest / lowest);
  return top + plot_height * (1.0 - share);
}

std::string segment(double x0, double y0, double x1, double y1) {
  return "M" + coordinate(x0) + " " + coordinate(y0) + "L" + coordinate(x1) + " " + coordinate(y1);
}

std::string short_count(std::int64_t n) {
  if (n >= 1 << 20 && n % (1 << 20) == 0) return std::to_string(n >> 20) + "M";
  if (n >= 1 << 10 && n % (1 << 10) == 0) return std::to_string(n >> 10) + "k";
  return std::to_string(n);
}

/// The shortest decimal without exponent that reads back as the same number.
std::string plain(double value) {
  std::array<char, 400> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed).ptr;
  return {digits.data(), end};
}

void axes(lab::Svg& svg, std::int64_t last) {
  for (int power = -8; power <= 0; ++power) {
    const double y = y_of(std::pow(10.0, power));
    svg.path(segment(left, y, left + plot_width, y), {{"stroke", "#e3e3e3"}, {"stroke-width", "1"}});
    lab::fitted_text(svg, left - 8.0, y + 4.0, 50.0, power == 0 ? "1" : "1e" + std::to_string(power), 12.0,
                     Anchor::end, lab::text_colour);
  }
  for (std::int64_t tick = 1; tick <= last; tick *= 4) {
    const double x = x_of(static_cast<double>(tick), static_cast<double>(last));
    svg.path(segment(x, top, x, top + plot_height + 5.0), {{"stroke", "#e3e3e3"}, {"stroke-width", "1"}});
    lab::fitted_text(svg, x, top + plot_height + 19.0, 60.0, short_count(tick), 12.0, Anchor::middle,
                     lab::text_colour);
  }
  lab::fitted_text(svg, left + plot_width / 2.0, top + plot_height + 42.0, plot_width,
                   "position (k = 1024, M = 1024k)", 13.0, Anchor::middle, lab::text_colour);
  lab::upward_text(svg, 18.0, top + plot_height / 2.0, plot_height,
                   "worst chord up to this position, |e^iθ' − e^iθ|");
}

/// A line at the chord that rounding cos and sin to `bits` significant bits can cost.
void storage_guide(lab::Svg& svg, std::string_view name, int bits, double text_share, double text_below) {
  const double y = y_of(std::sqrt(2.0) * std::ldexp(1.0, -bits - 1));
  svg.path(segment(left, y, left + plot_width, y),
           {{"stroke", "#767676"}, {"stroke-width", "1"}, {"stroke-dasharray", "1 3"}});
  lab::fitted_text(svg, left + text_share * plot_width, y + text_below, 200.0,
                   "rounding to " + std::string(name), 11.0, Anchor::start, lab::faint_colour);
}

void position_guide(lab::Svg& svg, std::int64_t position, std::int64_t last) {
  if (position > last) return;
  const double x = x_of(static_cast<double>(position), static_cast<double>(last));
  svg.path(segment(x, top, x, top + plot_height),
           {{"stroke", "#767676"}, {"stroke-width", "1"}, {"stroke-dasharray", "1 3"}});
  lab::fitted_text(svg, x - 5.0, top + plot_height - 8.0, 120.0, std::to_string(position), 11.0, Anchor::end,
                   lab::faint_colour);
}

struct Drawn {
  const Arithmetic* arithmetic;
  std::string_view dash;
  double end_x;
  double end_y;
  bool overflows;
  double label_y;
};

Drawn draw_line(lab::Svg& svg, const Survey& survey, const Line& line, std::string_view dash) {
  const auto envelope = envelope_of(line.points);
  const auto last = static_cast<double>(survey.positions.back());
  Drawn drawn{line.arithmetic, dash, left, y_of(lowest), envelope.size() < line.points.size(), 0.0};
  std::string path;
  for (std::size_t i = 0; i < envelope.size(); ++i) {
    drawn.end_x = x_of(static_cast<double>(survey.positions[i]), last);
    drawn.end_y = y_of(envelope[i]);
    const bool flat =
        i > 0 && i + 1 < envelope.size() && envelope[i - 1] == envelope[i] && envelope[i + 1] == envelope[i];
    if (!flat) path += (i == 0 ? "M" : "L") + coordinate(drawn.end_x) + " " + coordinate(drawn.end_y);
  }
  if (envelope.size() == 1) path += "h0.1";
  drawn.label_y = drawn.end_y;
  if (path.empty()) return drawn;
  const bool ours = line.arithmetic->family == Family::exact;
  lab::Svg::Attributes style = {{"fill", "none"},
                                {"stroke", std::string(colour_of(line.arithmetic->family))},
                                {"stroke-width", ours ? "3" : "2"},
                                {"stroke-linejoin", "round"}};
  if (!dash.empty()) style.emplace_back("stroke-dasharray", std::string(dash));
  svg.path(path, style);
  if (drawn.overflows) {
    svg.path(
        "M" + coordinate(drawn.end_x - 5.0) + " " + coordinate(drawn.end_y - 5.0) + "l10 10m0 -10l-10 10",
        {{"fill", "none"}, {"stroke", style[1].second}, {"stroke-width", "2"}});
  }
  return drawn;
}

/// Labels at the heights of their lines' ends, moved apart until none overlap, inside the plot's height.
void spread(std::vector<Drawn>& lines) {
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Drawn& a, const Drawn& b) { return a.end_y < b.end_y; });
  double free = top - 8.0;
  for (Drawn& line : lines) {
    line.label_y = std::max(line.end_y, free);
    free = line.label_y + label_height;
  }
  double limit = top + plot_height;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    line->label_y = std::min(line->label_y, limit);
    limit = line->label_y - label_height;
  }
}

void label(lab::Svg& svg, const Drawn& line) {
  const std::string colour(colour_of(line.arithmetic->family));
  const double right = left + plot_width;
  if (!line.overflows) {
    svg.path(segment(right + 2.0, line.end_y, label_left - 26.0 + 14.0, line.label_y),
             {{"stroke", colour}, {"stroke-width", "0.7"}});
  }
  lab::Svg::Attributes key = {{"stroke", colour}, {"stroke-width", "2.5"}};
  if (!line.dash.empty()) key.emplace_back("stroke-dasharray", std::string(line.dash));
  svg.path(segment(label_left - 10.0, line.label_y, label_left + 14.0, line.label_y), key);
  const bool ours = line.arithmetic->family == Family::exact;
  lab::fitted_text(svg, label_left + 20.0, line.label_y + 4.0, page_width - label_left - 24.0,
                   std::string(line.arithmetic->label) + (line.overflows ? " ×" : ""), 13.0, Anchor::start,
                   lab::text_colour, ours ? lab::Weight::bold : lab::Weight::normal);
}

}  // namespace

std::string picture_of(const Survey& survey) {
  const std::int64_t last = survey.positions.back();
  lab::Svg svg = lab::chart_page(
      page_width, page_height, "How far rotary angles go wrong with the position",
      "base " + plain(survey.bands.base) + ", width " + std::to_string(survey.bands.width) + ", worst of " +
          std::to_string(survey.bands.size()) + " bands; 2 is the opposite direction; × is an overflow");
  axes(svg, last);
  storage_guide(svg, "bf16", 8, 0.56, -6.0);
  storage_guide(svg, "float32", 24, 0.56, 15.0);
  position_guide(svg, 131071, last);
  std::vector<Drawn> drawn;
  std::array<std::size_t, 8> members{};
  for (const Line& line : survey.lines) {
    std::size_t& member = members[static_cast<std::size_t>(line.arithmetic->family)];
    drawn.push_back(draw_line(svg, survey, line, dashes[member++ % dashes.size()]));
  }
  spread(drawn);
  for (const Drawn& line : drawn) label(svg, line);
  return svg.str();
}

}  // namespace atlas
