// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "dope/core/error.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/rope/rotate_kernel.hpp"
#include "dope/rope/table_view.hpp"

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
// Token i is rotated by row i of the table, or by row rows[i] where a list of rows is given. Throws Error
// where shapes do not fit or a row lies outside the table, before anything is written.

namespace dope {
namespace detail {

/// The row of the table that rotates a token: the token's own index.
struct OwnRow {
  [[nodiscard]] std::size_t operator()(std::size_t token) const noexcept { return token; }
};

/// The same, from a list.
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
    fail("rotate", text("a table of ", table.bands, " bands for heads of width ", x.width),
         text("at most ", x.width / 2, " bands"));
  }
}

template <class T, class C>
void require_rows(const T& x, const TableView<C>& table, OwnRow) {
  require_width(x, table);
  if (x.tokens > table.rows) {
    fail("rotate", text(x.tokens, " tokens for a table of ", table.rows, " rows"),
         "at least one row per token");
  }
}

template <class T, class C, Position P>
void require_rows(const T& x, const TableView<C>& table, ListedRow<P> listed) {
  require_width(x, table);
  if (listed.rows.size() != x.tokens) {
    fail("rotate", text(listed.rows.size(), " rows for ", x.tokens, " tokens"), "one row per token");
  }
  for (std::size_t token = 0; token < x.tokens; ++token) {
    const P row = listed.rows[token];
    if (row < 0 || static_cast<std::uint64_t>(row) >= table.rows) {
      fail("rotate", text("row ", row, " for token ", token), text("a row from 0 to ", table.rows, " - 1"));
    }
  }
}

template <class A, class B>
void require_same_shape(const A& from, const B& to) {
  if (from.tokens != to.tokens || from.width != to.width) {
    fail("rotate",
         text("source of ", from.tokens, " x ", from.width, ", destination of ", to.tokens, " x ", to.width),
         "equal shapes");
  }
}

/// In head-major memory, this many tokens are rotated before the next heads: their rows of the table, 32 KiB
/// at width 128, stay in the first-level cache.
inline constexpr std::size_t block_tokens = 64;

/// In head-major memory, this many heads are rotated while a row of the table is in registers: hardware
/// prefetchers follow as many streams with ease.
inline constexpr std::size_t heads_at_once = 4;

/// Rotates one head in place. Arguments are checked already, here and below.
template <RotationDirection direction, Scalar T, class RowOf>
void rotate_head(const HeadView<T>& x, const TableView<compute_t<T>>& table, Pairing pairing,
                 RowOf row_of) noexcept {
  using Tables = OneTable<compute_t<T>>;
  const HeadsView<T> one{x.data, x.tokens, 1, x.width, x.token_stride, 0};
  const auto kernel = kernel_for<direction, 1, T, InPlace<T>, Tables, RowOf>(pairing, table.bands);
  kernel({.rows = {one}, .block = {0, x.tokens, 0, 1}, .tables = {table}, .row_of = row_of});
}

/// Rotates one head into another.
template <Scalar T>
void rotate_into(const HeadView<const T>& from, const HeadView<T>& to, const TableView<compute_t<T>>& table,
                 Pairing pairing) noexcept {
  using Tables = OneTable<compute_t<T>>;
  const auto kernel =
      kernel_for<RotationDirection::forward, 1, T, HeadToHead<T>, Tables, OwnRow>(pairing, table.bands);
  const std::size_t rotated = table.rotated_width();
  const std::size_t copied = from.data == to.data ? 0 : from.width - rotated;
  for (std::size_t first = 0; first < from.tokens; first += block_tokens) {
    const std::size_t tokens = (std::min)(block_tokens, from.tokens - first);
    kernel({.rows = {from, to}, .block = {first, tokens, 0, 1}, .tables = {table}, .row_of = {}});
    if (copied == 0) continue;
    for (std::size_t token = first; token < first + tokens; ++token)
      std::copy_n(from.row(token) + rotated, copied, to.row(token) + rotated);
  }
}

/// Rotates all heads of x in place, in the order of memory, head h by tables(h).
///
/// bands: the number that all tables have, or 0 where they differ.
template <RotationDirection direction, Scalar T, class Tables, class RowOf>
void rotate_heads(const HeadsView<T>& x, std::size_t bands, Pairing pairing, const Tables& tables,
                  RowOf row_of) noexcept {
  if (x.heads == 0) return;
  const auto kernel = kernel_for<direction, 0, T, InPlace<T>, Tables, RowOf>(pairing, bands);
  if (x.token_stride >= x.head_stride) {
    kernel({.rows = {x}, .block = {0, x.tokens, 0, x.heads}, .tables = tables, .row_of = row_of});
    return;
  }
  const auto kernel_at_once =
      kernel_for<direction, heads_at_once, T, InPlace<T>, Tables, RowOf>(pairing, bands);
  for (std::size_t token = 0; token < x.tokens; token += block_tokens) {
    const std::size_t tokens = (std::min)(block_tokens, x.tokens - token);
    for (std::size_t head = 0; head < x.heads; head += heads_at_once) {
      const std::size_t heads = (std::min)(heads_at_once, x.heads - head);
      const auto fitting_kernel = heads == heads_at_once ? kernel_at_once : kernel;
      fitting_kernel(
          {.rows = {x}, .block = {token, tokens, head, heads}, .tables = tables, .row_of = row_of});
    }
  }
}

template <class C>
bool same_table(const TableView<C>& a, const TableView<C>& b) noexcept {
  return a.cos == b.cos && a.sin == b.sin && a.stride == b.stride && a.bands == b.bands && a.rows == b.rows;
}

/// The number of bands that all tables have, or 0 where they differ. Throws Error unless table h fits head h.
template <class T, class C>
std::size_t require_tables(const HeadsView<T>& x, std::span<const TableView<C>> tables) {
  if (tables.size() != x.heads) {
    fail("rotate", text(tables.size(), " tables for ", x.heads, " heads"), "one table per head");
  }
  std::size_t bands = x.heads == 0 ? 0 : tables.front().bands;
  for (std::size_t head = 0; head < x.heads; ++head) {
    if (head > 0 && same_table(tables[head], tables[head - 1])) continue;
    require_rows(x, tables[head], OwnRow{});
    if (tables[head].bands != bands) bands = 0;
  }
  return bands;
}

/// Head h by tables[h].
template <class C>
struct TableList {
  std::span<const TableView<C>> tables;
  [[nodiscard]] const TableView<C>& operator()(std::size_t head) const noexcept { return tables[head]; }
};

}  // namespace detail

/// The table type that rotates heads stored as T.
template <Scalar T>
using TableFor = TableView<compute_t<T>>;

/// In place, token i by row i.
template <Scalar T>
void rotate(HeadView<T> x, std::type_identity_t<TableFor<T>> table, Pairing pairing) {
  detail::require_rows(x, table, detail::OwnRow{});
  detail::rotate_head<detail::RotationDirection::forward, T>(x, table, pairing, detail::OwnRow{});
}

/// In place, token i by row rows[i].
template <Scalar T, Position P>
void rotate(HeadView<T> x, std::type_identity_t<TableFor<T>> table, std::span<const P> rows,
            Pairing pairing) {
  const detail::ListedRow<P> listed{rows};
  detail::require_rows(x, table, listed);
  detail::rotate_head<detail::RotationDirection::forward, T>(x, table, pairing, listed);
}

/// From one head into another of the same shape, token i by row i. The two are the same memory with
/// the same stride, or do not overlap.
template <Scalar T>
void rotate(std::type_identity_t<HeadView<const T>> from, HeadView<T> to,
            std::type_identity_t<TableFor<T>> table, Pairing pairing) {
  detail::require_same_shape(from, to);
  detail::require_rows(from, table, detail::OwnRow{});
  detail::rotate_into<T>(from, to, table, pairing);
}

/// All heads in place by one table, token i by row i.
template <Scalar T>
void rotate(HeadsView<T> x, std::type_identity_t<TableFor<T>> table, Pairing pairing) {
  detail::require_rows(x, table, detail::OwnRow{});
  detail::rotate_heads<detail::RotationDirection::forward, T>(
      x, table.bands, pairing, detail::OneTable<compute_t<T>>{table}, detail::OwnRow{});
}

/// All heads in place by one table, token i by row rows[i].
template <Scalar T, Position P>
void rotate(HeadsView<T> x, std::type_identity_t<TableFor<T>> table, std::span<const P> rows,
            Pairing pairing) {
  const detail::ListedRow<P> listed{rows};
  detail::require_rows(x, table, listed);
  detail::rotate_heads<detail::RotationDirection::forward, T>(x, table.bands, pairing,
                                                              detail::OneTable<compute_t<T>>{table}, listed);
}

/// All heads in place, head h by tables[h], token i by row i: how a denoised plan runs.
template <Scalar T>
void rotate(HeadsView<T> x, std::span<const std::type_identity_t<TableFor<T>>> tables, Pairing pairing) {
  const std::size_t bands = detail::require_tables(x, tables);
  detail::rotate_heads<detail::RotationDirection::forward, T>(
      x, bands, pairing, detail::TableList<compute_t<T>>{tables}, detail::OwnRow{});
}

/// Adjoint of rotate, in place, token i by row i.
template <Scalar T>
void rotate_adjoint(HeadView<T> x, std::type_identity_t<TableFor<T>> table, Pairing pairing) {
  detail::require_rows(x, table, detail::OwnRow{});
  detail::rotate_head<detail::RotationDirection::adjoint, T>(x, table, pairing, detail::OwnRow{});
}

/// Adjoint of rotate, in place, token i by row rows[i].
template <Scalar T, Position P>
void rotate_adjoint(HeadView<T> x, std::type_identity_t<TableFor<T>> table, std::span<const P> rows,
                    Pairing pairing) {
  const detail::ListedRow<P> listed{rows};
  detail::require_rows(x, table, listed);
  detail::rotate_head<detail::RotationDirection::adjoint, T>(x, table, pairing, listed);
}

/// Adjoint of rotate for all heads by one table, token i by row i.
template <Scalar T>
void rotate_adjoint(HeadsView<T> x, std::type_identity_t<TableFor<T>> table, Pairing pairing) {
  detail::require_rows(x, table, detail::OwnRow{});
  detail::rotate_heads<detail::RotationDirection::adjoint, T>(
      x, table.bands, pairing, detail::OneTable<compute_t<T>>{table}, detail::OwnRow{});
}

/// Adjoint of rotate for all heads, head h by tables[h], token i by row i.
template <Scalar T>
void rotate_adjoint(HeadsView<T> x, std::span<const std::type_identity_t<TableFor<T>>> tables,
                    Pairing pairing) {
  const std::size_t bands = detail::require_tables(x, tables);
  detail::rotate_heads<detail::RotationDirection::adjoint, T>(
      x, bands, pairing, detail::TableList<compute_t<T>>{tables}, detail::OwnRow{});
}

}  // namespace dope
