// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "draw/chart.hpp"

namespace page {

using lab::Tick;

/// A span of values with round ends and ticks at the steps between them.
struct Axis {
  double low = 0.0;
  double high = 1.0;
  std::vector<Tick> ticks;
};

/// About `steps` steps of 1, 2 or 5 · 10^k that cover all values that are numbers; [0, 1] where none is.
[[nodiscard]] Axis axis_over(std::span<const double> values, std::size_t steps);

/// Whole powers of ten, about `steps` steps of them, that cover all finite values above 0: all in decimal
/// logarithms, the labels alone are powers. [0, 1], 1 to 10, where there is none.
[[nodiscard]] Axis decades_over(std::span<const double> values, std::size_t steps);

/// 0 to 100 in steps of 25 or 50, for shares in percent.
[[nodiscard]] Axis percent_axis(std::size_t steps);

}  // namespace page
