// SPDX-License-Identifier: MIT
#pragma once

/// What an engine runs: every room but the conformance kit, whose door is dope/conformance.hpp.

#include "dope/core.hpp"      // IWYU pragma: export
#include "dope/denoise.hpp"   // IWYU pragma: export
#include "dope/rope.hpp"      // IWYU pragma: export
#include "dope/spectral.hpp"  // IWYU pragma: export
