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
#include "dope/rope/table_view.hpp"
#include "dope/rope/turn.hpp"

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

/// One head, checked already.
template <Turn turn, Scalar T, class RowOf>
void turn_head(HeadView<const T> from, HeadView<T> to, const TableView<compute_t<T>>& table, Pairing pairing,
               RowOf row_of) noexcept {
  with_loops<T>(pairing, table.bands, [&]<Pairing p, std::size_t registers>() {
    const OneTable<compute_t<T>> by{table};
    const std::size_t turned = table.rotated_width();
    const std::size_t copied = from.data == to.data ? 0 : from.width - turned;
    for (std::size_t token = 0; token < from.tokens; ++token) {
      const TokenHeads<T> one{from.row(token), to.row(token), 1, 0};
      turn_token<turn, p, registers, 1, T>(one, by, row_of(token));
      if (copied > 0) std::copy_n(one.from + turned, copied, one.to + turned);
    }
  });
}

/// Tokens that are turned before the next heads: head-major, their rows of the table, 32 KiB at width 128,
/// stay in the first-level cache.
inline constexpr std::size_t block_tokens = 64;

/// Head-major heads that a row of the table turns at once while it is in registers: as many streams as
/// prefetchers follow with ease.
inline constexpr std::size_t heads_at_once = 4;

/// All heads of x in place, in the order of memory, checked already. tables_from(head): the tables of that
/// head and those after it. bands: of every table, 0 where they differ.
template <Turn turn, Scalar T, class TablesFrom, class RowOf>
void turn_heads(const HeadsView<T>& x, std::size_t bands, Pairing pairing, const TablesFrom& tables_from,
                RowOf row_of) noexcept {
  with_loops<T>(pairing, bands, [&]<Pairing p, std::size_t registers>() {
    if (x.token_stride >= x.head_stride) {
      for (std::size_t token = 0; token < x.tokens; ++token) {
        T* const at = x.data + token * x.token_stride;
        const TokenHeads<T> all{at, at, x.heads, x.head_stride};
        turn_token<turn, p, registers, 0, T>(all, tables_from(0), row_of(token));
      }
      return;
    }
    for (std::size_t first = 0; first < x.tokens; first += block_tokens) {
      const std::size_t last = (std::min)(x.tokens, first + block_tokens);
      for (std::size_t head = 0; head < x.heads; head += heads_at_once) {
        const std::size_t heads = (std::min)(heads_at_once, x.heads - head);
        for (std::size_t token = first; token < last; ++token) {
          T* const at = x.data + token * x.token_stride + head * x.head_stride;
          const TokenHeads<T> some{at, at, heads, x.head_stride};
          if (heads == heads_at_once) {
            turn_token<turn, p, registers, heads_at_once, T>(some, tables_from(head), row_of(token));
          } else {
            turn_token<turn, p, registers, 0, T>(some, tables_from(head), row_of(token));
          }
        }
      }
    }
  });
}

/// Every head by one table.
template <Turn turn, Scalar T, class RowOf>
void turn_by_one(HeadsView<T> x, const TableView<compute_t<T>>& table, Pairing pairing, RowOf row_of) {
  require_rows(x, table, row_of);
  if (x.heads == 0) return;
  const OneTable<compute_t<T>> by{table};
  turn_heads<turn, T>(
      x, table.bands, pairing, [by](std::size_t) { return by; }, row_of);
}

/// Head h by table_of(h), token i by row i, checked already.
template <Turn turn, Scalar T, class TableOf>
void turn_by_many(const HeadsView<T>& x, std::size_t bands, Pairing pairing,
                  const TableOf& table_of) noexcept {
  turn_heads<turn, T>(
      x, bands, pairing,
      [&](std::size_t head) {
        return ManyTables<TableOf>{table_of, head};
      },
      OwnRow{});
}

template <class C>
bool same_table(const TableView<C>& a, const TableView<C>& b) noexcept {
  return a.cos == b.cos && a.sin == b.sin && a.stride == b.stride && a.bands == b.bands && a.rows == b.rows;
}

/// Head h by tables[h], token i by row i.
template <Turn turn, Scalar T>
void turn_per_head(HeadsView<T> x, std::span<const TableView<compute_t<T>>> tables, Pairing pairing) {
  using C = compute_t<T>;
  if (tables.size() != x.heads) {
    fail("rotate", text(tables.size(), " tables for ", x.heads, " heads"), "one table per head");
  }
  if (x.heads == 0) return;
  bool alike = true;
  for (std::size_t head = 0; head < x.heads; ++head) {
    if (head > 0 && same_table(tables[head], tables[head - 1])) continue;
    require_rows(x, tables[head], OwnRow{});
    alike = alike && tables[head].bands == tables.front().bands;
  }
  turn_by_many<turn, T>(x, alike ? tables.front().bands : 0, pairing,
                        [&](std::size_t head) -> const TableView<C>& { return tables[head]; });
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
  detail::turn_by_one<detail::Turn::forward, T>(x, table, pairing, detail::OwnRow{});
}

/// All heads in place by one table, token i by row rows[i].
template <Scalar T, Position P>
void rotate(HeadsView<T> x, std::type_identity_t<TableFor<T>> table, std::span<const P> rows,
            Pairing pairing) {
  detail::turn_by_one<detail::Turn::forward, T>(x, table, pairing, detail::ListedRow<P>{rows});
}

/// All heads in place, head h by tables[h], token i by row i: how a denoised plan runs.
template <Scalar T>
void rotate(HeadsView<T> x, std::span<const std::type_identity_t<TableFor<T>>> tables, Pairing pairing) {
  detail::turn_per_head<detail::Turn::forward, T>(x, tables, pairing);
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
  detail::turn_by_one<detail::Turn::adjoint, T>(x, table, pairing, detail::OwnRow{});
}

/// Adjoint of rotate for all heads, head h by tables[h], token i by row i.
template <Scalar T>
void rotate_adjoint(HeadsView<T> x, std::span<const std::type_identity_t<TableFor<T>>> tables,
                    Pairing pairing) {
  detail::turn_per_head<detail::Turn::adjoint, T>(x, tables, pairing);
}

}  // namespace dope
