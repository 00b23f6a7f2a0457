// SPDX-License-Identifier: MIT
#include "dope/spectral/eigenvalues.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <string>

#include "spectral/oracle.hpp"

namespace {

/// The law's bound, for a matrix of norm 1; where d is small, what rounding A's own entries leaves.
double tolerance(std::size_t size) { return std::max(4.0, static_cast<double>(size)) * 0x1p-52; }

/// Sizes below, at and past whole registers of any target, and of heads.
const std::vector<std::size_t> sizes = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 64, 100, 128, 131};

struct Shape {
  std::string name;
  std::function<double(std::size_t i, std::size_t size)> value;
};

/// Spectra that solvers find easy, hard and degenerate, of norm 1.
const std::vector<Shape> shapes = {
    {"all equal", [](std::size_t, std::size_t) { return 1.0; }},
    {"even steps",
     [](std::size_t i, std::size_t size) { return static_cast<double>(i + 1) / static_cast<double>(size); }},
    {"both signs", [](std::size_t i, std::size_t) { return i % 2 == 0 ? 1.0 / (1.0 + double(i)) : -0.75; }},
    {"one spike", [](std::size_t i, std::size_t) { return i == 0 ? 1.0 : 1e-8; }},
    {"one missing", [](std::size_t i, std::size_t) { return i == 0 ? 0.0 : 1.0; }},
    {"of rank 2", [](std::size_t i, std::size_t) { return i == 0   ? 1.0
                                                          : i == 1 ? -0.5
                                                                   : 0.0; }},
    {"graded", [](std::size_t i, std::size_t) { return std::ldexp(1.0, -static_cast<int>(i)); }},
    {"near pairs",
     [](std::size_t i, std::size_t) { return 1.0 / (1.0 + double(i / 2)) - double(i) * 1e-14; }},
};

std::vector<double> with_spectrum(const std::vector<double>& values, oracle::Random& random) {
  const std::size_t size = values.size();
  const oracle::Matrix v = oracle::orthogonal(size, random);
  std::vector<double> matrix(size * size);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      oracle::Real sum = 0;
      for (std::size_t k = 0; k < size; ++k) sum += v(k, i) * values[k] * v(k, j);
      matrix[i * size + j] = static_cast<double>(sum);
    }
  }
  return matrix;
}

std::vector<double> eigenvalues_of(const std::vector<double>& matrix, std::size_t size) {
  return dope::detail::symmetric_eigenvalues(matrix.data(), size, size);
}

std::vector<double> ascending(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

double farthest(const std::vector<double>& a, const std::vector<double>& b) {
  double most = a.size() == b.size() ? 0.0 : std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double apart = std::abs(a[i] - b[i]);
    most = apart <= most ? most : apart;  // NaN counts as farthest
  }
  return most;
}

std::vector<double> of_tridiagonal(std::size_t size, const std::function<double(std::size_t)>& diagonal) {
  std::vector<double> matrix(size * size);
  for (std::size_t i = 0; i < size; ++i) {
    matrix[i * size + i] = diagonal(i);
    if (i + 1 < size) matrix[i * size + i + 1] = matrix[(i + 1) * size + i] = 1.0;
  }
  return ascending(eigenvalues_of(matrix, size));
}

}  // namespace

TEST_CASE("eigenvalues are the given ones to d·2⁻⁵²·‖A‖") {
  oracle::Random random(51);
  for (const Shape& shape : shapes) {
    for (const std::size_t size : sizes) {
      CAPTURE(shape.name);
      CAPTURE(size);
      std::vector<double> values(size);
      for (std::size_t i = 0; i < size; ++i) values[i] = shape.value(i, size);
      const std::vector<double> matrix = with_spectrum(values, random);
      const auto found = eigenvalues_of(matrix, size);
      CHECK(farthest(ascending(found), ascending(values)) <= tolerance(size));
    }
  }
}

TEST_CASE("a power of two times the matrix gives the same bits times it, to the ends of double's range") {
  oracle::Random random(52);
  for (const Shape& shape : shapes) {
    std::vector<double> values(33);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = shape.value(i, values.size());
    const std::vector<double> matrix = with_spectrum(values, random);
    const auto at_one = eigenvalues_of(matrix, values.size());
    for (const int exponent : {-900, -512, -1, 3, 512, 1020}) {
      auto scaled = matrix;
      for (double& x : scaled) x = std::ldexp(x, exponent);
      const auto found = eigenvalues_of(scaled, values.size());
      for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == std::ldexp(at_one[i], exponent));
    }
  }
}

TEST_CASE("columns may stand farther apart than their height") {
  oracle::Random random(54);
  for (const std::size_t size : sizes) {
    const auto matrix = with_spectrum(std::vector<double>(size, 0.5), random);
    const std::size_t stride = size + 3;
    std::vector<double> apart(size * stride, std::numeric_limits<double>::quiet_NaN());
    for (std::size_t j = 0; j < size; ++j) {
      for (std::size_t i = 0; i < size; ++i) apart[j * stride + i] = matrix[j * size + i];
    }
    CHECK(dope::detail::symmetric_eigenvalues(apart.data(), size, stride) == eigenvalues_of(matrix, size));
  }
}

TEST_CASE("only the lower triangle is read") {
  oracle::Random random(53);
  for (const std::size_t size : sizes) {
    auto matrix = with_spectrum(std::vector<double>(size, 0.5), random);
    for (std::size_t i = 0; i < size; ++i) matrix[i * size + i] += static_cast<double>(i);
    const auto whole = eigenvalues_of(matrix, size);
    for (std::size_t column = 0; column < size; ++column) {
      for (std::size_t row = 0; row < column; ++row) {
        matrix[column * size + row] = std::numeric_limits<double>::quiet_NaN();
      }
    }
    CHECK(eigenvalues_of(matrix, size) == whole);
  }
}

TEST_CASE("matrices whose eigenvalues are known by formula") {
  for (const std::size_t size : sizes) {
    CAPTURE(size);
    CHECK(eigenvalues_of(std::vector<double>(size * size, 0.0), size) == std::vector<double>(size, 0.0));
    // The second difference: 2 + 2·cos(kπ/(d + 1)), of norm below 4.
    std::vector<double> known;
    for (std::size_t k = size; k >= 1; --k) {
      known.push_back(
          2.0 + 2.0 * std::cos(static_cast<double>(k) * std::numbers::pi / static_cast<double>(size + 1)));
    }
    CHECK(farthest(of_tridiagonal(size, [](std::size_t) { return 2.0; }), known) <= 4.0 * tolerance(size));
    // All ones: d once, else 0; Householder leaves rounding's rounding below its first step.
    std::vector<double> of_ones(size, 0.0);
    of_ones.back() = static_cast<double>(size);
    const std::vector<double> ones(size * size, 1.0);
    CHECK(farthest(ascending(eigenvalues_of(ones, size)), of_ones) <=
          static_cast<double>(size) * tolerance(size));
  }
  // Wilkinson's W₂₁⁺: pairs that agree to many digits (The Algebraic Eigenvalue Problem, 5.45).
  const auto found =
      of_tridiagonal(21, [](std::size_t i) { return std::abs(static_cast<double>(i) - 10.0); });
  CHECK(found[20] == doctest::Approx(10.746194182903393).epsilon(1e-14));
  CHECK(found[19] == doctest::Approx(10.746194182903322).epsilon(1e-14));
  CHECK(found[0] == doctest::Approx(-1.1254415221199847).epsilon(1e-14));
}
