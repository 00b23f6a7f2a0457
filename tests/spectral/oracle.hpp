// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numbers>
#include <random>
#include <vector>

#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"

/// Slow and obvious spectral quantities in long double, and rows to measure them on. Nothing here is
/// shared with the library but the scalar types.
namespace oracle {

using Real = long double;

/// Row-major rows × columns.
struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<Real> values;

  Matrix(std::size_t rows_, std::size_t columns_)
      : rows(rows_), columns(columns_), values(rows_ * columns_) {}
  Real& operator()(std::size_t row, std::size_t column) { return values[row * columns + column]; }
  Real operator()(std::size_t row, std::size_t column) const { return values[row * columns + column]; }
};

/// Widths to loop over: 2 … 256 with odd multiples of 2.
inline const std::vector<std::size_t> widths = {2, 4, 6, 10, 16, 32, 64, 90, 128, 250, 256};
inline const std::vector<std::size_t> small_widths = {2, 4, 6, 10, 32, 64};

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  Real uniform() { return (static_cast<Real>(engine_() >> 11) + 0.5L) * 0x1p-53L; }
  Real normal() {
    const Real radius = std::sqrt(-2.0L * std::log(uniform()));
    return radius * std::cos(2.0L * std::numbers::pi_v<Real> * uniform());
  }
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }

 private:
  std::mt19937_64 engine_;
};

inline Matrix normals(std::size_t rows, std::size_t columns, Random& random) {
  Matrix matrix(rows, columns);
  for (Real& value : matrix.values) value = random.normal();
  return matrix;
}

inline Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(a.rows, b.columns);
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t k = 0; k < a.columns; ++k) {
      for (std::size_t j = 0; j < b.columns; ++j) c(i, j) += a(i, k) * b(k, j);
    }
  }
  return c;
}

/// A random orthogonal matrix: Gram–Schmidt, twice, on normals.
inline Matrix orthogonal(std::size_t width, Random& random) {
  Matrix q = normals(width, width, random);
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t i = 0; i < width; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        Real dot = 0;
        for (std::size_t c = 0; c < width; ++c) dot += q(i, c) * q(j, c);
        for (std::size_t c = 0; c < width; ++c) q(i, c) -= dot * q(j, c);
      }
      Real norm = 0;
      for (std::size_t c = 0; c < width; ++c) norm += q(i, c) * q(i, c);
      norm = std::sqrt(norm);
      for (std::size_t c = 0; c < width; ++c) q(i, c) /= norm;
    }
  }
  return q;
}

inline Matrix gram(const Matrix& x) {
  Matrix sigma(x.columns, x.columns);
  for (std::size_t t = 0; t < x.rows; ++t) {
    for (std::size_t i = 0; i < x.columns; ++i) {
      for (std::size_t j = 0; j < x.columns; ++j) sigma(i, j) += x(t, i) * x(t, j);
    }
  }
  return sigma;
}

inline std::vector<Real> mean(const Matrix& x) {
  std::vector<Real> sum(x.columns);
  for (std::size_t t = 0; t < x.rows; ++t) {
    for (std::size_t c = 0; c < x.columns; ++c) sum[c] += x(t, c);
  }
  for (Real& value : sum) value /= static_cast<Real>(x.rows);
  return sum;
}

inline Matrix centred(Matrix x) {
  const auto middle = mean(x);
  for (std::size_t t = 0; t < x.rows; ++t) {
    for (std::size_t c = 0; c < x.columns; ++c) x(t, c) -= middle[c];
  }
  return x;
}

inline Matrix normalised(Matrix x) {
  for (std::size_t t = 0; t < x.rows; ++t) {
    Real norm = 0;
    for (std::size_t c = 0; c < x.columns; ++c) norm += x(t, c) * x(t, c);
    norm = std::sqrt(norm);
    for (std::size_t c = 0; c < x.columns; ++c) x(t, c) = norm > 0 ? x(t, c) / norm : 0;
  }
  return x;
}

/// Eigenvalues of a symmetric matrix, ascending: cyclic Jacobi rotations.
inline std::vector<Real> symmetric_eigenvalues(Matrix a) {
  const std::size_t n = a.rows;
  Real norm = 0;
  for (const Real value : a.values) norm = std::max(norm, std::abs(value));
  for (int sweep = 0; sweep < 60; ++sweep) {
    bool turned = false;
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        const Real floor = std::max(1e-21L * std::sqrt(std::abs(a(p, p) * a(q, q))), 1e-30L * norm);
        if (std::abs(a(p, q)) <= floor) continue;
        turned = true;
        const Real theta = (a(q, q) - a(p, p)) / (2 * a(p, q));
        const Real t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::hypot(theta, 1.0L));
        const Real c = 1 / std::sqrt(t * t + 1);
        const Real s = t * c;
        for (std::size_t k = 0; k < n; ++k) {
          const Real x = a(k, p);
          const Real y = a(k, q);
          a(k, p) = c * x - s * y;
          a(k, q) = s * x + c * y;
        }
        for (std::size_t k = 0; k < n; ++k) {
          const Real x = a(p, k);
          const Real y = a(q, k);
          a(p, k) = c * x - s * y;
          a(q, k) = s * x + c * y;
        }
      }
    }
    if (!turned) break;
  }
  std::vector<Real> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = a(i, i);
  std::sort(values.begin(), values.end());
  return values;
}

/// Those of a semidefinite matrix, descending, none below 0.
inline std::vector<Real> eigenvalues(const Matrix& a) {
  std::vector<Real> values = symmetric_eigenvalues(a);
  std::reverse(values.begin(), values.end());
  for (Real& value : values) value = std::max<Real>(value, 0);
  return values;
}

/// Squared singular values of x, descending, without a Gram: one-sided Jacobi on the columns. It keeps
/// small values that a Gram, even one in long double, has lost.
inline std::vector<Real> squared_singular_values(const Matrix& x) {
  const std::size_t n = x.columns;
  std::vector<std::vector<Real>> columns(n, std::vector<Real>(x.rows));
  for (std::size_t t = 0; t < x.rows; ++t) {
    for (std::size_t c = 0; c < n; ++c) columns[c][t] = x(t, c);
  }
  const auto dot = [](const std::vector<Real>& a, const std::vector<Real>& b) {
    Real sum = 0;
    for (std::size_t t = 0; t < a.size(); ++t) sum += a[t] * b[t];
    return sum;
  };
  for (int sweep = 0; sweep < 60; ++sweep) {
    bool turned = false;
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        const Real pp = dot(columns[p], columns[p]);
        const Real qq = dot(columns[q], columns[q]);
        const Real pq = dot(columns[p], columns[q]);
        if (std::abs(pq) <= 1e-17L * std::sqrt(pp * qq)) continue;
        turned = true;
        const Real theta = (qq - pp) / (2 * pq);
        const Real t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::hypot(theta, 1.0L));
        const Real c = 1 / std::sqrt(t * t + 1);
        const Real s = t * c;
        for (std::size_t k = 0; k < x.rows; ++k) {
          const Real a = columns[p][k];
          const Real b = columns[q][k];
          columns[p][k] = c * a - s * b;
          columns[q][k] = s * a + c * b;
        }
      }
    }
    if (!turned) break;
  }
  std::vector<Real> values(n);
  for (std::size_t c = 0; c < n; ++c) values[c] = dot(columns[c], columns[c]);
  std::sort(values.begin(), values.end(), std::greater<>());
  return values;
}

inline Real minus_x_log_x(Real x) { return x > 0 ? -x * std::log(x) : 0; }

inline Real sum(const std::vector<Real>& values, std::size_t count) {
  Real total = 0;
  for (std::size_t i = 0; i < count; ++i) total += values[i];
  return total;
}

/// −Σ_{i<r} π_i ln π_i with π normalised over the first r. The leading term by log1p: a spike's share
/// rounds to 1 even here.
inline Real entropy_of_first(const std::vector<Real>& values, std::size_t r) {
  const Real total = sum(values, r);
  Real entropy = 0;
  Real rest = 0;
  for (std::size_t i = 1; i < r; ++i) {
    rest += values[i];
    entropy += minus_x_log_x(values[i] / total);
  }
  return entropy - (values[0] / total) * std::log1p(-rest / total);
}

inline Real von_neumann(const std::vector<Real>& values) { return entropy_of_first(values, values.size()); }

inline Real uncomp(const std::vector<Real>& values, std::size_t r) {
  const Real total = sum(values, values.size());
  Real entropy = 0;
  for (std::size_t i = 0; i < r; ++i) entropy += minus_x_log_x(values[i] / total + 1e-10L);
  return entropy / std::log(static_cast<Real>(values.size()));
}

/// Rows with singular values near scale·σ_i/√… in random directions: normals times diag(σ) times an
/// orthogonal matrix.
inline Matrix rows_of(std::size_t tokens, const std::vector<Real>& sigma, Random& random) {
  Matrix x = normals(tokens, sigma.size(), random);
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t c = 0; c < sigma.size(); ++c) x(t, c) *= sigma[c];
  }
  return product(x, orthogonal(sigma.size(), random));
}

/// The same rows as a library user holds them: stored as T, with a token stride.
template <dope::Scalar T>
struct Head {
  std::vector<T> storage;
  std::size_t tokens;
  std::size_t width;
  std::size_t stride;

  explicit Head(const Matrix& x, std::size_t gap = 0)
      : storage(x.rows * (x.columns + gap), T(dope::compute_t<T>(1e4f))),
        tokens(x.rows),
        width(x.columns),
        stride(x.columns + gap) {
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t c = 0; c < width; ++c) {
        storage[t * stride + c] = T(static_cast<dope::compute_t<T>>(x(t, c)));
      }
    }
  }

  [[nodiscard]] dope::HeadView<const T> view() const { return {storage.data(), tokens, width, stride}; }

  /// What the storage holds, exactly: every comparison starts from here.
  [[nodiscard]] Matrix exact() const {
    Matrix x(tokens, width);
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t c = 0; c < width; ++c) {
        x(t, c) = static_cast<Real>(static_cast<dope::compute_t<T>>(storage[t * stride + c]));
      }
    }
    return x;
  }
};

}  // namespace oracle
