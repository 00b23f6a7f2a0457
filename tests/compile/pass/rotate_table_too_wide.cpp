// SPDX-License-Identifier: MIT
#include "dope/rope.hpp"

void turn(dope::HeadView<dope::float16> x, dope::TableView<float> table) {
  dope::rotate(x, table, dope::Pairing::half_split);
}
