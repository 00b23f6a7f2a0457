// SPDX-License-Identifier: MIT
#include "analysis.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "lab/support/parallel.hpp"

namespace effects {
namespace {

constexpr std::size_t splits = 200;
constexpr std::size_t gain_choice = 1;  // choice_sizes[1] heads
constexpr double none = std::numeric_limits<double>::quiet_NaN();

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double median_of(std::vector<double> values) {
  if (values.empty()) return none;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
}

std::vector<dope::HeadScore> scored(const std::vector<dope::HeadId>& heads, std::span<const double> values) {
  std::vector<dope::HeadScore> scores;
  for (std::size_t i = 0; i < heads.size(); ++i) scores.push_back({heads[i], values[i]});
  return scores;
}

/// Mean of map[h] over the first `count` heads by `values`; all heads where there are fewer.
double mean_of_chosen(const std::vector<dope::HeadId>& heads, std::span<const double> values,
                      dope::Order order, std::size_t count, std::span<const double> map) {
  const auto chosen = dope::select(scored(heads, values), dope::Count{std::min(count, heads.size())}, order);
  double sum = 0.0;
  for (const auto& id : chosen) {
    const auto at = std::lower_bound(heads.begin(), heads.end(), id) - heads.begin();
    sum += map[static_cast<std::size_t>(at)];
  }
  return sum / static_cast<double>(chosen.size());
}

/// The map in nats as some of the prompts give it.
std::vector<double> map_over(const Effects& effects, std::span<const std::size_t> prompts) {
  std::vector<double> map;
  for (std::size_t head = 0; head < effects.heads; ++head) {
    const auto of_head = effects.nats_of(head);
    double sum = 0.0;
    for (const std::size_t i : prompts) sum += of_head[i];
    map.push_back(sum / static_cast<double>(prompts.size()));
  }
  return map;
}

void add_halves(const Setting& setting, const std::vector<dope::HeadId>& heads,
                std::span<const std::size_t> layers, const Effects& effects, Map& map) {
  double correlation = 0.0;
  double within = 0.0;
  for (const auto& halves : lab::random_halves(effects.prompts, splits, setting.options.seed)) {
    const auto first = map_over(effects, halves.first);
    const auto second = map_over(effects, halves.second);
    correlation += lab::rank_correlation(first, second) / static_cast<double>(splits);
    within += lab::stratified_rank_correlation(first, second, layers) / static_cast<double>(splits);
    for (std::size_t i = 0; i < choice_sizes.size(); ++i) {
      const double there = mean_of_chosen(heads, first, dope::Order::descending, choice_sizes[i], second);
      const double back = mean_of_chosen(heads, second, dope::Order::descending, choice_sizes[i], first);
      map.best[i] += 0.5 * (there + back) / static_cast<double>(splits);
    }
  }
  // Sums of rounded ones may pass one.
  correlation = std::clamp(correlation, -1.0, 1.0);
  within = std::clamp(within, -1.0, 1.0);
  map.half_correlation = correlation;
  map.reliability = correlation > -1.0 ? lab::spearman_brown(correlation) : none;
  map.within_reliability = within > -1.0 ? lab::spearman_brown(within) : none;
}

}  // namespace

Map analyse(const Setting& setting, const Place& place, std::size_t transform, const Effects& effects,
            const Measurement& measurement) {
  const auto heads = setting.heads();
  const std::uint64_t seed = setting.options.seed;
  std::vector<std::size_t> layers;
  for (const auto& id : heads) layers.push_back(id.layer);
  Map map;
  map.place = place;
  map.transform = transform;
  map.prompts = effects.prompts;
  map.baseline_hits = mean_of(effects.baseline_hits);
  map.baseline_nats = mean_of(effects.baseline_nats);
  std::vector<double> nats;
  map.heads.resize(effects.heads);
  lab::for_each_in_parallel(effects.heads, [&](std::size_t head) {
    std::vector<double> points;
    for (const double hit : effects.hits_of(head)) points.push_back(100.0 * hit);
    map.heads[head] = {mean_of(effects.nats_of(head)), lab::bootstrap_mean(effects.nats_of(head), seed),
                       mean_of(points), lab::bootstrap_mean(points, seed)};
  });
  for (const Effect& effect : map.heads) nats.push_back(effect.nats);
  map.random = mean_of(nats);
  add_halves(setting, heads, layers, effects, map);

  std::vector<std::vector<double>> values;
  for (const Measure& measure : measurement.measures) values.push_back(measure.values);
  const auto p = lab::max_statistic_test(values, nats, std::vector<std::size_t>(nats.size(), 0), seed);
  const auto within_p = lab::max_statistic_test(values, nats, layers, seed);
  map.ratings.resize(values.size());
  lab::for_each_in_parallel(values.size(), [&](std::size_t i) {
    Rating rating;
    rating.name = measurement.measures[i].name;
    rating.origin = measurement.measures[i].origin;
    rating.correlation = lab::rank_correlation(values[i], nats);
    rating.interval = lab::bootstrap_rank_correlation(values[i], nats, seed);
    rating.p = p[i];
    rating.within = lab::stratified_rank_correlation(values[i], nats, layers);
    rating.within_p = within_p[i];
    for (std::size_t order = 0; order < 2; ++order) {
      for (std::size_t n = 0; n < choice_sizes.size(); ++n) {
        rating.chosen[order][n] =
            mean_of_chosen(heads, values[i], order == 0 ? dope::Order::ascending : dope::Order::descending,
                           choice_sizes[n], nats);
      }
    }
    map.ratings[i] = std::move(rating);
  });
  return map;
}

std::vector<Summary> summarise(const std::vector<Map>& maps) {
  struct Gathered {
    std::vector<double> correlations;
    std::vector<double> within;
    std::array<std::vector<double>, 2> gains;
  };
  std::vector<Summary> all;
  std::map<std::string, std::size_t> known;
  std::vector<Gathered> gathered;
  for (const Map& map : maps) {
    const double reachable = map.best[gain_choice] - map.random;
    for (const Rating& rating : map.ratings) {
      if (std::isnan(rating.correlation)) continue;
      const auto [at, fresh] = known.try_emplace(rating.name, all.size());
      if (fresh) {
        Summary summary;
        summary.name = rating.name;
        summary.origin = rating.origin;
        all.push_back(std::move(summary));
        gathered.emplace_back();
      }
      Summary& summary = all[at->second];
      Gathered& found = gathered[at->second];
      ++summary.maps;
      if (rating.p < significance) ++summary.significant;
      found.correlations.push_back(rating.correlation);
      if (rating.within_p < significance) ++summary.within_significant;
      if (!std::isnan(rating.within)) found.within.push_back(rating.within);
      for (std::size_t order = 0; order < 2 && reachable > 0.0; ++order)
        found.gains[order].push_back((rating.chosen[order][gain_choice] - map.random) / reachable);
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& correlations = gathered[i].correlations;
    all[i].mean_correlation = mean_of(correlations);
    all[i].least = *std::min_element(correlations.begin(), correlations.end());
    all[i].greatest = *std::max_element(correlations.begin(), correlations.end());
    all[i].within = gathered[i].within.empty() ? none : mean_of(gathered[i].within);
    for (std::size_t order = 0; order < 2; ++order) all[i].gain[order] = median_of(gathered[i].gains[order]);
  }
  std::stable_sort(all.begin(), all.end(), [](const Summary& a, const Summary& b) {
    return std::abs(a.mean_correlation) > std::abs(b.mean_correlation);
  });
  return all;
}

}  // namespace effects
