// SPDX-License-Identifier: MIT
#include "dope/spectral/spectrum.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "spectral/oracle.hpp"

namespace {

using dope::Accumulation;
using dope::Centring;
using dope::RowScaling;

constexpr Accumulation accumulations[] = {Accumulation::float_blocks, Accumulation::double_blocks,
                                          Accumulation::triangular_factor};

/// Worst eigenvalue error as a share of the trace: rounding of the Gram's entries, then of the solver.
double tolerance(Accumulation accumulation, std::size_t width, std::size_t tokens) {
  return dope::gram_error(accumulation, width, tokens) + dope::eigenvalue_error(width);
}

}  // namespace

TEST_CASE_TEMPLATE("eigenvalues are those of cyclic Jacobi in long double, descending, none below 0", T,
                   float, double, dope::float16, dope::bfloat16) {
  oracle::Random random(41);
  for (const std::size_t width : oracle::small_widths) {
    for (const std::size_t tokens : {std::size_t{1}, std::size_t{5}, std::size_t{300}}) {
      const oracle::Head<T> head(oracle::normals(tokens, width, random), 2);
      const auto exact = oracle::eigenvalues(oracle::gram(head.exact()));
      for (const auto accumulation : accumulations) {
        const auto spectrum =
            dope::spectrum_of(dope::gram_of(head.view(), {Centring::none, RowScaling::none, accumulation}));
        REQUIRE(spectrum.width() == width);
        double sum = 0.0;
        for (std::size_t i = 0; i < width; ++i) {
          const double apart = std::abs(spectrum.values[i] - static_cast<double>(exact[i]));
          CHECK(apart <= tolerance(accumulation, width, tokens) * spectrum.trace);
          CHECK(spectrum.values[i] >= 0.0);
          if (i > 0) CHECK(spectrum.values[i] <= spectrum.values[i - 1]);
          sum += spectrum.values[i];
        }
        CHECK(spectrum.trace == doctest::Approx(sum).epsilon(1e-15));
        CHECK(spectrum.bisected <= width);
        CHECK(spectrum.largest() == spectrum.values[0]);
        CHECK(spectrum.share(0) == spectrum.values[0] / spectrum.trace);
      }
    }
  }
}

TEST_CASE("an eigensystem rebuilds its Gram from orthonormal vectors of fixed sign") {
  oracle::Random random(42);
  for (const std::size_t width : oracle::small_widths) {
    const oracle::Head<double> head(oracle::normals(200, width, random));
    for (const auto accumulation : accumulations) {
      const auto gram = dope::gram_of(head.view(), {Centring::none, RowScaling::none, accumulation});
      const auto system = dope::eigensystem_of(gram);
      const auto size = static_cast<Eigen::Index>(width);
      const Eigen::MatrixXd overlap = system.vectors.transpose() * system.vectors;
      CHECK((overlap - Eigen::MatrixXd::Identity(size, size)).cwiseAbs().maxCoeff() < 1e-12);
      Eigen::VectorXd values(size);
      for (std::size_t i = 0; i < width; ++i)
        values[static_cast<Eigen::Index>(i)] = system.spectrum.values[i];
      const Eigen::MatrixXd rebuilt = system.vectors * values.asDiagonal() * system.vectors.transpose();
      CHECK((rebuilt - gram.matrix()).cwiseAbs().maxCoeff() < 1e-11 * gram.matrix().trace());
      CHECK(system.spectrum.values[0] == doctest::Approx(dope::spectrum_of(gram).values[0]).epsilon(1e-12));
      for (Eigen::Index column = 0; column < size; ++column) {
        CHECK(system.vectors.col(column).maxCoeff() == system.vectors.col(column).cwiseAbs().maxCoeff());
      }
    }
  }
}

TEST_CASE("a Gram without a direction, or a matrix that is none, is an error") {
  const std::vector<float> zeros(40);
  for (const auto accumulation : accumulations) {
    const dope::GramOptions options{Centring::none, RowScaling::none, accumulation};
    CHECK_THROWS_AS(static_cast<void>(dope::spectrum_of(dope::Gram(4, options))), dope::Error);
    CHECK_THROWS_AS(static_cast<void>(dope::eigensystem_of(dope::Gram(4, options))), dope::Error);
    const auto zero = dope::gram_of(dope::dense_head(zeros.data(), 10, 4), options);
    CHECK_THROWS_AS(static_cast<void>(dope::spectrum_of(zero)), dope::Error);
  }
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(static_cast<void>(dope::spectrum_of(std::vector<double>{1.0, nan})), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(dope::spectrum_of(std::vector<double>{})), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(dope::spectrum_of(std::vector<double>{0.0, -1.0})), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(dope::spectrum_of(Eigen::MatrixXd(2, 3))), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(dope::spectrum_of(Eigen::MatrixXd(0, 0))), dope::Error);
}

TEST_CASE("eigenvalues below 0 by rounding count as 0") {
  const auto spectrum = dope::spectrum_of(std::vector<double>{-1e-17, 2.0, 1.0});
  CHECK(spectrum.values == std::vector<double>{2.0, 1.0, 0.0});
  CHECK(spectrum.trace == 3.0);
}
