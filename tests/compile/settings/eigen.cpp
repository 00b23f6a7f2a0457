// SPDX-License-Identifier: MIT
// Built under macros that change Eigen, and run: the spectral laws hold under each.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <vector>

#include "dope/spectral/entropy.hpp"
#include "dope/spectral/gram.hpp"
#include "dope/spectral/spectrum.hpp"

namespace {

constexpr std::size_t width = 32;

/// Rows s_i·e_i + e_0/4: Σ is known in closed form, not diagonal, and of no two equal entries on its
/// diagonal.
std::vector<double> rows() {
  std::vector<double> x(width * width, 0.0);
  for (std::size_t i = 0; i < width; ++i) {
    x[i * width + i] = 1.0 + 0.25 * static_cast<double>(i);
    x[i * width] += 0.25;
  }
  return x;
}

double right(std::size_t i, std::size_t j) {
  const auto side = [](std::size_t k) { return 1.0 + 0.25 * static_cast<double>(k); };
  if (i > 0 && j > 0) return i == j ? side(i) * side(i) : 0.0;
  if (i == 0 && j == 0) return (side(0) + 0.25) * (side(0) + 0.25) + 0.0625 * (width - 1);
  return 0.25 * side(i + j);
}

bool near(const char* what, double value, double expected, double tolerance) {
  if (std::abs(value - expected) <= tolerance) return true;
  std::printf("%s: %.17g, expected %.17g\n", what, value, expected);
  return false;
}

}  // namespace

int main() {
  const std::vector<double> x = rows();
  const auto head = dope::dense_head(x.data(), width, width);
  bool good = true;
  // Σλ ln λ from the characteristic polynomial's roots, found by bisection: λ is a root of
  // f(λ) = a − λ − Σ_i b_i²/(d_i − λ), between neighbouring d_i and beyond both ends.
  std::array<double, width> lambda{};
  const auto f = [](double at) {
    double value = right(0, 0) - at;
    for (std::size_t i = 1; i < width; ++i) value -= right(0, i) * right(0, i) / (right(i, i) - at);
    return value;
  };
  for (std::size_t i = 0; i < width; ++i) {
    double low = i == 0 ? 0.0 : right(i, i);
    double high = i + 1 == width ? 2.0 * right(i, i) + 100.0 : right(i + 1, i + 1);
    for (int step = 0; step < 200; ++step) {
      const double middle = 0.5 * (low + high);
      (f(middle) > 0.0 ? low : high) = middle;  // f falls from +∞ to −∞ between two poles
    }
    lambda[i] = 0.5 * (low + high);
  }
  double trace = 0.0;
  for (std::size_t i = 0; i < width; ++i) trace += right(i, i);
  double entropy = 0.0;
  for (const double value : lambda) entropy -= value / trace * std::log(value / trace);

  using dope::Accumulation;
  for (const auto accumulation :
       {Accumulation::float_blocks, Accumulation::double_blocks, Accumulation::triangular_factor}) {
    const auto gram = dope::gram_of(head, {.accumulation = accumulation});
    const auto sigma = gram.matrix();
    const double tolerance = (accumulation == Accumulation::float_blocks ? 0x1p-18 : 0x1p-44) * trace;
    for (std::size_t i = 0; i < width; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        const auto row = static_cast<Eigen::Index>(i);
        const auto column = static_cast<Eigen::Index>(j);
        good &= near("entry of the Gram", sigma(row, column), right(i, j), tolerance);
      }
    }
    good &= near("trace", sigma.trace(), trace, tolerance);
    const auto system = dope::eigensystem_of(gram);
    for (std::size_t i = 0; i < width; ++i) {
      good &= near("eigenvalue", dope::spectrum_of(gram).values[width - 1 - i], lambda[i], tolerance);
      const auto v = system.vectors.col(static_cast<Eigen::Index>(i));
      const double residual = (sigma * v - system.spectrum.values[i] * v).norm();
      good &= near("residual of an eigenvector", residual, 0.0, 32.0 * tolerance);
    }
    good &= near("von Neumann entropy", dope::von_neumann(dope::spectrum_of(gram)), entropy,
                 accumulation == Accumulation::float_blocks ? 1e-5 : 1e-11);
    auto halves = dope::gram_of(head.slice(0, 11), {.accumulation = accumulation});
    halves.merge(dope::gram_of(head.slice(11, width - 11), {.accumulation = accumulation}));
    good &= near("trace of a merged Gram", halves.matrix().trace(), trace, tolerance);
  }
  const auto uncomp = dope::gram_of(head, {dope::Centring::token_mean, dope::RowScaling::unit});
  good &= near("trace of unit rows", uncomp.matrix().trace(), width, 1e-5 * width);
  return good ? 0 : 1;
}
