// SPDX-License-Identifier: MIT
#pragma once

namespace dope {

/// Which of the two rotated projections of an attention head is meant.
enum class Side { query, key };

}  // namespace dope
