// SPDX-License-Identifier: MIT
#pragma once

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <xsimd/xsimd.hpp>

#include "dope/core/scalar.hpp"
#include "dope/rope/lanes.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/rope/parted.hpp"
#include "dope/rope/table_view.hpp"

// The inner loops of rotate.hpp: the heads of a token, each by a row of its table. Laws and worst error are
// stated there.

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
    return from(Lanes<T>::load_unaligned(cos), Lanes<T>::load_unaligned(sin));
  }
  /// Of `count` bands; 0 for the others.
  static Coefficients load_first(const compute_t<T>* cos, const compute_t<T>* sin,
                                 std::size_t count) noexcept {
    return from(load_first_lanes(cos, count), load_first_lanes(sin, count));
  }

 private:
  static Coefficients from(Lanes<T> c, Lanes<T> s) noexcept {
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

/// All bands of a row that fill no register.
template <Pairing pairing, Scalar T>
inline void load_few_bands(const T* row, std::size_t bands, Lanes<T>& first, Lanes<T>& second) noexcept {
  if constexpr (pairing == Pairing::half_split) {
    first = kept(load_first_lanes(row, bands));
    second = kept(load_first_lanes(row + bands, bands));
  } else {
    load_first_parted(row, bands, first, second);
  }
}

template <Pairing pairing, Scalar T>
inline void store_few_bands(const Lanes<T>& first, const Lanes<T>& second, T* row,
                            std::size_t bands) noexcept {
  if constexpr (pairing == Pairing::half_split) {
    store_first_lanes(first, row, bands);
    store_first_lanes(second, row + bands, bands);
  } else {
    store_first_parted(first, second, row, bands);
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

/// One row of any number of bands.
template <Turn turn, Pairing pairing, Scalar T>
[[gnu::always_inline]] inline void turn_any(const T* from, T* to, const compute_t<T>* cos,
                                            const compute_t<T>* sin, std::size_t bands) noexcept {
  constexpr std::size_t lanes = Lanes<T>::size;
  using By = Coefficients<pairing, T>;
  const auto turn_blocks = [&] {
    for (std::size_t band = 0; band + lanes <= bands; band += lanes)
      turn_bands<turn, pairing, T>(from, to, band, bands, By::load(cos + band, sin + band));
  };
  if (bands % lanes == 0) return turn_blocks();
  Lanes<T> x;
  Lanes<T> y;
  if (bands < lanes) {
    load_few_bands<pairing, T>(from, bands, x, y);
    turn_batch<turn, pairing, T>(x, y, By::load_first(cos, sin, bands));
    store_few_bands<pairing, T>(x, y, to, bands);
    return;
  }
  // The last ones that fill no register, with what stands before them; loaded before that is stored, so that
  // both turns of a band start from the same.
  const std::size_t last = bands - lanes;
  load_bands<pairing, T>(from, last, bands, x, y);
  turn_blocks();
  turn_batch<turn, pairing, T>(x, y, By::load(cos + last, sin + last));
  store_bands<pairing, T>(x, y, to, last, bands);
}

/// One row of as many bands as `by` has lanes; one parameter a register, so that each stays in its own. A row
/// is loaded before it is stored: a load that follows a store waits until their addresses are known to
/// differ.
template <Turn turn, Pairing pairing, Scalar T, std::size_t... i, class... By>
[[gnu::always_inline]] inline void turn_whole(const T* from, T* to, std::index_sequence<i...>,
                                              const By&... by) noexcept {
  constexpr std::size_t lanes = Lanes<T>::size;
  constexpr std::size_t bands = sizeof...(i) * lanes;
  if constexpr (sizeof(Lanes<T>) == 64) {  // comes with 32 registers: two for each of up to 16
    Lanes<T> x[sizeof...(i)];
    Lanes<T> y[sizeof...(i)];
    (load_bands<pairing, T>(from, i * lanes, bands, x[i], y[i]), ...);
    (turn_batch<turn, pairing, T>(x[i], y[i], by), ...);
    (store_bands<pairing, T>(x[i], y[i], to, i * lanes, bands), ...);
  } else {
    (turn_bands<turn, pairing, T>(from, to, i * lanes, bands, by), ...);
  }
}

/// Heads of one token, at distance `stride` in memory.
template <Scalar T>
struct TokenHeads {
  const T* from = nullptr;
  T* to = nullptr;  // may be `from`
  std::size_t count = 0;
  std::size_t stride = 0;
};

/// The tables of a token's heads: one for all, or head h's is table_of(h).
template <class C>
struct OneTable {
  TableView<C> table;
  static constexpr bool changes = false;

  [[nodiscard]] const TableView<C>& operator()(std::size_t) const noexcept { return table; }
};

template <class TableOf>
struct ManyTables {
  const TableOf& table_of;
  std::size_t first = 0;
  static constexpr bool changes = true;

  [[nodiscard]] const auto& operator()(std::size_t head) const noexcept { return table_of(first + head); }
};

/// Heads by row `row` of their tables: c and s stay in registers until the table changes.
/// count: of heads, where the caller knows at compile time, else 0.
template <Turn turn, Pairing pairing, std::size_t count, Scalar T, class Tables, std::size_t... i,
          class... By>
[[gnu::always_inline]] inline void turn_token_by(const TokenHeads<T> heads, const Tables tables,
                                                 std::size_t row, std::index_sequence<i...> registers,
                                                 By... by) noexcept {
  constexpr std::size_t lanes = Lanes<T>::size;
  const compute_t<T>* cos = tables(0).cos;
  const compute_t<T>* sin = tables(0).sin;
  std::size_t stride = tables(0).stride;
  const auto turn_head = [&](std::size_t head) __attribute__((always_inline)) {
    if constexpr (Tables::changes) {
      const auto& table = tables(head);
      if (table.cos != cos || table.sin != sin || table.stride != stride) {
        cos = table.cos;
        sin = table.sin;
        stride = table.stride;
        ((by =
              Coefficients<pairing, T>::load(cos + row * stride + i * lanes, sin + row * stride + i * lanes)),
         ...);
      }
    }
    turn_whole<turn, pairing, T>(heads.from + head * heads.stride, heads.to + head * heads.stride, registers,
                                 by...);
  };
  if constexpr (count > 0) {
#pragma GCC unroll 4
    for (std::size_t head = 0; head < count; ++head) turn_head(head);
  } else {
    for (std::size_t head = 0; head < heads.count; ++head) turn_head(head);
  }
}

/// The same for any number of bands. registers: how many the bands fill exactly, 0 for any other number.
template <Turn turn, Pairing pairing, std::size_t registers, std::size_t count, Scalar T, class Tables>
[[gnu::always_inline]] inline void turn_token(const TokenHeads<T> heads, const Tables tables,
                                              std::size_t row) noexcept {
  constexpr std::size_t lanes = Lanes<T>::size;
  if constexpr (registers > 0) {
    const auto& table = tables(0);
    const compute_t<T>* const cos = table.cos + row * table.stride;
    const compute_t<T>* const sin = table.sin + row * table.stride;
    [&]<std::size_t... i>(std::index_sequence<i...> all) {
      turn_token_by<turn, pairing, count, T>(
          heads, tables, row, all, Coefficients<pairing, T>::load(cos + i * lanes, sin + i * lanes)...);
    }
    (std::make_index_sequence<registers>{});
  } else {
    for (std::size_t head = 0; head < heads.count; ++head) {
      const auto& table = tables(head);
      turn_any<turn, pairing, T>(heads.from + head * heads.stride, heads.to + head * heads.stride,
                                 table.cos + row * table.stride, table.sin + row * table.stride, table.bands);
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
