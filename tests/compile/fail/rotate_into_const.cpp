// SPDX-License-Identifier: MIT
#include "dope/rope.hpp"

void turn(dope::HeadView<float> from, dope::HeadView<const float> to, dope::TableView<float> table) {
  dope::rotate(from, to, table, dope::Pairing::half_split);
}
