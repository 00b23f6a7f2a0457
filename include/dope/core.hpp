// SPDX-License-Identifier: MIT
#pragma once

/// Umbrella header of the module `core`: views, scalars, the error, counter-based noise.

#include "dope/core/compiler.hpp"
#include "dope/core/convert.hpp"  // IWYU pragma: export
#include "dope/core/error.hpp"    // IWYU pragma: export
#include "dope/core/noise.hpp"    // IWYU pragma: export
#include "dope/core/philox.hpp"   // IWYU pragma: export
#include "dope/core/scalar.hpp"   // IWYU pragma: export
#include "dope/core/side.hpp"     // IWYU pragma: export
#include "dope/core/view.hpp"     // IWYU pragma: export
