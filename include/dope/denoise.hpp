// SPDX-License-Identifier: MIT
#pragma once

/// Door to the room `denoise`: scores → selection → plan → what each head of a request gets.

#include "dope/denoise/head.hpp"            // IWYU pragma: export
#include "dope/denoise/names.hpp"           // IWYU pragma: export
#include "dope/denoise/plan.hpp"            // IWYU pragma: export
#include "dope/denoise/planned_rope.hpp"    // IWYU pragma: export
#include "dope/denoise/select.hpp"          // IWYU pragma: export
#include "dope/denoise/transform.hpp"       // IWYU pragma: export
#include "dope/denoise/transform_text.hpp"  // IWYU pragma: export
