// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <variant>
#include <vector>

#include "dope/conformance/case.hpp"
#include "dope/conformance/oracle_rotation.hpp"

// Grams, eigenvalues and the six entropies from their definitions, in long double. It shares no code
// with spectral/, only the names of the choices.

namespace dope::conformance::oracle {

/// A dense square matrix.
struct Matrix {
  std::size_t width = 0;
  std::vector<Real> entries;
  explicit Matrix(std::size_t n) : width(n), entries(n * n, 0) {}
  Real& operator()(std::size_t i, std::size_t j) { return entries[i * width + j]; }
  [[nodiscard]] Real operator()(std::size_t i, std::size_t j) const { return entries[i * width + j]; }
};

/// Σ_t y_t y_tᵀ of rows [tokens, width], centred first, then divided by their norm, as asked.
[[nodiscard]] inline Matrix gram(std::span<const double> x, std::size_t width, Centring centring,
                                 RowScaling rows) {
  const std::size_t tokens = x.size() / width;
  std::vector<Real> mean(width, 0);
  if (centring == Centring::token_mean) {
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t i = 0; i < width; ++i) mean[i] += Real(x[t * width + i]) / static_cast<Real>(tokens);
    }
  }
  Matrix sigma(width);
  std::vector<Real> y(width);
  for (std::size_t t = 0; t < tokens; ++t) {
    Real square = 0;
    for (std::size_t i = 0; i < width; ++i) {
      y[i] = Real(x[t * width + i]) - mean[i];
      square += y[i] * y[i];
    }
    const Real divisor = rows == RowScaling::unit ? square : Real(1);
    if (!(divisor > 0)) continue;
    for (std::size_t i = 0; i < width; ++i) {
      for (std::size_t j = 0; j < width; ++j) sigma(i, j) += y[i] * y[j] / divisor;
    }
  }
  return sigma;
}

/// Eigenvalues of a symmetric matrix, largest first, by Jacobi's rotations until nothing is left.
[[nodiscard]] inline std::vector<Real> eigenvalues(Matrix a) {
  for (int sweep = 0; sweep < 60; ++sweep) {
    Real off = 0;
    Real diagonal = 0;
    for (std::size_t i = 0; i < a.width; ++i) {
      diagonal += a(i, i) * a(i, i);
      for (std::size_t j = 0; j < i; ++j) off += a(i, j) * a(i, j);
    }
    if (off <= diagonal * Real(1e-38L)) break;
    for (std::size_t p = 0; p < a.width; ++p) {
      for (std::size_t q = p + 1; q < a.width; ++q) {
        if (a(p, q) == 0) continue;
        const Real theta = (a(q, q) - a(p, p)) / (2 * a(p, q));
        const Real t = (theta >= 0 ? Real(1) : Real(-1)) / (std::abs(theta) + std::sqrt(theta * theta + 1));
        const Real c = 1 / std::sqrt(t * t + 1);
        const Real s = t * c;
        for (std::size_t k = 0; k < a.width; ++k) {
          const Real kp = a(k, p);
          const Real kq = a(k, q);
          a(k, p) = c * kp - s * kq;
          a(k, q) = s * kp + c * kq;
        }
        for (std::size_t k = 0; k < a.width; ++k) {
          const Real pk = a(p, k);
          const Real qk = a(q, k);
          a(p, k) = c * pk - s * qk;
          a(q, k) = s * pk + c * qk;
        }
      }
    }
  }
  std::vector<Real> values;
  for (std::size_t i = 0; i < a.width; ++i) values.push_back((std::max)(a(i, i), Real(0)));
  std::sort(values.begin(), values.end(), std::greater<>());
  return values;
}

namespace detail {

inline Real minus_x_log_x(Real x) { return x > 0 ? -x * std::log(x) : Real(0); }

inline Real sum_of_leading(const std::vector<Real>& values, std::size_t r) {
  Real sum = 0;
  for (std::size_t i = 0; i < r; ++i) sum += values[i];
  return sum;
}

inline Real leading_entropy(const std::vector<Real>& values, std::size_t r) {
  const Real sum = sum_of_leading(values, r);
  Real entropy = 0;
  for (std::size_t i = 0; i < r; ++i) entropy += minus_x_log_x(values[i] / sum);
  return entropy;
}

struct EntropyOf {
  std::span<const double> x;
  const EntropyTask& task;

  [[nodiscard]] std::vector<Real> spectrum(Centring centring, RowScaling rows) const {
    return eigenvalues(gram(x, task.width, centring, rows));
  }
  [[nodiscard]] std::vector<Real> plain() const { return spectrum(Centring::none, RowScaling::none); }

  Real operator()(const VonNeumann&) const { return leading_entropy(plain(), task.width); }
  Real operator()(const BandMean&) const {
    Real sum = 0;
    for (std::size_t band = 0; band < task.width / 2; ++band) {
      const Pair at = pair_of(task.pairing, band, task.width);
      std::vector<double> pairs;
      for (std::size_t t = 0; t < task.tokens; ++t) {
        pairs.push_back(x[t * task.width + at.first]);
        pairs.push_back(x[t * task.width + at.second]);
      }
      sum += leading_entropy(eigenvalues(gram(pairs, 2, Centring::none, RowScaling::none)), 2);
    }
    return sum / static_cast<Real>(task.width / 2);
  }
  Real operator()(const TruncatedEffectiveRank& e) const { return std::exp(leading_entropy(plain(), e.r)); }
  Real operator()(const TruncatedMean& e) const {
    Real sum = 0;
    const std::vector<Real> values = plain();
    for (std::size_t i = 0; i < e.r; ++i) sum -= minus_x_log_x(values[i]);
    return sum / static_cast<Real>(e.r);
  }
  Real operator()(const Uncomp& e) const {
    const std::vector<Real> values = spectrum(Centring::token_mean, RowScaling::unit);
    const Real trace = sum_of_leading(values, task.width);
    Real sum = 0;
    for (std::size_t i = 0; i < e.r; ++i) sum += minus_x_log_x(values[i] / trace + Real(1e-10L));
    return sum / std::log(static_cast<Real>(task.width));
  }
  Real operator()(const SpectralNorm& e) const {
    const std::vector<Real> values = plain();
    return e.scale == NormScale::raw ? values[0] : values[0] / sum_of_leading(values, task.width);
  }
};

}  // namespace detail

/// One entropy of rows [tokens, width] by its definition (entropy.hpp).
[[nodiscard]] inline Real entropy(const EntropyTask& task, std::span<const double> x, const Entropy& which) {
  return std::visit(detail::EntropyOf{x, task}, which);
}

}  // namespace dope::conformance::oracle
