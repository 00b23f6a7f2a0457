// SPDX-License-Identifier: MIT
#include <cstdint>
#include <span>

#include "dope/rope.hpp"

void turn(dope::HeadView<float> x, dope::TableView<float> table, std::span<const std::int32_t> rows) {
  dope::rotate(x, table, rows, dope::Pairing::interleaved);
}
