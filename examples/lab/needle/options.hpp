// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dope/denoise.hpp"
#include "lab/support/command_line.hpp"
#include "lab/support/prompts.hpp"
#include "lab/support/store.hpp"
#include "lab/support/sweep.hpp"
#include "transformer/config.hpp"

namespace needle {

/// What a prompt is about. needle: a fact in a long text. shots: exemplar lines that share digits.
enum class Task { needle, shots };

[[nodiscard]] std::string_view name_of(Task task) noexcept;

/// The paper's: every tenth for the needle, thirds for the asked exemplar.
[[nodiscard]] std::size_t usual_depths(Task task) noexcept;

/// Of lab::all_baselines, the rows of --baselines main.
inline constexpr std::array<std::string_view, 5> main_baselines = {"plain", "dynamic_ntk", "yarn", "llama3",
                                                                   "dual_chunk"};

/// What the run is asked for; --help says what each means.
struct Options {
  Task task = Task::needle;
  std::filesystem::path model;
  reference::Tokens tokens = reference::Tokens::unknown;  // what the user says they are
  std::filesystem::path out;
  std::optional<std::filesystem::path> haystack;
  std::vector<lab::Length> lengths;
  std::size_t depths = 11;
  std::size_t needles = 1;
  std::size_t noise = 0;
  lab::NoisePlace noise_place = lab::NoisePlace::after;
  std::size_t prompts = 4;
  std::size_t calibration_prompts = 11;
  std::vector<lab::Length> calibrate_at;  // empty: at the length of the test
  std::optional<Task> calibrate_on;       // none: on the task of the test
  std::size_t random_draws = 0;
  std::size_t greedy = 0;  // most heads of a greedy plan; 0: none
  std::vector<dope::Transform> transforms;
  std::string scaling = "dynamic_ntk";  // that heads are denoised under; a name of lab::scaling_named
  dope::GqaPolicy gqa = dope::GqaPolicy::per_query_head;
  std::vector<std::string_view> baselines;  // of lab::all_baselines, in its order
  lab::Breadth breadth = lab::Breadth::quick;
  std::vector<std::filesystem::path> plans;
  std::uint64_t seed = 1;
  int threads = 0;
  lab::ResultStore::Existing existing = lab::ResultStore::Existing::resume;

  /// Files that the run reads by name.
  [[nodiscard]] std::vector<std::filesystem::path> inputs() const {
    auto paths = plans;
    if (haystack) paths.push_back(*haystack);
    return paths;
  }
};

/// The options, or the text of --help. Throws dope::Error for an unknown option or a bad value.
struct Parsed {
  std::optional<Options> options;
  std::string help;
};
[[nodiscard]] Parsed parse_options(int argc, const char* const* argv);

}  // namespace needle
