// SPDX-License-Identifier: MIT
// The statements of docs/paper.md in numbers: what holds is looped over, what fails as printed is
// shown to fail. Formulas are written out here on purpose: nothing below uses the library.
#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <random>
#include <vector>

namespace {

using Eigen::Matrix2d;
using Eigen::MatrixXd;
using Eigen::Vector2d;
using Eigen::VectorXd;
using std::numbers::pi;

// Bounds are proven in exact arithmetic; the slack covers the rounding of sums of at most 64 terms in double.
constexpr double slack = 1e-12;
// Counterexamples are quoted with this many digits.
constexpr double quoted = 5e-3;

double x_log_x(double x) { return x > 0.0 ? x * std::log(x) : 0.0; }

/// −Σ p ln p with p = λ/Σλ over the first r.
double entropy_of(std::vector<double> lambda, std::size_t r) {
  lambda.resize(r);
  double total = 0.0;
  for (const double value : lambda) total += value;
  double entropy = 0.0;
  for (const double value : lambda) entropy -= x_log_x(value / total);
  return entropy;
}

/// v2 (11): (1/r) Σ_{i≤r} λ_i ln λ_i, sign as printed.
double truncated_mean(const std::vector<double>& lambda, std::size_t r) {
  double sum = 0.0;
  for (std::size_t i = 0; i < r; ++i) sum += x_log_x(lambda[i]);
  return sum / static_cast<double>(r);
}

Vector2d direction(double angle) { return {std::cos(angle), std::sin(angle)}; }

double lambda_max(const MatrixXd& rows) {
  return Eigen::SelfAdjointEigenSolver<MatrixXd>(MatrixXd(rows.transpose() * rows)).eigenvalues().maxCoeff();
}

Vector2d principal_direction(const MatrixXd& rows) {
  return Eigen::SelfAdjointEigenSolver<MatrixXd>(MatrixXd(rows.transpose() * rows)).eigenvectors().col(1);
}

double sigma_1(const MatrixXd& matrix) { return Eigen::JacobiSVD<MatrixXd>(matrix).singularValues()(0); }

/// Band vectors of norm ≥ β_min whose directions lie within γ of the angle `axis`.
struct Cone {
  MatrixXd rows;
  double half_angle;
  double least;

  template <class Engine>
  Cone(Engine& engine, Eigen::Index count, double axis, double gamma) : rows(count, 2), half_angle(gamma), least(0.5) {
    std::uniform_real_distribution<double> angle(axis - gamma, axis + gamma);
    std::exponential_distribution<double> extra(1.0);
    for (Eigen::Index i = 0; i < count; ++i) {
      rows.row(i) = (least + extra(engine)) * direction(angle(engine)).transpose();
    }
  }
};

std::vector<double> random_spectrum(std::mt19937& engine, std::size_t count) {
  std::lognormal_distribution<double> value(0.0, 2.0);
  std::vector<double> lambda(count);
  for (double& entry : lambda) entry = value(engine);
  std::sort(lambda.rbegin(), lambda.rend());
  return lambda;
}

}  // namespace

TEST_CASE("v1 (30) at r = 1 is 1 for every head: it cannot rank") {
  std::mt19937 engine(1);
  for (int trial = 0; trial < 100; ++trial) {
    CHECK(std::exp(entropy_of(random_spectrum(engine, 16), 1)) == 1.0);
  }
}

TEST_CASE("v2 (11) at r = 1 ranks as the spectral norm only while it is at least 1/e") {
  CHECK(truncated_mean({0.1}, 1) == doctest::Approx(-0.230).epsilon(quoted));
  CHECK(truncated_mean({0.3}, 1) == doctest::Approx(-0.361).epsilon(quoted));
  double previous = truncated_mean({1.0 / std::numbers::e}, 1);
  for (double lambda = 0.4; lambda < 1e6; lambda *= 1.3) {
    CHECK(truncated_mean({lambda}, 1) > previous);
    previous = truncated_mean({lambda}, 1);
  }
}

TEST_CASE("v2 (11) as printed rises with a stronger spike, where v1 (30) falls") {
  double mean = -1e300;
  double rank = 1e300;
  for (double spike = 2.0; spike < 1e8; spike *= 2.0) {
    const std::vector<double> lambda{spike, 1.0, 1.0, 1.0};
    CHECK(truncated_mean(lambda, 4) > mean);
    CHECK(std::exp(entropy_of(lambda, 4)) < rank);
    mean = truncated_mean(lambda, 4);
    rank = std::exp(entropy_of(lambda, 4));
  }
}

TEST_CASE("v2 (11) depends on the scale of X: two heads change places") {
  CHECK(truncated_mean({1.0, 1.0}, 2) < truncated_mean({3.0, 1.0}, 2));
  CHECK(truncated_mean({0.1, 0.1}, 2) > truncated_mean({0.3, 0.1}, 2));
  CHECK(truncated_mean({0.1, 0.1}, 2) == doctest::Approx(-0.230).epsilon(quoted));
  CHECK(truncated_mean({0.3, 0.1}, 2) == doctest::Approx(-0.296).epsilon(quoted));
}

TEST_CASE("-p ln p peaks at 1/e: a one-term truncated entropy is not monotone in p") {
  CHECK(-x_log_x(0.2) == doctest::Approx(0.322).epsilon(quoted));
  CHECK(-x_log_x(1.0 / std::numbers::e) == doctest::Approx(1.0 / std::numbers::e));
  CHECK(-x_log_x(0.9) == doctest::Approx(0.0948).epsilon(quoted));
}

TEST_CASE("v1 (29): in one band entropy fixes lambda_max/trace, over a head it does not") {
  double previous = std::log(2.0) + slack;
  for (double share = 0.5; share < 1.0; share += 0.01) {
    const double entropy = entropy_of({share, 1.0 - share}, 2);
    CHECK(entropy < previous);
    previous = entropy;
  }
  const std::vector<double> pair{0.5, 0.5, 0.0, 0.0, 0.0};
  const std::vector<double> spike{0.6, 0.1, 0.1, 0.1, 0.1};
  CHECK(spike[0] > pair[0]);
  CHECK(entropy_of(pair, 5) == doctest::Approx(0.693).epsilon(quoted));
  CHECK(entropy_of(spike, 5) == doctest::Approx(1.228).epsilon(quoted));
}

TEST_CASE("v2 (34) is not an upper bound, and grows with lambda_1") {
  // v2 (35), the value its proof arrives at, with the remaining (1 − δ)λ₁ spread evenly.
  const auto printed = [](double spike, double delta, double r) {
    return (x_log_x(spike) + (1.0 - delta) * spike * std::log((1.0 - delta) * spike / (r - 1.0))) / r;
  };
  const double entropy = truncated_mean({10.0, 5.0 - 1e-9, 1e-9}, 3);
  CHECK(entropy == doctest::Approx(10.36).epsilon(quoted));
  CHECK(printed(10.0, 0.5, 3.0) == doctest::Approx(9.20).epsilon(quoted));
  CHECK(entropy > printed(10.0, 0.5, 3.0));
  CHECK(printed(20.0, 0.5, 3.0) > printed(10.0, 0.5, 3.0));
  // Evenly spread is the least of Σ λ ln λ at a given trace, so (34) bounds (11) from below.
  std::mt19937 engine(7);
  for (int trial = 0; trial < 200; ++trial) {
    auto lambda = random_spectrum(engine, 8);
    double rest = 0.0;
    for (std::size_t i = 1; i < lambda.size(); ++i) rest += lambda[i];
    const double least = printed(lambda[0], 1.0 - rest / lambda[0], 8.0);
    CHECK(truncated_mean(lambda, 8) >= least - slack * std::abs(least));
  }
}

TEST_CASE("v2 A.7 mended: ln of v1 (30) <= h(p) + (1 - p) ln(r - 1) at p = 1/(2 - delta)") {
  const auto bound = [](double share, double r) {
    return -x_log_x(share) - x_log_x(1.0 - share) + (1.0 - share) * std::log(r - 1.0);
  };
  std::mt19937 engine(8);
  for (const std::size_t r : {2u, 3u, 8u, 32u}) {
    for (int trial = 0; trial < 200; ++trial) {
      auto lambda = random_spectrum(engine, r);
      double rest = 0.0;
      for (std::size_t i = 1; i < r; ++i) rest += lambda[i];
      const double delta = 1.0 - rest / lambda[0];
      if (!(delta > 0.0)) continue;
      CHECK(entropy_of(lambda, r) <= bound(1.0 / (2.0 - delta), static_cast<double>(r)) + slack);
    }
    double previous = 1e300;
    for (double delta = 0.01; delta < 1.0; delta += 0.01) {  // more concentration, lower bound
      const double now = bound(1.0 / (2.0 - delta), static_cast<double>(r));
      CHECK(now < previous);
      previous = now;
    }
  }
}

TEST_CASE("v2 (21), (24): coherent sum and amplification hold in every cone with gamma < pi/2") {
  std::mt19937 engine(2);
  for (const double gamma : {0.0, 0.1, 0.7, pi / 4, 1.2, 1.57}) {
    for (const Eigen::Index count : {1, 2, 7, 64}) {
      const Cone cone(engine, count, 0.4, gamma);
      const double n = static_cast<double>(count);
      const double coherent = n * cone.least * std::cos(gamma);
      CHECK(cone.rows.colwise().sum().norm() >= coherent * (1.0 - slack));
      const double amplified = n * std::pow(cone.least * std::cos(gamma), 2);
      CHECK(lambda_max(cone.rows) >= amplified * (1.0 - slack));
    }
  }
}

TEST_CASE("a cone of gamma <= pi/4 holds cos^2(gamma) of the band's trace and bounds its entropy") {
  std::mt19937 engine(10);
  for (const double gamma : {0.0, 0.2, 0.5, pi / 4}) {
    for (int trial = 0; trial < 50; ++trial) {
      const Cone cone(engine, 1 + trial % 33, 2.0, gamma);
      const double trace = cone.rows.squaredNorm();
      const double largest = lambda_max(cone.rows);
      const double share = std::pow(std::cos(gamma), 2);
      CHECK(largest >= share * trace * (1.0 - slack));
      const double least = std::max(0.0, trace - largest);
      const double entropy = -x_log_x(largest / trace) - x_log_x(least / trace);
      CHECK(entropy <= -x_log_x(share) - x_log_x(1.0 - share) + 1e-9);  // 1e-9: x ln x is steep at 0
    }
  }
}

TEST_CASE("v2 (13): a band at 2 pi/L turns once in L tokens; its Gram is isotropic, no cone holds it") {
  const auto band = [](double omega, Eigen::Index tokens) {
    MatrixXd rows(tokens, 2);
    for (Eigen::Index j = 0; j < tokens; ++j) rows.row(j) = direction(omega * static_cast<double>(j)).transpose();
    return rows;
  };
  const MatrixXd threshold = band(2.0 * pi / 512.0, 512);
  CHECK(lambda_max(threshold) == doctest::Approx(256.0));  // N/2: half of the trace, entropy ln 2
  // Half a turn, 511 π/512 from the first key to the last: a cone of γ < π/2, and isotropic too.
  CHECK(lambda_max(band(pi / 512.0, 512)) == doctest::Approx(256.0));
  const double gamma = 0.49 * pi;  // a fixed key stays in a cone while ω(N − 1) = 2γ < π
  const MatrixXd slower = band(2.0 * gamma / 511.0, 512);
  CHECK(lambda_max(slower) >= 512.0 * std::pow(std::cos(gamma), 2));
}

TEST_CASE("v2 (21), (24) are tight: equal lengths at both edges of the cone") {
  const double beta = 2.0;
  for (const double gamma : {0.0, 0.1, 0.7, pi / 4, 1.2, 1.5}) {
    MatrixXd rows(16, 2);
    for (Eigen::Index j = 0; j < 16; ++j) rows.row(j) = beta * direction(j % 2 == 0 ? gamma : -gamma).transpose();
    CHECK(rows.colwise().sum().norm() == doctest::Approx(16.0 * beta * std::cos(gamma)));
    if (gamma <= pi / 4) CHECK(lambda_max(rows) == doctest::Approx(16.0 * std::pow(beta * std::cos(gamma), 2)));
    CHECK(lambda_max(rows) >= 16.0 * std::pow(beta * std::cos(gamma), 2) * (1.0 - slack));
  }
}

TEST_CASE("v2 (24) makes no claim at gamma >= pi/2: eight keys around the circle") {
  MatrixXd rows(8, 2);
  for (Eigen::Index i = 0; i < 8; ++i) rows.row(i) = direction(2.0 * pi * static_cast<double>(i) / 8.0).transpose();
  const double gamma = (2.0 * pi - 2.0 * pi / 8.0) / 2.0;  // half the smallest arc that holds all eight
  CHECK(8.0 * std::pow(std::cos(gamma), 2) == doctest::Approx(6.83).epsilon(quoted));
  CHECK(lambda_max(rows) == doctest::Approx(4.0));
}

TEST_CASE("v2 (7) as printed is not a Gram: its eigenvalue can be 0 where (8) promises 0.75") {
  // One key at −60°, two at +60°; Σ_i k_i k_jᵀ = S k_jᵀ has the one eigenvalue ⟨S, k_j⟩.
  const double gamma = pi / 3;
  const Vector2d sum = direction(-gamma) + 2.0 * direction(gamma);
  const Matrix2d printed = sum * direction(-gamma).transpose();
  CHECK(printed.trace() == doctest::Approx(0.0).epsilon(slack));
  CHECK(printed.determinant() == doctest::Approx(0.0).epsilon(slack));
  CHECK(3.0 * std::pow(std::cos(gamma), 2) == doctest::Approx(0.75));
}

TEST_CASE("v2 (8) as printed counts beta twice: 16 N promised, 4 N there") {
  const double beta = 2.0;
  const MatrixXd rows = beta * direction(0.0).transpose().replicate(10, 1);
  const double printed = 10.0 * beta * beta * rows.row(0).squaredNorm();
  CHECK(lambda_max(rows) == doctest::Approx(40.0));
  CHECK(printed == doctest::Approx(160.0));
}

TEST_CASE("v2 (31): sigma_1(A) >= sigma_1(Q) sigma_1(K) |cos psi| for any Q and K, cone or not") {
  std::mt19937 engine(3);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 200; ++trial) {
    const MatrixXd queries = MatrixXd::NullaryExpr(1 + trial % 9, 2, [&] { return normal(engine); });
    const MatrixXd keys = MatrixXd::NullaryExpr(1 + trial % 7, 2, [&] { return normal(engine); });
    const double cosine = std::abs(principal_direction(queries).dot(principal_direction(keys)));
    const double product = std::sqrt(lambda_max(queries) * lambda_max(keys));
    CHECK(sigma_1(queries * keys.transpose()) >= product * cosine * (1.0 - slack) - slack);
    CHECK(sigma_1(queries * keys.transpose()) <= product * (1.0 + slack));
  }
}

TEST_CASE("v2 (31) needs cos psi: the upper bound its proof starts from is no lower bound") {
  const MatrixXd queries = direction(0.0).transpose().replicate(5, 1);
  const MatrixXd keys = direction(pi / 2).transpose().replicate(5, 1);
  CHECK(std::sqrt(lambda_max(queries) * lambda_max(keys)) == doctest::Approx(5.0));
  CHECK(sigma_1(queries * keys.transpose()) < slack);
}

TEST_CASE("v2 (29) reads sqrt(M N) for M queries and N keys, as v1 (41) does") {
  const MatrixXd query = direction(0.0).transpose();
  const MatrixXd keys = direction(0.0).transpose().replicate(16, 1);
  CHECK(sigma_1(query * keys.transpose()) == doctest::Approx(4.0));  // √16, not 16
  std::mt19937 engine(4);
  for (const Eigen::Index m : {1, 3, 32}) {
    for (const Eigen::Index n : {1, 5, 64}) {
      const Cone queries(engine, m, 0.0, 0.6);
      const Cone keys_of(engine, n, 0.5, 0.4);
      const double cosine = std::abs(principal_direction(queries.rows).dot(principal_direction(keys_of.rows)));
      const double bound = queries.least * keys_of.least * std::sqrt(static_cast<double>(m * n)) *
                           std::cos(queries.half_angle) * std::cos(keys_of.half_angle) * cosine;
      CHECK(sigma_1(queries.rows * keys_of.rows.transpose()) >= bound * (1.0 - slack));
    }
  }
}

TEST_CASE("v1 below (21): |psi - psi_bar| <= gamma_Q + gamma_K holds below pi/4 and fails above") {
  std::mt19937 engine(5);
  for (const double gamma : {0.05, 0.3, 0.78}) {
    for (int trial = 0; trial < 100; ++trial) {
      const Cone cone(engine, 2 + trial % 9, 1.0, gamma);
      const double cosine = std::abs(principal_direction(cone.rows).dot(direction(1.0)));
      CHECK(cosine >= std::cos(gamma) - slack);  // the principal direction stays in the cone
    }
  }
  // Keys at ±60°, every query along the axis: ψ = 90°, ψ̄ = 0, γ_Q + γ_K = 60°.
  MatrixXd keys(2, 2);
  keys << direction(pi / 3).transpose(), direction(-pi / 3).transpose();
  CHECK(lambda_max(keys) == doctest::Approx(1.5));
  CHECK(std::abs(principal_direction(keys).dot(direction(0.0))) < slack);
}

TEST_CASE("mean directions bound sigma_1(A) and the mean score directly, for every gamma < pi/2") {
  std::mt19937 engine(6);
  for (const double gamma : {0.2, 0.9, 1.5}) {
    for (int trial = 0; trial < 50; ++trial) {
      const Cone queries(engine, 1 + trial % 11, 0.0, gamma);
      const Cone keys(engine, 1 + trial % 13, 0.8, gamma / 2);
      const Vector2d sum_q = queries.rows.colwise().sum().transpose();
      const Vector2d sum_k = keys.rows.colwise().sum().transpose();
      const double pairs = static_cast<double>(queries.rows.rows() * keys.rows.rows());
      const double cosine = sum_q.normalized().dot(sum_k.normalized());
      const double entry = queries.least * keys.least * std::cos(gamma) * std::cos(gamma / 2) * cosine;
      const MatrixXd scores = queries.rows * keys.rows.transpose();
      CHECK(sigma_1(scores) >= std::sqrt(pairs) * std::abs(entry) * (1.0 - slack));
      if (cosine > 0.0) {
        CHECK(scores.mean() >= entry * (1.0 - slack));
        CHECK(scores.maxCoeff() >= entry * (1.0 - slack));
      }
    }
  }
}

TEST_CASE("v2 (18): some entry reaches sigma_1/sqrt(m n), with equality for constant modulus") {
  std::mt19937 engine(9);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 100; ++trial) {
    const MatrixXd matrix = MatrixXd::NullaryExpr(1 + trial % 8, 1 + trial % 5, [&] { return normal(engine); });
    CHECK(matrix.cwiseAbs().maxCoeff() >= sigma_1(matrix) / std::sqrt(static_cast<double>(matrix.size())) - slack);
  }
  CHECK(sigma_1(MatrixXd::Constant(4, 9, 3.0)) / 6.0 == doctest::Approx(3.0));
}

TEST_CASE("v2 (18): the entry that is large may be the one that the causal mask hides") {
  MatrixXd queries = MatrixXd::Zero(8, 2);
  MatrixXd keys = MatrixXd::Zero(8, 2);
  queries(0, 0) = 1.0;
  keys(7, 0) = 1.0;
  const MatrixXd scores = queries * keys.transpose();
  CHECK(sigma_1(scores) / 8.0 == doctest::Approx(1.0 / 8.0));
  CHECK(scores.triangularView<Eigen::Lower>().toDenseMatrix().cwiseAbs().maxCoeff() == 0.0);
  const MatrixXd equal = MatrixXd::Ones(200, 200);
  CHECK(std::sqrt(lambda_max(equal)) == doctest::Approx(200.0));
  const MatrixXd visible = equal.triangularView<Eigen::Lower>();
  CHECK(std::sqrt(lambda_max(visible)) == doctest::Approx(127.6).epsilon(1e-3));
  CHECK(std::sqrt(lambda_max(visible)) == doctest::Approx(0.5 / std::sin(pi / 802.0)));
}

TEST_CASE("lambda_max >= trace exp(-H), for every spectrum") {
  std::mt19937 engine(11);
  for (const std::size_t count : {1u, 2u, 8u, 64u}) {
    for (int trial = 0; trial < 100; ++trial) {
      const auto lambda = random_spectrum(engine, count);
      double trace = 0.0;
      for (const double value : lambda) trace += value;
      CHECK(lambda[0] >= trace * std::exp(-entropy_of(lambda, count)) * (1.0 - slack));
    }
  }
}

TEST_CASE("amplification alone makes no sink: equal keys amplify most and leave softmax uniform") {
  const Eigen::Index tokens = 32;
  const MatrixXd keys = 3.0 * direction(0.0).transpose().replicate(tokens, 1);
  CHECK(lambda_max(keys) == doctest::Approx(9.0 * 32.0));
  const VectorXd scores = keys * direction(0.0);
  const VectorXd weights = (scores.array() - scores.maxCoeff()).exp().matrix();
  for (Eigen::Index j = 0; j < tokens; ++j) CHECK(weights(j) / weights.sum() == 1.0 / 32.0);
}
