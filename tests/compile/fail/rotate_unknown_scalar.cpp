// SPDX-License-Identifier: MIT
#include "dope/rope.hpp"

void turn(dope::HeadView<int> x, dope::TableView<float> table) {
  dope::rotate(x, table, dope::Pairing::interleaved);
}
