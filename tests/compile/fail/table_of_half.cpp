// SPDX-License-Identifier: MIT
#include "dope/rope.hpp"

dope::RotationTable<dope::float16> build(const dope::Frequencies& frequencies) {
  return dope::RotationTable<dope::float16>(frequencies, 0, 16);
}
