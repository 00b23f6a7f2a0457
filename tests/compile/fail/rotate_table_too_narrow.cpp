// SPDX-License-Identifier: MIT
#include "dope/rope.hpp"

void turn(dope::HeadView<double> x, dope::TableView<float> table) {
  dope::rotate(x, table, dope::Pairing::half_split);
}
