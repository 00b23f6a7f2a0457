// SPDX-License-Identifier: MIT
#pragma once

#include <dope/dope.hpp>
#include <vector>

/// The entropies of two heads: one whose four directions weigh the same, one with a single direction.
std::vector<dope::HeadScore> entropies();
