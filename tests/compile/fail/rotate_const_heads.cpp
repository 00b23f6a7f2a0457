// SPDX-License-Identifier: MIT
#include "dope/rope.hpp"

void turn(dope::HeadsView<const dope::bfloat16> x, dope::TableView<float> table) {
  dope::rotate(x, table, dope::Pairing::interleaved);
}
