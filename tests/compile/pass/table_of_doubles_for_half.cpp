// SPDX-License-Identifier: MIT
#include <span>

#include "dope/rope.hpp"

void turn(dope::HeadsView<dope::float16> x, std::span<const dope::TableView<float>> tables) {
  dope::rotate(x, tables, dope::Pairing::interleaved);
}
