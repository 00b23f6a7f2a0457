// SPDX-License-Identifier: MIT
#pragma once

#include "transformer/config.hpp"
#include "transformer/fields.hpp"

namespace reference {

/// Fill what config.json says about rotary embeddings: rope_base, rotated_width, training_length, scaling.
///
/// `root` is the whole file. Preconditions: config.head_width and config.max_position_embeddings are set.
void read_rope(const Fields& root, Config& config);

}  // namespace reference
