// SPDX-License-Identifier: MIT
#pragma once

#include "dope/core/compiler.hpp"

namespace dope {

/// Which of the two rotated projections of an attention head is meant.
enum class Side { query, key };

}  // namespace dope
