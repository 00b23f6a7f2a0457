// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "lab/support/statistics.hpp"
#include "measurement.hpp"
#include "trial.hpp"

namespace effects {

/// The effect of denoising one head alone, with bootstrap intervals over prompts.
struct Effect {
  double nats = 0.0;
  lab::Interval nats_interval;
  double points = 0.0;
  lab::Interval points_interval;
};

/// How many heads a choice takes: a number of the report.
inline constexpr std::array<std::size_t, 3> choice_sizes = {1, 3, 8};

/// A p below it counts as significant.
inline constexpr double significance = 0.05;

/// One measure against one effect map, in nats.
///
/// correlation: Spearman's over the heads, not-a-number where the measure or the map is all equal; within:
/// the same with the layers taken out; each with the p of the max-statistic test over all measures of the
/// map. chosen[order][i]: mean effect of the choice_sizes[i] heads that the measure puts first, ascending
/// then descending.
struct Rating {
  std::string name;
  Origin origin = Origin::paper;
  double correlation = 0.0;
  lab::Interval interval;
  double p = 1.0;
  double within = 0.0;
  double within_p = 1.0;
  std::array<std::array<double, choice_sizes.size()>, 2> chosen{};
};

/// One transform at one place.
///
/// half_correlation: mean over random halves of the prompts of the rank correlation of the halves' maps;
/// reliability: that of the whole map, by Spearman and Brown. No measure's correlation is expected above
/// √reliability. within_reliability: with the layers taken out. random: expected mean effect of heads drawn
/// by lot; best: of the heads that are best on one half of the prompts, their mean effect on the other half,
/// mean over halves both ways.
struct Map {
  Place place;
  std::size_t transform = 0;
  std::size_t prompts = 0;
  double baseline_hits = 0.0;
  double baseline_nats = 0.0;
  std::vector<Effect> heads;
  double half_correlation = 0.0;
  double reliability = 0.0;
  double within_reliability = 0.0;
  double random = 0.0;
  std::array<double, choice_sizes.size()> best{};
  std::vector<Rating> ratings;
};

[[nodiscard]] Map analyse(const Setting& setting, const Place& place, std::size_t transform,
                          const Effects& effects, const Measurement& measurement);

/// How a measure does over all maps where it has a correlation.
///
/// gain[order]: median over maps of (chosen − random)/(best − random) for 3 heads, over maps where best >
/// random: 1 is what knowing half of the prompts gives, 0 what chance gives.
struct Summary {
  std::string name;
  Origin origin = Origin::paper;
  std::size_t maps = 0;
  std::size_t significant = 0;  // p < significance
  double mean_correlation = 0.0;
  double least = 0.0;
  double greatest = 0.0;
  double within = 0.0;
  std::size_t within_significant = 0;
  std::array<double, 2> gain{};
};

/// By descending |mean correlation|.
[[nodiscard]] std::vector<Summary> summarise(const std::vector<Map>& maps);

}  // namespace effects
