// SPDX-License-Identifier: MIT
#include "lab/support/statistics.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
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

void require_bootstrap(std::string_view where, std::size_t draws, double level) {
  if (!(level > 0.0 && level < 1.0) || draws < 100) {
    throw dope::Error(std::string(where), dope::detail::text("level ", level, ", ", draws, " draws"),
                      "a level between 0 and 1 and at least 100 draws");
  }
}

/// From the (1 − level)/2 to the (1 + level)/2 quantile, linear between neighbours. At least one value.
Interval percentiles(std::vector<double>& values, double level) {
  std::sort(values.begin(), values.end());
  const auto quantile = [&](double share) {
    const double at = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
  };
  return {quantile(0.5 * (1.0 - level)), quantile(0.5 * (1.0 + level))};
}

/// The places of each stratum, ascending.
std::vector<std::vector<std::size_t>> places_of(std::span<const std::size_t> strata) {
  std::map<std::size_t, std::vector<std::size_t>> places;
  for (std::size_t i = 0; i < strata.size(); ++i) places[strata[i]].push_back(i);
  std::vector<std::vector<std::size_t>> result;
  for (auto& [stratum, of_stratum] : places) result.push_back(std::move(of_stratum));
  return result;
}

/// Ranks within the strata about their middle, times a factor that makes Σ r² = 1; all zeros where no stratum
/// has two values that differ.
std::vector<double> unit_ranks(std::span<const double> values,
                               const std::vector<std::vector<std::size_t>>& places) {
  std::vector<double> ranks(values.size());
  double squares = 0.0;
  for (const auto& of_stratum : places) {
    std::vector<double> own;
    for (const std::size_t i : of_stratum) own.push_back(values[i]);
    const auto own_ranks = ranks_of(own);
    const double middle = 0.5 * static_cast<double>(own.size() - 1);
    for (std::size_t i = 0; i < own.size(); ++i) {
      ranks[of_stratum[i]] = own_ranks[i] - middle;
      squares += (own_ranks[i] - middle) * (own_ranks[i] - middle);
    }
  }
  for (double& rank : ranks) rank = squares > 0.0 ? rank / std::sqrt(squares) : 0.0;
  return ranks;
}

/// Ranks of resamples of one list in time linear in its length: equal values form a class, and a resample's
/// ranks follow from how often it drew each class.
class ResampledRanks {
 public:
  explicit ResampledRanks(std::span<const double> values) : class_of_(values.size()) {
    std::vector<double> distinct(values.begin(), values.end());
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto at = std::lower_bound(distinct.begin(), distinct.end(), values[i]) - distinct.begin();
      class_of_[i] = static_cast<std::size_t>(at);
    }
    counts_.resize(distinct.size());
    ranks_.resize(distinct.size());
  }

  /// Makes operator[] answer for the resample `drawn`.
  void take(std::span<const std::uint32_t> drawn) {
    std::fill(counts_.begin(), counts_.end(), std::size_t{0});
    for (const std::uint32_t i : drawn) ++counts_[class_of_[i]];
    const double middle = 0.5 * static_cast<double>(drawn.size() - 1);
    std::size_t before = 0;
    for (std::size_t c = 0; c < counts_.size(); ++c) {
      ranks_[c] = static_cast<double>(before) + 0.5 * (static_cast<double>(counts_[c]) - 1.0) - middle;
      before += counts_[c];
    }
  }

  /// Rank of value i about the middle.
  [[nodiscard]] double operator[](std::uint32_t i) const noexcept { return ranks_[class_of_[i]]; }

 private:
  std::vector<std::size_t> class_of_;
  std::vector<std::size_t> counts_;
  std::vector<double> ranks_;
};

/// The first `drawn` places become a uniform choice without replacement (Fisher & Yates).
template <class T>
void shuffle_front(std::vector<T>& values, std::size_t drawn, Random& random) {
  for (std::size_t i = 0; i < drawn; ++i) {
    const auto rest = static_cast<std::uint32_t>(values.size() - i);
    std::swap(values[i], values[i + random.below(rest)]);
  }
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

double nearest_rank(std::span<const double> sorted, double q) {
  return sorted[static_cast<std::size_t>(std::lround(q * static_cast<double>(sorted.size() - 1)))];
}

std::string p_text(double p) {
  if (p < 0.001) return "p<0.001";
  std::array<char, 16> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), p, std::chars_format::fixed, 3);
  return "p=" + std::string(digits.data(), end.ptr);
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
  require_bootstrap("bootstrap_mean", draws, level);
  Random random(seed, Stream::resample);
  const auto count = static_cast<std::uint32_t>(values.size());
  std::vector<double> means(draws);
  for (double& mean : means) {
    double sum = 0.0;
    for (std::uint32_t i = 0; i < count; ++i) sum += values[random.below(count)];
    mean = sum / static_cast<double>(count);
  }
  return percentiles(means, level);
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

Interval bootstrap_rank_correlation(std::span<const double> x, std::span<const double> y, std::uint64_t seed,
                                    std::size_t draws, double level) {
  require_bootstrap("bootstrap_rank_correlation", draws, level);
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  if (std::isnan(rank_correlation(x, y))) return {none, none};
  ResampledRanks a(x);
  ResampledRanks b(y);
  Random random(seed, Stream::resample);
  const auto count = static_cast<std::uint32_t>(x.size());
  std::vector<std::uint32_t> drawn(count);
  std::vector<double> found;
  for (std::size_t draw = 0; draw < draws; ++draw) {
    for (std::uint32_t& i : drawn) i = random.below(count);
    a.take(drawn);
    b.take(drawn);
    double both = 0.0;
    double first = 0.0;
    double second = 0.0;
    for (const std::uint32_t i : drawn) {
      both += a[i] * b[i];
      first += a[i] * a[i];
      second += b[i] * b[i];
    }
    if (first > 0.0 && second > 0.0) found.push_back(std::clamp(both / std::sqrt(first * second), -1.0, 1.0));
  }
  return found.empty() ? Interval{none, none} : percentiles(found, level);
}

double stratified_rank_correlation(std::span<const double> x, std::span<const double> y,
                                   std::span<const std::size_t> strata) {
  if (x.size() != y.size() || x.size() != strata.size() || x.size() < 2) {
    throw dope::Error(
        "stratified_rank_correlation",
        dope::detail::text(x.size(), " and ", y.size(), " values in ", strata.size(), " strata"),
        "equally many, at least 2");
  }
  const auto places = places_of(strata);
  const auto a = unit_ranks(x, places);
  const auto b = unit_ranks(y, places);
  const auto flat = [](const std::vector<double>& ranks) {
    return std::all_of(ranks.begin(), ranks.end(), [](double rank) { return rank == 0.0; });
  };
  if (flat(a) || flat(b)) return std::numeric_limits<double>::quiet_NaN();
  return std::clamp(std::inner_product(a.begin(), a.end(), b.begin(), 0.0), -1.0, 1.0);
}

std::vector<double> max_statistic_test(std::span<const std::vector<double>> xs, std::span<const double> y,
                                       std::span<const std::size_t> strata, std::uint64_t seed,
                                       std::size_t draws) {
  if (draws == 0) throw dope::Error("max_statistic_test", "0 draws", "at least 1");
  // Of permutations that give equal correlations, rounding must not tell which is greater.
  constexpr double rounding = 1e-12;
  const auto places = places_of(strata);
  std::vector<std::vector<double>> units;
  std::vector<double> reached;
  for (const auto& x : xs) {
    reached.push_back(std::abs(stratified_rank_correlation(x, y, strata)) - rounding);
    if (!std::isnan(reached.back())) units.push_back(unit_ranks(x, places));
  }
  if (xs.empty()) return {};
  std::vector<double> highest(draws, 0.0);
  Random random(seed, Stream::permutation);
  const auto ranks = unit_ranks(y, places);
  std::vector<double> permuted(ranks.size());
  for (double& most : highest) {
    for (const auto& of_stratum : places) {
      std::vector<std::size_t> order = of_stratum;
      shuffle_front(order, order.size(), random);
      for (std::size_t i = 0; i < order.size(); ++i) permuted[of_stratum[i]] = ranks[order[i]];
    }
    for (const auto& unit : units)
      most = std::max(most, std::abs(std::inner_product(unit.begin(), unit.end(), permuted.begin(), 0.0)));
  }
  std::sort(highest.begin(), highest.end());
  std::vector<double> p;
  for (const double value : reached) {
    const auto above = highest.end() - std::lower_bound(highest.begin(), highest.end(), value);
    p.push_back(std::isnan(value) ? value : static_cast<double>(1 + above) / static_cast<double>(1 + draws));
  }
  return p;
}

double spearman_brown(double r) {
  if (!(r > -1.0 && r <= 1.0))
    throw dope::Error("spearman_brown", dope::detail::text("a correlation of ", r), "above -1, at most 1");
  return 2.0 * r / (1.0 + r);
}

std::vector<Halves> random_halves(std::size_t count, std::size_t splits, std::uint64_t seed) {
  if (count < 2 || count > std::numeric_limits<std::uint32_t>::max())
    throw dope::Error("random_halves", dope::detail::text(count, " to divide"), "2 to 2^32 - 1");
  Random random(seed, Stream::permutation);
  std::vector<Halves> result;
  for (std::size_t split = 0; split < splits; ++split) {
    std::vector<std::size_t> all(count);
    std::iota(all.begin(), all.end(), std::size_t{0});
    shuffle_front(all, count / 2, random);
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(count / 2);
    std::sort(all.begin(), middle);
    std::sort(middle, all.end());
    result.push_back({{all.begin(), middle}, {middle, all.end()}});
  }
  return result;
}

}  // namespace lab
