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
  return static_cast<Bits>(std::bit_cast<Bits>(value) & static_cast<Bits>(static_cast<Bits>(~Bits{0}) >> 1));
}

/// The largest magnitude whose products of two, summed over any number of tokens, stay finite in double.
inline constexpr double largest_magnitude = 0x1p+480;

/// The largest |x| of a head. Throws Error naming token and channel where x is not finite or too
/// large to square, and where the view has another width than `width` or overlapping rows.
template <Readable T>
double checked_peak(std::string_view where, HeadView<T> rows, std::size_t width) {
  using Stored = std::remove_const_t<T>;
  if (rows.width != width || (rows.tokens > 1 && rows.token_stride < width)) {
    throw Error(std::string(where), text("rows of width ", rows.width, " at stride ", rows.token_stride),
                text("width ", width, " and a stride of at least that"));
  }
  magnitude_bits_t<Stored> peak = 0;
  for (std::size_t token = 0; token < rows.tokens; ++token) {
    const Stored* row = rows.row(token);
    for (std::size_t channel = 0; channel < width; ++channel) {
      peak = std::max(peak, magnitude_bits<Stored>(row[channel]));
    }
  }
  // Infinity is too large, and no comparison holds for NaN.
  const auto fits = [](magnitude_bits_t<Stored> bits) {
    return static_cast<double>(std::bit_cast<Stored>(bits)) <= largest_magnitude;
  };
  if (!fits(peak)) {
    for (std::size_t token = 0; token < rows.tokens; ++token) {
      for (std::size_t channel = 0; channel < width; ++channel) {
        const Stored value = rows.row(token)[channel];
        if (!fits(magnitude_bits<Stored>(value))) {
          throw Error(std::string(where),
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
