// SPDX-License-Identifier: MIT
#include "lab/report/axis.hpp"

#include <algorithm>
#include <cmath>

#include "lab/support/chart.hpp"

namespace report {

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

Axis percent_axis(std::size_t steps) {
  Axis axis{0.0, 100.0, {}};
  for (std::size_t i = 0; i <= steps; ++i) {
    const double at = 100.0 * static_cast<double>(i) / static_cast<double>(steps);
    axis.ticks.push_back({at, lab::figure(at, 0)});
  }
  return axis;
}

}  // namespace report
