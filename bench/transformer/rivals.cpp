// SPDX-License-Identifier: MIT
#include "transformer/rivals.hpp"

#include <benchmark/benchmark.h>
#include <blis.h>
#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <xsimd/xsimd.hpp>

#include "transformer/linear.hpp"

namespace bench {
namespace {

using Batch = xsimd::batch<float>;

/// Of the products tried, the one at which BLIS's kernels for AVX-512 are fastest: its blocks come out even.
constexpr std::size_t rows = 960, columns = 960, depth = 384;
constexpr auto row_work = static_cast<double>(columns * depth);

struct Product {
  std::vector<float> a = values(rows * depth), b = values(columns * depth),
                     c = std::vector<float>(rows * columns);

  /// The first `count` rows of c = a·bᵀ.
  void multiply(std::size_t count) {
    float one = 1.0f;
    float zero = 0.0f;
    constexpr auto n = static_cast<dim_t>(columns);
    constexpr auto k = static_cast<dim_t>(depth);
    bli_sgemm(BLIS_NO_TRANSPOSE, BLIS_TRANSPOSE, static_cast<dim_t>(count), n, k, &one, a.data(), k, 1,
              b.data(), k, 1, &zero, c.data(), n, 1);
  }
};

}  // namespace

std::vector<float> values(std::size_t count) {
  std::vector<float> x(count);
  std::uint32_t state = 1;
  for (float& value : x) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) * 0x1p-23f - 1.0f;
  }
  return x;
}

Maker sgemm(double multiply_adds, int threads) {
  return [=] {
    omp_set_num_threads(threads);
    // BLIS is started by the transformer's first product, which names its kernels.
    static_cast<void>(reference::blis_architecture());
    const auto products = std::make_shared<std::vector<Product>>(static_cast<std::size_t>(threads));
    const auto total = static_cast<std::size_t>(multiply_adds / row_work / threads + 0.5);
    return [products, total, threads] {
#pragma omp parallel for num_threads(threads) schedule(static, 1)
      for (std::size_t thread = 0; thread < products->size(); ++thread) {
        for (std::size_t done = 0; done < total; done += rows)
          (*products)[thread].multiply(std::min(rows, total - done));
      }
    };
  };
}

Maker sgemm_and_exp(double multiply_adds, double exponentials) {
  return [=] {
    const std::function<void()> products = sgemm(multiply_adds)();
    const auto x = std::make_shared<std::vector<float>>(values(4096));
    const auto rounds = static_cast<std::size_t>(exponentials / 4096.0 + 0.5);
    return [products, x, rounds] {
      products();
      Batch sum(0.0f);
      for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i + Batch::size <= x->size(); i += Batch::size) {
          sum += xsimd::exp(Batch::load_unaligned(x->data() + i));
        }
      }
      benchmark::DoNotOptimize(sum);
    };
  };
}

Maker stream(std::size_t bytes) {
  return [=] {
    const auto x = std::make_shared<std::vector<float>>(bytes / sizeof(float), 0.5f);
    return [x] {
      constexpr std::size_t runs = 4;
      constexpr std::size_t step = 2 * Batch::size;
      const std::size_t length = x->size() / runs / step * step;
      Batch sums[runs][2];
      for (auto& sum : sums) sum[0] = sum[1] = Batch(0.0f);
      for (std::size_t i = 0; i < length; i += step) {
        for (std::size_t run = 0; run < runs; ++run) {
          const float* at = x->data() + run * length + i;
          sums[run][0] += Batch::load_unaligned(at);
          sums[run][1] += Batch::load_unaligned(at + Batch::size);
        }
      }
      benchmark::DoNotOptimize(sums);
    };
  };
}

}  // namespace bench
