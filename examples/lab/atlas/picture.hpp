// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "lab/atlas/survey.hpp"

namespace atlas {

/// The survey as an SVG picture: position against the worst chord so far, both logarithmic, a line per
/// arithmetic with its name at its end. A family has one colour, fit for colour-blind eyes; its members
/// differ in dashes. A line that ends in a cross overflows there.
[[nodiscard]] std::string picture_of(const Survey& survey);

}  // namespace atlas
