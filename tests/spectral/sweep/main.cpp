// SPDX-License-Identifier: MIT
// A million symmetric matrices of all kinds, or as many as are asked for, through the eigenvalue solver.
//
//   sweep [COUNT [FIRST_SEED]]
//
// Held against Eigen's solver, each with its own error, and against the trace and the Frobenius norm; one
// small matrix in 32 against Jacobi's method in long double, to the law itself. Every 16th is solved by
// bisection alone too. 4 % of the widths are 49 … 256, the others 1 … 48; every 8th matrix is scaled to an
// end of double's range. Prints what was found by kind, with how many eigenvalues the iteration left to
// bisection. Exit status 1 and the first violation's kind, width and seed where the law does not hold.
#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "dope/spectral/eigenvalues.hpp"
#include "spectral/matrices.hpp"
#include "spectral/oracle.hpp"

namespace {

struct Tally {
  std::size_t matrices = 0;
  std::size_t left_to_bisection = 0;
  std::size_t eigenvalues_bisected = 0;
  std::size_t eigen_gave_up = 0;
  double worst = 0.0;         // against long double, in units of the law
  double worst_beside = 0.0;  // against Eigen
};

/// The largest |a_i − b_i|; infinite where one is NaN.
template <class Values>
double farthest(const std::vector<double>& a, const Values& b) {
  double most = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double apart = static_cast<double>(std::abs(a[i] - b[i]));
    if (!(apart <= most)) most = std::isnan(apart) ? std::numeric_limits<double>::infinity() : apart;
  }
  return most;
}

std::vector<double> ascending(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

int main(int count_given, char** given) {
  const std::uint64_t count = count_given > 1 ? std::strtoull(given[1], nullptr, 10) : 1000000;
  const std::uint64_t first = count_given > 2 ? std::strtoull(given[2], nullptr, 10) : 0;
  if (count == 0) {
    std::fprintf(stderr, "sweep: given COUNT %s, expected a number of matrices above 0\n", given[1]);
    return 2;
  }
  std::vector<Tally> tallies(matrices::kinds);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    matrices::Source choice(~seed);
    const auto kind = static_cast<matrices::Kind>(choice.below(matrices::kinds));
    const std::size_t width = 1 + (choice.below(25) == 0 ? 48 + choice.below(208) : choice.below(48));
    const Eigen::MatrixXd matrix = matrices::make(kind, width, seed);
    Tally& tally = tallies[static_cast<std::size_t>(kind)];
    ++tally.matrices;

    const auto solve = [&](const Eigen::MatrixXd& a, std::size_t patience) {
      auto found = dope::detail::symmetric_eigenvalues(a.data(), width, width, patience);
      found.values = ascending(std::move(found.values));
      return found;
    };
    const auto found = solve(matrix, dope::detail::patience_of_ql);
    tally.left_to_bisection += found.bisected > 0;
    tally.eigenvalues_bisected += found.bisected;
    const double norm = std::max(std::abs(found.values.front()), std::abs(found.values.back()));
    const double law = dope::eigenvalue_error(width) * norm;
    const auto violation = [&](const char* what, double measured, double allowed) {
      if (measured <= allowed) return;
      std::printf("%s: %g, expected at most %g: kind '%s', width %zu, seed %llu\n", what, measured, allowed,
                  matrices::names[static_cast<std::size_t>(kind)].data(), width,
                  static_cast<unsigned long long>(seed));
      std::exit(1);
    };

    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> other(matrix, Eigen::EigenvaluesOnly);
    if (other.info() == Eigen::Success) {
      const double apart = farthest(found.values, other.eigenvalues());
      violation("apart from Eigen", apart, 2.0 * law);
      if (law > 0.0) tally.worst_beside = std::max(tally.worst_beside, apart / law);
    } else {
      ++tally.eigen_gave_up;
    }
    double sum = 0.0;
    double squares = 0.0;
    for (const double value : found.values) {
      sum += value;
      squares += value * value;
    }
    const auto size = static_cast<double>(width);
    violation("trace", std::abs(sum - matrix.trace()), 2.0 * size * law);
    violation("squared Frobenius norm", std::abs(squares - matrix.squaredNorm()), 4.0 * size * law * norm);
    if (seed % 16 == 5) violation("bisection", farthest(solve(matrix, 0).values, found.values), 2.0 * law);
    if (seed % 8 == 3) {
      const int power = (seed % 16 == 3 ? -940 : 1000) - (norm > 0.0 ? std::ilogb(norm) : 0);
      const Eigen::MatrixXd moved = matrix.unaryExpr([&](double x) { return std::ldexp(x, power); });
      const bool exact = moved.unaryExpr([&](double x) { return std::ldexp(x, -power); }) == matrix;
      auto scaled = solve(moved, dope::detail::patience_of_ql);
      for (double& value : scaled.values) value = std::ldexp(value, -power);
      // An eigenvalue that falls below double's range is rounded there.
      violation("scaled by a power of two", farthest(scaled.values, found.values),
                exact ? std::ldexp(power < 0 ? 0x1p-1074 : 0.0, -power) : 2.0 * law);
    }
    if (width <= 24 && seed % 32 == 7) {
      oracle::Matrix wide(width, width);
      for (std::size_t i = 0; i < width; ++i) {
        for (std::size_t j = 0; j < width; ++j)
          wide(i, j) = matrix(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
      }
      const double error = farthest(found.values, oracle::symmetric_eigenvalues(wide));
      violation("error", error, law);
      if (law > 0.0) tally.worst = std::max(tally.worst, error / law);
    }
  }

  std::printf("%-20s %9s %9s %12s %9s %13s %12s\n", "kind", "matrices", "bisected", "eigenvalues",
              "error/law", "to Eigen/law", "Eigen failed");
  Tally all;
  const auto print = [](const char* name, const Tally& t) {
    std::printf("%-20s %9zu %9zu %12zu %9.3f %13.3f %12zu\n", name, t.matrices, t.left_to_bisection,
                t.eigenvalues_bisected, t.worst, t.worst_beside, t.eigen_gave_up);
  };
  for (std::size_t kind = 0; kind < matrices::kinds; ++kind) {
    const Tally& t = tallies[kind];
    print(matrices::names[kind].data(), t);
    all.matrices += t.matrices;
    all.left_to_bisection += t.left_to_bisection;
    all.eigenvalues_bisected += t.eigenvalues_bisected;
    all.eigen_gave_up += t.eigen_gave_up;
    all.worst = std::max(all.worst, t.worst);
    all.worst_beside = std::max(all.worst_beside, t.worst_beside);
  }
  print("all", all);
  return 0;
}
