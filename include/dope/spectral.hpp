// SPDX-License-Identifier: MIT
#pragma once

/// Umbrella header of the module `spectral`: Gram → spectrum → entropy; bands and their bounds;
/// attention maps. Needs Eigen's headers and nothing to link.

#include "dope/core/compiler.hpp"
#include "dope/spectral/attention.hpp"         // IWYU pragma: export
#include "dope/spectral/band_gram.hpp"         // IWYU pragma: export
#include "dope/spectral/bands.hpp"             // IWYU pragma: export
#include "dope/spectral/entropy.hpp"           // IWYU pragma: export
#include "dope/spectral/entropy_gradient.hpp"  // IWYU pragma: export
#include "dope/spectral/gram.hpp"              // IWYU pragma: export
#include "dope/spectral/metrics.hpp"           // IWYU pragma: export
#include "dope/spectral/spectrum.hpp"          // IWYU pragma: export
#include "dope/spectral/token_mean.hpp"        // IWYU pragma: export
