// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "calibration.hpp"
#include "setting.hpp"

namespace needle {

/// Where heads look, selected ones and kept ones (the paper's Fig. 2): one calibration prompt of a middle
/// depth, under the setting's scaling without a plan.
///
/// {"length", "tokens": T, "needle": [first, end), "bins": B, "mean_of": rows, "rows": [{"layer", "head",
/// "selected_by": [transform…], "last": [B numbers], "mean": [B numbers]}]}. Entry b is the attention mass on
/// tokens [b·T/B, (b + 1)·T/B): of the last token, and the mean over `mean_of` tokens evenly spaced from the
/// needle's end to the last. Rows: all selected heads, and as many kept ones (eight at least, where there
/// are) as look most at the needle.
///
/// Law: each list sums to 1, to rounding.
[[nodiscard]] lab::ResultStore::Json attention_cell(const Setting& setting, const Calibration& calibration);

}  // namespace needle
