// SPDX-License-Identifier: MIT
#pragma once

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <utility>
#include <xsimd/xsimd.hpp>

#include "dope/core/scalar.hpp"
#include "dope/rope/lanes.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/rope/parted.hpp"

// The inner loops of rotate.hpp: one row of the table, the rows of memory that it turns. Laws and worst
// error are stated there.

namespace dope::detail {

enum class Turn { forward, adjoint };

/// Which lanes of s are not 0: a mask register where the target has them.
template <class Batch>
inline auto nonzero(const Batch& s) noexcept {
#if defined(__AVX512F__)
  if constexpr (std::same_as<Batch, xsimd::batch<float>> && Batch::size == 16) {
    return _mm512_cmp_ps_mask(s, _mm512_setzero_ps(), _CMP_NEQ_UQ);
  } else if constexpr (std::same_as<Batch, xsimd::batch<double>> && Batch::size == 8) {
    return _mm512_cmp_pd_mask(s, _mm512_setzero_pd(), _CMP_NEQ_UQ);
  } else
#endif
  {
    return s != Batch(0);
  }
}

/// c and s of a register of bands, in the order of load_parted where interleaved, and where s is not 0.
template <Pairing pairing, Scalar T>
struct Coefficients {
  Lanes<T> c;
  Lanes<T> s;
  decltype(nonzero(Lanes<T>())) moves;

  static Coefficients load(const compute_t<T>* cos, const compute_t<T>* sin) noexcept {
    Lanes<T> c = Lanes<T>::load_unaligned(cos);
    Lanes<T> s = Lanes<T>::load_unaligned(sin);
    if constexpr (pairing == Pairing::interleaved) {
      c = order_of_pairs<T>(c);
      s = order_of_pairs<T>(s);
    }
    c = kept(c);
    s = kept(s);
    return {c, s, nonzero(s)};
  }
};

/// z ± x·y where `moves`, else z. Where s is 0 the partner must not be touched: adding −s·x₂ = ∓0 would
/// lose the sign of a zero and turn an infinite partner into NaN.
template <bool plus, class Batch, class Moves>
inline Batch add_moving(const Batch& z, const Batch& x, const Batch& y, const Moves moves) noexcept {
#if defined(__AVX512F__)
  if constexpr (std::same_as<Moves, __mmask16>) {
    return Batch(plus ? _mm512_mask3_fmadd_ps(x, y, z, moves) : _mm512_mask3_fnmadd_ps(x, y, z, moves));
  } else if constexpr (std::same_as<Moves, __mmask8>) {
    return Batch(plus ? _mm512_mask3_fmadd_pd(x, y, z, moves) : _mm512_mask3_fnmadd_pd(x, y, z, moves));
  } else
#endif
  {
    return xsimd::select(moves, plus ? fused_plus(z, x, y) : fused_minus(z, x, y), z);
  }
}

/// (first, second) of a register of bands, turned.
template <Turn turn, Pairing pairing, Scalar T>
inline void turn_batch(Lanes<T>& first, Lanes<T>& second, const Coefficients<pairing, T>& by) noexcept {
  constexpr bool forward = turn == Turn::forward;
  const Lanes<T> scaled_first = first * by.c;
  const Lanes<T> scaled_second = second * by.c;
  const Lanes<T> turned_first = add_moving<!forward>(scaled_first, second, by.s, by.moves);
  second = add_moving<forward>(scaled_second, first, by.s, by.moves);
  first = turned_first;
}

template <Pairing pairing, Scalar T>
inline void load_bands(const T* row, std::size_t band, std::size_t bands, Lanes<T>& first,
                       Lanes<T>& second) noexcept {
  if constexpr (pairing == Pairing::half_split) {
    first = kept(load_lanes(row + band));
    second = kept(load_lanes(row + bands + band));
  } else {
    load_parted(row + 2 * band, first, second);
  }
}

template <Pairing pairing, Scalar T>
inline void store_bands(const Lanes<T>& first, const Lanes<T>& second, T* row, std::size_t band,
                        std::size_t bands) noexcept {
  if constexpr (pairing == Pairing::half_split) {
    store_lanes(first, row + band);
    store_lanes(second, row + bands + band);
  } else {
    store_parted(first, second, row + 2 * band);
  }
}

/// A register of bands of one row, from band `band` of `bands` on; `to` may equal `from`.
template <Turn turn, Pairing pairing, Scalar T>
inline void turn_bands(const T* from, T* to, std::size_t band, std::size_t bands,
                       const Coefficients<pairing, T>& by) noexcept {
  Lanes<T> x;
  Lanes<T> y;
  load_bands<pairing, T>(from, band, bands, x, y);
  turn_batch<turn, pairing, T>(x, y, by);
  store_bands<pairing, T>(x, y, to, band, bands);
}

/// The `count` bands that do not fill a register.
template <Turn turn, Pairing pairing, Scalar T>
inline void turn_rest(const T* from, T* to, std::size_t band, std::size_t bands, const compute_t<T>* cos,
                      const compute_t<T>* sin) noexcept {
  constexpr std::size_t lanes = Lanes<T>::size;
  const std::size_t count = bands - band;
  alignas(64) compute_t<T> c[lanes] = {};
  alignas(64) compute_t<T> s[lanes] = {};
  alignas(64) T rest[2 * lanes] = {};
  std::copy_n(cos + band, count, c);
  std::copy_n(sin + band, count, s);
  const auto by = Coefficients<pairing, T>::load(c, s);
  if constexpr (pairing == Pairing::half_split) {
    std::copy_n(from + band, count, rest);
    std::copy_n(from + bands + band, count, rest + lanes);
    turn_bands<turn, pairing, T>(rest, rest, 0, lanes, by);
    std::copy_n(rest, count, to + band);
    std::copy_n(rest + lanes, count, to + bands + band);
  } else {
    std::copy_n(from + 2 * band, 2 * count, rest);
    turn_bands<turn, pairing, T>(rest, rest, 0, lanes, by);
    std::copy_n(rest, 2 * count, to + 2 * band);
  }
}

/// Rows of memory at distances `from_stride` and `to_stride`.
template <Scalar T>
struct Rows {
  const T* from = nullptr;
  T* to = nullptr;
  std::size_t count = 0;
  std::size_t from_stride = 0;
  std::size_t to_stride = 0;
};

/// Rows of as many bands as `by` has lanes; one parameter a register, so that each stays in its own. A row is
/// loaded before it is stored: a load that follows a store waits until their addresses are known to differ.
/// count: how many rows, where the caller knows at compile time, else 0.
template <Turn turn, Pairing pairing, std::size_t count, Scalar T, std::size_t... i, class... By>
[[gnu::always_inline]] inline void turn_rows_by(const Rows<T> rows, std::index_sequence<i...>,
                                                const By... by) noexcept {
  constexpr std::size_t lanes = Lanes<T>::size;
  constexpr std::size_t bands = sizeof...(i) * lanes;
  constexpr bool whole_rows = sizeof(Lanes<T>) == 64;  // comes with 32 registers: two for each of up to 16
  const auto turn_row = [&](const T* from, T* to) {
    if constexpr (whole_rows) {
      Lanes<T> x[sizeof...(i)];
      Lanes<T> y[sizeof...(i)];
      (load_bands<pairing, T>(from, i * lanes, bands, x[i], y[i]), ...);
      (turn_batch<turn, pairing, T>(x[i], y[i], by), ...);
      (store_bands<pairing, T>(x[i], y[i], to, i * lanes, bands), ...);
    } else {
      (turn_bands<turn, pairing, T>(from, to, i * lanes, bands, by), ...);
    }
  };
  if constexpr (count > 0) {
#pragma GCC unroll 4
    for (std::size_t row = 0; row < count; ++row)
      turn_row(rows.from + row * rows.from_stride, rows.to + row * rows.to_stride);
  } else {
    const T* from = rows.from;
    T* to = rows.to;
    for (std::size_t row = 0; row < rows.count; ++row, from += rows.from_stride, to += rows.to_stride)
      turn_row(from, to);
  }
}

/// Rows that one row of the table turns. registers: how many registers the bands fill exactly, c and s
/// then stay in them over all rows; 0 for any other number of bands. count: as for turn_rows_by.
template <Turn turn, Pairing pairing, std::size_t registers, std::size_t count, Scalar T>
[[gnu::always_inline]] inline void turn_rows(const Rows<T> rows, const compute_t<T>* cos,
                                             const compute_t<T>* sin, std::size_t bands) noexcept {
  constexpr std::size_t lanes = Lanes<T>::size;
  if constexpr (registers > 0) {
    [&]<std::size_t... i>(std::index_sequence<i...>) {
      turn_rows_by<turn, pairing, count, T>(
          rows, std::index_sequence<i...>{},
          Coefficients<pairing, T>::load(cos + i * lanes, sin + i * lanes)...);
    }
    (std::make_index_sequence<registers>{});
  } else {
    for (std::size_t row = 0; row < rows.count; ++row) {
      const T* from = rows.from + row * rows.from_stride;
      T* to = rows.to + row * rows.to_stride;
      std::size_t band = 0;
      for (; band + lanes <= bands; band += lanes) {
        turn_bands<turn, pairing, T>(from, to, band, bands,
                                     Coefficients<pairing, T>::load(cos + band, sin + band));
      }
      if (band < bands) turn_rest<turn, pairing, T>(from, to, band, bands, cos, sin);
    }
  }
}

/// Call use.template operator()<pairing, registers>() for the loops that fit.
template <Scalar T, class Use>
inline void with_loops(Pairing pairing, std::size_t bands, Use use) {
  constexpr std::size_t lanes = Lanes<T>::size;
  const auto sized = [&]<Pairing p>() {
    if (bands == lanes) return use.template operator()<p, 1>();
    if (bands == 2 * lanes) return use.template operator()<p, 2>();
    if (bands == 4 * lanes) return use.template operator()<p, 4>();
    return use.template operator()<p, 0>();
  };
  if (pairing == Pairing::half_split) {
    sized.template operator()<Pairing::half_split>();
  } else {
    sized.template operator()<Pairing::interleaved>();
  }
}

}  // namespace dope::detail
