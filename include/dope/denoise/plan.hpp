// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/denoise/head.hpp"
#include "dope/denoise/transform.hpp"

namespace dope {

/// Standard deviations of the rotated queries and keys of one unit, in the units of q and k.
struct HeadSpread {
  double query = 0.0;
  double key = 0.0;
  bool operator==(const HeadSpread&) const = default;
};

/// Which heads of a model lose what: all that a request needs to know, and plain data to save.
///
/// heads: units of `gqa`, strictly ascending (query heads, or key heads under per_key_group).
/// spreads: one per head, in the same order, where the transform is ByGaussian with matched spread;
/// else empty. A plan with no heads changes nothing. make_plan builds a valid one.
struct Plan {
  static_assert(detail::alternatives<GqaPolicy> == 2, "Plan: every GqaPolicy");
  AttentionShape shape;
  Transform transform = ByParts{};
  GqaPolicy gqa = GqaPolicy::per_query_head;
  std::vector<HeadId> heads;
  std::vector<HeadSpread> spreads;

  [[nodiscard]] bool empty() const noexcept { return heads.empty(); }
  bool operator==(const Plan&) const = default;

  /// Index into heads of a unit.
  [[nodiscard]] std::optional<std::size_t> find(HeadId unit) const noexcept {
    const auto found = std::lower_bound(heads.begin(), heads.end(), unit);
    if (found == heads.end() || *found != unit) return std::nullopt;
    return static_cast<std::size_t>(found - heads.begin());
  }

  /// The unit that a query head belongs to.
  [[nodiscard]] HeadId unit_of(std::size_t layer, std::size_t query_head) const noexcept {
    return {layer, gqa == GqaPolicy::per_query_head ? query_head : shape.key_head_of(query_head)};
  }

  [[nodiscard]] bool denoises_query(std::size_t layer, std::size_t query_head) const noexcept {
    return find(unit_of(layer, query_head)).has_value();
  }

  /// Whether the key that the model itself holds is denoised: under per_key_group, and where one
  /// query head alone reads it. Under per_query_head a shared key stays as it is.
  [[nodiscard]] bool denoises_key(std::size_t layer, std::size_t key_head) const noexcept {
    return (gqa == GqaPolicy::per_key_group || shape.group() == 1) && find({layer, key_head}).has_value();
  }

  /// Whether a query head reads a denoised copy of its key head that is its own.
  [[nodiscard]] bool needs_own_key(std::size_t layer, std::size_t query_head) const noexcept {
    return gqa == GqaPolicy::per_query_head && shape.group() > 1 && find({layer, query_head}).has_value();
  }

  /// The query heads of a layer that need such a copy, ascending.
  [[nodiscard]] std::vector<std::size_t> own_key_heads(std::size_t layer) const {
    std::vector<std::size_t> owners;
    for (const HeadId& unit : heads) {
      if (unit.layer == layer && needs_own_key(layer, unit.head)) owners.push_back(unit.head);
    }
    return owners;
  }

  /// The lowest layer with a denoised head; shape.layers where there is none. Below it, a request
  /// under this plan computes what one under the empty plan does.
  [[nodiscard]] std::size_t first_layer() const noexcept {
    return empty() ? shape.layers : heads.front().layer;
  }
};

/// Throws Error unless shape and transform are valid, heads are units of the shape in strictly
/// ascending order, and spreads are finite, ≥ 0 and as many as the transform needs.
inline void validate(const Plan& plan) {
  static_assert(detail::alternatives<Transform> == 3, "validate(Plan): every Transform");
  static_assert(detail::alternatives<ByGaussian::Spread> == 2, "validate(Plan): every ByGaussian::Spread");
  validate(plan.shape);
  validate(plan.transform);
  for (std::size_t i = 0; i < plan.heads.size(); ++i) {
    const HeadId unit = plan.heads[i];
    require_unit("Plan", plan.shape, plan.gqa, unit);
    if (i > 0 && !(plan.heads[i - 1] < unit)) {
      fail("Plan", detail::text("layer ", unit.layer, ", head ", unit.head, " out of order or twice"),
           "heads strictly ascending by layer, then head");
    }
  }
  const auto* noise = std::get_if<ByGaussian>(&plan.transform);
  const bool matched = noise != nullptr && noise->spread == ByGaussian::Spread::matched;
  const std::size_t expected = matched ? plan.heads.size() : 0;
  if (plan.spreads.size() != expected) {
    fail("Plan", detail::text(plan.spreads.size(), " spreads for ", plan.heads.size(), " heads"),
         detail::text(expected, " for this transform"));
  }
  for (const HeadSpread& spread : plan.spreads) {
    if (!(spread.query >= 0.0) || !(spread.key >= 0.0) || !std::isfinite(spread.query) ||
        !std::isfinite(spread.key)) {
      fail("Plan", detail::text("spreads ", spread.query, " and ", spread.key),
           "finite spreads of at least 0");
    }
  }
}

/// A valid plan from heads in any order, spreads[i] belonging to heads[i].
[[nodiscard]] inline Plan make_plan(const AttentionShape& shape, const Transform& transform, GqaPolicy gqa,
                                    std::vector<HeadId> heads, std::vector<HeadSpread> spreads = {}) {
  Plan plan{shape, transform, gqa, {}, {}};
  if (spreads.empty()) {
    std::sort(heads.begin(), heads.end());
    plan.heads = std::move(heads);
  } else {
    if (spreads.size() != heads.size()) {
      fail("make_plan", detail::text(spreads.size(), " spreads for ", heads.size(), " heads"),
           "one per head, or none");
    }
    std::vector<std::pair<HeadId, HeadSpread>> units;
    for (std::size_t i = 0; i < heads.size(); ++i) units.emplace_back(heads[i], spreads[i]);
    std::sort(units.begin(), units.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [head, spread] : units) {
      plan.heads.push_back(head);
      plan.spreads.push_back(spread);
    }
  }
  validate(plan);
  return plan;
}

/// The plan that changes nothing.
[[nodiscard]] inline Plan empty_plan(const AttentionShape& shape) {
  return make_plan(shape, ByParts{}, GqaPolicy::per_query_head, {});
}

}  // namespace dope
