// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

namespace reference {

/// out = x / √(mean(x²) + ε) · weight, per row of weight.size() floats (RMSNorm, arXiv 1910.07467).
/// out may be x. The mean of squares is summed in double.
void rms_norm(std::span<const float> x, std::span<const float> weight, double epsilon, std::span<float> out);

/// gate ← silu(gate)·up, silu(g) = g/(1 + exp(−g)) (SwiGLU, arXiv 2002.05202).
void swiglu(std::span<float> gate, std::span<const float> up);

/// x ← x + y.
void add(std::span<float> x, std::span<const float> y);

}  // namespace reference
