// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bits.hpp"
#include "lab/support/haystack.hpp"
#include "lab/support/plan_json.hpp"
#include "options.hpp"
#include "transformer/model.hpp"

namespace perplexity {

/// The method that the others are held against.
inline constexpr std::string_view rival = "dynamic_ntk";

/// What every passage of a run has in common: the model, the text, the grid.
struct Setting {
  /// Bytes of a passage: as many as the growing context and the earliest of the widest windows need.
  [[nodiscard]] std::size_t passage_bytes() const noexcept;

  /// Passage `index`. Prose: of seed (seed, 3, index), which no prompt of the needle lab has; longer passages
  /// begin as shorter ones do. A file: parts of it, disjoint, in order.
  [[nodiscard]] std::string passage(std::size_t index) const;
  [[nodiscard]] std::uint64_t passage_seed(std::size_t index) const noexcept;

  /// The start token and bytes [first, end) of a passage.
  [[nodiscard]] std::vector<std::int32_t> tokens(const std::string& passage, std::size_t first,
                                                 std::size_t end) const;

  /// Whether a baseline has a row: --baselines names it, or the others are held against it.
  [[nodiscard]] bool asks_for(std::string_view row) const;

  [[nodiscard]] bool grows() const noexcept { return options.modes != Modes::sliding; }

  Options options;
  reference::Model model;
  std::optional<lab::Haystack> prose;  // none where --text gives the text
  std::string file;                    // of --text
  Bins bins;
  std::vector<std::size_t> widths;  // ascending, distinct; none where nothing slides
  std::size_t stride = 0;
  std::size_t scored = 0;
  std::vector<lab::SavedPlan> plans;    // of --plan, in its order
  std::vector<std::string> plan_names;  // their file names without ".json"
};

/// Model, text and grid of a run. Throws dope::Error where the model is not byte-level with a start token, a
/// file is missing, broken or too short, or widths, stride and bins do not go together.
[[nodiscard]] Setting make_setting(Options options);

/// All that decides the results, for the first line of results.jsonl: two runs with equal settings give equal
/// cells. (Folder names and threads are not in it.)
[[nodiscard]] lab::ResultStore::Json configuration_of(const Setting& setting);

}  // namespace perplexity
