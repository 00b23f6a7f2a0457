// SPDX-License-Identifier: MIT
#include "dope/spectral/eigenvalues.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <string>

#include "spectral/matrices.hpp"
#include "spectral/oracle.hpp"

namespace {

/// The law's bound for a matrix of norm 1, and what rounding the matrix to double does to its eigenvalues.
double tolerance(std::size_t size) {
  return dope::eigenvalue_error(size) + std::sqrt(static_cast<double>(size)) * 0x1p-53;
}

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
  return dope::detail::symmetric_eigenvalues(matrix.data(), size, size).values;
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

/// The largest error of sorted eigenvalues beside long double, in units of the law.
double error_by_law(const std::vector<double>& found, const oracle::Matrix& matrix) {
  const auto exact = oracle::symmetric_eigenvalues(matrix);
  const oracle::Real norm = std::max(std::abs(exact.front()), std::abs(exact.back()));
  oracle::Real most = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const oracle::Real apart = std::abs(found[i] - exact[i]);
    if (!(apart <= most)) most = apart;
  }
  return static_cast<double>(most / std::max(norm * dope::eigenvalue_error(found.size()), 0x1p-1074L));
}

struct Entries {
  std::vector<double> diagonal;
  std::vector<double> beside;
};

oracle::Matrix wide(const Entries& entries) {
  const std::size_t size = entries.diagonal.size();
  oracle::Matrix matrix(size, size);
  for (std::size_t i = 0; i < size; ++i) {
    matrix(i, i) = entries.diagonal[i];
    if (i + 1 < size) matrix(i, i + 1) = matrix(i + 1, i) = entries.beside[i];
  }
  return matrix;
}

/// The iteration alone, on a tridiagonal matrix.
std::vector<double> solved(const Entries& entries, std::size_t patience, std::size_t* bisected = nullptr) {
  dope::detail::Tridiagonal t{entries.diagonal, entries.beside};
  for (double& value : t.squares) value *= value;
  const std::size_t count = dope::detail::solve_tridiagonal(t, patience);
  if (bisected != nullptr) *bisected = count;
  return ascending(t.diagonal);
}

constexpr std::size_t patience = dope::detail::patience_of_ql;

std::vector<double> of_tridiagonal(std::size_t size, const std::function<double(std::size_t)>& diagonal) {
  std::vector<double> matrix(size * size);
  for (std::size_t i = 0; i < size; ++i) {
    matrix[i * size + i] = diagonal(i);
    if (i + 1 < size) matrix[i * size + i + 1] = matrix[(i + 1) * size + i] = 1.0;
  }
  return ascending(eigenvalues_of(matrix, size));
}

}  // namespace

TEST_CASE("eigenvalues are the given ones to the law") {
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
    for (const int exponent : {-960, -512, -1, 3, 512, 1020}) {
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
    CHECK(dope::detail::symmetric_eigenvalues(apart.data(), size, stride).values ==
          eigenvalues_of(matrix, size));
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

TEST_CASE("matrices of every kind: the law, beside long double, by iteration and by bisection") {
  for (std::size_t kind = 0; kind < matrices::kinds; ++kind) {
    for (const std::size_t size : {1u, 2u, 3u, 4u, 5u, 8u, 17u, 24u}) {
      for (std::uint64_t seed = 0; seed < (size < 9 ? 6 : 1); ++seed) {
        CAPTURE(matrices::names[kind]);
        CAPTURE(size);
        CAPTURE(seed);
        const Eigen::MatrixXd matrix = matrices::make(static_cast<matrices::Kind>(kind), size, seed);
        oracle::Matrix exact(size, size);
        for (std::size_t i = 0; i < size; ++i) {
          for (std::size_t j = 0; j < size; ++j)
            exact(i, j) = matrix(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
        }
        for (const std::size_t passes : {patience, std::size_t{0}}) {
          const auto found = dope::detail::symmetric_eigenvalues(matrix.data(), size, size, passes);
          CHECK(error_by_law(ascending(found.values), exact) <= 1.0);
        }
      }
    }
  }
}

TEST_CASE("wide matrices of every kind: iteration and bisection agree to the law") {
  for (std::size_t kind = 0; kind < matrices::kinds; ++kind) {
    for (const std::size_t size : {33u, 64u, 110u}) {
      CAPTURE(matrices::names[kind]);
      CAPTURE(size);
      const Eigen::MatrixXd matrix = matrices::make(static_cast<matrices::Kind>(kind), size, 1);
      const auto found = ascending(dope::detail::symmetric_eigenvalues(matrix.data(), size, size).values);
      const auto other = ascending(dope::detail::symmetric_eigenvalues(matrix.data(), size, size, 0).values);
      const double norm = std::max(std::abs(found.front()), std::abs(found.back()));
      CHECK(farthest(found, other) <= dope::eigenvalue_error(size) * norm);
    }
  }
}

// 1 + k·2⁻⁵³ on the diagonal, m·2⁻⁵³ beside it. An iteration that reverses such a block before each sweep,
// the smaller end on top, goes round in a circle for ever.
TEST_CASE("blocks whose diagonal agrees to rounding: the iteration ends, and by itself") {
  const std::vector<std::pair<std::vector<int>, std::vector<int>>> circles = {
      {{-9, -29, -35, -22}, {4, 25, 19}},
      {{-6, -37, -2, 0}, {19, 25, 5}},
      {{-4, 8, -26, -5}, {4, 15, 13}},
      {{8, -12, 18, 16, -7}, {18, 16, 17, 23}},
      {{-20, -40, 12, 6, 12, -26, 8}, {23, 19, 9, 9, 6, 16}},
      {{16, -23, -23, -3, 8, 4, -7, 2}, {24, 13, 15, 5, 2, 14, 21}},
      {{16, -1, -40, -10, -22, 14, -14, -28}, {5, 15, 25, 25, 20, 24, 13}}};
  for (const auto& [on, beside] : circles) {
    Entries entries;
    for (const int k : on) entries.diagonal.push_back(1.0 + k * 0x1p-53);
    for (const int m : beside) entries.beside.push_back(m * 0x1p-53);
    std::size_t bisected = 1;
    const auto found = solved(entries, patience, &bisected);
    CHECK(bisected == 0);
    CHECK(error_by_law(found, wide(entries)) <= 1.0);
  }
}

// The first of two sweeps leaves an exact 0 beside the diagonal, where the second has a pivot of 0.
TEST_CASE("two sweeps that meet 0/0 still give every eigenvalue") {
  const std::vector<Entries> all = {
      {{-1, 0, -1, 1, -1, 1, 1, 1, 1, -1, -1, 1}, {2, 1, 2, 0, 0, 1, 1, 2, 1, 2, 1}},
      {{-1, 0, 0, 0, 0, -1, 0, 0, -1, 0, 0, -1}, {0, 1, 0, 1, 1, 2, 1, 2, 2, 1, 0}},
      {{-1, 0, 0, -1, 0, 0, 2, 0, 0, -1}, {0, 2, 1, 2, 2, 2, 2, 2, 0}}};
  for (const Entries& entries : all) {
    CHECK(error_by_law(solved(entries, patience), wide(entries)) <= 1.0);
  }
}

TEST_CASE("where patience is spent, bisection finds what is left, and is counted") {
  for (const std::size_t size : {3u, 8u, 33u, 128u}) {
    Entries entries{std::vector<double>(size, 2.0), std::vector<double>(size - 1, 1.0)};
    std::vector<double> known;
    for (std::size_t k = size; k >= 1; --k) {
      known.push_back(
          2.0 + 2.0 * std::cos(static_cast<double>(k) * std::numbers::pi / static_cast<double>(size + 1)));
    }
    for (const std::size_t passes : {0u, 1u, 2u}) {
      std::size_t bisected = 0;
      CHECK(farthest(solved(entries, passes, &bisected), known) <= 4.0 * tolerance(size));
      CHECK(bisected <= size);
      if (passes == 0) CHECK(bisected == size);
    }
    std::size_t bisected = 1;
    solved(entries, patience, &bisected);
    CHECK(bisected == 0);
  }
}

TEST_CASE("matrices of the least and the largest numbers have eigenvalues") {
  for (const double entry : {0x1p-1074, 0x1p-1022, 0x1p+1015}) {
    for (const std::size_t size : {1u, 3u, 16u, 128u}) {
      const auto found = ascending(eigenvalues_of(std::vector<double>(size * size, entry), size));
      const double largest = entry * static_cast<double>(size);
      CHECK(std::abs(found.back() - largest) <= std::max(tolerance(size) * largest, 0x1p-1074));
      for (std::size_t i = 0; i + 1 < size; ++i)
        CHECK(std::abs(found[i]) <= std::max(tolerance(size) * largest, 0x1p-1074));
    }
  }
}
