// SPDX-License-Identifier: MIT
#pragma once

/// The whole library.

#include "dope/core.hpp"      // IWYU pragma: export
#include "dope/denoise.hpp"   // IWYU pragma: export
#include "dope/rope.hpp"      // IWYU pragma: export
#include "dope/spectral.hpp"  // IWYU pragma: export
