// SPDX-License-Identifier: MIT
#pragma once

#include "transformer/config.hpp"
#include "transformer/fields.hpp"

namespace reference {

/// What becomes of the keys of config.json that no other reader asked for, each by the first rule that fits:
///
///   neutral    a known key that changes logits unless it has its neutral value ("rope_interleaved": false,
///              "logits_scaling": 1, "quantization_config": null): an Error that names it and that value
///   harmless   a known key that changes no logits ("torch_dtype", "use_cache", dropout): listed
///   null       an unknown key without a value: listed
///   suspect    an unknown key with a word of the computation in its name (rope, norm, scale, window, expert,
///              …): an Error that names it
///   other      listed
///
/// Listed keys are added to config.unused. `root` is the whole file, and what the file says of the model is
/// in `config` already.
void require_understood(const Fields& root, Config& config);

}  // namespace reference
