// SPDX-License-Identifier: MIT
#pragma once

#include "setting.hpp"

namespace effects {

/// What refuses a cell of results that no run of this setting can have written: it lacks a key, is of another
/// size, or says what cannot be, as a log probability above 0.
[[nodiscard]] lab::ResultStore::Check cell_check(const Setting& setting);

}  // namespace effects
