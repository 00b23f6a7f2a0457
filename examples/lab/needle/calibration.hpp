// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "lab/support/answer.hpp"
#include "lab/support/sweep.hpp"
#include "setting.hpp"

namespace needle {

/// What measuring the heads of one length gives: scores[i] by indicators[i], and the σ of every unit.
struct Measurement {
  std::vector<dope::Indicator> indicators;
  std::vector<std::vector<dope::HeadScore>> scores;
  std::vector<dope::HeadSpread> spreads;
};

/// Grams of all heads over the calibration prompts of a length, under Dynamic NTK.
[[nodiscard]] Measurement measure_heads(const Setting& setting, std::size_t length);

[[nodiscard]] lab::ResultStore::Json to_json(const Measurement& measurement);
[[nodiscard]] Measurement measurement_from(const Setting& setting, const lab::ResultStore::Json& cell);

/// How a candidate did on the calibration prompts.
struct Trial {
  std::size_t hits = 0;
  double log_probability = 0.0;  // mean over prompts, of all five digits
};

/// The chosen plan of one transform at one length.
struct Choice {
  dope::Transform transform;
  lab::Candidate candidate;
  Trial trial;
  std::size_t distinct_plans = 0;  // that it was chosen from
};

/// All that calibration settles at one length.
struct Calibration {
  std::size_t length = 0;
  Measurement measurement;
  std::vector<lab::Candidate> candidates;
  Trial baseline;               // Dynamic NTK, no plan
  std::vector<Choice> choices;  // one per transform
};

/// The candidate plans of a length, from its measurement.
[[nodiscard]] std::vector<lab::Candidate> candidates_of(const Setting& setting,
                                                        const Measurement& measurement);

/// What is tried on calibration prompts: every candidate, and last the empty plan.
[[nodiscard]] std::vector<reference::Schedule> schedules_of(const Setting& setting, std::size_t length,
                                                            const std::vector<lab::Candidate>& candidates);

/// The schedules on one calibration prompt: a cell {…, "hits": "0110…", "log_probability": […]}.
[[nodiscard]] lab::ResultStore::Json try_schedules(const Setting& setting, std::size_t length,
                                                   std::size_t prompt_index,
                                                   const std::vector<reference::Schedule>& schedules);

/// The choices, from the cells of all calibration prompts.
[[nodiscard]] Calibration choose(const Setting& setting, std::size_t length, Measurement measurement,
                                 std::vector<lab::Candidate> candidates,
                                 const std::vector<lab::ResultStore::Json>& cells);

}  // namespace needle
