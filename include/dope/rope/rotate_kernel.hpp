// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <utility>

#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/rope/registers.hpp"
#include "dope/rope/table_view.hpp"

// The loops of rotate.hpp, which states the laws and the worst error. In registers, rotate_tokens does this:
//
//   for (token) for (head) for (band) {
//     const auto [i, j] = channels_of(pairing, band, 2 * bands);  // of x, the row of this token and head
//     const C c = cos[row_of(token) * stride + band], s = sin[row_of(token) * stride + band];
//     const C first = x[i], second = x[j];
//     x[i] = s == 0 ? c * first : fma(-s, second, c * first);
//     x[j] = s == 0 ? c * second : fma(s, first, c * second);
//   }
//
// Where s is 0, the products −s·second and s·first must not be added: the sum would lose the sign of a zero,
// and an infinite channel would turn its partner into NaN.

namespace dope::detail {

/// The adjoint has −s in place of s.
enum class RotationDirection { forward, adjoint };

/// c and s of the bands of one register, and the mask of those where s is not 0. For interleaved pairs, bands
/// are in the order of load_pairs.
template <Pairing pairing, Scalar T>
struct Coefficients {
  Register<T> c;
  Register<T> s;
  decltype(nonzero(Register<T>())) s_nonzero;

  static Coefficients load(const compute_t<T>* cos, const compute_t<T>* sin) noexcept {
    return from(load_register(cos), load_register(sin));
  }
  /// c and s of the leading `count` bands; the others are 0.
  static Coefficients load_leading(const compute_t<T>* cos, const compute_t<T>* sin,
                                   std::size_t count) noexcept {
    return from(detail::load_leading(cos, count), detail::load_leading(sin, count));
  }

 private:
  static Coefficients from(Register<T> c, Register<T> s) noexcept {
    if constexpr (pairing == Pairing::interleaved) {
      c = in_order_of_pairs<T>(c);
      s = in_order_of_pairs<T>(s);
    }
    c = keep_in_register(c);
    s = keep_in_register(s);
    return {c, s, nonzero(s)};
  }
};

/// Rotates the channels (first, second) of the bands of one register.
template <RotationDirection direction, Pairing pairing, Scalar T>
inline void rotate_register(Register<T>& first, Register<T>& second,
                            const Coefficients<pairing, T>& by) noexcept {
  const Register<T> c_first = first * by.c;
  const Register<T> c_second = second * by.c;
  if constexpr (direction == RotationDirection::forward) {
    const Register<T> rotated = fused_minus_where(by.s_nonzero, c_first, second, by.s);
    second = fused_plus_where(by.s_nonzero, c_second, first, by.s);
    first = rotated;
  } else {
    const Register<T> rotated = fused_plus_where(by.s_nonzero, c_first, second, by.s);
    second = fused_minus_where(by.s_nonzero, c_second, first, by.s);
    first = rotated;
  }
}

/// Rotates the bands of registers i…, from band `band` on, in a row of `bands` bands. `to` may be `from`.
///
/// All registers are loaded before one is stored: a load that follows a store waits until their addresses are
/// known to differ.
template <RotationDirection direction, Pairing pairing, Scalar T, std::size_t... i, class... By>
[[gnu::always_inline]] inline void rotate_row(const T* from, T* to, std::size_t band, std::size_t bands,
                                              std::index_sequence<i...>, const By&... by) noexcept {
  constexpr std::size_t lanes = Register<T>::size;
  Register<T> first[sizeof...(i)];
  Register<T> second[sizeof...(i)];
  if constexpr (pairing == Pairing::half_split) {
    ((first[i] = keep_in_register(load_register(from + band + i * lanes)),
      second[i] = keep_in_register(load_register(from + bands + band + i * lanes))),
     ...);
  } else {
    (load_pairs(from + 2 * (band + i * lanes), first[i], second[i]), ...);
  }
  (rotate_register<direction, pairing, T>(first[i], second[i], by), ...);
  if constexpr (pairing == Pairing::half_split) {
    ((store_register(first[i], to + band + i * lanes),
      store_register(second[i], to + bands + band + i * lanes)),
     ...);
  } else {
    (store_pairs(first[i], second[i], to + 2 * (band + i * lanes)), ...);
  }
}

/// Rotates a row of fewer bands than a register has lanes.
template <RotationDirection direction, Pairing pairing, Scalar T>
inline void rotate_short_row(const T* from, T* to, const compute_t<T>* cos, const compute_t<T>* sin,
                             std::size_t bands) noexcept {
  Register<T> first;
  Register<T> second;
  if constexpr (pairing == Pairing::half_split) {
    first = keep_in_register(load_leading(from, bands));
    second = keep_in_register(load_leading(from + bands, bands));
  } else {
    load_leading_pairs(from, bands, first, second);
  }
  rotate_register<direction, pairing, T>(first, second,
                                         Coefficients<pairing, T>::load_leading(cos, sin, bands));
  if constexpr (pairing == Pairing::half_split) {
    store_leading(first, to, bands);
    store_leading(second, to + bands, bands);
  } else {
    store_leading_pairs(first, second, to, bands);
  }
}

/// Rotates a row of at least as many bands as a register has lanes.
///
/// Where bands are left that do not fill a register, the last register overlaps the one before it. It is
/// loaded before that one is stored, so that both rotate the same values.
template <RotationDirection direction, Pairing pairing, Scalar T>
[[gnu::always_inline]] inline void rotate_long_row(const T* from, T* to, const compute_t<T>* cos,
                                                   const compute_t<T>* sin, std::size_t bands) noexcept {
  constexpr std::size_t lanes = Register<T>::size;
  using By = Coefficients<pairing, T>;
  const auto rotate_full_registers = [&] {
    for (std::size_t band = 0; band + lanes <= bands; band += lanes)
      rotate_row<direction, pairing, T>(from, to, band, bands, std::index_sequence<0>{},
                                        By::load(cos + band, sin + band));
  };
  if (bands % lanes == 0) return rotate_full_registers();
  const std::size_t last = bands - lanes;
  Register<T> first;
  Register<T> second;
  if constexpr (pairing == Pairing::half_split) {
    first = keep_in_register(load_register(from + last));
    second = keep_in_register(load_register(from + bands + last));
  } else {
    load_pairs(from + 2 * last, first, second);
  }
  rotate_full_registers();
  rotate_register<direction, pairing, T>(first, second, By::load(cos + last, sin + last));
  if constexpr (pairing == Pairing::half_split) {
    store_register(first, to + last);
    store_register(second, to + bands + last);
  } else {
    store_pairs(first, second, to + 2 * last);
  }
}

/// Where the row of a token and head is read and written: in place.
template <Scalar T>
struct InPlace {
  HeadsView<T> x;
  [[nodiscard]] T* from(std::size_t token, std::size_t head) const noexcept {
    return x.data + token * x.token_stride + head * x.head_stride;
  }
  [[nodiscard]] T* to(std::size_t token, std::size_t head) const noexcept { return from(token, head); }
};

/// The same where rows of one head are rotated into those of another.
template <Scalar T>
struct HeadToHead {
  HeadView<const T> source;
  HeadView<T> destination;
  [[nodiscard]] const T* from(std::size_t token, std::size_t) const noexcept { return source.row(token); }
  [[nodiscard]] T* to(std::size_t token, std::size_t) const noexcept { return destination.row(token); }
};

/// Consecutive tokens and heads.
struct RowBlock {
  std::size_t first_token = 0;
  std::size_t tokens = 0;
  std::size_t first_head = 0;
  std::size_t heads = 0;
};

/// The tables are a function of the head: this one where all heads have the same table.
template <class C>
struct OneTable {
  TableView<C> table;
  [[nodiscard]] const TableView<C>& operator()(std::size_t) const noexcept { return table; }
};

/// What to rotate: the rows of `block`, each by row row_of(token) of the table tables(head).
template <class Rows, class Tables, class RowOf>
struct Rotation {
  Rows rows;
  RowBlock block;
  Tables tables;
  RowOf row_of;
};

/// The rotation where the bands of every table fill registers i… exactly. c and s stay in registers for all
/// heads of a token, until the table changes.
///
/// heads: their number, where it is known at compile time, else 0.
template <RotationDirection direction, Pairing pairing, std::size_t heads, Scalar T, class Rows, class Tables,
          class RowOf, std::size_t... i>
void rotate_tokens(const Rotation<Rows, Tables, RowOf>& rotation) noexcept {
  constexpr std::size_t lanes = Register<T>::size;
  constexpr std::size_t bands = sizeof...(i) * lanes;
  using By = Coefficients<pairing, T>;
  // A copy, because the compiler must assume that a store of T can change what a reference names.
  const auto [rows, block, tables, row_of] = rotation;
  const std::size_t count = heads > 0 ? heads : block.heads;
  for (std::size_t token = block.first_token; token < block.first_token + block.tokens; ++token) {
    TableView<compute_t<T>> table = tables(block.first_head);
    std::size_t row = row_of(token) * table.stride;
    By by[] = {By::load(table.cos + row + i * lanes, table.sin + row + i * lanes)...};
#pragma GCC unroll 4
    for (std::size_t head = 0; head < count; ++head) {
      if constexpr (!std::same_as<Tables, OneTable<compute_t<T>>>) {
        const auto& own = tables(block.first_head + head);
        if (own.cos != table.cos || own.sin != table.sin || own.stride != table.stride) {
          table = own;
          row = row_of(token) * table.stride;
          ((by[i] = By::load(table.cos + row + i * lanes, table.sin + row + i * lanes)), ...);
        }
      }
      const T* const from = rows.from(token, block.first_head + head);
      T* const to = rows.to(token, block.first_head + head);
      if constexpr (sizeof(Register<T>) == 64) {  // such targets have 32 registers: enough for all of a row
        rotate_row<direction, pairing, T>(from, to, 0, bands, std::index_sequence<i...>{}, by[i]...);
      } else {
        (rotate_row<direction, pairing, T>(from, to, i * lanes, bands, std::index_sequence<0>{}, by[i]), ...);
      }
    }
  }
}

/// The rotation by tables of any number of bands.
template <RotationDirection direction, Pairing pairing, Scalar T, class Rows, class Tables, class RowOf>
void rotate_tokens_of_any_width(const Rotation<Rows, Tables, RowOf>& rotation) noexcept {
  const auto [rows, block, tables, row_of] = rotation;
  for (std::size_t token = block.first_token; token < block.first_token + block.tokens; ++token) {
    const std::size_t row = row_of(token);
    for (std::size_t head = block.first_head; head < block.first_head + block.heads; ++head) {
      const T* const from = rows.from(token, head);
      T* const to = rows.to(token, head);
      const auto& table = tables(head);
      const std::size_t bands = table.bands;
      const compute_t<T>* const cos = table.cos + row * table.stride;
      const compute_t<T>* const sin = table.sin + row * table.stride;
      if (bands < Register<T>::size) {
        rotate_short_row<direction, pairing, T>(from, to, cos, sin, bands);
      } else {
        rotate_long_row<direction, pairing, T>(from, to, cos, sin, bands);
      }
    }
  }
}

/// The one of these functions for this pairing and number of bands.
template <RotationDirection direction, std::size_t heads, Scalar T, class Rows, class Tables, class RowOf>
inline auto kernel_for(Pairing pairing, std::size_t bands) noexcept {
  using Kernel = void (*)(const Rotation<Rows, Tables, RowOf>&) noexcept;
  constexpr std::size_t lanes = Register<T>::size;
  const auto of_width = [bands]<Pairing p>() -> Kernel {
    if (bands == lanes) return &rotate_tokens<direction, p, heads, T, Rows, Tables, RowOf, 0>;
    if (bands == 2 * lanes) return &rotate_tokens<direction, p, heads, T, Rows, Tables, RowOf, 0, 1>;
    if (bands == 4 * lanes) return &rotate_tokens<direction, p, heads, T, Rows, Tables, RowOf, 0, 1, 2, 3>;
    return &rotate_tokens_of_any_width<direction, p, T, Rows, Tables, RowOf>;
  };
  return pairing == Pairing::half_split ? of_width.template operator()<Pairing::half_split>()
                                        : of_width.template operator()<Pairing::interleaved>();
}

}  // namespace dope::detail
