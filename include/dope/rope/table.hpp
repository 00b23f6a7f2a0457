// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dope/core/aligned.hpp"
#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/core/ieee.hpp"
#include "dope/rope/cos_sin_exact.hpp"
#include "dope/rope/float_table.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/table_view.hpp"

namespace dope {

/// Which arithmetic yields the angle of (position m, frequency ω).
///
///   exact            the real product m·ω of the integer and the double; cos and sin then lie
///                    within table_ulps at every |m| ≤ 2⁵³.
///   float32_product  what most engines compute: fl32(fl32(m)·fl32(ω)), then cos and sin of that
///                    float. Its angle is off by up to |m·ω|·2⁻²³; at m = 131,071 that is 1e-2.
enum class Angles { exact, float32_product };

/// Worst error of a table's entry, attention factor 1, in units in the last place of C: with Angles::exact
/// against cos and sin of m·ω, with Angles::float32_product against those of its own angle.
template <std::floating_point C>
inline constexpr double table_ulps = sizeof(C) == sizeof(float) ? 1.0 : 2.0;

namespace detail {

inline constexpr std::int64_t farthest_position = std::int64_t{1} << 53;

inline void require_position(std::string_view where, std::int64_t position) {
  if (position > farthest_position || position < -farthest_position) {
    fail(std::string(where), text("position ", position), "at most 2^53 in size");
  }
}

/// first, first + 1, … first + count − 1. Throws Error unless all are at most 2⁵³ in size.
inline std::vector<std::int64_t> consecutive_positions(std::string_view where, std::int64_t first,
                                                       std::size_t count) {
  require_position(where, first);
  if (count > static_cast<std::uint64_t>(farthest_position - first) + 1) {
    fail(std::string(where), text(count, " positions from ", first, " on"), "none above 2^53");
  }
  std::vector<std::int64_t> positions(count);
  for (std::size_t i = 0; i < count; ++i) positions[i] = first + static_cast<std::int64_t>(i);
  return positions;
}

/// Throws Error unless tables of C can be made of these.
template <std::floating_point C>
void require_frequencies(std::string_view where, std::span<const double> omega, double attention_factor) {
  if (!(std::abs(attention_factor) <= static_cast<double>((std::numeric_limits<C>::max)()))) {
    fail(std::string(where), text("attention factor ", attention_factor),
         "a finite number of the table's type");
  }
  for (std::size_t band = 0; band < omega.size(); ++band) {
    if (!(std::abs(omega[band]) <= 1024.0)) {
      fail(std::string(where), text("frequency ", omega[band], " in band ", band),
           "radians per position in [-1024, 1024]");
    }
  }
}

/// Entry by entry, in the arithmetic of cos_sin_exact.hpp.
template <class C, class P>
void fill_by_entry(std::span<const double> omega, double attention_factor, std::span<const P> positions,
                   Angles angles, C* cos, C* sin, std::size_t stride) {
  constexpr std::size_t block = 64;
  for (std::size_t first = 0; first < positions.size(); first += block) {
    const std::size_t last = (std::min)(positions.size(), first + block);
    for (std::size_t band = 0; band < omega.size(); ++band) {
      const CosSinExact exact(omega[band]);
      for (std::size_t row = first; row < last; ++row) {
        const CosSin entry = angles == Angles::exact
                                 ? exact(positions[row])
                                 : cos_sin_of_float32_product(positions[row], omega[band]);
        cos[row * stride + band] = static_cast<C>(entry.cos * attention_factor);
        sin[row * stride + band] = static_cast<C>(entry.sin * attention_factor);
      }
    }
  }
}

}  // namespace detail

/// Fill caller's memory with one row per position: cos·a and sin·a of m·ω, a the attention factor.
///
/// Shapes: omega[bands]; cos and sin hold positions.size() rows of `stride` elements.
/// Preconditions: every ω finite, |ω| ≤ 2¹⁰; a finite in C; |m| ≤ 2⁵³; stride ≥ bands (checked, before
/// anything is written: Error). Law: ω = 0
/// or m = 0 gives exactly (a, 0); an entry's bits depend on (m, ω, a) alone, and those of float with
/// Angles::exact are the same from every compiler. Worst error for a = 1: table_ulps;
/// with another a, one more rounding.
template <std::floating_point C, Position P>
void fill_table(std::span<const double> omega, double attention_factor, std::span<const P> positions,
                Angles angles, C* cos, C* sin, std::size_t stride) {
  detail::require_ieee("fill_table");
  static_assert(detail::alternatives<Angles> == 2, "fill_table: every Angles");
  if (stride < omega.size()) {
    fail("fill_table", detail::text("row stride ", stride),
         detail::text("at least ", omega.size(), " bands"));
  }
  detail::require_frequencies<C>("fill_table", omega, attention_factor);
  for (std::size_t row = 0; row < positions.size(); ++row)
    detail::require_position("fill_table", positions[row]);
  if constexpr (std::same_as<C, float>) {
    if (angles == Angles::exact) {
      detail::fill_float_table<detail::ExactBands>(omega, attention_factor, positions, cos, sin, stride);
    } else {
      detail::fill_float_table<detail::ProductBands>(omega, attention_factor, positions, cos, sin, stride);
    }
  } else {
    detail::fill_by_entry(omega, attention_factor, positions, angles, cos, sin, stride);
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
      : rows_(positions.size()), bands_(frequencies.bands()), values_(entries(rows_, bands_)) {
    C* const cos = values_.data();
    fill_table<C, P>(frequencies.omega, frequencies.attention_factor, positions, angles, cos,
                     values_.empty() ? cos : cos + bands_, 2 * bands_);
  }

  /// Positions first, first + 1, … first + count − 1.
  RotationTable(const Frequencies& frequencies, std::int64_t first, std::size_t count,
                Angles angles = Angles::exact)
      : RotationTable(
            frequencies,
            std::span<const std::int64_t>(detail::consecutive_positions("RotationTable", first, count)),
            angles) {}

  [[nodiscard]] TableView<C> view() const noexcept {
    const C* const cos = values_.data();
    return {cos, values_.empty() ? cos : cos + bands_, rows_, bands_, 2 * bands_};
  }
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t bands() const noexcept { return bands_; }

 private:
  static std::size_t entries(std::size_t rows, std::size_t bands) {
    constexpr std::size_t most = (std::numeric_limits<std::ptrdiff_t>::max)() / (2 * sizeof(C));
    if (bands > 0 && rows > most / bands) {
      fail("RotationTable", detail::text(rows, " rows of ", bands, " bands"),
           detail::text("at most ", most, " entries"));
    }
    return rows * 2 * bands;
  }

  std::size_t rows_ = 0;
  std::size_t bands_ = 0;
  detail::AlignedVector<C> values_;  // no register of a row straddles two cache lines
};

}  // namespace dope
