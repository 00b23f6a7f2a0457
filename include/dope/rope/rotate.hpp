// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <xsimd/xsimd.hpp>

#include "dope/core/error.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"
#include "dope/rope/lanes.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/rope/table.hpp"

// Rotation of heads by a table, and its adjoint.
//
//   rotate          y₁ = c·x₁ − s·x₂,  y₂ = c·x₂ + s·x₁      (arXiv 2104.09864, eq. 34)
//   rotate_adjoint  y₁ = c·x₁ + s·x₂,  y₂ = c·x₂ − s·x₁      the backward pass
//
// for every token and band, (x₁, x₂) the channels of channels_of(pairing, band, 2·bands), c and s
// the table's entries, which hold the attention factor a. Channels at or past 2·bands pass through
// untouched. T is any Scalar, the table's C is compute_t<T>; arithmetic is in C, each result is
// rounded to T once. Nothing is allocated; distinct heads may be rotated by distinct threads.
//
// Laws, with R(m) the rotation at position m:
//   ‖R(m)x‖ = a‖x‖;  ⟨R(m)q, R(n)k⟩ depends on n − m only;  R(a)R(b) = R(a + b);
//   adjoint: ⟨R x, y⟩ = ⟨x, Rᵀ y⟩;  R(−m)R(m) = 1 where a = 1;
//   interleaved and half_split agree to the last bit under half_split_channel;
//   s = 0 with c = 1 (ω = 0, or m = 0) is a no-op to the last bit, for ±0 and infinities too.
// Worst error per channel, against exact arithmetic on the table's entries: 2·ε·(|c·x₁| + |s·x₂|),
// ε = 2⁻²⁴ (2⁻⁵³ for double), and for float16 and bfloat16 one rounding to storage more. The roundings
// are fixed: c times the channel's own value rounds, then the other product is fused onto it (rounds by
// itself first where the target has no fused multiply-add), so equal inputs give equal bits anywhere.
//
// Which row of the table turns token i: row i, or rows[i] where a list of rows is given. Throws
// Error where shapes do not fit or a row lies outside the table, before anything is written.

namespace dope {
namespace detail {

enum class Turn { forward, adjoint };

/// (first, second) of a batch of bands, turned. Where s is 0 the partner must not be touched:
/// adding −s·x₂ = ∓0 would lose the sign of a zero and turn an infinite partner into NaN.
template <Turn turn, class Batch>
inline void turn_batch(Batch& first, Batch& second, const Batch& c, const Batch& s) noexcept {
  const auto still = s == Batch(0);
  const Batch scaled_first = first * c;
  const Batch scaled_second = second * c;
  Batch turned_first;
  Batch turned_second;
  if constexpr (turn == Turn::forward) {
    turned_first = fused_minus(scaled_first, second, s);
    turned_second = fused_plus(scaled_second, first, s);
  } else {
    turned_first = fused_plus(scaled_first, second, s);
    turned_second = fused_minus(scaled_second, first, s);
  }
  first = xsimd::select(still, scaled_first, turned_first);
  second = xsimd::select(still, scaled_second, turned_second);
}

/// `bands` bands of one row, half_split partners at `first` and `second`; targets may equal sources.
template <Turn turn, Scalar T>
inline void turn_split(const T* first, const T* second, T* to_first, T* to_second, const compute_t<T>* cos,
                       const compute_t<T>* sin, std::size_t bands) noexcept {
  using C = compute_t<T>;
  constexpr std::size_t lanes = Lanes<T>::size;
  std::size_t band = 0;
  for (; band + lanes <= bands; band += lanes) {
    Lanes<T> x = load_lanes(first + band);
    Lanes<T> y = load_lanes(second + band);
    turn_batch<turn>(x, y, Lanes<T>::load_unaligned(cos + band), Lanes<T>::load_unaligned(sin + band));
    store_lanes(x, to_first + band);
    store_lanes(y, to_second + band);
  }
  if (band < bands) {
    const std::size_t count = bands - band;
    alignas(64) C table[2][lanes] = {};
    alignas(64) T rest[2][lanes] = {};
    std::copy_n(cos + band, count, table[0]);
    std::copy_n(sin + band, count, table[1]);
    std::copy_n(first + band, count, rest[0]);
    std::copy_n(second + band, count, rest[1]);
    Lanes<T> x = load_lanes(rest[0]);
    Lanes<T> y = load_lanes(rest[1]);
    turn_batch<turn>(x, y, Lanes<T>::load_aligned(table[0]), Lanes<T>::load_aligned(table[1]));
    store_lanes(x, rest[0]);
    store_lanes(y, rest[1]);
    std::copy_n(rest[0], count, to_first + band);
    std::copy_n(rest[1], count, to_second + band);
  }
}

/// `bands` bands of one row, interleaved partners from `row` on; the target may equal the source.
template <Turn turn, Scalar T>
inline void turn_interleaved(const T* row, T* to, const compute_t<T>* cos, const compute_t<T>* sin,
                             std::size_t bands) noexcept {
  using C = compute_t<T>;
  constexpr std::size_t lanes = Lanes<T>::size;
  const auto turn_pairs = [](const T* from, T* target, const Lanes<T>& c, const Lanes<T>& s) {
    Lanes<T> x;
    Lanes<T> y;
    load_pairs(from, x, y);
    turn_batch<turn>(x, y, c, s);
    store_pairs(x, y, target);
  };
  std::size_t band = 0;
  for (; band + lanes <= bands; band += lanes) {
    turn_pairs(row + 2 * band, to + 2 * band, Lanes<T>::load_unaligned(cos + band),
               Lanes<T>::load_unaligned(sin + band));
  }
  if (band < bands) {
    const std::size_t count = bands - band;
    alignas(64) C table[2][lanes] = {};
    alignas(64) T rest[2 * lanes] = {};
    std::copy_n(cos + band, count, table[0]);
    std::copy_n(sin + band, count, table[1]);
    std::copy_n(row + 2 * band, 2 * count, rest);
    turn_pairs(rest, rest, Lanes<T>::load_aligned(table[0]), Lanes<T>::load_aligned(table[1]));
    std::copy_n(rest, 2 * count, to + 2 * band);
  }
}

/// One row; `to` may equal `from`.
template <Turn turn, Scalar T>
inline void turn_row(const T* from, T* to, const compute_t<T>* cos, const compute_t<T>* sin,
                     std::size_t bands, Pairing pairing) noexcept {
  if (pairing == Pairing::half_split) {
    turn_split<turn, T>(from, from + bands, to, to + bands, cos, sin, bands);
  } else {
    turn_interleaved<turn, T>(from, to, cos, sin, bands);
  }
}

/// Row of the table for each token: the token's own index.
struct OwnRow {
  [[nodiscard]] std::size_t operator()(std::size_t token) const noexcept { return token; }
};

template <Position P>
struct ListedRow {
  std::span<const P> rows;
  [[nodiscard]] std::size_t operator()(std::size_t token) const noexcept {
    return static_cast<std::size_t>(rows[token]);
  }
};

template <class T, class C>
void require_width(const T& x, const TableView<C>& table) {
  if (table.rotated_width() > x.width) {
    throw Error("rotate", text("a table of ", table.bands, " bands for heads of width ", x.width),
                text("at most ", x.width / 2, " bands"));
  }
}

template <class T, class C>
void require_rows(const T& x, const TableView<C>& table, OwnRow) {
  require_width(x, table);
  if (x.tokens > table.rows) {
    throw Error("rotate", text(x.tokens, " tokens for a table of ", table.rows, " rows"),
                "at least one row per token");
  }
}

template <class T, class C, Position P>
void require_rows(const T& x, const TableView<C>& table, ListedRow<P> listed) {
  require_width(x, table);
  if (listed.rows.size() != x.tokens) {
    throw Error("rotate", text(listed.rows.size(), " rows for ", x.tokens, " tokens"), "one row per token");
  }
  for (std::size_t token = 0; token < x.tokens; ++token) {
    const P row = listed.rows[token];
    if (row < 0 || static_cast<std::uint64_t>(row) >= table.rows) {
      throw Error("rotate", text("row ", row, " for token ", token),
                  text("a row from 0 to ", table.rows, " - 1"));
    }
  }
}

template <class A, class B>
void require_same_shape(const A& from, const B& to) {
  if (from.tokens != to.tokens || from.width != to.width) {
    throw Error(
        "rotate",
        text("source of ", from.tokens, " x ", from.width, ", destination of ", to.tokens, " x ", to.width),
        "equal shapes");
  }
}

/// One head, checked already.
template <Turn turn, Scalar T, class RowOf>
void turn_head(HeadView<const T> from, HeadView<T> to, const TableView<compute_t<T>>& table, Pairing pairing,
               RowOf row_of) noexcept {
  const std::size_t turned = table.rotated_width();
  for (std::size_t token = 0; token < from.tokens; ++token) {
    const std::size_t row = row_of(token) * table.stride;
    turn_row<turn, T>(from.row(token), to.row(token), table.cos + row, table.sin + row, table.bands, pairing);
    if (from.data != to.data) {
      std::copy(from.row(token) + turned, from.row(token) + from.width, to.row(token) + turned);
    }
  }
}

/// Every head of x, head h by table_of(h); tokens outermost where that walks memory in order.
template <Turn turn, Scalar T, class TableOf, class RowOf>
void turn_heads(HeadsView<T> x, TableOf table_of, Pairing pairing, RowOf row_of) {
  for (std::size_t head = 0; head < x.heads; ++head) require_rows(x, table_of(head), row_of);
  const std::size_t block = x.token_stride < x.head_stride ? x.tokens : 1;
  for (std::size_t first = 0; first < x.tokens; first += block) {
    for (std::size_t head = 0; head < x.heads; ++head) {
      const auto& table = table_of(head);
      T* channels = x.data + first * x.token_stride + head * x.head_stride;
      for (std::size_t token = first; token < first + block; ++token, channels += x.token_stride) {
        const std::size_t row = row_of(token) * table.stride;
        turn_row<turn, T>(channels, channels, table.cos + row, table.sin + row, table.bands, pairing);
      }
    }
  }
}

template <Turn turn, Scalar T>
void turn_per_head(HeadsView<T> x, std::span<const TableView<compute_t<T>>> tables, Pairing pairing) {
  if (tables.size() != x.heads) {
    throw Error("rotate", text(tables.size(), " tables for ", x.heads, " heads"), "one table per head");
  }
  turn_heads<turn>(
      x, [&](std::size_t head) -> const auto& { return tables[head]; }, pairing, OwnRow{});
}

}  // namespace detail

/// The table type that rotates heads stored as T.
template <Scalar T>
using TableFor = TableView<compute_t<T>>;

/// In place, token i by row i.
template <Scalar T>
void rotate(HeadView<T> x, std::type_identity_t<TableFor<T>> table, Pairing pairing) {
  detail::require_rows(x, table, detail::OwnRow{});
  detail::turn_head<detail::Turn::forward, T>(x, x, table, pairing, detail::OwnRow{});
}

/// In place, token i by row rows[i].
template <Scalar T, Position P>
void rotate(HeadView<T> x, std::type_identity_t<TableFor<T>> table, std::span<const P> rows,
            Pairing pairing) {
  const detail::ListedRow<P> listed{rows};
  detail::require_rows(x, table, listed);
  detail::turn_head<detail::Turn::forward, T>(x, x, table, pairing, listed);
}

/// From one head into another of the same shape, token i by row i. The two are the same memory with
/// the same stride, or do not overlap.
template <Scalar T>
void rotate(std::type_identity_t<HeadView<const T>> from, HeadView<T> to,
            std::type_identity_t<TableFor<T>> table, Pairing pairing) {
  detail::require_same_shape(from, to);
  detail::require_rows(from, table, detail::OwnRow{});
  detail::turn_head<detail::Turn::forward, T>(from, to, table, pairing, detail::OwnRow{});
}

/// All heads in place by one table, token i by row i.
template <Scalar T>
void rotate(HeadsView<T> x, std::type_identity_t<TableFor<T>> table, Pairing pairing) {
  detail::turn_heads<detail::Turn::forward>(
      x, [&](std::size_t) -> const auto& { return table; }, pairing, detail::OwnRow{});
}

/// All heads in place by one table, token i by row rows[i].
template <Scalar T, Position P>
void rotate(HeadsView<T> x, std::type_identity_t<TableFor<T>> table, std::span<const P> rows,
            Pairing pairing) {
  detail::turn_heads<detail::Turn::forward>(
      x, [&](std::size_t) -> const auto& { return table; }, pairing, detail::ListedRow<P>{rows});
}

/// All heads in place, head h by tables[h], token i by row i: how a denoised plan runs.
template <Scalar T>
void rotate(HeadsView<T> x, std::span<const std::type_identity_t<TableFor<T>>> tables, Pairing pairing) {
  detail::turn_per_head<detail::Turn::forward>(x, tables, pairing);
}

/// Adjoint of rotate, in place, token i by row i.
template <Scalar T>
void rotate_adjoint(HeadView<T> x, std::type_identity_t<TableFor<T>> table, Pairing pairing) {
  detail::require_rows(x, table, detail::OwnRow{});
  detail::turn_head<detail::Turn::adjoint, T>(x, x, table, pairing, detail::OwnRow{});
}

/// Adjoint of rotate, in place, token i by row rows[i].
template <Scalar T, Position P>
void rotate_adjoint(HeadView<T> x, std::type_identity_t<TableFor<T>> table, std::span<const P> rows,
                    Pairing pairing) {
  const detail::ListedRow<P> listed{rows};
  detail::require_rows(x, table, listed);
  detail::turn_head<detail::Turn::adjoint, T>(x, x, table, pairing, listed);
}

/// Adjoint of rotate for all heads by one table, token i by row i.
template <Scalar T>
void rotate_adjoint(HeadsView<T> x, std::type_identity_t<TableFor<T>> table, Pairing pairing) {
  detail::turn_heads<detail::Turn::adjoint>(
      x, [&](std::size_t) -> const auto& { return table; }, pairing, detail::OwnRow{});
}

/// Adjoint of rotate for all heads, head h by tables[h], token i by row i.
template <Scalar T>
void rotate_adjoint(HeadsView<T> x, std::span<const std::type_identity_t<TableFor<T>>> tables,
                    Pairing pairing) {
  detail::turn_per_head<detail::Turn::adjoint>(x, tables, pairing);
}

}  // namespace dope
