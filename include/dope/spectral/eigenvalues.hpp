// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>
#include <xsimd/xsimd.hpp>

#include "dope/core/aligned.hpp"
#include "dope/core/error.hpp"
#include "dope/core/ieee.hpp"

// Eigenvalues, without vectors, of a symmetric matrix of the size of a head.
//
// Householder reflections to a tridiagonal matrix, each step's update and the next step's product in one
// pass over half of the matrix; then QL iteration without square roots (Reinsch 1971, Algorithm 464,
// DOI 10.1145/362637.362648, in the form of Pal, Walker and Kahan: Parlett, The Symmetric Eigenvalue
// Problem, 8.15). Two sweeps run at once, the second two rows behind the first, so that one fills the time
// in which the other waits for its divisions.
//
// Law: every eigenvalue to eigenvalue_error(d)·‖A‖, and 2⁻¹⁰⁷⁴ where that is more; those of 2ᵏ·A are the same
// to the last bit, times 2ᵏ. No finite symmetric matrix is refused.

namespace dope {

/// What an eigenvalue of a symmetric matrix of width d is known to, as a share of ‖A‖₂: (d + 16)·2⁻⁵².
///
/// At most d/2 of it is what entries counted as 0 cost, all together (solve_tridiagonal). The rest is for the
/// rounding of d reflections and of about 2·d sweeps, which is like √d where roundings are independent
/// (Higham & Mary 2019, DOI 10.1137/18M1226312); the worst case of a proof is like d^2.5. The constant is
/// chosen above what was found beside long double, 15·2⁻⁵² up to d = 12 and 18·2⁻⁵² up to d = 64; it is not
/// proved. tests/spectral/sweep.sh measures it on a million matrices.
constexpr double eigenvalue_error(std::size_t width) noexcept {
  return (static_cast<double>(width) + 16.0) * 0x1p-52;
}

}  // namespace dope

namespace dope::detail {

/// A symmetric matrix as groups of one register of columns: a group's columns stand from its own diagonal
/// block on downwards, that block whole. Rows and columns past the size are zeros.
class SymmetricGroups {
 public:
  explicit SymmetricGroups(std::size_t size)
      : size_(size), padded_((size + lanes - 1) / lanes * lanes), cells_(offset(padded_), 0.0) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t padded() const noexcept { return padded_; }
  /// Row that a column starts with: the first of its group's diagonal block.
  [[nodiscard]] static std::size_t top(std::size_t column) noexcept { return column / lanes * lanes; }
  /// A(row, column), row ≥ top(column).
  [[nodiscard]] double& at(std::size_t row, std::size_t column) noexcept {
    const std::size_t first = top(column);
    return cells_[offset(first) + (column - first) * (padded_ - first) + (row - first)];
  }

  /// A ← A − v·wᵀ − w·vᵀ, then y = A·u, from row and column `first` on. Vectors have padded() entries, 0 in
  /// the rows before `first`; there y is left undefined.
  void update_and_multiply(std::size_t first, const double* v, const double* w, const double* u,
                           double* y) noexcept {
    first = top(first);
    std::fill(y + first, y + padded_, 0.0);
    for (std::size_t group = first; group < padded_; group += lanes) {
      Batch sums[lanes];
#pragma GCC unroll 8
      for (std::size_t j = 0; j < lanes; ++j) sums[j] = Batch(0.0);
      pass<true>(group, group, v, w, u, y, sums);
      for (std::size_t row = group + lanes; row < padded_; row += lanes) {
        pass<false>(group, row, v, w, u, y, sums);
      }
      alignas(64) double parts[lanes];
      for (std::size_t j = 0; j < lanes; ++j) {
        sums[j].store_aligned(parts);
        for (const double part : parts) y[group + j] += part;
      }
    }
  }

 private:
  using Batch = xsimd::batch<double>;
  static constexpr std::size_t lanes = Batch::size;

  /// Cells of all groups before column `first`, which starts one.
  [[nodiscard]] std::size_t offset(std::size_t first) const noexcept {
    return first * padded_ - first * (first - lanes) / 2;
  }

  /// A register of rows of a group; off the diagonal block, what its mirror adds to y goes into `sums`.
  template <bool diagonal>
  void pass(std::size_t group, std::size_t row, const double* v, const double* w, const double* u, double* y,
            Batch* sums) noexcept {
    const std::size_t height = padded_ - group;
    double* cells = cells_.data() + offset(group) + (row - group);
    const Batch v_row = Batch::load_unaligned(v + row);
    const Batch w_row = Batch::load_unaligned(w + row);
    const Batch u_row = Batch::load_unaligned(u + row);
    Batch y_row = Batch::load_unaligned(y + row);
#pragma GCC unroll 8
    for (std::size_t j = 0; j < lanes; ++j) {
      Batch a = Batch::load_unaligned(cells + j * height);
      a = xsimd::fnma(v_row, Batch(w[group + j]), a);
      a = xsimd::fnma(w_row, Batch(v[group + j]), a);
      a.store_unaligned(cells + j * height);
      y_row = xsimd::fma(a, Batch(u[group + j]), y_row);
      if constexpr (!diagonal) sums[j] = xsimd::fma(a, u_row, sums[j]);
    }
    y_row.store_unaligned(y + row);
  }

  std::size_t size_;
  std::size_t padded_;
  AlignedVector<double> cells_;
};

inline constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2.0;

/// The square of a number that is nothing beside entries of magnitude 1, and whose inverse has a square.
inline constexpr double vanishing = 0x1p-400;

/// Added to a square, changes none but 0: the second of two sweeps may meet one where its own pivot is 0 too,
/// and 0/0 is then 1/1.
inline constexpr double never_zero = 0x1p-1000;

struct Tridiagonal {
  std::vector<double> diagonal;
  std::vector<double> squares;  ///< of the entries beside the diagonal
};

/// A tridiagonal matrix with the eigenvalues of a; a is used up. Precondition: entries of magnitude 1 or
/// near it, or smaller.
template <class = void>
[[nodiscard]] Tridiagonal tridiagonal_of(SymmetricGroups& a) {
  const std::size_t size = a.size();
  Tridiagonal result{std::vector<double>(size), std::vector<double>(size - 1)};
  // The step before leaves A − v·wᵀ − w·vᵀ to be formed in this step's pass.
  std::vector<double> u(a.padded());
  std::vector<double> v(a.padded());
  std::vector<double> w(a.padded());
  std::vector<double> y(a.padded());
  for (std::size_t k = 0; k < size; ++k) {
    const double v_k = std::exchange(v[k], 0.0);
    const double w_k = std::exchange(w[k], 0.0);
    result.diagonal[k] = a.at(k, k) - 2.0 * v_k * w_k;
    if (k + 1 == size) break;
    const double* column = &a.at(k, k);
    u[k] = 0.0;
    for (std::size_t i = k + 1; i < size; ++i) u[i] = column[i - k] - v[i] * w_k - w[i] * v_k;
    double below = 0.0;
    for (std::size_t i = k + 2; i < size; ++i) below += u[i] * u[i];
    const double head = u[k + 1];
    result.squares[k] = head * head + below;
    double factor = 0.0;  // 1 − factor·u·uᵀ is the reflection; 0 where nothing is left to reflect
    if (below > vanishing) {
      u[k + 1] = head + std::copysign(std::sqrt(result.squares[k]), head);
      factor = 2.0 / (u[k + 1] * u[k + 1] + below);
    }
    a.update_and_multiply(k + 1, v.data(), w.data(), u.data(), y.data());
    double product = 0.0;
    for (std::size_t i = k + 1; i < size; ++i) product += u[i] * y[i];
    const double along = 0.5 * factor * factor * product;
    for (std::size_t i = k + 1; i < size; ++i) w[i] = factor * y[i] - along * u[i];
    std::swap(u, v);
  }
  return result;
}

/// One sweep with a shift over rows first … last of a tridiagonal matrix, from the last row up.
class QlSweep {
 public:
  /// d[last] must be what the sweep before left.
  QlSweep(Tridiagonal& t, std::size_t first, std::size_t last, double shift) noexcept
      : d_(t.diagonal.data()),
        squares_(t.squares.data()),
        first_(first),
        last_(last),
        shift_(shift),
        gamma_(d_[last] - shift),
        p_(gamma_ * gamma_) {}

  /// Reads d[i] and squares[i], i = last − 1, …, first in turn; leaves d[i + 1] and squares[i + 1] final.
  void step(std::size_t i) noexcept {
    const double square = squares_[i] + never_zero;
    const double sum = p_ + square;
    if (i + 1 != last_) squares_[i + 1] = s_ * sum;
    const double old_c = c_;
    const double old_gamma = gamma_;
    const double inverse = sum / p_;  // of the new c: the next division need not wait for it
    c_ = p_ / sum;
    s_ = square / sum;
    gamma_ = c_ * (d_[i] - shift_) - s_ * old_gamma;
    d_[i + 1] = old_gamma + (d_[i] - gamma_);
    p_ = p_ > vanishing ? gamma_ * gamma_ * inverse : old_c * square;
  }

  void finish() noexcept {
    squares_[first_] = s_ * p_;
    d_[first_] = shift_ + gamma_;
  }

 private:
  double* d_;
  double* squares_;
  std::size_t first_;
  std::size_t last_;
  double shift_;
  double c_ = 1.0;
  double s_ = 0.0;
  double gamma_;
  double p_;
};

inline void sweep_once(Tridiagonal& t, std::size_t first, std::size_t last, double shift) noexcept {
  QlSweep sweep(t, first, last, shift);
  for (std::size_t i = last; i-- > first;) sweep.step(i);
  sweep.finish();
}

/// As sweep_once with one shift, then with the other. Precondition: last ≥ first + 2.
inline void sweep_twice(Tridiagonal& t, std::size_t first, std::size_t last, double shift,
                        double next_shift) noexcept {
  QlSweep ahead(t, first, last, shift);
  ahead.step(last - 1);
  QlSweep behind(t, first, last, next_shift);
  ahead.step(last - 2);
  for (std::size_t i = last - 2; i-- > first;) {
    ahead.step(i);
    behind.step(i + 2);
  }
  ahead.finish();
  behind.step(first + 1);
  behind.step(first);
  behind.finish();
}

/// The eigenvalues of [[a, √square], [√square, b]]; the one nearer a comes first.
inline std::pair<double, double> eigenvalues_of_two(double a, double b, double square) noexcept {
  const double half = 0.5 * (b - a);
  const double reach = half + std::copysign(std::sqrt(half * half + square), half);
  if (reach == 0.0) return {a, b};
  return {a - square / reach, b + square / reach};
}

/// How many eigenvalues of rows first … last lie below x: the negative pivots of T − x·1 (Sylvester).
///
/// Exact for a matrix within 4·2⁻⁵³ of each entry and of x; never falls where x grows (Demmel, Dhillon & Ren
/// 1995, DOI 10.1137/0916027).
inline std::size_t count_below(const Tridiagonal& t, std::size_t first, std::size_t last, double x) noexcept {
  constexpr double least_pivot = 0x1p-900;
  std::size_t count = 0;
  double carried = 0.0;
  for (std::size_t i = first;; ++i) {
    double pivot = t.diagonal[i] - x - carried;
    if (std::abs(pivot) < least_pivot) pivot = -least_pivot;
    if (pivot < 0.0) ++count;
    if (i == last) return count;
    carried = t.squares[i] / pivot;
  }
}

/// Turns the diagonal of rows first … last into the eigenvalues by bisection, which always ends: an interval
/// holds the k-th where the count passes k in it, and is halved until it is 2⁻⁵³ of the block's norm.
inline void bisect(Tridiagonal& t, std::size_t first, std::size_t last) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (std::size_t i = first; i <= last; ++i) {  // Gershgorin's discs
    const double reach =
        (i > first ? std::sqrt(t.squares[i - 1]) : 0.0) + (i < last ? std::sqrt(t.squares[i]) : 0.0);
    low = (std::min)(low, t.diagonal[i] - reach);
    high = (std::max)(high, t.diagonal[i] + reach);
  }
  const double norm = (std::max)(std::abs(low), std::abs(high));
  low -= 8.0 * unit_roundoff * norm;
  high += 8.0 * unit_roundoff * norm;
  std::vector<double> values;
  for (std::size_t k = 0; k <= last - first; ++k) {
    double above = high;
    double middle = 0.5 * (low + above);
    while (above - low > unit_roundoff * norm && low < middle && middle < above) {
      (count_below(t, first, last, middle) > k ? above : low) = middle;
      middle = 0.5 * (low + above);
    }
    values.push_back(middle);  // the next one lies at `low` or above it
  }
  std::copy(values.begin(), values.end(), t.diagonal.begin() + static_cast<std::ptrdiff_t>(first));
}

/// Passes over a block without an eigenvalue found, after which it is bisected. Most find one in 2 or 3, and
/// blocks of a few eigenvalues, each many times, in 40.
inline constexpr std::size_t patience_of_ql = 64;

/// Turns the diagonal into the eigenvalues, in no order. Returns how many of them bisection found, where
/// `patience` passes over a block found none. Precondition: entries of magnitude 1 or near it, or smaller.
///
/// An entry beside the diagonal counts as 0 where its square is at most u²·|d_i·d_{i+1}| or (u·norm/4)², u =
/// 2⁻⁵³ (the rule of LAPACK's dsterf, and an absolute one): that moves no eigenvalue by more than the entry,
/// u·norm (Weyl), and all such steps together none by more than d·u·norm. No such rule makes the iteration
/// end by itself: where the d_i of a block agree to a few units in the last place, a sweep rounds them by as
/// much as the entries beside them, and the iteration is a walk on a few numbers, which may circle. Two
/// things keep it from that: a block is reversed once at most, when it is entered (reversed anew before each
/// sweep, it undoes at one end what it gained at the other), and patience is bounded.
template <class = void>
std::size_t solve_tridiagonal(Tridiagonal& t, std::size_t patience = patience_of_ql) {
  std::vector<double>& d = t.diagonal;
  std::vector<double>& squares = t.squares;
  const std::size_t size = d.size();
  double norm = 0.0;
  for (std::size_t i = 0; i < size; ++i)
    norm = (std::max)({norm, std::abs(d[i]), i > 0 ? std::sqrt(squares[i - 1]) : 0.0});  // at most ‖T‖
  const double least = unit_roundoff * norm / 4.0;
  const auto end_of_block = [&](std::size_t first) {
    std::size_t last = first;
    while (last + 1 < size && squares[last] > least * least &&
           squares[last] > unit_roundoff * unit_roundoff * std::abs(d[last] * d[last + 1])) {
      ++last;
    }
    return last;
  };
  std::size_t bisected = 0;
  std::size_t passes = 0;    // since an eigenvalue was found
  std::size_t oriented = 0;  // rows before this one have been entered
  for (std::size_t first = 0; first < size;) {
    const std::size_t last = end_of_block(first);
    if (last > first + 1 && passes < patience) {
      ++passes;
      if (first >= oriented) {
        oriented = last + 1;
        if (std::abs(d[last]) < std::abs(d[first])) {  // small ones on top: there they are found
          const auto at = [](auto& x, std::size_t i) { return x.begin() + static_cast<std::ptrdiff_t>(i); };
          std::reverse(at(d, first), at(d, last + 1));
          std::reverse(at(squares, first), at(squares, last));
        }
      }
      const auto [closest, other] = eigenvalues_of_two(d[first], d[first + 1], squares[first]);
      if (last > first + 3) {
        sweep_twice(t, first, last, other, closest);
      } else {
        sweep_once(t, first, last, closest);
      }
      continue;
    }
    if (last == first + 1) {
      std::tie(d[first], d[last]) = eigenvalues_of_two(d[first], d[last], squares[first]);
    } else if (last > first) {
      bisect(t, first, last);
      bisected += last + 1 - first;
    }
    first = last + 1;
    passes = 0;
  }
  return bisected;
}

/// The eigenvalues of a symmetric matrix, in no order, and how many of them the iteration left to bisection:
/// right as the others, and dearer.
struct Eigenvalues {
  std::vector<double> values;
  std::size_t bisected = 0;
};

/// Those of the symmetric matrix whose lower triangle is that of `matrix`, size × size, column after column
/// at a distance of `stride`. Preconditions: size ≥ 1, finite entries.
template <class = void>
[[nodiscard]] Eigenvalues symmetric_eigenvalues(const double* matrix, std::size_t size, std::size_t stride,
                                                std::size_t patience = patience_of_ql) {
  double largest = 0.0;
  for (std::size_t j = 0; j < size; ++j) {
    for (std::size_t i = j; i < size; ++i) largest = (std::max)(largest, std::abs(matrix[j * stride + i]));
  }
  if (largest == 0.0) return {std::vector<double>(size, 0.0), 0};
  const int exponent = (std::max)(std::ilogb(largest), -1000);
  SymmetricGroups groups(size);
  const double scale = std::ldexp(1.0, -exponent);
  for (std::size_t j = 0; j < size; ++j) {
    double* const column = &groups.at(groups.top(j), j);
    for (std::size_t i = groups.top(j); i < j; ++i)
      column[i - groups.top(j)] = scale * matrix[i * stride + j];
    for (std::size_t i = j; i < size; ++i) column[i - groups.top(j)] = scale * matrix[j * stride + i];
  }
  Tridiagonal tridiagonal = tridiagonal_of(groups);
  const std::size_t bisected = solve_tridiagonal(tridiagonal, patience);
  for (double& value : tridiagonal.diagonal) value = std::ldexp(value, exponent);
  return {std::move(tridiagonal.diagonal), bisected};
}

}  // namespace dope::detail
