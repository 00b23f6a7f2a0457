// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lab/support/store.hpp"
#include "transformer/model.hpp"

namespace lab {

/// The names of all baselines, in the order of tables.
inline constexpr std::array<std::string_view, 9> all_baselines = {"plain",       "positional_interpolation",
                                                                  "dynamic_ntk", "static_ntk",
                                                                  "yarn",        "yarn_paper",
                                                                  "llama3",      "dual_chunk",
                                                                  "sink_window"};

/// The rows that --baselines asks for, in the order of all_baselines: "all", the name of a set, or names with
/// a comma between. Throws dope::Error for another name and for one that is there twice.
struct BaselineSet {
  std::string_view name;
  std::span<const std::string_view> rows;
};
[[nodiscard]] std::vector<std::string_view> baselines_of(const std::string& text,
                                                         std::span<const BaselineSet> sets = {});

/// A way to run a model on a request without denoising.
struct Baseline {
  std::string name;
  reference::Schedule schedule;
  ResultStore::Json description;  // scaling with its factor, attention pattern
};

/// max(1, length/L), L the training length: the factor of every scaling that has one.
[[nodiscard]] double stretch(std::size_t training_length, std::size_t length) noexcept;

/// The frequency scalings that have a row, by its name: plain, positional_interpolation, dynamic_ntk,
/// static_ntk, yarn, yarn_paper, llama3. `own` is what plain means. Throws dope::Error for another name, and
/// lists these.
[[nodiscard]] dope::Scaling scaling_named(std::string_view row, const dope::Scaling& own,
                                          std::size_t training_length, std::size_t length);
[[nodiscard]] dope::Scaling scaling_named(std::string_view row, const reference::Model& model,
                                          std::size_t length);

/// For requests of `length` tokens: "plain", the model's own RoPE; "positional_interpolation", ω/stretch;
/// "dynamic_ntk", base·stretch^(d/(d−2)).
[[nodiscard]] std::vector<Baseline> main_baselines(const reference::Model& model, std::size_t length);

/// "static_ntk", "yarn", "yarn_paper", "llama3": scalings by the stretch. "dual_chunk", "sink_window":
/// patterns of attention under the model's own scaling, the first as config.json says (config.dual_chunk),
/// else with the defaults of their papers. only: none but the one of this name, or none at all. Throws
/// dope::Error, which names the baseline and L, where L is too short for a pattern.
[[nodiscard]] std::vector<Baseline> further_baselines(
    const reference::Model& model, std::size_t length,
    const std::function<bool(std::string_view)>& asked = {});

}  // namespace lab
