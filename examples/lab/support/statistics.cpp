// SPDX-License-Identifier: MIT
#include "lab/support/statistics.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "dope/core/error.hpp"
#include "lab/support/random.hpp"

namespace lab {
namespace {

/// From 0; equal values share the mean of their ranks.
std::vector<double> ranks_of(std::span<const double> values) {
  for (const double value : values) {
    if (std::isnan(value)) throw dope::Error("rank_correlation", "not-a-number", "values that have an order");
  }
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first + 1;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (std::size_t i = first; i < end; ++i) ranks[order[i]] = 0.5 * static_cast<double>(first + end - 1);
    first = end;
  }
  return ranks;
}

}  // namespace

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

double mcnemar(std::size_t only_first, std::size_t only_second) {
  const std::size_t trials = only_first + only_second;
  const auto n = static_cast<double>(trials);
  const auto log_of = [](double x) { return std::lgamma(x + 1.0); };
  double tail = 0.0;
  for (std::size_t k = 0; k <= std::min(only_first, only_second); ++k) {
    const auto hits = static_cast<double>(k);
    tail += std::exp(log_of(n) - log_of(hits) - log_of(n - hits) - n * std::numbers::ln2);
  }
  return only_first == only_second ? 1.0 : std::min(1.0, 2.0 * tail);
}

std::vector<double> holm(std::span<const double> p) {
  for (const double value : p) {
    if (!(value >= 0.0 && value <= 1.0))
      throw dope::Error("holm", dope::detail::text("a p-value of ", value), "values from 0 to 1");
  }
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> corrected(p.size());
  double highest = 0.0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    highest = std::max(highest, std::min(1.0, static_cast<double>(p.size() - i) * p[order[i]]));
    corrected[order[i]] = highest;
  }
  return corrected;
}

Interval bootstrap_mean(std::span<const double> values, std::uint64_t seed, std::size_t draws, double level) {
  if (values.empty() || values.size() > std::numeric_limits<std::uint32_t>::max())
    throw dope::Error("bootstrap_mean", dope::detail::text(values.size(), " values"), "1 to 2^32 - 1");
  for (const double value : values) {
    if (!std::isfinite(value))
      throw dope::Error("bootstrap_mean", dope::detail::text("a value of ", value), "finite values");
  }
  if (!(level > 0.0 && level < 1.0) || draws < 100) {
    throw dope::Error("bootstrap_mean", dope::detail::text("level ", level, ", ", draws, " draws"),
                      "a level between 0 and 1 and at least 100 draws");
  }
  Random random(seed, Stream::resample);
  const auto count = static_cast<std::uint32_t>(values.size());
  std::vector<double> means(draws);
  for (double& mean : means) {
    double sum = 0.0;
    for (std::uint32_t i = 0; i < count; ++i) sum += values[random.below(count)];
    mean = sum / static_cast<double>(count);
  }
  std::sort(means.begin(), means.end());
  const auto quantile = [&](double share) {
    const double at = share * static_cast<double>(draws - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, draws - 1);
    return means[below] + (at - static_cast<double>(below)) * (means[above] - means[below]);
  };
  return {quantile(0.5 * (1.0 - level)), quantile(0.5 * (1.0 + level))};
}

double rank_correlation(std::span<const double> x, std::span<const double> y) {
  if (x.size() != y.size() || x.size() < 2) {
    throw dope::Error("rank_correlation", dope::detail::text(x.size(), " and ", y.size(), " values"),
                      "equally many, at least 2");
  }
  const auto a = ranks_of(x);
  const auto b = ranks_of(y);
  const double middle = 0.5 * static_cast<double>(x.size() - 1);
  double both = 0.0;
  double first = 0.0;
  double second = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both += (a[i] - middle) * (b[i] - middle);
    first += (a[i] - middle) * (a[i] - middle);
    second += (b[i] - middle) * (b[i] - middle);
  }
  return both / std::sqrt(first * second);
}

}  // namespace lab
