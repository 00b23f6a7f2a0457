// SPDX-License-Identifier: MIT
#include "dope/rope.hpp"

dope::RotationTable<double> build(const dope::Frequencies& frequencies) {
  return dope::RotationTable<double>(frequencies, 0, 16);
}
