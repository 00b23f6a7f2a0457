// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"
#include "dope/denoise/head.hpp"
#include "dope/denoise/plan.hpp"
#include "dope/denoise/rotated_blocks.hpp"
#include "dope/denoise/sampling.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/spectral/checked.hpp"

namespace dope {

/// Count, mean and √Σ(x − mean)² of numbers, mergeable without cancellation (Chan, Golub & LeVeque 1983). The
/// root, not the sum: squares of tiny or huge numbers would vanish or overflow.
struct Moments {
  double count = 0.0;
  double mean = 0.0;
  double root = 0.0;

  void merge(const Moments& other) noexcept {
    if (other.count == 0.0) return;
    const double total = count + other.count;
    const double delta = other.mean - mean;
    mean += delta * (other.count / total);
    root = std::hypot(std::hypot(root, other.root), delta * std::sqrt(count / total * other.count));
    count = total;
  }

  /// √(Σ(x − mean)²/count).
  [[nodiscard]] double deviation() const noexcept { return count > 0.0 ? root / std::sqrt(count) : 0.0; }
};

/// Measures the σ of ByGaussian's matched spread on calibration text: the empirical standard deviation
/// of what is replaced (arXiv 2511.09146 v1 §4.3).
///
/// Per head and side, over all tokens and all head-width channels of q or k rotated by the scaled
/// frequencies, attention factor included, about their common mean. Memory: three numbers per head
/// and side. Laws: merging equals measuring all tokens together, to rounding; chunks do not matter.
/// Layers are independent: different threads may add to different layers.
class SpreadMeter {
  static_assert(detail::alternatives<GqaPolicy> == 2, "SpreadMeter: every GqaPolicy");
  static_assert(detail::alternatives<Side> == 2, "SpreadMeter: every Side");

 public:
  /// Throws Error unless the shape is valid and has the frequencies' bands.
  SpreadMeter(const AttentionShape& shape, Pairing pairing, Frequencies scaled)
      : shape_(shape), pairing_(pairing), scaled_(std::move(scaled)) {
    validate(shape_);
    detail::require_frequencies<double>("SpreadMeter", scaled_.omega, scaled_.attention_factor);
    if (2 * scaled_.bands() != shape_.rotated_width) {
      fail("SpreadMeter", detail::text(scaled_.bands(), " bands"),
           detail::text(shape_.rotated_width / 2, " for rotated width ", shape_.rotated_width));
    }
    moments_.resize(shape_.layers * heads_per_layer());
  }

  /// Unrotated q and k of consecutive tokens. Throws Error as HeadMeter::add does. Whatever it throws, it
  /// then changes nothing.
  template <Readable T>
  void add(std::size_t layer, HeadsView<T> q, HeadsView<T> k, std::int64_t first_position) {
    add(layer, q, k,
        std::span<const std::int64_t>(
            detail::consecutive_positions("SpreadMeter::add", first_position, q.tokens)));
  }

  /// The same, token i at positions[i].
  template <Readable T>
  void add(std::size_t layer, HeadsView<T> q, HeadsView<T> k, std::span<const std::int64_t> positions) {
    using Rows = HeadsView<const std::remove_const_t<T>>;
    detail::require_positions("SpreadMeter::add", positions);
    detail::require_heads<std::remove_const_t<T>>("SpreadMeter::add", shape_, layer, q, k, positions,
                                                  detail::taken_tokens({}, positions),
                                                  std::abs(scaled_.attention_factor));
    const auto of_layer = moments_.begin() + static_cast<std::ptrdiff_t>(layer * heads_per_layer());
    std::vector<Moments> moments(of_layer, of_layer + static_cast<std::ptrdiff_t>(heads_per_layer()));
    const auto measure = [&](Rows rows, Moments* of_heads) {
      detail::for_each_rotated_block(
          rows, scaled_, pairing_, positions,
          [&](std::size_t head, const auto& block) { of_heads[head].merge(moments_of(block)); });
    };
    measure(q, moments.data());
    measure(k, moments.data() + shape_.query_heads);
    std::copy(moments.begin(), moments.end(), of_layer);
  }

  /// Throws Error unless shapes, pairing and frequencies are equal, and then changes nothing.
  void merge(const SpreadMeter& other) {
    if (!(other.shape_ == shape_) || other.pairing_ != pairing_ || !(other.scaled_ == scaled_)) {
      fail("SpreadMeter::merge", "a meter of another model", "equal shape, pairing and frequencies");
    }
    for (std::size_t i = 0; i < moments_.size(); ++i) moments_[i].merge(other.moments_[i]);
  }

  /// The spreads of units, in their order, for make_plan. Under per_key_group the query's is that of
  /// all query heads of the group together. Throws Error for another unit, or one without tokens.
  [[nodiscard]] std::vector<HeadSpread> spreads(std::span<const HeadId> units, GqaPolicy gqa) const {
    std::vector<HeadSpread> result;
    for (const HeadId unit : units) {
      require_unit("SpreadMeter::spreads", shape_, gqa, unit);
      const Moments* layer = moments_.data() + unit.layer * heads_per_layer();
      const bool alone = gqa == GqaPolicy::per_query_head;
      const std::size_t first = alone ? unit.head : unit.head * shape_.group();
      const std::size_t key_head = alone ? shape_.key_head_of(unit.head) : unit.head;
      Moments query;
      for (std::size_t i = 0; i < (alone ? 1 : shape_.group()); ++i) query.merge(layer[first + i]);
      const Moments& key = layer[shape_.query_heads + key_head];
      if (query.count == 0.0 || key.count == 0.0) {
        fail("SpreadMeter::spreads", detail::text("no tokens of layer ", unit.layer), "at least one");
      }
      result.push_back({query.deviation(), key.deviation()});
    }
    return result;
  }

 private:
  [[nodiscard]] std::size_t heads_per_layer() const noexcept { return shape_.query_heads + shape_.key_heads; }

  template <class C>
  static Moments moments_of(HeadView<const C> block) noexcept {
    Moments moments{static_cast<double>(block.tokens * block.width), 0.0, 0.0};
    const auto over_all = [&](auto term) {
      double sum = 0.0;
      for (std::size_t token = 0; token < block.tokens; ++token) {
        for (std::size_t c = 0; c < block.width; ++c) sum += term(static_cast<double>(block.row(token)[c]));
      }
      return sum;
    };
    moments.mean = over_all([](double x) { return x; }) / moments.count;
    const auto peak = static_cast<double>(std::bit_cast<C>(detail::peak_bits(block)));
    if (peak == 0.0) return moments;
    // Times 2^e the largest number is in [1, 2): no square that counts vanishes.
    const int exponent = std::clamp(-std::ilogb(peak), -1000, 1000);
    const double scale = std::ldexp(1.0, exponent);
    const double sum = over_all([&](double x) {
      const double apart = (x - moments.mean) * scale;
      return apart * apart;
    });
    moments.root = std::ldexp(std::sqrt(sum), -exponent);
    return moments;
  }

  AttentionShape shape_;
  Pairing pairing_;
  Frequencies scaled_;
  std::vector<Moments> moments_;
};

}  // namespace dope
