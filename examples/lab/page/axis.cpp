// SPDX-License-Identifier: MIT
#include "lab/page/axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "draw/chart.hpp"

namespace page {

Axis axis_over(std::span<const double> values, std::size_t steps) {
  double low = 0.0;
  double high = 0.0;
  bool any = false;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = any ? std::min(low, value) : value;
    high = any ? std::max(high, value) : value;
    any = true;
  }
  if (!any) return {0.0, 1.0, {{0.0, "0"}, {1.0, "1"}}};
  // A span too small to tell from rounding becomes one about its value.
  const double least = std::max(1e-9, 1e-6 * std::max(std::abs(low), std::abs(high)));
  if (high - low < least) {
    low -= 0.5 * least;
    high += 0.5 * least;
  }
  const double rough = (high - low) / static_cast<double>(std::max<std::size_t>(steps, 1));
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10.0 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= rough * (1.0 - 1e-9)) step = factor * power;
  }
  const auto decimals = static_cast<int>(std::clamp(std::ceil(-std::log10(step) - 1e-9), 0.0, 9.0));
  const double first = std::floor(low / step + 1e-9);
  const double last = std::max(first + 1.0, std::ceil(high / step - 1e-9));
  Axis axis{first * step, last * step, {}};
  for (double k = first; k <= last; k += 1.0)
    axis.ticks.push_back({k * step, lab::figure(k * step, decimals)});
  return axis;
}

namespace {

/// 10 to a whole power, in words: "0.01" to "1000", or "10⁻⁷".
std::string power_of_ten(int power) {
  if (power >= 0 && power <= 3) return "1" + std::string(static_cast<std::size_t>(power), '0');
  if (power < 0 && power >= -2) return "0." + std::string(static_cast<std::size_t>(-power - 1), '0') + "1";
  constexpr std::array<std::string_view, 10> raised = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string words = power < 0 ? "10⁻" : "10";
  for (const char digit : std::to_string(std::abs(power)))
    words += raised[static_cast<std::size_t>(digit - '0')];
  return words;
}

}  // namespace

Axis decades_over(std::span<const double> values, std::size_t steps) {
  int low = 0;
  int high = 0;
  bool any = false;
  for (const double value : values) {
    if (!std::isfinite(value) || !(value > 0.0)) continue;
    const double power = std::log10(value);
    const auto below = static_cast<int>(std::floor(power + 1e-9));
    const auto above = static_cast<int>(std::ceil(power - 1e-9));
    low = any ? std::min(low, below) : below;
    high = any ? std::max(high, above) : above;
    any = true;
  }
  high = std::max(high, low + 1);
  const int wanted = std::max(static_cast<int>(steps), 1);
  const int step = (high - low + wanted - 1) / wanted;
  Axis axis{static_cast<double>(low), static_cast<double>(high), {}};
  for (int power = low; power <= high; power += step)
    axis.ticks.push_back({static_cast<double>(power), power_of_ten(power)});
  return axis;
}

Axis percent_axis(std::size_t steps) {
  Axis axis{0.0, 100.0, {}};
  for (std::size_t i = 0; i <= steps; ++i) {
    const double at = 100.0 * static_cast<double>(i) / static_cast<double>(steps);
    axis.ticks.push_back({at, lab::figure(at, 0)});
  }
  return axis;
}

}  // namespace page
