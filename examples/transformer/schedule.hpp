// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>

#include "dope/denoise/planned_rope.hpp"
#include "transformer/attention.hpp"
#include "transformer/attention_pattern.hpp"

namespace reference {

/// How a request rotates, denoises and attends, made ready once and shared by requests: it is fixed by the
/// request's target length, so that no cached key is ever rotated under another base.
///
/// A denoised head is rotated by its own table at the positions of the pattern. What comes after rotation
/// belongs to the token, not to a position: noise is a function of (seed, layer, head, side, index of
/// the token), so a query has the same noise in all parts. Every pattern goes with every scaling and every
/// plan but one: by_gaussian(reading=modulate) under SinkWindow is an Error, because each channel of a
/// rotated key would be scaled apart while its position inside the cache changes with every new token.
class RequestSchedule {
 public:
  RequestSchedule(dope::PlannedRope<float> rope, AttentionPattern pattern);

  [[nodiscard]] const dope::PlannedRope<float>& rope() const noexcept { return rope_; }
  [[nodiscard]] const AttentionPattern& pattern() const noexcept { return pattern_; }
  [[nodiscard]] const dope::Plan& plan() const noexcept { return rope_.plan(); }
  [[nodiscard]] const dope::Frequencies& scaled() const noexcept { return rope_.scaled(); }
  [[nodiscard]] std::size_t rows() const noexcept { return rope_.rows(); }

  /// Whether two schedules differ by their plans alone.
  [[nodiscard]] bool same_but_for_plan(const RequestSchedule& other) const;

  /// Keys of tokens first … as the cache holds them, in place.
  void place_keys(std::size_t layer, dope::HeadRole role, std::size_t head, dope::HeadView<float> keys,
                  std::size_t first) const;

  /// One query head's attention for tokens first …; the unrotated queries are overwritten.
  /// Shapes: queries and out [tokens, head width]; the caches hold tokens [0, first + tokens).
  void attend(std::size_t layer, std::size_t head, dope::HeadView<float> queries, std::size_t first,
              const KeyCache& keys, const ValueCache& values, dope::HeadView<float> out) const;

 private:
  dope::PlannedRope<float> rope_;
  AttentionPattern pattern_;
};

using Schedule = std::shared_ptr<const RequestSchedule>;

}  // namespace reference
