// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <type_traits>

#include "dope/core/error.hpp"

namespace dope {

/// The widest head that the library takes: sizes made of widths and counts then fit their type.
inline constexpr std::size_t widest_head = std::size_t{1} << 20;

/// One attention head over the caller's memory: `tokens` rows of `width` channels.
///
/// Element (t, c) is data[t * token_stride + c]: the width is contiguous, rows need not be.
/// Strides count elements. The view owns nothing; HeadView<T> converts to HeadView<const T>.
/// Precondition: token_stride ≥ width where tokens > 1 (rows do not overlap).
template <class T>
struct HeadView {
  T* data = nullptr;
  std::size_t tokens = 0;
  std::size_t width = 0;
  std::size_t token_stride = 0;

  [[nodiscard]] T* row(std::size_t token) const noexcept { return data + token * token_stride; }

  /// Tokens [first, first + count) of the same head.
  [[nodiscard]] HeadView slice(std::size_t first, std::size_t count) const {
    if (first > tokens || count > tokens - first) {
      fail("HeadView::slice", detail::text("tokens [", first, ", +", count, ")"),
           detail::text("a range inside ", tokens, " tokens"));
    }
    return {data + first * token_stride, count, width, token_stride};
  }

  operator HeadView<const T>() const noexcept requires(!std::is_const_v<T>) {
    return {data, tokens, width, token_stride};
  }
};

/// All heads of one projection over the caller's memory; element (t, h, c) is
/// data[t * token_stride + h * head_stride + c].
///
/// [token, head, width] and [head, token, width] are both such views: see token_major and
/// head_major. Strides count elements.
template <class T>
struct HeadsView {
  T* data = nullptr;
  std::size_t tokens = 0;
  std::size_t heads = 0;
  std::size_t width = 0;
  std::size_t token_stride = 0;
  std::size_t head_stride = 0;

  /// Precondition: head < heads (checked: Error).
  [[nodiscard]] HeadView<T> head(std::size_t head) const {
    if (head >= heads) {
      fail("HeadsView::head", detail::text("head ", head), detail::text("a head below ", heads));
    }
    return {data + head * head_stride, tokens, width, token_stride};
  }

  operator HeadsView<const T>() const noexcept requires(!std::is_const_v<T>) {
    return {data, tokens, heads, width, token_stride, head_stride};
  }
};

/// Dense [tokens, width].
template <class T>
[[nodiscard]] constexpr HeadView<T> dense_head(T* data, std::size_t tokens, std::size_t width) noexcept {
  return {data, tokens, width, width};
}

/// Dense [tokens, heads, width]: a projection's output as matrix products leave it.
template <class T>
[[nodiscard]] constexpr HeadsView<T> token_major(T* data, std::size_t tokens, std::size_t heads,
                                                 std::size_t width) noexcept {
  return {data, tokens, heads, width, heads * width, width};
}

/// Dense [heads, tokens, width]: a key cache's usual layout.
template <class T>
[[nodiscard]] constexpr HeadsView<T> head_major(T* data, std::size_t heads, std::size_t tokens,
                                                std::size_t width) noexcept {
  return {data, tokens, heads, width, width, tokens * width};
}

}  // namespace dope
