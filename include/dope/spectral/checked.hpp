// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "dope/core/error.hpp"
#include "dope/core/ieee.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"

namespace dope {

/// A view element that spectral functions read: a Scalar, const or not.
template <class T>
concept Readable = Scalar<std::remove_const_t<T>>;

namespace detail {

template <Scalar T>
using magnitude_bits_t = std::conditional_t<sizeof(T) == 8, std::uint64_t,
                                            std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint16_t>>;

/// The bits of |value|: as integers they sort as the magnitudes do, infinities and NaNs last.
template <Scalar T>
constexpr magnitude_bits_t<T> magnitude_bits(T value) noexcept {
  using Bits = magnitude_bits_t<T>;
  constexpr auto all_but_sign = static_cast<Bits>(static_cast<Bits>(~Bits{0}) >> 1);
  if constexpr (sizeof(T) == sizeof(std::uint16_t)) {
    // Not by bit_cast: over a struct it keeps compilers from vectorizing the loop around it.
    return static_cast<Bits>(value.bits & all_but_sign);
  } else {
    return static_cast<Bits>(std::bit_cast<Bits>(value) & all_but_sign);
  }
}

/// The largest magnitude whose products of two, summed over any number of tokens, stay finite in double; and
/// the smallest that a head may have as its largest: products of two that count beside its square keep all
/// their digits.
inline constexpr double largest_magnitude = 0x1p+480;
inline constexpr double smallest_magnitude = 0x1p-480;
/// The square of the latter: the least sum of squares that is measured.
inline constexpr double smallest_energy = smallest_magnitude * smallest_magnitude;

/// Throws Error where a sum of squares is below smallest_energy, or 0.
inline void require_energy(std::string_view where, double energy, std::string_view of) {
  if (!(energy >= smallest_energy)) {
    fail(std::string(where), text("a sum of squares of ", energy, " in ", of),
         "at least 2^-960: a value of magnitude 2^-480 or more");
  }
}

/// Throws Error where the view has another width than `width` or overlapping rows.
template <Readable T>
void require_rows(std::string_view where, HeadView<T> rows, std::size_t width) {
  if (rows.width != width || (rows.tokens > 1 && rows.token_stride < width)) {
    fail(std::string(where), text("rows of width ", rows.width, " at stride ", rows.token_stride),
         text("width ", width, " and a stride of at least that"));
  }
}

/// The bits of the largest |x| of a head: of a NaN where there is one, else of an infinity where there is
/// one.
template <Readable T>
auto peak_bits(HeadView<T> rows) noexcept {
  using Stored = std::remove_const_t<T>;
  // Rows without gaps are one long row: the loop below is then entered once.
  const bool gapless = rows.token_stride == rows.width;
  const std::size_t length = gapless ? rows.tokens * rows.width : rows.width;
  const std::size_t count = gapless ? std::min<std::size_t>(rows.tokens, 1) : rows.tokens;
  magnitude_bits_t<Stored> peak = 0;
  for (std::size_t token = 0; token < count; ++token) {
    const Stored* row = rows.row(token);
    for (std::size_t i = 0; i < length; ++i) peak = (std::max)(peak, magnitude_bits<Stored>(row[i]));
  }
  return peak;
}

/// The largest |x| of a head. Throws Error naming token and channel where x is not finite or too
/// large to square, and where the view has another width than `width` or overlapping rows.
template <Readable T>
double checked_peak(std::string_view where, HeadView<T> rows, std::size_t width) {
  using Stored = std::remove_const_t<T>;
  require_rows(where, rows, width);
  // Infinity is too large, and no comparison holds for NaN.
  const auto fits = [](magnitude_bits_t<Stored> bits) {
    return static_cast<double>(std::bit_cast<Stored>(bits)) <= largest_magnitude;
  };
  const magnitude_bits_t<Stored> peak = peak_bits(rows);
  if (!fits(peak)) {
    for (std::size_t token = 0; token < rows.tokens; ++token) {
      for (std::size_t channel = 0; channel < width; ++channel) {
        const Stored value = rows.row(token)[channel];
        if (!fits(magnitude_bits<Stored>(value))) {
          fail(std::string(where),
               text(static_cast<double>(value), " at token ", token, ", channel ", channel),
               "finite values of magnitude at most 2^480");
        }
      }
    }
  }
  return static_cast<double>(std::bit_cast<Stored>(peak));
}

}  // namespace detail
}  // namespace dope
