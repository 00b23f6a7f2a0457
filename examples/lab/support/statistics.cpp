// SPDX-License-Identifier: MIT
#include "lab/support/statistics.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "dope/core/error.hpp"

namespace lab {

Interval wilson(std::size_t hits, std::size_t trials, double z) {
  if (hits > trials) {
    throw dope::Error("wilson", dope::detail::text(hits, " hits in ", trials, " trials"),
                      "no more hits than trials");
  }
  if (!(z > 0.0) || !std::isfinite(z)) {
    throw dope::Error("wilson", dope::detail::text("z = ", z), "a positive finite z");
  }
  if (trials == 0) return {};
  const auto n = static_cast<double>(trials);
  const double share = static_cast<double>(hits) / n;
  const double scale = 1.0 + z * z / n;
  const double centre = (share + z * z / (2.0 * n)) / scale;
  const double half = z * std::sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n)) / scale;
  return {std::clamp(centre - half, 0.0, share), std::clamp(centre + half, share, 1.0)};
}

std::string percent(double share) {
  if (!std::isfinite(share)) {
    throw dope::Error("percent", dope::detail::text(share), "a finite share");
  }
  std::array<char, 512> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), 100.0 * share, std::chars_format::fixed, 1);
  return {text.data(), end.ptr};
}

std::string percent_with_interval(std::size_t hits, std::size_t trials) {
  const Interval interval = wilson(hits, trials);
  if (trials == 0) return "–";
  const double share = static_cast<double>(hits) / static_cast<double>(trials);
  return percent(share) + " [" + percent(interval.low) + ", " + percent(interval.high) + "]";
}

}  // namespace lab
