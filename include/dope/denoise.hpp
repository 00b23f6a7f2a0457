// SPDX-License-Identifier: MIT
#pragma once

/// Umbrella header of the module `denoise`: scores → selection → plan → what each head of a request gets.
/// Scores (meter, score) need Eigen's headers; everything else needs only the module `rope`.

#include "dope/core/compiler.hpp"
#include "dope/denoise/head.hpp"            // IWYU pragma: export
#include "dope/denoise/meter.hpp"           // IWYU pragma: export
#include "dope/denoise/names.hpp"           // IWYU pragma: export
#include "dope/denoise/plan.hpp"            // IWYU pragma: export
#include "dope/denoise/planned_rope.hpp"    // IWYU pragma: export
#include "dope/denoise/sampling.hpp"        // IWYU pragma: export
#include "dope/denoise/score.hpp"           // IWYU pragma: export
#include "dope/denoise/select.hpp"          // IWYU pragma: export
#include "dope/denoise/spread.hpp"          // IWYU pragma: export
#include "dope/denoise/transform.hpp"       // IWYU pragma: export
#include "dope/denoise/transform_text.hpp"  // IWYU pragma: export
