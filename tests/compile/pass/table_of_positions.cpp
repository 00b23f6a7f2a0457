// SPDX-License-Identifier: MIT
#include <cstdint>
#include <span>

#include "dope/rope.hpp"

dope::RotationTable<float> build(const dope::Frequencies& frequencies,
                                 std::span<const std::int64_t> positions) {
  return dope::RotationTable<float>(frequencies, positions);
}
