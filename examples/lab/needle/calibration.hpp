// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "lab/support/halving.hpp"
#include "lab/support/sweep.hpp"
#include "setting.hpp"

namespace needle {

/// What measuring the heads of one length gives: scores[i] by indicators[i], and the σ of every unit.
struct Measurement {
  std::vector<dope::Indicator> indicators;
  std::vector<std::vector<dope::HeadScore>> scores;
  std::vector<dope::HeadSpread> spreads;
};

/// Grams of all heads over the calibration prompts of a length, under the setting's scaling.
[[nodiscard]] Measurement measure_heads(const Setting& setting, std::size_t length);

[[nodiscard]] lab::ResultStore::Json to_json(const Measurement& measurement);
[[nodiscard]] Measurement measurement_from(const Setting& setting, const lab::ResultStore::Json& cell);

/// The chosen plan of one transform at one length: best on calibration prompts of all the sweep's plans.
struct Choice {
  dope::Transform transform;
  lab::Candidate candidate;
  lab::Trial trial;
  std::size_t distinct_plans = 0;  // that it was chosen from
};

/// Heads taken one by one, each the one whose denoising gains most on the calibration prompts, until none
/// gains: what choosing by measured gain alone gives, to hold an indicator against.
struct Greedy {
  dope::Plan plan;
  lab::Trial trial;
};

/// All that calibration settles at one length.
struct Calibration {
  std::size_t length = 0;
  Measurement measurement;
  lab::Trial baseline;          // no plan
  std::vector<Choice> choices;  // one per transform
  std::vector<Greedy> greedy;   // one per transform, or none
};

/// The candidate plans of a length, from its measurement.
[[nodiscard]] std::vector<lab::Candidate> candidates_of(const Setting& setting,
                                                        const Measurement& measurement);

/// Plans on one calibration prompt under the setting's scaling: a cell {…, "hits": "0110…",
/// "log_probability": […]}.
[[nodiscard]] lab::ResultStore::Json try_plans(const Setting& setting, std::size_t length,
                                               std::size_t prompt_index,
                                               const std::vector<dope::Plan>& plans);

/// Adds what such a cell says of its plans; trials[ids[i]] is of its plan i. Throws dope::Error of `where`
/// for a cell of another number of plans.
void add_cell(const lab::ResultStore::Json& cell, const std::string& where,
              const std::vector<std::size_t>& ids, std::vector<lab::Trial>& trials);

/// How often each prompt is asked: every plan all of them, or fewer and fewer plans more of them.
[[nodiscard]] std::vector<std::vector<std::size_t>> rounds_of(const Setting& setting);

/// The transform that each candidate belongs to, as index into the options' list.
[[nodiscard]] std::vector<std::size_t> transforms_of(const Setting& setting,
                                                     const std::vector<lab::Candidate>& candidates);

/// The best of each transform among the candidates that saw all prompts.
[[nodiscard]] std::vector<Choice> choose(const Setting& setting,
                                         const std::vector<lab::Candidate>& candidates,
                                         const std::vector<lab::Trial>& trials);

/// The whole sweep for people: {"length", "prompts_per_round", "baseline": {"prompts", "hits",
/// "log_probability"}, "plans": [{"transform", "heads", "selectors": [{"stage", "side", "entropy", "r",
/// "order", "n"}], "prompts", "hits", "log_probability"}]}; log probabilities are means over the plan's
/// prompts.
[[nodiscard]] lab::ResultStore::Json sweep_cell(const Setting& setting, std::size_t length,
                                                const std::vector<lab::Candidate>& candidates,
                                                const std::vector<lab::Trial>& trials);

/// The heads that a greedy plan may take next: plans of one head more.
[[nodiscard]] std::vector<dope::Plan> extensions_of(const Setting& setting, const Measurement& measurement,
                                                    const dope::Plan& plan);

}  // namespace needle
