// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "growth/series.hpp"

namespace growth {

/// One log–log panel an axis: seconds against size, a line a primitive, its fitted exponent at its end. SVG,
/// with a background of its own; primitives differ in colour and in marker.
[[nodiscard]] std::string picture_of(const std::vector<Series>& measured);

}  // namespace growth
