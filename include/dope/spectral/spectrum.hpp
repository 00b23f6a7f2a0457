// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dope/core/error.hpp"
#include "dope/core/ieee.hpp"
#include "dope/spectral/eigenvalues.hpp"
#include "dope/spectral/gram.hpp"
#include "dope/spectral/matrix.hpp"

// What needs a solver or a product of matrices is a template, so that a unit that asks for no spectrum
// does not compile one.

namespace dope {

/// The eigenvalues of a Gram: λ₁ ≥ … ≥ λ_d ≥ 0, and their sum.
///
/// λ_i = σ_i², σ_i the singular values of the rows X behind the Gram. trace > 0: a zero Gram has no
/// spectrum to speak of and is an Error where one is asked for. `bisected` of the values were found by
/// bisection, as the iteration did not find them: right as the others, and dearer (solve_tridiagonal).
struct Spectrum {
  std::vector<double> values;
  double trace = 0.0;
  std::size_t bisected = 0;

  [[nodiscard]] std::size_t width() const noexcept { return values.size(); }
  [[nodiscard]] double largest() const noexcept { return values.front(); }
  /// p_i = λ_i / Σ_j λ_j.
  [[nodiscard]] double share(std::size_t i) const noexcept { return values[i] / trace; }
};

/// The spectrum of given eigenvalues, in any order. Values below 0 (rounding of a semidefinite matrix)
/// count as 0. Throws Error where a value is not finite or none is above 0.
[[nodiscard]] inline Spectrum spectrum_of(std::vector<double> eigenvalues) {
  Spectrum spectrum{std::move(eigenvalues)};
  for (std::size_t i = 0; i < spectrum.values.size(); ++i) {
    double& value = spectrum.values[i];
    if (!std::isfinite(value)) {
      fail("spectrum_of", detail::text("eigenvalue ", value, " at ", i), "finite eigenvalues");
    }
    value = value > 0.0 ? value : 0.0;
  }
  std::sort(spectrum.values.begin(), spectrum.values.end(), std::greater<>());
  for (std::size_t i = spectrum.values.size(); i-- > 0;) spectrum.trace += spectrum.values[i];
  if (!(spectrum.trace > 0.0) || !std::isfinite(spectrum.trace)) {
    fail("spectrum_of", detail::text("eigenvalues of sum ", spectrum.trace),
         "at least one above 0 and a finite sum");
  }
  return spectrum;
}

/// A spectrum and its orthonormal eigenvectors: column i of `vectors` belongs to values[i].
///
/// Σ = V diag(λ) Vᵀ. Each column's entry of largest magnitude is positive, which fixes its sign.
struct Eigensystem {
  Spectrum spectrum;
  Matrix vectors;
};

namespace detail {

inline void require_finished(Eigen::ComputationInfo info, std::string_view where) {
  if (info != Eigen::ComputationInfo{})
    fail(std::string(where), "a matrix whose iteration does not end", "a Gram");
}

inline void require_tokens(const Gram& gram, std::string_view where) {
  if (gram.tokens() == 0) fail(std::string(where), "a Gram of no token", "at least one token");
}

/// Throws Error where a Gram's rows are all zero, or too small for their squares.
template <std::same_as<Gram> AGram>
void require_rows_of(const AGram& gram, std::string_view where) {
  require_tokens(gram, where);
  if (gram.options().accumulation == Accumulation::triangular_factor) {
    const double norm = gram.factor().stableNorm();
    require_energy(where, norm * norm, "the rows of a Gram");
  } else {
    require_energy(where, gram.matrix().trace(), "the rows of a Gram");
  }
}

inline std::vector<double> squares(const Eigen::VectorXd& singular) {
  std::vector<double> values(static_cast<std::size_t>(singular.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double sigma = singular[static_cast<Eigen::Index>(i)];
    values[i] = sigma * sigma;
  }
  return values;
}

}  // namespace detail

/// The spectrum of a symmetric positive semidefinite matrix. Worst error per eigenvalue:
/// eigenvalue_error(d)·λ₁, so the ones far below that are noise. Throws Error unless square and finite, with
/// a sum of eigenvalues above 0 and in double's range.
template <class Derived>
[[nodiscard]] Spectrum spectrum_of(const Eigen::MatrixBase<Derived>& matrix) {
  const Eigen::Ref<const Matrix> symmetric(matrix);
  if (symmetric.rows() != symmetric.cols() || symmetric.rows() == 0 || !symmetric.allFinite()) {
    fail("spectrum_of",
         detail::text("a matrix of ", symmetric.rows(), " x ", symmetric.cols(), ", or not finite"),
         "a finite square matrix");
  }
  detail::Eigenvalues found =
      detail::symmetric_eigenvalues(symmetric.data(), static_cast<std::size_t>(symmetric.rows()),
                                    static_cast<std::size_t>(symmetric.outerStride()));
  Spectrum spectrum = spectrum_of(std::move(found.values));
  spectrum.bisected = found.bisected;
  return spectrum;
}

/// The spectrum of a Gram; from its factor's singular values where it holds one, whose worst error is
/// about d·2⁻⁵²·σ₁ per σ_i. Throws Error for a Gram of no token, of zero rows only, or of rows whose squares
/// sum to less than 2⁻⁹⁶⁰: below magnitude 2⁻⁴⁸⁰ products lose digits, or are 0.
template <std::same_as<Gram> AGram>
[[nodiscard]] Spectrum spectrum_of(const AGram& gram) {
  detail::require_rows_of(gram, "spectrum_of");
  if (gram.options().accumulation != Accumulation::triangular_factor) return spectrum_of(gram.matrix());
  const Eigen::JacobiSVD<Matrix> svd(gram.factor());
  return spectrum_of(detail::squares(svd.singularValues()));
}

/// Spectrum and eigenvectors of a Gram, by Eigen's solver; throws as spectrum_of does. A vector's direction is right to
/// about 2⁻⁵²·λ₁ / (gap to the next eigenvalue).
template <std::same_as<Gram> AGram>
[[nodiscard]] Eigensystem eigensystem_of(const AGram& gram) {
  detail::require_rows_of(gram, "eigensystem_of");
  Eigensystem system;
  if (gram.options().accumulation == Accumulation::triangular_factor) {
    const Eigen::JacobiSVD<Matrix> svd(gram.factor(), Eigen::ComputeFullV);
    system = {spectrum_of(detail::squares(svd.singularValues())), svd.matrixV()};
  } else {
    const Eigen::SelfAdjointEigenSolver<Matrix> solver(gram.matrix());
    detail::require_finished(solver.info(), "eigensystem_of");
    const auto& values = solver.eigenvalues();
    system = {spectrum_of(std::vector<double>(values.data(), values.data() + values.size())),
              solver.eigenvectors().rowwise().reverse()};
  }
  for (Eigen::Index column = 0; column < system.vectors.cols(); ++column) {
    Eigen::Index at = 0;
    system.vectors.col(column).cwiseAbs().maxCoeff(&at);
    if (system.vectors(at, column) < 0.0) system.vectors.col(column) *= -1.0;
  }
  return system;
}

}  // namespace dope
