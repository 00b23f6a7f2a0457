// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>
#include <cstddef>

#include "dope/core/error.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"
#include "dope/spectral/checked.hpp"

namespace dope {

/// Worst error of a mean of N numbers, as a share of the largest magnitude, (N + 1)·2⁻⁵³: N − 1 sums, each at
/// most that of all magnitudes, a division, and 1 for what these multiply to.
constexpr double mean_error(std::size_t tokens) noexcept {
  return (static_cast<double>(tokens) + 1.0) * 0x1p-53;
}

/// The mean row of a head, streaming and mergeable: the first of the two passes that a Gram of
/// centred, then normalised rows takes.
///
/// μ = (1/N) Σ_t x_t. Shape: width. Law: the mean of merged parts is the mean of all tokens.
/// Worst error: mean_error(N)·max|x| per channel. A failed add changes nothing.
class TokenMean {
 public:
  explicit TokenMean(std::size_t width) : sum_(Eigen::VectorXd::Zero(static_cast<Eigen::Index>(width))) {
    if (width == 0) fail("TokenMean", "width 0", "at least 1 channel");
  }

  /// Throws Error on non-finite input, naming the token.
  template <Readable T>
  void add(HeadView<T> rows) {
    detail::checked_peak("TokenMean::add", rows, width());
    for (std::size_t token = 0; token < rows.tokens; ++token) {
      const auto* row = rows.row(token);
      for (std::size_t channel = 0; channel < width(); ++channel) {
        sum_[static_cast<Eigen::Index>(channel)] += static_cast<double>(row[channel]);
      }
    }
    tokens_ += rows.tokens;
  }

  void merge(const TokenMean& other) {
    if (other.width() != width()) {
      fail("TokenMean::merge", detail::text("width ", other.width()), detail::text("width ", width()));
    }
    sum_ += other.sum_;
    tokens_ += other.tokens_;
  }

  [[nodiscard]] std::size_t tokens() const noexcept { return tokens_; }
  [[nodiscard]] std::size_t width() const noexcept { return static_cast<std::size_t>(sum_.size()); }

  /// Precondition: at least one token (checked: Error).
  [[nodiscard]] Eigen::VectorXd mean() const {
    if (tokens_ == 0) fail("TokenMean::mean", "no token", "at least one");
    return sum_ / static_cast<double>(tokens_);
  }

 private:
  Eigen::VectorXd sum_;
  std::size_t tokens_ = 0;
};

}  // namespace dope
