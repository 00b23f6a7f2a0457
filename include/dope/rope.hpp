// SPDX-License-Identifier: MIT
#pragma once

/// Umbrella header of the module `rope`: frequencies → scaling → rotation table → rotate. Needs xsimd's headers
/// and nothing to link.

#include "dope/core/compiler.hpp"
#include "dope/core/error.hpp"        // IWYU pragma: export
#include "dope/core/scalar.hpp"       // IWYU pragma: export
#include "dope/core/view.hpp"         // IWYU pragma: export
#include "dope/rope/frequencies.hpp"  // IWYU pragma: export
#include "dope/rope/pairing.hpp"      // IWYU pragma: export
#include "dope/rope/rotate.hpp"       // IWYU pragma: export
#include "dope/rope/scaling.hpp"      // IWYU pragma: export
#include "dope/rope/table.hpp"        // IWYU pragma: export
#include "dope/rope/table_view.hpp"   // IWYU pragma: export
