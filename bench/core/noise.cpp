// SPDX-License-Identifier: MIT
#include "dope/core/noise.hpp"

#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/compare.hpp"

namespace {

constexpr std::size_t rows = 64;
constexpr std::size_t width = 128;

const bench::Register lines([] {
  bench::compare(
      "normal_row", std::to_string(rows) + "x" + std::to_string(width), "std::normal_distribution",
      {static_cast<double>(rows * width), "M/s"},
      [] {
        const auto values = std::make_shared<std::vector<double>>(width);
        return [values] {
          for (std::size_t row = 0; row < rows; ++row) {
            dope::normal_row({42, 3, 5, dope::Side::key, static_cast<std::int64_t>(row)}, *values);
            benchmark::DoNotOptimize(values->data());
          }
        };
      },
      [] {
        const auto values = std::make_shared<std::vector<double>>(width);
        const auto random = std::make_shared<std::mt19937_64>(42);
        return [values, random] {
          std::normal_distribution<double> normal;
          for (std::size_t row = 0; row < rows; ++row) {
            for (double& x : *values) x = normal(*random);
            benchmark::DoNotOptimize(values->data());
          }
        };
      });
});

}  // namespace
