// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace growth {

/// What a cost is measured against.
enum class Axis { tokens, width, heads, threads };

/// Builds what one measurement needs and hands back the call to time.
using Maker = std::function<std::function<void()>()>;

struct Point {
  double at;
  Maker make;
  double seconds = 0.0;   ///< per call, the median; processor time, against threads wall time
  std::size_t calls = 0;  ///< in one measurement; 0: as many as fill its minimal time
};

/// One primitive's cost against one axis, the other sizes fixed.
struct Series {
  std::string primitive;
  Axis axis;
  std::string fixed;     ///< the other sizes
  std::string expected;  ///< the exponent by the count of operations
  std::vector<Point> points;
};

/// Every series, not yet measured.
[[nodiscard]] std::vector<Series> all_series();

/// seconds ≈ constant · at^exponent.
struct Fit {
  double exponent;
  double constant;
  double
      residual;  ///< root mean square of seconds/fit − 1, of logarithms; NaN of two points, which fit exactly
};

/// Least squares in logarithms over the upper half of the range: points at √(smallest·largest) and above; of
/// threads over all. Throws dope::Error for fewer than two points.
[[nodiscard]] Fit fit(const Series& series);

/// "tokens", "width", "heads", "threads".
[[nodiscard]] std::string_view name_of(Axis axis);

}  // namespace growth
