// SPDX-License-Identifier: MIT
#include "transformer/linear.hpp"

#include <doctest/doctest.h>
#include <omp.h>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <random>
#include <vector>

#include "dope/core/error.hpp"

namespace {

// Sum of up to 300 products of order 1 in float: n·2⁻²⁴ in the worst case is 2e-5.
constexpr double product_tolerance = 2e-5;

struct Product {
  Product(std::size_t rows, std::size_t in, std::size_t out)
      : tokens(rows), x(rows * in), w(in * out), b(out) {
    std::mt19937 generator(7);
    std::normal_distribution<float> normal;
    for (auto* values : {&x, &w, &b}) {
      for (float& value : *values) value = normal(generator);
    }
    matrix = {w.data(), out, in};
  }

  [[nodiscard]] std::vector<float> run(std::span<const float> bias) const {
    std::vector<float> y(tokens * matrix.rows);
    reference::linear(x, matrix, bias, tokens, y);
    return y;
  }

  std::size_t tokens;
  std::vector<float> x, w, b;
  reference::Matrix matrix;
};

}  // namespace

TEST_CASE("linear is x times the transposed weight plus the bias") {
  for (const std::size_t tokens : std::initializer_list<std::size_t>{1, 2, 5, 128, 129, 300}) {
    for (const auto& shape :
         {std::pair<std::size_t, std::size_t>{1, 1}, {7, 3}, {16, 33}, {128, 264}, {300, 65}}) {
      const std::size_t in = shape.first;
      const std::size_t out = shape.second;
      CAPTURE(tokens);
      CAPTURE(in);
      const Product product(tokens, in, out);
      const auto plain = product.run({});
      const auto biased = product.run(product.b);
      double worst = 0.0;
      for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t o = 0; o < out; ++o) {
          double sum = 0.0;
          for (std::size_t i = 0; i < in; ++i) {
            sum += static_cast<double>(product.x[t * in + i]) * static_cast<double>(product.w[o * in + i]);
          }
          worst = std::max(worst, std::abs(sum - static_cast<double>(plain[t * out + o])));
          worst = std::max(worst, std::abs(sum + static_cast<double>(product.b[o]) -
                                           static_cast<double>(biased[t * out + o])));
        }
      }
      CHECK(worst < product_tolerance * std::sqrt(static_cast<double>(in)));
    }
  }
}

TEST_CASE("linear does not depend on the number of threads") {
  const Product product(400, 128, 96);
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const auto one = product.run({});
  omp_set_num_threads(3);
  const auto three = product.run({});
  omp_set_num_threads(before);
  CHECK(one == three);
}

TEST_CASE("shapes that do not fit are errors") {
  const Product product(4, 8, 8);
  std::vector<float> y(4 * 8);
  CHECK_THROWS_AS(reference::linear(product.x, product.matrix, {}, 5, y), dope::Error);
  CHECK_THROWS_AS(reference::linear(product.x, product.matrix, std::span(product.b).first(7), 4, y),
                  dope::Error);
  CHECK_THROWS_AS(reference::linear(product.x, product.matrix, {}, 4, std::span(y).first(31)), dope::Error);
}

#if defined(__x86_64__)
TEST_CASE("BLIS runs no generic code where the processor has fused multiply-add") {
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    CHECK(reference::blis_architecture() != "generic");
  }
}
#endif
