// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "dope/core/error.hpp"

namespace dope {

/// Positions are 32- or 64-bit signed integers, in any order, with any offset, negative ones included.
template <class P>
concept Position = std::same_as<P, std::int32_t> || std::same_as<P, std::int64_t>;

/// The cos and sin of `rows` positions × `bands` bands over anyone's memory.
///
/// cos of (row, band) is cos[row * stride + band], sin likewise; the attention factor is in them.
template <std::floating_point C>
struct TableView {
  const C* cos = nullptr;
  const C* sin = nullptr;
  std::size_t rows = 0;
  std::size_t bands = 0;
  std::size_t stride = 0;

  [[nodiscard]] std::size_t rotated_width() const noexcept { return 2 * bands; }

  /// Rows [first, first + count).
  [[nodiscard]] TableView slice(std::size_t first, std::size_t count) const {
    if (first > rows || count > rows - first) {
      fail("TableView::slice", detail::text("rows [", first, ", +", count, ")"),
           detail::text("a range inside ", rows, " rows"));
    }
    return {cos + first * stride, sin + first * stride, count, bands, stride};
  }
};

}  // namespace dope
