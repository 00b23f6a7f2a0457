// SPDX-License-Identifier: MIT
#include "transformer/elementwise.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <random>
#include <vector>

namespace {

// A handful of float roundings on values of order 1 to 10.
constexpr double few_roundings = 3e-6;

std::vector<float> random_floats(std::size_t count, unsigned seed, float size) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, size);
  std::vector<float> values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

}  // namespace

TEST_CASE("RMSNorm divides by the root mean square") {
  for (const std::size_t width : std::initializer_list<std::size_t>{1, 6, 33, 128}) {
    for (const float size : {1e-6f, 1.0f, 1e6f}) {
      const auto x = random_floats(3 * width, 5, size);
      const auto weight = random_floats(width, 6, 1.0f);
      std::vector<float> out(3 * width);
      reference::rms_norm(x, weight, 1e-5, out);
      for (std::size_t row = 0; row < 3; ++row) {
        long double squares = 0.0L;
        for (std::size_t c = 0; c < width; ++c)
          squares +=
              static_cast<long double>(x[row * width + c]) * static_cast<long double>(x[row * width + c]);
        const auto rms = static_cast<double>(std::sqrt(squares / static_cast<long double>(width) + 1e-5L));
        for (std::size_t c = 0; c < width; ++c) {
          const double expected =
              static_cast<double>(x[row * width + c]) / rms * static_cast<double>(weight[c]);
          CHECK(std::abs(expected - static_cast<double>(out[row * width + c])) <=
                few_roundings * (1.0 + std::abs(expected)));
        }
      }
      auto in_place = x;
      reference::rms_norm(in_place, weight, 1e-5, in_place);
      CHECK(in_place == out);
    }
  }
}

TEST_CASE("SwiGLU is silu of the gate times up") {
  for (const std::size_t count : std::initializer_list<std::size_t>{1, 15, 16, 17, 100}) {
    auto gate = random_floats(count, 8, 4.0f);
    gate[0] = -90.0f;  // exp(90) overflows float's neighbourhood: silu must go to −0, not NaN
    const auto before = gate;
    const auto up = random_floats(count, 9, 1.0f);
    reference::swiglu(gate, up);
    for (std::size_t i = 0; i < count; ++i) {
      const auto g = static_cast<double>(before[i]);
      const double expected = g / (1.0 + std::exp(-g)) * static_cast<double>(up[i]);
      CHECK(std::abs(expected - static_cast<double>(gate[i])) <= few_roundings * (1.0 + std::abs(expected)));
    }
  }
}

TEST_CASE("add adds") {
  std::vector<float> x = {1.0f, 2.0f, 3.0f};
  reference::add(x, std::vector<float>{0.5f, -2.0f, 1.0f});
  CHECK(x == std::vector<float>{1.5f, 0.0f, 4.0f});
}
