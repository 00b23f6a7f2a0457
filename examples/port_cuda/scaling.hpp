// SPDX-License-Identifier: MIT
#pragma once

#include "dope/rope/frequencies.hpp"
#include "dope/rope/scaling.hpp"
#include "port_cuda/case_file.hpp"

namespace port {

/// What a case says of its rotary embedding: base … training_length, scaling, length.
struct RopeRequest {
  dope::RopeParameters rope;
  dope::Scaling scaling;
  std::size_t length = 0;
};

/// Throws dope::Error, naming case and field, for one that is missing or of another kind, and for a scaling
/// of another name.
[[nodiscard]] RopeRequest rope_of(const CaseFile& file);

}  // namespace port
