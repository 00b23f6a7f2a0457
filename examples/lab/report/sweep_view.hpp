// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lab/page/document.hpp"
#include "lab/report/cells.hpp"

namespace report {

/// What a way of selecting heads is taken apart by.
enum class Feature { n, r, entropy, side, stage, order };

/// The ways of selecting heads that have one value of a feature, under one transform.
///
/// A plan that several ways lead to counts for each of them. mean_share: of right answers, over the ways.
/// best: of the plans tried on most prompts among them, the one with most right answers, on a tie the one
/// of greater log probability. Log probabilities are over the ways that have one.
struct Group {
  std::string value;    // "all" for r where the entropy takes all eigenvalues
  double number = 0.0;  // of n and r; 0 for "all"
  std::size_t ways = 0;
  double mean_share = 0.0;
  double mean_log_probability = 0.0;
  Trial best;
};

/// n and r ascend, "all" first; other values by name.
[[nodiscard]] std::vector<Group> groups_by(Feature feature, const SweepCell& sweep,
                                           const std::string& transform);

/// Every value of a feature that a way of the sweeps has, as in Group, by its number and then its name.
[[nodiscard]] std::set<std::pair<double, std::string>> values_of(Feature feature,
                                                                 const std::vector<SweepCell>& sweeps);

/// The sweep's transforms, in the order they come.
[[nodiscard]] std::vector<std::string> transforms_of(const SweepCell& sweep);

/// Calibration taken apart: against n, against r, by every choice, and the best plan of each transform.
/// scaling: the row that the sweeps' baselines are.
[[nodiscard]] std::vector<page::Block> sweep_blocks(const std::vector<SweepCell>& sweeps,
                                                    std::size_t training_length,
                                                    std::string_view scaling = usual_scaling);

}  // namespace report
