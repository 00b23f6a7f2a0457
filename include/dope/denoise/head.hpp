// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <string_view>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/core/view.hpp"
#include "dope/denoise/names.hpp"

namespace dope {

/// One head of a model. Whether `head` counts query heads or key heads is the GqaPolicy's to say.
struct HeadId {
  std::size_t layer = 0;
  std::size_t head = 0;
  auto operator<=>(const HeadId&) const = default;
};

/// A head and its score, in the units of the Indicator that scored it.
struct HeadScore {
  HeadId id;
  double value = 0.0;
};

/// What a denoised unit is where several query heads share one key head.
///
///   per_query_head  a unit is a query head, the paper's count (32 × 32 in LLaMA-3-8B). A selected
///                   head attends to its own denoised copy of the shared key; the others do not see it.
///   per_key_group   a unit is a key head with all query heads that read it: one key cache.
///
/// Law: with one query head per key head the two are the same.
enum class GqaPolicy { per_query_head, per_key_group };

/// The attention of a model. Query head h reads key head h div (query_heads/key_heads).
struct AttentionShape {
  static_assert(detail::alternatives<GqaPolicy> == 2, "AttentionShape: every GqaPolicy");
  std::size_t layers = 0;
  std::size_t query_heads = 0;
  std::size_t key_heads = 0;
  std::size_t head_width = 0;
  std::size_t rotated_width = 0;

  /// Query heads per key head.
  [[nodiscard]] std::size_t group() const noexcept { return query_heads / key_heads; }
  [[nodiscard]] std::size_t key_head_of(std::size_t query_head) const noexcept {
    return query_head / group();
  }

  /// Units per layer under a policy.
  [[nodiscard]] std::size_t units(GqaPolicy gqa) const noexcept {
    return gqa == GqaPolicy::per_query_head ? query_heads : key_heads;
  }

  bool operator==(const AttentionShape&) const = default;
};

/// The most layers and query heads of a model: what the counter of noise tells apart, less the last of each,
/// by which TokenSampling draws.
inline constexpr std::size_t most_layers = (std::size_t{1} << 15) - 1;
inline constexpr std::size_t most_heads = (std::size_t{1} << 16) - 1;

/// Throws Error unless there is at least one layer and key head, the key heads divide the query
/// heads, the rotated width is even, from 2 to the head width, and none is above most_layers, most_heads or
/// widest_head.
inline void validate(const AttentionShape& shape) {
  if (shape.layers == 0 || shape.key_heads == 0 || shape.query_heads == 0 ||
      shape.query_heads % shape.key_heads != 0) {
    fail("AttentionShape",
         detail::text(shape.layers, " layers of ", shape.query_heads, " query and ", shape.key_heads,
                      " key heads"),
         "at least one layer, and query heads in equal groups, at least one to a key head");
  }
  if (shape.layers > most_layers || shape.query_heads > most_heads || shape.head_width > widest_head) {
    fail("AttentionShape",
         detail::text(shape.layers, " layers of ", shape.query_heads, " query heads of width ",
                      shape.head_width),
         detail::text("at most ", most_layers, " layers of ", most_heads, " heads of width ", widest_head));
  }
  if (shape.rotated_width < 2 || shape.rotated_width % 2 != 0 || shape.rotated_width > shape.head_width) {
    fail("AttentionShape",
         detail::text("rotated width ", shape.rotated_width, " of head width ", shape.head_width),
         "an even rotated width from 2 to the head width");
  }
}

/// Throws Error unless `id` is a unit of `shape` under `gqa`.
inline void require_unit(std::string_view where, const AttentionShape& shape, GqaPolicy gqa, HeadId id) {
  if (id.layer >= shape.layers || id.head >= shape.units(gqa)) {
    fail(std::string(where), detail::text("layer ", id.layer, ", head ", id.head),
         detail::text("a layer below ", shape.layers, " and a head below ", shape.units(gqa)));
  }
}

namespace detail {

template <>
struct EnumNames<GqaPolicy> {
  static constexpr std::string_view what = "GQA policy";
  static constexpr std::array<std::string_view, 2> names = {"per_query_head", "per_key_group"};
};

}  // namespace detail
}  // namespace dope
