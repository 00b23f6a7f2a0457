// SPDX-License-Identifier: MIT
#include "dope/rope.hpp"

void turn(dope::HeadView<const float> from, dope::HeadView<double> to, dope::TableView<double> table) {
  dope::rotate(from, to, table, dope::Pairing::half_split);
}
