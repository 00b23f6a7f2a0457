// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "evaluation.hpp"

namespace perplexity {

/// A panel for each mode: bits per byte against the position, a line a method; and against the width of the
/// window. SVG. Precondition: every passage's cell is in the store.
[[nodiscard]] std::string picture_of(const Setting& setting, const std::vector<Part>& parts,
                                     const lab::ResultStore& store);

}  // namespace perplexity
