// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string_view>

/// Symmetric matrices that eigenvalue solvers find easy, hard and degenerate, each from a seed.
namespace matrices {

enum class Kind {
  half_orthogonal,       // ½·Q·Qᵀ: ½ to rounding, as the Gram of nearly isotropic rows
  identity_1_ulp,        // 1 + symmetric noise of so many units in the last place
  identity_10_ulp,       //
  identity_100_ulp,      //
  tridiagonal_ulp,       // tridiagonal, 1 + a few units in the last place, beside it a few units
  two_clusters,          // two eigenvalues, each many times, to a few units in the last place
  graded,                // eigenvalues 1, ½, ¼, … in random directions
  graded_entries,        // D·A·D, D = diag(1, 2⁻³, 2⁻⁶, …): small ones below
  graded_upwards,        // the same turned round: small ones on top
  glued_wilkinson,       // W₂₁⁺ again and again, neighbours tied by 10⁻¹⁵ … 10⁻³
  toeplitz,              // constant diagonals of normals
  small_integers,        // entries −2 … 2: exact zeros and ties
  tridiagonal_integers,  // the same, tridiagonal
  normals,               // indefinite
  constant_rows,         // Grams: of one row repeated, with noise of 2⁻²⁴ or none
  isotropic_rows,        // of 4·d normal rows
  rotated_rows,          // of one row, rotated by RoPE to 4·d positions
  few_rows,              // of d/3 normal rows: rank below the width
};
inline constexpr std::size_t kinds = static_cast<std::size_t>(Kind::few_rows) + 1;

inline constexpr std::string_view names[kinds] = {
    "half orthogonal", "identity, 1 ulp", "identity, 10 ulp", "identity, 100 ulp", "tridiagonal, ulps",
    "two clusters",    "graded",          "graded entries",   "graded upwards",    "glued Wilkinson",
    "Toeplitz",        "small integers",  "tridiagonal ints", "normals",           "constant rows",
    "isotropic rows",  "rotated rows",    "few rows"};

class Source {
 public:
  explicit Source(std::uint64_t seed) : engine_(seed) {}
  double uniform() { return (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53; }
  double normal() { return normal_(engine_); }
  /// One of −reach … reach.
  double integer(int reach) {
    return static_cast<double>(engine_() % static_cast<std::uint64_t>(2 * reach + 1)) - reach;
  }
  std::uint64_t below(std::uint64_t count) { return engine_() % count; }

 private:
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
};

inline Eigen::MatrixXd normals(Eigen::Index rows, Eigen::Index columns, Source& source) {
  Eigen::MatrixXd x(rows, columns);
  for (Eigen::Index j = 0; j < columns; ++j) {
    for (Eigen::Index i = 0; i < rows; ++i) x(i, j) = source.normal();
  }
  return x;
}

inline Eigen::MatrixXd orthogonal(Eigen::Index size, Source& source) {
  return Eigen::HouseholderQR<Eigen::MatrixXd>(normals(size, size, source)).householderQ();
}

/// width × width, symmetric to the last bit, finite.
inline Eigen::MatrixXd make(Kind kind, std::size_t width, std::uint64_t seed) {
  Source source(seed * kinds + static_cast<std::uint64_t>(kind));
  const auto size = static_cast<Eigen::Index>(width);
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(size, size);
  const auto noisy_identity = [&](int reach) {
    for (Eigen::Index j = 0; j < size; ++j) {
      for (Eigen::Index i = j; i < size; ++i)
        a(i, j) = (i == j ? 1.0 : 0.0) + source.integer(reach) * 0x1p-52;
    }
  };
  const auto rotated_to = [&](const auto& eigenvalue) {
    const Eigen::MatrixXd q = orthogonal(size, source);
    Eigen::VectorXd values(size);
    for (Eigen::Index i = 0; i < size; ++i) values[i] = eigenvalue(i);
    a = q * values.asDiagonal() * q.transpose();
  };
  const auto gram = [&](const Eigen::MatrixXd& rows) { a = rows.transpose() * rows; };
  switch (kind) {
    case Kind::half_orthogonal:
      rotated_to([](Eigen::Index) { return 0.5; });
      break;
    case Kind::identity_1_ulp:
      noisy_identity(1);
      break;
    case Kind::identity_10_ulp:
      noisy_identity(10);
      break;
    case Kind::identity_100_ulp:
      noisy_identity(100);
      break;
    case Kind::tridiagonal_ulp:
      for (Eigen::Index i = 0; i < size; ++i) {
        a(i, i) = 1.0 + source.integer(8) * 0x1p-53;
        if (i + 1 < size) a(i + 1, i) = (8.0 + source.integer(8)) * 0x1p-53;
      }
      break;
    case Kind::two_clusters: {
      const double other = source.uniform();
      const int reach = static_cast<int>(source.below(3)) * 5;
      rotated_to([&](Eigen::Index i) {
        return (i % 3 == 0 ? other : 1.0) * (1.0 + (reach > 0 ? source.integer(reach) : 0.0) * 0x1p-52);
      });
      break;
    }
    case Kind::graded:
      rotated_to([](Eigen::Index i) { return std::ldexp(1.0, -static_cast<int>(i)); });
      break;
    case Kind::graded_entries:
    case Kind::graded_upwards:
      for (Eigen::Index j = 0; j < size; ++j) {
        for (Eigen::Index i = j; i < size; ++i) {
          const Eigen::Index steps = kind == Kind::graded_entries ? i + j : 2 * size - 2 - i - j;
          a(i, j) = std::ldexp(source.normal(), -3 * static_cast<int>(std::min<Eigen::Index>(steps, 100)));
        }
      }
      break;
    case Kind::glued_wilkinson: {
      const double glue = std::pow(10.0, -3.0 - 12.0 * source.uniform());
      for (Eigen::Index i = 0; i < size; ++i) {
        a(i, i) = std::abs(static_cast<double>(i % 21) - 10.0);
        if (i + 1 < size) a(i + 1, i) = i % 21 == 20 ? glue : 1.0;
      }
      break;
    }
    case Kind::toeplitz: {
      const Eigen::MatrixXd values = normals(size, 1, source);
      for (Eigen::Index j = 0; j < size; ++j) {
        for (Eigen::Index i = j; i < size; ++i) a(i, j) = values(i - j, 0);
      }
      break;
    }
    case Kind::small_integers:
      for (Eigen::Index j = 0; j < size; ++j) {
        for (Eigen::Index i = j; i < size; ++i) a(i, j) = source.integer(2);
      }
      break;
    case Kind::tridiagonal_integers:
      for (Eigen::Index i = 0; i < size; ++i) {
        a(i, i) = source.integer(1);
        if (i + 1 < size) a(i + 1, i) = source.integer(2);
      }
      break;
    case Kind::normals:
      a = normals(size, size, source);
      break;
    case Kind::constant_rows: {
      const double noise = source.below(2) == 0 ? 0.0 : 0x1p-24;
      const Eigen::RowVectorXd row = normals(1, size, source);
      const Eigen::MatrixXd rows =
          Eigen::MatrixXd::Ones(size + 3, 1) * row + noise * normals(size + 3, size, source);
      gram(rows);
      break;
    }
    case Kind::isotropic_rows:
      gram(normals(4 * size, size, source));
      break;
    case Kind::rotated_rows: {
      const Eigen::RowVectorXd row = normals(1, size, source);
      Eigen::MatrixXd rows(4 * size, size);
      for (Eigen::Index token = 0; token < rows.rows(); ++token) {
        for (Eigen::Index band = 0; band < (size + 1) / 2; ++band) {
          const double angle = static_cast<double>(token) *
                               std::pow(1e4, -2.0 * static_cast<double>(band) / static_cast<double>(size));
          const Eigen::Index second = std::min(2 * band + 1, size - 1);
          rows(token, second) = std::sin(angle) * row[2 * band] + std::cos(angle) * row[second];
          rows(token, 2 * band) = std::cos(angle) * row[2 * band] - std::sin(angle) * row[second];
        }
      }
      gram(rows);
      break;
    }
    case Kind::few_rows:
      gram(normals(size / 3 + 1, size, source));
      break;
  }
  return a.selfadjointView<Eigen::Lower>();
}

}  // namespace matrices
