// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <xsimd/xsimd.hpp>

#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"
#include "dope/rope/registers.hpp"
#include "dope/spectral/checked.hpp"
#include "dope/spectral/matrix.hpp"

namespace dope::detail {

/// Worst error of a sum of n ≤ 2¹² products in float, as a share of the sum of their magnitudes: a rounding
/// of 2⁻²⁴ of each product and n − 1 of the sum, or n with fusion, and 1 for what these multiply to.
constexpr double product_error(std::size_t tokens) noexcept {
  return (static_cast<double>(tokens) + 1.0) * 0x1p-24;
}

/// A block of rows in float, laid out for products of its columns, and those products' sum.
///
/// Columns are kept in strips of one register: channels [s·L, s·L + L) of token 0, of token 1, … stand side
/// by side, L floats a token; the last strip is filled up with zeros. A tile of tile_rows channels times up
/// to tile_strips strips is summed in registers over all tokens and leaves them once, so that a token costs
/// its loads and multiply-adds and nothing else.
class ProductBlock {
 public:
  /// Room for `tokens` rows of `width` channels: tokens·width floats, width rounded up to a register.
  ProductBlock(std::size_t tokens, std::size_t width)
      : width_(width),
        strips_((width + lanes - 1) / lanes),
        stride_(tokens * lanes + gap),
        packed_(static_cast<Eigen::Index>(strips_ * stride_)) {}

  /// Take over rows · scale, each entry rounded to float once. Preconditions: rows.width is the width,
  /// rows.tokens at most the room, scale a power of two (of float's range unless T is double).
  template <Readable T>
  void pack(HeadView<T> rows, double scale) {
    using Stored = std::remove_const_t<T>;
    tokens_ = rows.tokens;
    const std::size_t whole = width_ / lanes;
    for (std::size_t token = 0; token < tokens_; ++token) {
      const Stored* row = rows.row(token);
      float* to = packed_.data() + token * lanes;
      if constexpr (std::same_as<Stored, double>) {
        for (std::size_t strip = 0; strip < whole; ++strip) {
          for (std::size_t lane = 0; lane < lanes; ++lane)
            to[strip * stride_ + lane] = static_cast<float>(row[strip * lanes + lane] * scale);
        }
      } else {
        const Batch factor(static_cast<float>(scale));
        for (std::size_t strip = 0; strip < whole; ++strip)
          (load_register(row + strip * lanes) * factor).store_unaligned(to + strip * stride_);
      }
      if (whole == strips_) continue;
      using Wide = compute_t<Stored>;
      float* last = to + whole * stride_;
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        const std::size_t channel = whole * lanes + lane;
        last[lane] = channel < width_
                         ? static_cast<float>(static_cast<Wide>(row[channel]) * static_cast<Wide>(scale))
                         : 0.0f;
      }
    }
  }

  /// sum(i, j) += scale · Σ_t x_ti · x_tj for i ≥ j; above the diagonal sum is left undefined.
  ///
  /// sum is width × width. Products and their sum over the block's n tokens are taken in float, with or
  /// without fusion as the target has it: worst error product_error(n)·Σ_t |x_ti·x_tj| for entries above
  /// 2⁻⁵⁰, (n + 1)·2⁻²⁴; the rest in double.
  void add_products(double scale, Matrix& sum) const {
    for (std::size_t channel = 0; channel < width_; channel += tile_rows) {
      // As many strips in one tile as there are registers for, and no tile with a single one where two
      // strips fit: a narrow tile waits for its own sums.
      std::size_t strip = channel / lanes;
      while (strip < strips_) {
        const std::size_t left = strips_ - strip;
        const std::size_t taken = left == 4 ? 2 : (std::min)(left, tile_strips);
        if (taken == 3) {
          add_tile<3>(channel, strip, scale, sum);
        } else if (taken == 2) {
          add_tile<2>(channel, strip, scale, sum);
        } else {
          add_tile<1>(channel, strip, scale, sum);
        }
        strip += taken;
      }
    }
  }

 private:
  using Batch = xsimd::batch<float>;
  static constexpr std::size_t lanes = Batch::size;
  /// 8 × 3 sums, 3 columns and a row's entry fill 28 of the 32 registers that come with 16 lanes; 4 × 3,
  /// 3 and 1 the 16 of other targets.
  static constexpr std::size_t tile_rows = lanes >= 16 ? 8 : 4;
  static constexpr std::size_t tile_strips = 3;
  static_assert(lanes % tile_rows == 0, "the rows of a tile lie in one strip");
  /// Between strips, so that equal tokens of all strips do not meet in the same set of a cache.
  static constexpr std::size_t gap = 32;

  template <std::size_t count>
  void add_tile(std::size_t channel, std::size_t first, double scale, Matrix& sum) const {
    Batch sums[tile_rows][count];
#pragma GCC unroll 8
    for (std::size_t row = 0; row < tile_rows; ++row) {
#pragma GCC unroll 4
      for (std::size_t strip = 0; strip < count; ++strip) sums[row][strip] = Batch(0.0f);
    }
    const float* left = packed_.data() + channel / lanes * stride_ + channel % lanes;
    const float* right = packed_.data() + first * stride_;
    for (std::size_t token = 0; token < tokens_; ++token) {
      Batch columns[count];
#pragma GCC unroll 4
      for (std::size_t strip = 0; strip < count; ++strip)
        columns[strip] = Batch::load_unaligned(right + strip * stride_ + token * lanes);
#pragma GCC unroll 8
      for (std::size_t row = 0; row < tile_rows; ++row) {
        const Batch entry(left[token * lanes + row]);
#pragma GCC unroll 4
        for (std::size_t strip = 0; strip < count; ++strip)
          sums[row][strip] = fused_plus(sums[row][strip], entry, columns[strip]);
      }
    }
    alignas(64) float products[lanes];
    for (std::size_t row = 0; row < tile_rows && channel + row < width_; ++row) {
      double* column = sum.data() + (channel + row) * width_;
#pragma GCC unroll 4
      for (std::size_t strip = 0; strip < count; ++strip) {
        sums[row][strip].store_aligned(products);
        const std::size_t from = (first + strip) * lanes;
        if (from + lanes <= width_) {
          for (std::size_t lane = 0; lane < lanes; ++lane)
            column[from + lane] += scale * static_cast<double>(products[lane]);
        } else {
          for (std::size_t lane = 0; from + lane < width_; ++lane)
            column[from + lane] += scale * static_cast<double>(products[lane]);
        }
      }
    }
  }

  std::size_t width_;
  std::size_t strips_;
  std::size_t stride_;
  std::size_t tokens_ = 0;
  Eigen::ArrayXf packed_;
};

}  // namespace dope::detail
