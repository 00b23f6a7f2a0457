// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lab/support/haystack.hpp"
#include "lab/support/store.hpp"
#include "options.hpp"
#include "transformer/model.hpp"

namespace effects {

/// Where heads are measured and denoised.
struct Place {
  std::size_t length = 0;
  Base base = Base::plain;
};

/// effect prompts are scored, head prompts are what heads are measured on. The two share no seed, nor one
/// with the needle lab, whose parts are 1 and 2.
enum class Part { effect = 3, head = 4 };

/// What any task's prompt comes down to. The fact that is asked for stands at [asked_first, asked_end), its
/// digits from code_first on.
struct Prompt {
  std::vector<std::int32_t> tokens;
  std::vector<std::int32_t> expected;
  double depth = 0.0;
  std::uint64_t seed = 0;
  std::size_t asked_first = 0;
  std::size_t asked_end = 0;
  std::size_t code_first = 0;
};

/// What every cell of a run has in common: the model, the text, the places.
struct Setting {
  Setting(Options options, reference::Model model, lab::Haystack haystack);

  /// Prompt `index` of a part, at the depth whose turn it is; of one (part, index), one fact at all lengths.
  [[nodiscard]] Prompt prompt(Part part, std::size_t length, std::size_t index) const;

  [[nodiscard]] dope::Scaling scaling(Base base) const;
  [[nodiscard]] dope::Frequencies native() const;
  [[nodiscard]] dope::Frequencies frequencies(const Place& place) const;

  /// All query heads, layer after layer.
  [[nodiscard]] std::vector<dope::HeadId> heads() const;

  Options options;
  reference::Model model;
  lab::Haystack haystack;
  std::vector<std::size_t> lengths;  // ascending, distinct
  std::vector<Place> places;         // length after length, each under all scalings
};

/// Model, text and places of a run. Throws dope::Error where the model is not byte-level with a start token,
/// a file is missing or broken, or a length is too short for the task.
[[nodiscard]] Setting make_setting(Options options);

/// All that decides the results, for the first line of results.jsonl.
[[nodiscard]] lab::ResultStore::Json configuration_of(const Setting& setting);

/// "1536 = 3L".
[[nodiscard]] std::string length_label(const Setting& setting, std::size_t length);

}  // namespace effects
