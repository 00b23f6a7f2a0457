// SPDX-License-Identifier: MIT
#pragma once

/// What an engine runs: every module except the conformance kit, whose umbrella header is dope/conformance.hpp.

#include "dope/core.hpp"      // IWYU pragma: export
#include "dope/denoise.hpp"   // IWYU pragma: export
#include "dope/rope.hpp"      // IWYU pragma: export
#include "dope/spectral.hpp"  // IWYU pragma: export
