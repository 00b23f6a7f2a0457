// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "lab/support/store.hpp"
#include "setting.hpp"

namespace effects {

/// Whose measure it is: paper, an entropy at a stage and side (dope::Indicator); other, one of ours or of the
/// literature; control, what is known without measuring.
enum class Origin { paper, other, control };

struct Measure {
  std::string name;
  Origin origin = Origin::paper;
  std::vector<double> values;  // by head, layer after layer
};

/// All measures of all heads at a place, and σ per head for transforms that match it.
struct Measurement {
  std::vector<Measure> measures;
  std::vector<dope::HeadSpread> spreads;
};

/// Measures on the head prompts of a length. Where the scaling leaves the frequencies as they are, post_ntk
/// is post_rope and left out.
[[nodiscard]] Measurement measure_heads(const Setting& setting, const Place& place);

[[nodiscard]] lab::ResultStore::Json to_json(const Measurement& measurement);
[[nodiscard]] Measurement measurement_from(const lab::ResultStore::Json& cell);

}  // namespace effects
