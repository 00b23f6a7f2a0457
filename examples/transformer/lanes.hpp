// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <xsimd/xsimd.hpp>

#include "dope/rope/registers.hpp"

namespace reference {

/// z + x·y, one rounding where the processor can: the same bits wherever a compiler inlines it.
using dope::detail::fused_plus;

// Across the lanes of a vector, in lane order. (xsimd renamed its own reductions between versions.)

[[nodiscard]] inline float sum_of_lanes(const xsimd::batch<float>& values) noexcept {
  alignas(64) float lane[xsimd::batch<float>::size];
  values.store_aligned(lane);
  float sum = 0.0f;
  for (const float value : lane) sum += value;
  return sum;
}

[[nodiscard]] inline float max_of_lanes(const xsimd::batch<float>& values) noexcept {
  alignas(64) float lane[xsimd::batch<float>::size];
  values.store_aligned(lane);
  return *std::max_element(std::begin(lane), std::end(lane));
}

}  // namespace reference
