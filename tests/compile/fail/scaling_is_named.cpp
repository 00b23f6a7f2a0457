// SPDX-License-Identifier: MIT
#include "dope/rope.hpp"

dope::Frequencies scaled(const dope::RopeParameters& rope) {
  return dope::scaled_frequencies(rope, 4.0, 4096);
}
