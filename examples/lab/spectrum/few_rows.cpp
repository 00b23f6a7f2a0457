// SPDX-License-Identifier: MIT
#include "lab/spectrum/few_rows.hpp"

#include <Eigen/Eigenvalues>
#include <cmath>
#include <utility>

#include "dope/core/error.hpp"

namespace spectrum {
namespace {

using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// As dope::Gram: a centred row of less than this of the mean's norm is rounding.
constexpr double no_direction = 0x1p-40;

Eigen::Index index(std::size_t at) { return static_cast<Eigen::Index>(at); }

Rows matrix_of(dope::HeadView<const double> rows) {
  Rows matrix(index(rows.tokens), index(rows.width));
  for (std::size_t token = 0; token < rows.tokens; ++token) {
    for (std::size_t channel = 0; channel < rows.width; ++channel)
      matrix(index(token), index(channel)) = rows.row(token)[channel];
  }
  return matrix;
}

Eigen::MatrixXd products_of(const Rows& rows) {
  Eigen::MatrixXd products = Eigen::MatrixXd::Zero(rows.rows(), rows.rows());
  products.selfadjointView<Eigen::Lower>().rankUpdate(rows);
  return products.selfadjointView<Eigen::Lower>();
}

dope::Spectrum spectrum_of_rows(const Rows& rows) {
  dope::Spectrum spectrum = dope::spectrum_of(products_of(rows));
  spectrum.values.resize(static_cast<std::size_t>(rows.cols()), 0.0);
  return spectrum;
}

}  // namespace

FewRows::FewRows(dope::HeadView<const double> rows) : rows_(rows) {
  if (rows.tokens == 0 || rows.tokens >= rows.width) {
    throw dope::Error("FewRows", dope::detail::text(rows.tokens, " rows of width ", rows.width),
                      "at least one, and fewer than channels");
  }
}

dope::Spectrum FewRows::spectrum() const { return spectrum_of_rows(matrix_of(rows_)); }

std::optional<dope::Spectrum> FewRows::centred_spectrum() const {
  dope::TokenMean token_mean(rows_.width);
  token_mean.add(rows_);
  const Eigen::VectorXd mean = token_mean.mean();
  const double reach = mean.stableNorm();
  Rows rows = matrix_of(rows_);
  bool any = false;
  for (Eigen::Index token = 0; token < rows.rows(); ++token) {
    rows.row(token) -= mean.transpose();
    const double norm = rows.row(token).stableNorm();
    if (norm == 0.0 || norm <= no_direction * reach) {
      rows.row(token).setZero();
    } else {
      rows.row(token) /= norm;
      any = true;
    }
  }
  if (!any) return std::nullopt;
  return spectrum_of_rows(rows);
}

std::vector<double> FewRows::cosines(std::span<const std::size_t> tokens) const {
  const Rows rows = matrix_of(rows_);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(products_of(rows));
  if (solver.info() != Eigen::Success)
    throw dope::Error("cosines", "a matrix whose iteration does not end", "rows of one head");
  const Eigen::VectorXd values = solver.eigenvalues().reverse();
  const Eigen::MatrixXd left = solver.eigenvectors().rowwise().reverse();
  const double least = static_cast<double>(rows.cols()) * 0x1p-52 * values[0];
  std::vector<double> found(tokens.size() * rows_.width);
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    if (!(values[i] > least)) break;
    // v = Xᵀu/σ, so x·v = σ·u.
    const double sigma = std::sqrt(values[i]);
    const Eigen::VectorXd direction = rows.transpose() * left.col(i);
    Eigen::Index at = 0;
    direction.cwiseAbs().maxCoeff(&at);
    const double sign = direction[at] < 0.0 ? -1.0 : 1.0;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      const double norm = rows.row(index(tokens[t])).norm();
      if (norm > 0.0)
        found[t * rows_.width + static_cast<std::size_t>(i)] =
            sign * sigma * left(index(tokens[t]), i) / norm;
    }
  }
  return found;
}

}  // namespace spectrum
