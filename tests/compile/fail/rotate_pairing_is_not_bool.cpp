// SPDX-License-Identifier: MIT
#include "dope/rope.hpp"

void turn(dope::HeadView<float> x, dope::TableView<float> table) { dope::rotate(x, table, true); }
