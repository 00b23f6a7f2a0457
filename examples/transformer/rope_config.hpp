// SPDX-License-Identifier: MIT
#pragma once

#include "transformer/config.hpp"
#include "transformer/fields.hpp"

namespace reference {

/// Fill what config.json says about rotary embeddings: rope_base, rotated_width, training_length, scaling,
/// dual_chunk; add to defaults what was left out, and to unused the scaling's keys that its type does not use
/// ("rope_scaling.finetuned").
///
/// `root` is the whole file. Preconditions: config.head_width and config.max_position_embeddings are set.
void read_rope(const Fields& root, Config& config);

}  // namespace reference
