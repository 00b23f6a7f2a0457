// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "dope/core/error.hpp"
#include "growth/series.hpp"

namespace growth {

std::string_view name_of(Axis axis) {
  switch (axis) {
    case Axis::tokens:
      return "tokens";
    case Axis::width:
      return "width";
    case Axis::heads:
      return "heads";
    case Axis::threads:
      return "threads";
  }
  return "";
}

Fit fit(const Series& series) {
  const auto& points = series.points;
  if (points.size() < 2)
    throw dope::Error("fit", dope::detail::text(points.size(), " points"), "at least two");
  const auto [smallest, largest] = std::minmax_element(
      points.begin(), points.end(), [](const Point& a, const Point& b) { return a.at < b.at; });
  // A little less, so that the middle point of a geometric range is in, whatever the root's rounding.
  const double least = series.axis == Axis::threads ? 0.0 : 0.999 * std::sqrt(smallest->at * largest->at);
  std::vector<double> x, y;
  for (const Point& point : points) {
    if (point.at < least) continue;
    x.push_back(std::log(point.at));
    y.push_back(std::log(point.seconds));
  }
  const auto count = static_cast<double>(x.size());
  double mean_x = 0.0, mean_y = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mean_x += x[i] / count;
    mean_y += y[i] / count;
  }
  double xx = 0.0, xy = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  const double exponent = xy / xx;
  const double offset = mean_y - exponent * mean_x;
  double squares = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = y[i] - (offset + exponent * x[i]);
    squares += error * error;
  }
  return {exponent, std::exp(offset),
          x.size() > 2 ? std::expm1(std::sqrt(squares / count)) : std::numeric_limits<double>::quiet_NaN()};
}

}  // namespace growth
