// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "calibration.hpp"
#include "lab/support/answer.hpp"
#include "setting.hpp"

namespace needle {

/// Where a row comes from. baseline: no denoising. chosen: best on calibration prompts of a sweep's plans.
/// greedy: heads by measured gain. control: random heads. saved: of --plan.
enum class Kind { baseline, chosen, greedy, control, saved };

/// A row of the table at one length. Each prompt is answered under every schedule; all kinds but the control
/// have one.
struct Method {
  std::string name;
  Kind kind = Kind::baseline;
  std::vector<reference::Schedule> schedules;
  lab::ResultStore::Json description;  // scaling, transform, heads, how they were chosen
};

/// All methods of a length, in the order of the table. calibrations: of all calibration lengths.
[[nodiscard]] std::vector<Method> methods_of(const Setting& setting,
                                             const std::vector<Calibration>& calibrations,
                                             std::size_t length);

/// "test/4096/noisy/30.0/by_parts".
[[nodiscard]] std::string test_key(const Setting& setting, std::size_t length, Setup setup,
                                   std::size_t depth_index, const std::string& method);

/// Whether one prompt was answered: by method, then by its schedules.
using Answered = std::vector<std::vector<lab::Verdict>>;
[[nodiscard]] Answered answer_test(const Setting& setting, const std::vector<Method>& methods,
                                   std::size_t length, Setup setup, std::size_t depth_index,
                                   std::size_t prompt_index);

/// The finished cell of one method from all test prompts of a setup and depth. "verdicts": '1' a hit, '0' a
/// miss, prompt after prompt; of a control, "draws" holds one such text per draw.
[[nodiscard]] lab::ResultStore::Json test_cell(const Setting& setting, const std::vector<Method>& methods,
                                               std::size_t method, std::size_t length, Setup setup,
                                               std::size_t depth_index, const std::vector<Answered>& prompts);

}  // namespace needle
