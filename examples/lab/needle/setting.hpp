// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lab/support/haystack.hpp"
#include "lab/support/plan_json.hpp"
#include "lab/support/prompts.hpp"
#include "lab/support/shots.hpp"
#include "options.hpp"
#include "transformer/model.hpp"

namespace needle {

/// needle: original, the needle alone; noisy, start tokens right beside it (arXiv 2511.09146, "Noisy").
/// shots: insert, the asked exemplar stands among the shots; skip, the asked key is new (the paper's "needle
/// insert" and "skip needle").
enum class Setup { original, noisy, insert, skip };

/// calibration prompts choose heads, test prompts are scored; the two never share a seed.
enum class Part { calibration = 1, test = 2 };

[[nodiscard]] std::string_view name_of(Setup setup) noexcept;

[[nodiscard]] Task task_of(Setup setup) noexcept;

/// What any task's prompt comes down to: tokens to read, digits to write.
struct Prompt {
  std::vector<std::int32_t> tokens;
  std::vector<std::int32_t> expected;
  std::size_t asked_first = 0;  // the asked fact's tokens are [asked_first, asked_end); empty without one
  std::size_t asked_end = 0;
  double depth = 0.0;
  std::size_t noise = 0;
  std::size_t shots = 0;
  std::uint64_t seed = 0;
};

/// What every cell of a run has in common: the model, the text, the grid.
struct Setting {
  Setting(Options options, reference::Model model, lab::Haystack haystack);

  /// Depth number `index` of the tests.
  [[nodiscard]] double depth(std::size_t index) const noexcept;

  /// Depths that a setup is tested at: all, or one where nothing asked stands in the prompt.
  [[nodiscard]] std::size_t depths_of(Setup setup) const noexcept;

  /// Noise tokens in a prompt of a setup.
  [[nodiscard]] std::size_t noise_tokens(Setup setup) const noexcept;

  /// Test prompt `index` at a depth. Its seed depends on (seed, depth, index): one key, code and text
  /// for both setups and, as far as they reach, all lengths.
  [[nodiscard]] Prompt test_prompt(std::size_t length, Setup setup, std::size_t depth_index,
                                   std::size_t index) const;

  /// Calibration prompt i takes depths in turn, and setups in turn; every pair of them comes.
  [[nodiscard]] Prompt calibration_prompt(std::size_t length, std::size_t index) const;

  /// Seeds of prompts, of the two parts apart.
  [[nodiscard]] std::uint64_t prompt_seed(Part part, std::size_t depth_index,
                                          std::size_t index) const noexcept;

  /// The frequency scaling that heads are denoised under, for requests of `length` tokens.
  [[nodiscard]] dope::Scaling scaling(std::size_t length) const;

  /// Whether a baseline has a row: --baselines names it, or heads are denoised under it.
  [[nodiscard]] bool asks_for(std::string_view row) const;

  /// The lengths whose calibration chooses the heads that are tested at `length`.
  [[nodiscard]] std::vector<std::size_t> sources_of(std::size_t length) const;

  Options options;
  reference::Model model;
  lab::Haystack haystack;
  std::vector<std::size_t> lengths;              // of tests; ascending, distinct
  std::vector<std::size_t> calibration_lengths;  // ascending, distinct
  std::vector<Setup> setups;                     // of tests
  std::vector<Setup> calibration_setups;
  std::vector<lab::SavedPlan> plans;  // of --plan, in its order

 private:
  [[nodiscard]] Prompt prompt(std::uint64_t prompt_seed, std::size_t length, Setup setup, double depth) const;
};

/// Model, text and grid of a run. Throws dope::Error where the model is not byte-level with a start token, or
/// a file is missing or broken.
[[nodiscard]] Setting make_setting(Options options);

/// All that decides the results, for the first line of results.jsonl: two runs with equal settings give
/// equal cells. (Folder names and threads are not in it.)
[[nodiscard]] lab::ResultStore::Json configuration_of(const Setting& setting);

}  // namespace needle
