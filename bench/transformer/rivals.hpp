// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "support/compare.hpp"

namespace bench {

// What the transformer's parts are held against.

/// Numbers in [−1, 1), the same at each call.
[[nodiscard]] std::vector<float> values(std::size_t count);

/// As many multiply-adds as asked for, in BLIS's products of 960 × 960 × 384, the last one of fewer rows;
/// each thread does its share of them in buffers of its own.
[[nodiscard]] Maker sgemm(double multiply_adds, int threads = 1);

/// As many exponentials as asked for, by vectors, beside as many multiply-adds of sgemm.
[[nodiscard]] Maker sgemm_and_exp(double multiply_adds, double exponentials);

/// One read of as many bytes of one buffer, in four runs side by side: call after call, from the cache where
/// they fit.
[[nodiscard]] Maker stream(std::size_t bytes);

}  // namespace bench
