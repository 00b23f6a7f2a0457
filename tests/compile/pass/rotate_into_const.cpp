// SPDX-License-Identifier: MIT
#include "dope/rope.hpp"

void turn(dope::HeadView<float> from, dope::HeadView<float> to, dope::TableView<float> table) {
  dope::rotate(from, to, table, dope::Pairing::half_split);
}
