// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/core/ieee.hpp"
#include "dope/core/noise.hpp"
#include "dope/denoise/head.hpp"
#include "dope/denoise/names.hpp"

namespace dope {

/// ascending: lowest score first. The paper uses both (arXiv 2511.09146, ASC and DESC of its tables).
enum class Order { ascending, descending };

/// The first n heads of the order.
struct Count {
  std::size_t n = 0;
};

/// The first k heads of the order, k the largest with k/heads ≤ tau in double: those below the
/// tau-quantile (arXiv 2511.09146 v1, eq. 31). Precondition: 0 ≤ tau ≤ 1.
struct Quantile {
  double tau = 0.0;
};

using Amount = std::variant<Count, Quantile>;

namespace detail {

inline std::size_t count_of(const Amount& amount, std::size_t heads) {
  static_assert(detail::alternatives<Amount> == 2, "select: every Amount");
  static_assert(detail::alternatives<Order> == 2, "select: every Order");
  if (const auto* count = std::get_if<Count>(&amount)) {
    if (count->n > heads) {
      fail("select", text(count->n, " heads"), text("at most the ", heads, " there are"));
    }
    return count->n;
  }
  const double tau = std::get<Quantile>(amount).tau;
  if (!(tau >= 0.0 && tau <= 1.0)) fail("select", text("quantile ", tau), "a quantile from 0 to 1");
  std::size_t k = 0;
  while (k < heads && static_cast<double>(k + 1) / static_cast<double>(heads) <= tau) ++k;
  return k;
}

inline void require_scores(std::span<const HeadScore> scores) {
  std::vector<HeadId> ids;
  ids.reserve(scores.size());
  for (const HeadScore& score : scores) {
    if (!std::isfinite(score.value)) {
      fail("select", text("score ", score.value, " of layer ", score.id.layer, ", head ", score.id.head),
           "finite scores");
    }
    ids.push_back(score.id);
  }
  std::sort(ids.begin(), ids.end());
  const auto twice = std::adjacent_find(ids.begin(), ids.end());
  if (twice != ids.end()) {
    fail("select", text("layer ", twice->layer, ", head ", twice->head, " twice"), "one score per head");
  }
}

}  // namespace detail

/// The heads to denoise, first of the order first.
///
/// Order: by value as `order` says, then by layer, then by head, both ascending in either order: a
/// total order. Laws: the result does not depend on the order of `scores`; select(n) is the start of
/// select(n + 1); any strictly increasing function of the scores leaves it unchanged. Throws Error
/// where a score is not finite, a head is scored twice, or more heads are asked for than there are.
[[nodiscard]] inline std::vector<HeadId> select(std::span<const HeadScore> scores, const Amount& amount,
                                                Order order) {
  detail::require_scores(scores);
  const std::size_t count = detail::count_of(amount, scores.size());
  std::vector<HeadScore> ranked(scores.begin(), scores.end());
  const auto before = [order](const HeadScore& a, const HeadScore& b) {
    if (a.value != b.value) return order == Order::ascending ? a.value < b.value : a.value > b.value;
    return a.id < b.id;
  };
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count), ranked.end(),
                    before);
  std::vector<HeadId> heads(count);
  std::transform(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count), heads.begin(),
                 [](const HeadScore& score) { return score.id; });
  return heads;
}

/// n different units of `shape`, uniformly at random: the control of every selection.
///
/// Unit u draws the 64-bit lot (w₁·2³² + w₀) of noise_words({seed, layer, head, query, −2⁶³}, 0), a
/// position that no token has; the n smallest lots win, ties by id. Laws: a function of its arguments
/// alone; random_heads(n) is the start of random_heads(n + 1). Throws Error where n exceeds the units.
[[nodiscard]] inline std::vector<HeadId> random_heads(const AttentionShape& shape, GqaPolicy gqa,
                                                      std::size_t n, std::uint64_t seed) {
  validate(shape);
  const std::size_t units = shape.units(gqa);
  if (n > shape.layers * units) {
    fail("random_heads", detail::text(n, " heads"), detail::text("at most ", shape.layers * units));
  }
  std::vector<std::pair<std::uint64_t, HeadId>> lots;
  lots.reserve(shape.layers * units);
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    for (std::size_t head = 0; head < units; ++head) {
      const NoiseRow row{seed, layer, head, Side::query, (std::numeric_limits<std::int64_t>::min)()};
      const auto words = noise_words(row, 0);
      lots.emplace_back((std::uint64_t{words[1]} << 32) | words[0], HeadId{layer, head});
    }
  }
  std::sort(lots.begin(), lots.end());
  std::vector<HeadId> heads(n);
  for (std::size_t i = 0; i < n; ++i) heads[i] = lots[i].second;
  return heads;
}

namespace detail {

template <>
struct EnumNames<Order> {
  static constexpr std::string_view what = "order";
  static constexpr std::array<std::string_view, 2> names = {"ascending", "descending"};
};

}  // namespace detail
}  // namespace dope
