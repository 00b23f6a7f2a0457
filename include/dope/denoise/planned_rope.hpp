// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/core/noise.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/side.hpp"
#include "dope/core/view.hpp"
#include "dope/denoise/plan.hpp"
#include "dope/denoise/transform.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/rope/rotate.hpp"
#include "dope/rope/scaling.hpp"
#include "dope/rope/table.hpp"

namespace dope {

/// How a request rotates, fixed for its life. length: the most tokens it will ever hold.
struct RopeSchedule {
  RopeParameters rope;
  Scaling scaling;
  std::size_t length = 0;
  Pairing pairing = Pairing::half_split;
  Angles angles = Angles::exact;
};

/// Which of a layer's rotated buffers is meant, and what counts its heads.
///
///   query       query head
///   shared_key  key head: the key that the model itself holds
///   own_key     query head: the copy of its key head that it alone reads (Plan::own_key_heads)
enum class HeadRole { query, shared_key, own_key };

/// A plan made ready to run: one request's tables, and what a denoised head gets after rotation.
///
/// Per head and layer, for tokens at rows first … first + n − 1:
///   rotate(x, table(layer, role, head, first, n), pairing);  finish(layer, role, head, x, first);
/// or apply(), which does both. Only two tables exist, scaled and denoised (one where they are
/// equal), built once per request. Every const member may be called by any threads at once.
///
/// finish, on a denoised head only (arXiv 2511.09146 v1 34–37, v2 14–17):
///   by parts, remove       both channels of each low band ← 0, infinities and NaN included
///   by all, remove         every channel ← 0
///   by Gaussian, replace   channel c ← σ·ε_c      over the full head width,
///   by Gaussian, modulate  channel c ← x_c·σ·ε_c  product in double, rounded to T once
/// ε = normal_row({seed, layer, head, side, position}); head is the head index of the HeadRole.
///
/// Every member throws Error where a head, a shape, a row or, in T, the noise of the plan does not fit, and
/// then has written nothing.
///
/// Laws: an unselected head gets rotate() by the scaled table and nothing else, to the last bit;
/// `identity` readings are rotate() by other frequencies; results do not depend on how tokens are
/// divided among calls, so that decoding equals prefill.
template <std::floating_point C = float>
class PlannedRope {
  static_assert(detail::alternatives<Transform> == 3, "PlannedRope: every Transform");
  static_assert(detail::alternatives<HeadRole> == 3, "PlannedRope: every HeadRole");
  static_assert(detail::alternatives<ByParts::Reading> == 2, "PlannedRope: every ByParts::Reading");
  static_assert(detail::alternatives<ByAll::Reading> == 2, "PlannedRope: every ByAll::Reading");
  static_assert(detail::alternatives<ByGaussian::Reading> == 2, "PlannedRope: every ByGaussian::Reading");
  static_assert(detail::alternatives<ByGaussian::Spread> == 2, "PlannedRope: every ByGaussian::Spread");
  static_assert(detail::alternatives<Side> == 2, "PlannedRope: every Side");

 public:
  /// Rows 0 … length − 1 at positions 0 … length − 1: prefill and decode of one request.
  PlannedRope(Plan plan, const RopeSchedule& schedule)
      : PlannedRope(std::move(plan), schedule,
                    detail::consecutive_positions("PlannedRope", 0, schedule.length)) {}

  /// Row i at positions[i], in any order; left padding, packing, or a window of a long request.
  template <Position P>
  PlannedRope(Plan plan, const RopeSchedule& schedule, std::span<const P> positions)
      : PlannedRope(std::move(plan), schedule,
                    std::vector<std::int64_t>(positions.begin(), positions.end())) {}

  [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
  [[nodiscard]] Pairing pairing() const noexcept { return pairing_; }
  [[nodiscard]] std::size_t rows() const noexcept { return positions_.size(); }
  [[nodiscard]] const Frequencies& scaled() const noexcept { return scaled_; }
  [[nodiscard]] const Frequencies& denoised() const noexcept { return denoised_; }

  /// The bands whose pairs by-parts `remove` blanks, ascending; empty for every other transform.
  [[nodiscard]] std::span<const std::size_t> removed_bands() const noexcept { return removed_bands_; }

  /// Whether the plan changes this head. Throws Error where there is no such head, or for an
  /// own_key that the plan does not ask for.
  [[nodiscard]] bool denoises(std::size_t layer, HeadRole role, std::size_t head) const {
    return unit(layer, role, head).has_value();
  }

  /// The table of a head, all rows.
  [[nodiscard]] TableView<C> table(std::size_t layer, HeadRole role, std::size_t head) const {
    return denoises(layer, role, head) && separate_ ? denoised_table_.view() : scaled_table_.view();
  }

  /// Rows first … first + count − 1 of it.
  [[nodiscard]] TableView<C> table(std::size_t layer, HeadRole role, std::size_t head, std::size_t first,
                                   std::size_t count) const {
    return table(layer, role, head).slice(first, count);
  }

  /// The tables of heads 0 … views.size() − 1, for rotate(HeadsView, tables, pairing).
  void tables(std::size_t layer, HeadRole role, std::size_t first, std::size_t count,
              std::span<TableView<C>> views) const {
    for (std::size_t head = 0; head < views.size(); ++head) (void)table(layer, role, head, first, count);
    for (std::size_t head = 0; head < views.size(); ++head)
      views[head] = table(layer, role, head, first, count);
  }

  /// What comes after rotation, for tokens at rows first …; nothing to the last bit for a head that
  /// is not denoised or whose transform is only a table.
  template <Scalar T>
  void finish(std::size_t layer, HeadRole role, std::size_t head, HeadView<T> x, std::size_t first) const {
    require_fit(x, first);
    const auto found = unit(layer, role, head);
    if (!found) return;
    require_noise_fits<T>();
    if (const auto* noise = std::get_if<ByGaussian>(&plan_.transform)) {
      const Side side = role == HeadRole::query ? Side::query : Side::key;
      const double sigma = spread_of(*noise, *found, side);
      for (std::size_t token = 0; token < x.tokens; ++token) {
        disturb(*noise, sigma, {noise->seed, layer, head, side, positions_[first + token]}, x.row(token));
      }
      return;
    }
    const auto* all = std::get_if<ByAll>(&plan_.transform);
    for (std::size_t token = 0; token < x.tokens; ++token) {
      T* row = x.row(token);
      if (all != nullptr && all->reading == ByAll::Reading::remove) std::fill_n(row, x.width, T{});
      for (const std::size_t band : removed_bands_) {
        const auto [a, b] = channels_of(pairing_, band, plan_.shape.rotated_width);
        row[a] = row[b] = T{};
      }
    }
  }

  /// Rotate and finish in place.
  template <Scalar T>
  requires std::same_as<compute_t<T>, C>
  void apply(std::size_t layer, HeadRole role, std::size_t head, HeadView<T> x, std::size_t first) const {
    require_fit(x, first);
    require_noise_fits<T>();
    rotate(x, table(layer, role, head, first, x.tokens), pairing_);
    finish(layer, role, head, x, first);
  }

  /// The same for heads 0 … x.heads − 1; as own_key, each must be one of Plan::own_key_heads.
  template <Scalar T>
  requires std::same_as<compute_t<T>, C>
  void apply(std::size_t layer, HeadRole role, HeadsView<T> x, std::size_t first) const {
    if (x.heads == 0) return;
    require_head(layer, role, x.heads - 1);
    require_fit(x.head(0), first);
    require_apart(x);
    require_noise_fits<T>();
    if (role == HeadRole::own_key) {
      for (std::size_t head = 0; head < x.heads; ++head) (void)unit(layer, role, head);
      for (std::size_t head = 0; head < x.heads; ++head) apply(layer, role, head, x.head(head), first);
      return;
    }
    const std::span<const std::uint8_t> is_denoised = is_denoised_[role == HeadRole::query ? 0 : 1][layer];
    const TableView<C> scaled = scaled_table_.view().slice(first, x.tokens);
    if (separate_ && !is_denoised.empty()) {
      const std::array<TableView<C>, 2> tables = {scaled, denoised_table_.view().slice(first, x.tokens)};
      const auto table_of = [&](std::size_t head) -> const TableView<C>& {
        return tables[is_denoised[head]];
      };
      detail::rotate_heads<detail::RotationDirection::forward, T>(x, scaled.bands, pairing_, table_of,
                                                                  detail::OwnRow{});
    } else {
      rotate(x, scaled, pairing_);
    }
    if (!finishes_ || is_denoised.empty()) return;
    for (std::size_t head = 0; head < x.heads; ++head)
      if (is_denoised[head] != 0) finish(layer, role, head, x.head(head), first);
  }

 private:
  PlannedRope(Plan plan, const RopeSchedule& schedule, std::vector<std::int64_t> positions)
      : plan_(std::move(plan)), pairing_(schedule.pairing), positions_(std::move(positions)) {
    validate(plan_);
    const RopeParameters& rope = schedule.rope;
    if (plan_.shape.head_width != rope.head_width || plan_.shape.rotated_width != rope.rotated_width) {
      fail("PlannedRope",
           detail::text("a plan for head width ", plan_.shape.head_width, ", rotated ",
                        plan_.shape.rotated_width),
           detail::text("head width ", rope.head_width, ", rotated ", rope.rotated_width));
    }
    if (schedule.length == 0) fail("PlannedRope", "length 0", "at least 1 token");
    const Frequencies native = native_frequencies(rope);
    scaled_ = scaled_frequencies(rope, schedule.scaling, schedule.length);
    denoised_ = plan_.empty() ? scaled_
                              : denoised_frequencies(plan_.transform, native, scaled_, rope.training_length);
    const auto* parts = std::get_if<ByParts>(&plan_.transform);
    if (!plan_.empty() && parts != nullptr && parts->reading == ByParts::Reading::remove) {
      removed_bands_ = low_bands(*parts, native, scaled_, rope.training_length);
    }
    const std::span<const std::int64_t> rows(positions_);
    scaled_table_ = RotationTable<C>(scaled_, rows, schedule.angles);
    separate_ = !(denoised_ == scaled_);
    if (separate_) denoised_table_ = RotationTable<C>(denoised_, rows, schedule.angles);
    const auto* noise = std::get_if<ByGaussian>(&plan_.transform);
    if (!plan_.empty() && noise != nullptr && noise->reading == ByGaussian::Reading::replace) {
      if (noise->spread == ByGaussian::Spread::fixed) largest_sigma_ = noise->sigma;
      for (const HeadSpread& spread : plan_.spreads)
        largest_sigma_ = (std::max)({largest_sigma_, spread.query, spread.key});
    }
    const auto* all = std::get_if<ByAll>(&plan_.transform);
    finishes_ = std::holds_alternative<ByGaussian>(plan_.transform) || !removed_bands_.empty() ||
                (all != nullptr && all->reading == ByAll::Reading::remove);
    for (std::size_t layer = 0; layer < plan_.shape.layers; ++layer) {
      is_denoised_[0].push_back(denoised_heads(layer, HeadRole::query, plan_.shape.query_heads));
      is_denoised_[1].push_back(denoised_heads(layer, HeadRole::shared_key, plan_.shape.key_heads));
    }
  }

  /// Empty for a layer whose heads are all left alone.
  [[nodiscard]] std::vector<std::uint8_t> denoised_heads(std::size_t layer, HeadRole role,
                                                         std::size_t count) const {
    std::vector<std::uint8_t> is_denoised(count);
    for (std::size_t head = 0; head < count; ++head) is_denoised[head] = denoises(layer, role, head) ? 1 : 0;
    if (std::find(is_denoised.begin(), is_denoised.end(), 1) == is_denoised.end()) is_denoised.clear();
    return is_denoised;
  }

  void require_head(std::size_t layer, HeadRole role, std::size_t head) const {
    const AttentionShape& shape = plan_.shape;
    const std::size_t heads = role == HeadRole::shared_key ? shape.key_heads : shape.query_heads;
    if (layer >= shape.layers || head >= heads) {
      fail("PlannedRope", detail::text("layer ", layer, ", head ", head),
           detail::text("a layer below ", shape.layers, " and a head below ", heads));
    }
  }

  /// Index into plan_.heads of the unit that denoises this head.
  [[nodiscard]] std::optional<std::size_t> unit(std::size_t layer, HeadRole role, std::size_t head) const {
    require_head(layer, role, head);
    if (role == HeadRole::query) return plan_.find(plan_.unit_of(layer, head));
    if (role == HeadRole::shared_key) {
      return plan_.denoises_key(layer, head) ? plan_.find({layer, head}) : std::nullopt;
    }
    if (!plan_.needs_own_key(layer, head)) {
      fail("PlannedRope", detail::text("own key of layer ", layer, ", query head ", head),
           "a query head of Plan::own_key_heads");
    }
    return plan_.find({layer, head});
  }

  template <class T>
  void require_fit(const HeadView<T>& x, std::size_t first) const {
    if (x.width != plan_.shape.head_width) {
      fail("PlannedRope", detail::text("a head of width ", x.width),
           detail::text("width ", plan_.shape.head_width));
    }
    if (x.tokens > 1 && x.token_stride < x.width) {
      fail("PlannedRope", detail::text("rows of width ", x.width, " at stride ", x.token_stride),
           "rows that do not overlap");
    }
    if (first > rows() || x.tokens > rows() - first) {
      fail("PlannedRope", detail::text("rows [", first, ", +", x.tokens, ")"),
           detail::text("a range inside ", rows(), " rows"));
    }
  }

  /// Throws Error where heads share memory, as a single head repeated by a stride of 0 does.
  template <class T>
  static void require_apart(const HeadsView<T>& x) {
    if (x.heads < 2 || x.tokens == 0) return;
    const bool inside = x.head_stride <= x.token_stride || x.tokens == 1;  // a token holds all of its heads
    const std::size_t heads_span = (x.heads - 1) * x.head_stride + x.width;
    const std::size_t tokens_span = (x.tokens - 1) * x.token_stride + x.width;
    const bool apart = inside ? x.head_stride >= x.width && (x.tokens == 1 || x.token_stride >= heads_span)
                              : x.head_stride >= tokens_span;
    if (!apart) {
      fail("PlannedRope",
           detail::text(x.heads, " heads of width ", x.width, " at stride ", x.head_stride, ", ", x.tokens,
                        " tokens at stride ", x.token_stride),
           "heads that do not overlap");
    }
  }

  /// σ·ε is at most 6.765σ in size: it must be a number of T.
  template <Scalar T>
  void require_noise_fits() const {
    constexpr double largest = std::same_as<T, float16>  ? 65504.0
                               : std::same_as<T, double> ? (std::numeric_limits<double>::max)()
                                                         : 0x1.fep+127;  // bfloat16's, and below float's
    if (!(largest_sigma_ <= largest / 6.765)) {
      fail("PlannedRope", detail::text("sigma ", largest_sigma_, " for ", scalar_name<T>()),
           detail::text("at most ", largest / 6.765));
    }
  }

  [[nodiscard]] double spread_of(const ByGaussian& noise, std::size_t unit, Side side) const noexcept {
    if (noise.spread == ByGaussian::Spread::fixed) return noise.sigma;
    return side == Side::query ? plan_.spreads[unit].query : plan_.spreads[unit].key;
  }

  template <Scalar T>
  void disturb(const ByGaussian& noise, double sigma, const NoiseRow& source, T* row) const {
    const std::size_t width = plan_.shape.head_width;
    for (std::size_t c = 0; c < width; c += 4) {
      const auto four = normals(source, c / 4);
      const std::size_t lanes = std::min<std::size_t>(4, width - c);
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        const double value = sigma * four[lane];
        row[c + lane] = noise.reading == ByGaussian::Reading::replace
                            ? static_cast<T>(value)
                            : static_cast<T>(static_cast<double>(row[c + lane]) * value);
      }
    }
  }

  Plan plan_;
  Pairing pairing_;
  std::vector<std::int64_t> positions_;
  Frequencies scaled_;
  Frequencies denoised_;
  std::vector<std::size_t> removed_bands_;
  RotationTable<C> scaled_table_;
  RotationTable<C> denoised_table_;
  bool separate_ = false;                                              // the two tables differ
  double largest_sigma_ = 0.0;                                         // of noise that replaces
  bool finishes_ = false;                                              // finish() has something to do
  std::array<std::vector<std::vector<std::uint8_t>>, 2> is_denoised_;  // queries and shared keys; layer, head
};

namespace detail {

template <>
struct EnumNames<HeadRole> {
  static constexpr std::string_view what = "head role";
  static constexpr std::array<std::string_view, 3> names = {"query", "shared_key", "own_key"};
};

}  // namespace detail
}  // namespace dope
