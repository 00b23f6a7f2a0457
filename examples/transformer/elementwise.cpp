// SPDX-License-Identifier: MIT
#include "transformer/elementwise.hpp"

#include <cmath>
#include <xsimd/xsimd.hpp>

namespace reference {

void rms_norm(std::span<const float> x, std::span<const float> weight, double epsilon, std::span<float> out) {
  const std::size_t width = weight.size();
  for (std::size_t start = 0; start + width <= x.size(); start += width) {
    double squares = 0.0;
    for (std::size_t c = 0; c < width; ++c)
      squares += static_cast<double>(x[start + c]) * static_cast<double>(x[start + c]);
    const auto scale = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(width) + epsilon));
    for (std::size_t c = 0; c < width; ++c) out[start + c] = x[start + c] * scale * weight[c];
  }
}

void swiglu(std::span<float> gate, std::span<const float> up) {
  using Batch = xsimd::batch<float>;
  constexpr std::size_t lanes = Batch::size;
  std::size_t i = 0;
  for (; i + lanes <= gate.size(); i += lanes) {
    const Batch g = Batch::load_unaligned(gate.data() + i);
    const Batch silu = g / (Batch(1.0f) + xsimd::exp(-g));
    (silu * Batch::load_unaligned(up.data() + i)).store_unaligned(gate.data() + i);
  }
  for (; i < gate.size(); ++i) gate[i] = gate[i] / (1.0f + std::exp(-gate[i])) * up[i];
}

void add(std::span<float> x, std::span<const float> y) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
}

}  // namespace reference
