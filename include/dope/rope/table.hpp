// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "dope/core/error.hpp"
#include "dope/rope/frequencies.hpp"

namespace dope {

/// Which arithmetic yields the angle of (position m, frequency ω).
///
///   exact            the real product m·ω of the integer and the double; cos and sin then lie
///                    within 1 ulp of the stored type at every |m| ≤ 2⁵³.
///   float32_product  what most engines compute: fl32(fl32(m)·fl32(ω)), then cos and sin of that
///                    float. Its angle is off by up to |m·ω|·2⁻²³; at m = 131,071 that is 1e-2.
enum class Angles { exact, float32_product };

/// Positions are 32- or 64-bit signed integers, in any order, with any offset, negative ones included.
template <class P>
concept Position = std::same_as<P, std::int32_t> || std::same_as<P, std::int64_t>;

/// The cos and sin of `rows` positions × `bands` bands over anyone's memory.
///
/// cos of (row, band) is cos[row * stride + band], sin likewise; the attention factor is in them.
template <std::floating_point C>
struct TableView {
  const C* cos = nullptr;
  const C* sin = nullptr;
  std::size_t rows = 0;
  std::size_t bands = 0;
  std::size_t stride = 0;

  [[nodiscard]] std::size_t rotated_width() const noexcept { return 2 * bands; }

  /// Rows [first, first + count).
  [[nodiscard]] TableView slice(std::size_t first, std::size_t count) const {
    if (first > rows || count > rows - first) {
      throw Error("TableView::slice", detail::text("rows [", first, ", +", count, ")"),
                  detail::text("a range inside ", rows, " rows"));
    }
    return {cos + first * stride, sin + first * stride, count, bands, stride};
  }
};

namespace detail {

struct CosSin {
  double cos;
  double sin;
};

/// cos and sin of the real number m·ω: the product's rounding error, which fma gives exactly, is
/// put back to first order. The neglected second order is below 2⁻¹⁰⁶·(m·ω)², far under the result's ulp.
inline CosSin exact_turn(double position, double omega) noexcept {
  const double angle = position * omega;
  const double rest = std::fma(position, omega, -angle);
  const double c = std::cos(angle);
  const double s = std::sin(angle);
  return {c - rest * s, s + rest * c};
}

inline CosSin float32_turn(double position, double omega) noexcept {
  const float angle = static_cast<float>(position) * static_cast<float>(omega);
  return {std::cos(static_cast<double>(angle)), std::sin(static_cast<double>(angle))};
}

}  // namespace detail

/// Fill caller's memory with one row per position: cos·a and sin·a of m·ω, a the attention factor.
///
/// Shapes: omega[bands]; cos and sin hold positions.size() rows of `stride` elements.
/// Preconditions: every ω finite, |ω| ≤ 2¹⁰; |m| ≤ 2⁵³; stride ≥ bands (checked: Error). Law: ω = 0
/// or m = 0 gives exactly (a, 0). Worst error with Angles::exact and a = 1: 1 ulp of float; of double,
/// 2 ulp. With another a, one more rounding.
template <std::floating_point C, Position P>
void fill_table(std::span<const double> omega, double attention_factor, std::span<const P> positions, Angles angles,
                C* cos, C* sin, std::size_t stride) {
  if (stride < omega.size()) {
    throw Error("fill_table", detail::text("row stride ", stride), detail::text("at least ", omega.size(), " bands"));
  }
  if (!std::isfinite(attention_factor)) {
    throw Error("fill_table", detail::text("attention factor ", attention_factor), "a finite number");
  }
  for (std::size_t band = 0; band < omega.size(); ++band) {
    if (!(std::abs(omega[band]) <= 1024.0)) {
      throw Error("fill_table", detail::text("frequency ", omega[band], " in band ", band),
                  "radians per position in [-1024, 1024]");
    }
  }
  constexpr std::int64_t farthest = std::int64_t{1} << 53;
  for (std::size_t row = 0; row < positions.size(); ++row) {
    if constexpr (sizeof(P) == 8) {
      if (positions[row] > farthest || positions[row] < -farthest) {
        throw Error("fill_table", detail::text("position ", positions[row], " in row ", row), "at most 2^53 in size");
      }
    }
    const auto position = static_cast<double>(positions[row]);
    for (std::size_t band = 0; band < omega.size(); ++band) {
      const auto turn = angles == Angles::exact ? detail::exact_turn(position, omega[band])
                                                : detail::float32_turn(position, omega[band]);
      cos[row * stride + band] = static_cast<C>(turn.cos * attention_factor);
      sin[row * stride + band] = static_cast<C>(turn.sin * attention_factor);
    }
  }
}

/// An owning table: build once per context, share between all heads and layers of one frequency table.
///
/// Row i belongs to positions[i]. Layout: one row is [cos(bands) | sin(bands)], dense.
template <std::floating_point C = float>
class RotationTable {
 public:
  RotationTable() = default;

  template <Position P>
  RotationTable(const Frequencies& frequencies, std::span<const P> positions, Angles angles = Angles::exact)
      : rows_(positions.size()), bands_(frequencies.bands()), values_(rows_ * 2 * bands_) {
    fill_table<C, P>(frequencies.omega, frequencies.attention_factor, positions, angles, values_.data(),
                     values_.data() + bands_, 2 * bands_);
  }

  /// Positions first, first + 1, … first + count − 1.
  RotationTable(const Frequencies& frequencies, std::int64_t first, std::size_t count, Angles angles = Angles::exact)
      : RotationTable(frequencies, std::span<const std::int64_t>(consecutive(first, count)), angles) {}

  [[nodiscard]] TableView<C> view() const noexcept {
    return {values_.data(), values_.data() + bands_, rows_, bands_, 2 * bands_};
  }
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t bands() const noexcept { return bands_; }

 private:
  static std::vector<std::int64_t> consecutive(std::int64_t first, std::size_t count) {
    std::vector<std::int64_t> positions(count);
    for (std::size_t i = 0; i < count; ++i) positions[i] = first + static_cast<std::int64_t>(i);
    return positions;
  }

  std::size_t rows_ = 0;
  std::size_t bands_ = 0;
  std::vector<C> values_;
};

}  // namespace dope
