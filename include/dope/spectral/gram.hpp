// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"
#include "dope/spectral/checked.hpp"
#include "dope/spectral/matrix.hpp"
#include "dope/spectral/syrk.hpp"
#include "dope/spectral/token_mean.hpp"

namespace dope {

/// What is subtracted from every row: nothing, or the mean of all tokens.
enum class Centring { none, token_mean };

/// What every row is divided by, after centring: nothing, or its Euclidean norm.
enum class RowScaling { none, unit };

/// How the sum over tokens is held.
///
///   float_blocks       products and sums in float inside a block of at most 256 tokens, blocks added
///                      in double. Error of Σ: at most gram_error, 2⁻¹⁵ (typically 2⁻²³), of its trace
///                      in norm, so an eigenvalue far below 2⁻²³·λ₁ is noise, and so is a band whose entries
///                      are below 2⁻⁵⁰ of the head's largest.
///   double_blocks      all in double: at most gram_error, typically 2⁻⁵⁰, of the trace.
///   triangular_factor  the factor R of X = QR in double, blocks folded in by Householder reflections;
///                      Σ = RᵀR is never formed, so a singular value is right to gram_error/2, typically
///                      2⁻⁴⁹, of ‖X‖_F: the one to take where σ₁/σ_d passes 10⁴. About ten times the time of
///                      double_blocks.
enum class Accumulation { float_blocks, double_blocks, triangular_factor };

/// What Σ of N raw rows of width d is known to in norm, as a share of its trace. Parts of fewer than 256
/// tokens count as 256, and so does a merge.
///
/// Sums: 256 products of rows rounded to float first (3 roundings more), or as many roundings of 2⁻⁵³ in
/// double; then one sum in double for each 256 tokens. A factor: each 256 tokens are two factorizations, of
/// 256 and of 2d + 1 rows, that err by √(rows·d)·2⁻⁵³ of ‖X‖_F where roundings are independent (Higham & Mary
/// 2019, DOI 10.1137/18M1226312; the worst case of a proof is like rows·d). Σ errs by twice that, (4d +
/// 257)·2⁻⁵³ at most, and by (d + 1)·2⁻⁵³ where RᵀR is formed.
constexpr double gram_error(Accumulation accumulation, std::size_t width, std::size_t tokens) noexcept {
  const double parts = static_cast<double>(tokens) / 256.0 + 1.0;
  if (accumulation == Accumulation::triangular_factor)
    return (5.0 * static_cast<double>(width) + 258.0) * parts * 0x1p-53;
  const double in_float = detail::product_error(256) + 3.0 * 0x1p-24;
  return (accumulation == Accumulation::float_blocks ? in_float : in_float * 0x1p-29) + parts * 0x1p-53;
}

struct GramOptions {
  Centring centring = Centring::none;
  RowScaling rows = RowScaling::none;
  Accumulation accumulation = Accumulation::float_blocks;
  bool operator==(const GramOptions&) const = default;
};

/// What prepared rows add to gram_error, to first order, as a share of the trace.
///
/// unit        (d + 12)·2⁻⁵³: twice (in products) a norm's d/2 + 4 roundings, a division and, about a centre
///             that is handed in, a subtraction
/// token_mean  means are off by at most (256 + 7·parts)·2⁻⁵³·max‖x‖, which counts where parts are joined:
///             four times that, as a share of √(mean ‖y‖²), y the centred rows, and 16·2⁻⁵³ for roundings of
///             y and of what joins. reach = max‖x‖/√(mean ‖y‖²), large where a mean is far from zero
constexpr double preparation_error(GramOptions options, std::size_t width, std::size_t tokens,
                                   double reach = 1.0) noexcept {
  if (options.rows == RowScaling::unit) return (static_cast<double>(width) + 12.0) * 0x1p-53;
  if (options.centring == Centring::none) return 0.0;
  const double parts = static_cast<double>(tokens) / 256.0 + 1.0;
  return (4.0 * (256.0 + 7.0 * parts) * reach + 16.0) * 0x1p-53;
}

/// The Gram matrix of one head's rows, streaming and mergeable, in memory that does not grow with N.
///
/// Σ = Σ_t y_t y_tᵀ (arXiv 2511.09146 v1 eq. 23; not divided by N), where y_t = x_t, x_t − μ, x_t/‖x_t‖
/// or (x_t − c)/‖x_t − c‖ by the options. Shape: width × width, symmetric, positive semidefinite.
///
/// Centring::token_mean alone streams: μ is the mean of the tokens seen so far, and parts about
/// different means are merged with the rank-one term n·m/(n + m)·δδᵀ (Chan, Golub & LeVeque 1983), so
/// that a mean far from zero does not cancel. Centred and then normalised rows need μ before the first
/// row: hand it in as the centre c (TokenMean gives it), or let gram_of make both passes.
///
/// Under RowScaling::unit a zero row, or one that equals the centre to 2⁻⁴⁰ of its norm, has no direction:
/// it adds nothing to Σ and counts in tokens() and zero_rows().
///
/// Law: a Gram of concatenated tokens is the merge of the parts' Grams, in any order, to rounding;
/// scaling X by a power of two scales Σ exactly (no rows scaled). A failed add changes nothing.
class Gram {
  static_assert(detail::alternatives<Centring> == 2, "Gram: every Centring");
  static_assert(detail::alternatives<RowScaling> == 2, "Gram: every RowScaling");
  static_assert(detail::alternatives<Accumulation> == 3, "Gram: every Accumulation");

 public:
  /// Preconditions: width ≥ 1; not both token_mean and unit (checked: Error).
  explicit Gram(std::size_t width, GramOptions options = {}) : Gram(std::nullopt, width, options) {
    if (options.centring == Centring::token_mean && options.rows == RowScaling::unit) {
      fail("Gram", "centred, then normalised rows without a centre",
           "the mean of all tokens as centre (TokenMean, or gram_of for both passes)");
    }
  }

  /// About a centre that is known beforehand. Preconditions: centring is token_mean; width finite
  /// numbers (checked: Error).
  Gram(std::size_t width, GramOptions options, const Eigen::VectorXd& centre)
      : Gram(std::optional<Eigen::VectorXd>(centre), width, options) {
    if (options.centring != Centring::token_mean || static_cast<std::size_t>(centre.size()) != width ||
        !centre.allFinite()) {
      fail("Gram", detail::text("a centre of ", static_cast<std::size_t>(centre.size()), " numbers"),
           detail::text("centring token_mean and ", width, " finite numbers"));
    }
  }

  /// Add every token of `rows`. Throws Error on non-finite input (naming the token) or another width.
  template <Readable T>
  void add(HeadView<T> rows) {
    detail::require_rows("Gram::add", rows, width_);
    if (rows.tokens <= block_tokens) return add_blocks(rows);
    Gram next = *this;  // one pass over the rows, checked as it goes: a failed add changes nothing
    next.add_blocks(rows);
    *this = std::move(next);
  }

  /// Add the tokens behind `other`. Throws Error unless width, options and centre are equal.
  template <std::same_as<Gram> AGram>
  void merge(const AGram& other) {
    if (other.width_ != width_ || other.options_ != options_ || other.centre_ != centre_) {
      fail("Gram::merge", detail::text("a Gram of width ", other.width_),
           detail::text("width ", width_, " and equal options and centre"));
    }
    join(other.state_, other.mean_, other.tokens_);
    zero_rows_ += other.zero_rows_;
  }

  [[nodiscard]] std::size_t tokens() const noexcept { return tokens_; }
  [[nodiscard]] std::size_t zero_rows() const noexcept { return zero_rows_; }
  [[nodiscard]] std::size_t width() const noexcept { return width_; }
  [[nodiscard]] const GramOptions& options() const noexcept { return options_; }

  /// Σ in full; zero before the first token.
  template <class = void>
  [[nodiscard]] Matrix matrix() const {
    if (options_.accumulation == Accumulation::triangular_factor) {
      Matrix product = Matrix::Zero(state_.rows(), state_.cols());
      product.selfadjointView<Eigen::Lower>().rankUpdate(state_.transpose());
      return product.selfadjointView<Eigen::Lower>();
    }
    return state_.selfadjointView<Eigen::Lower>();
  }

  /// R, upper triangular with RᵀR = Σ. Precondition: Accumulation::triangular_factor (checked: Error).
  [[nodiscard]] const Matrix& factor() const {
    if (options_.accumulation != Accumulation::triangular_factor) {
      fail("Gram::factor", "a sum of products", "Accumulation::triangular_factor");
    }
    return state_;
  }

  /// What was subtracted: μ of the tokens so far, the centre handed in, or zeros.
  [[nodiscard]] Eigen::VectorXd mean() const { return centre_ ? *centre_ : mean_; }

 private:
  using Block = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  static constexpr std::size_t block_tokens = 256;
  static constexpr double no_direction = 0x1p-40;

  Gram(std::optional<Eigen::VectorXd> centre, std::size_t width, GramOptions options)
      : width_(width), options_(options), centre_(std::move(centre)) {
    if (width == 0) fail("Gram", "width 0", "at least 1 channel");
    const auto size = static_cast<Eigen::Index>(width);
    state_ = Matrix::Zero(size, size);
    mean_ = Eigen::VectorXd::Zero(size);
  }

  [[nodiscard]] bool moving_mean() const noexcept {
    return options_.centring == Centring::token_mean && !centre_;
  }

  /// Rows that fit, block by block, each checked before it counts.
  template <Readable T>
  void add_blocks(HeadView<T> rows) {
    if (options_.accumulation == Accumulation::float_blocks) {
      detail::ProductBlock products((std::min)(block_tokens, rows.tokens), width_);
      for_each_block(rows, [&](HeadView<T> block, double peak) { add_block(block, peak, products); });
    } else {
      for_each_block(rows, [&](HeadView<T> block, double) { add_block(block); });
    }
  }

  /// use(block, its largest magnitude) for at most block_tokens rows at a time.
  template <Readable T, class Use>
  void for_each_block(HeadView<T> rows, Use use) const {
    for (std::size_t first = 0; first < rows.tokens; first += block_tokens) {
      const HeadView<T> block = rows.slice(first, (std::min)(block_tokens, rows.tokens - first));
      const auto peak = static_cast<double>(std::bit_cast<std::remove_const_t<T>>(detail::peak_bits(block)));
      if (!(peak <= detail::largest_magnitude)) detail::checked_peak("Gram::add", rows, width_);
      use(block, peak);
    }
  }

  /// Products and sums in float, of rows times 2^exponent: the largest entry comes near 1, so that products
  /// neither overflow nor vanish.
  template <Readable T>
  void add_block(HeadView<T> rows, double peak, detail::ProductBlock& products) {
    Eigen::VectorXd mean = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(width_));
    const auto sum_up = [&](const auto& block, double largest) {
      constexpr int farthest = sizeof(*block.data) == sizeof(double) ? 500 : 126;
      const int exponent = largest > 0 ? std::clamp(-std::ilogb(largest), -farthest, farthest) : 0;
      products.pack(block, std::ldexp(1.0, exponent));
      const Eigen::VectorXd apart = advance(mean, block.tokens);
      products.add_products(std::ldexp(1.0, -2 * exponent), state_);
      if (moving_mean()) state_.selfadjointView<Eigen::Lower>().rankUpdate(apart);
    };
    if (as_they_are()) {
      sum_up(rows, peak);
    } else {
      const Block wide = prepared(rows, mean);
      sum_up(dense_head(wide.data(), rows.tokens, width_), wide.cwiseAbs().maxCoeff());
    }
  }

  /// In double.
  template <Readable T>
  void add_block(HeadView<T> rows) {
    Eigen::VectorXd mean = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(width_));
    const Block wide = prepared(rows, mean);
    if (options_.accumulation == Accumulation::triangular_factor) {
      join(triangular(wide), mean, rows.tokens);
    } else {
      Matrix part = Matrix::Zero(state_.rows(), state_.cols());
      part.selfadjointView<Eigen::Lower>().rankUpdate(wide.transpose());
      join(part, mean, rows.tokens);
    }
  }

  [[nodiscard]] bool as_they_are() const noexcept {
    return options_.rows == RowScaling::none && options_.centring == Centring::none;
  }

  /// The rows as they enter Σ, and where the mean moves, the block's own.
  template <Readable T>
  [[nodiscard]] Block prepared(HeadView<T> rows, Eigen::VectorXd& mean) {
    Block wide(static_cast<Eigen::Index>(rows.tokens), static_cast<Eigen::Index>(width_));
    for (std::size_t token = 0; token < rows.tokens; ++token) {
      const auto* row = rows.row(token);
      double* to = wide.data() + token * width_;
      for (std::size_t channel = 0; channel < width_; ++channel)
        to[channel] = static_cast<double>(row[channel]);
    }
    if (moving_mean()) {
      mean = wide.colwise().mean();
      wide.rowwise() -= mean.transpose();
    } else {
      if (centre_) wide.rowwise() -= centre_->transpose();
      if (options_.rows == RowScaling::unit) normalise(wide);
    }
    return wide;
  }

  template <class = void>
  void normalise(Block& rows) {
    for (Eigen::Index token = 0; token < rows.rows(); ++token) {
      auto row = rows.row(token);
      const double norm = row.stableNorm();
      const double reach = centre_ ? centre_->stableNorm() : 0.0;
      if (norm <= no_direction * reach || norm == 0.0) {
        row.setZero();
        ++zero_rows_;
      } else {
        row /= norm;
      }
    }
  }

  /// R of QR, width × width, zero rows appended where there are too few.
  template <class = void>
  [[nodiscard]] Matrix triangular(Matrix rows) const {
    const auto size = static_cast<Eigen::Index>(width_);
    if (rows.rows() < size) rows.conservativeResizeLike(Matrix::Zero(size, size));
    Eigen::HouseholderQR<Eigen::Ref<Matrix>> in_place(rows);
    return rows.topRows(size).triangularView<Eigen::Upper>();
  }

  /// Count `count` further tokens about `mean`. Returns √(n·m/(n + m))·δ, whose square parts about two
  /// means lack of the whole.
  [[nodiscard]] Eigen::VectorXd advance(const Eigen::VectorXd& mean, std::size_t count) {
    const auto before = static_cast<double>(tokens_);
    const auto added = static_cast<double>(count);
    tokens_ += count;
    if (!moving_mean()) return Eigen::VectorXd::Zero(mean.size());
    const Eigen::VectorXd delta = mean - mean_;
    mean_ += delta * (added / (before + added));
    return std::sqrt(before * added / (before + added)) * delta;
  }

  /// Fold in the state of `count` further tokens about `mean`.
  template <class = void>
  void join(const Matrix& part, const Eigen::VectorXd& mean, std::size_t count) {
    if (count == 0) return;
    const Eigen::VectorXd apart = advance(mean, count);
    if (options_.accumulation == Accumulation::triangular_factor) {
      Matrix stack(2 * part.rows() + 1, part.cols());
      stack << state_, part, apart.transpose();
      state_ = triangular(std::move(stack));
      return;
    }
    state_ += part;
    if (moving_mean()) state_.selfadjointView<Eigen::Lower>().rankUpdate(apart);
  }

  std::size_t width_;
  GramOptions options_;
  std::optional<Eigen::VectorXd> centre_;
  Matrix state_;  // lower triangle of Σ, or R
  Eigen::VectorXd mean_;
  std::size_t tokens_ = 0;
  std::size_t zero_rows_ = 0;
};

/// The Gram of one head that is in memory as a whole: one pass over the rows, or the two that centred,
/// then normalised rows take. Throws as Gram and TokenMean do.
template <Readable T>
[[nodiscard]] Gram gram_of(HeadView<T> rows, GramOptions options = {}) {
  const auto made = [&] {
    if (options.centring == Centring::none || options.rows == RowScaling::none)
      return Gram(rows.width, options);
    TokenMean mean(rows.width);
    mean.add(rows);
    return Gram(rows.width, options, mean.mean());
  };
  Gram gram = made();
  gram.add(rows);
  return gram;
}

}  // namespace dope
