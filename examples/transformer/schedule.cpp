// SPDX-License-Identifier: MIT
#include "transformer/schedule.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "dope/core/alternatives.hpp"
#include "dope/denoise/transform_text.hpp"

namespace reference {

RequestSchedule::RequestSchedule(dope::PlannedRope<float> rope, AttentionPattern pattern)
    : rope_(std::move(rope)), pattern_(pattern) {
  validate(pattern_);
  static_assert(dope::detail::alternatives<dope::Transform> == 3, "RequestSchedule: every Transform");
  static_assert(dope::detail::alternatives<AttentionPattern> == 3, "RequestSchedule: every AttentionPattern");
  const auto* noise = std::get_if<dope::ByGaussian>(&plan().transform);
  if (!plan().empty() && noise != nullptr && noise->reading == dope::ByGaussian::Reading::modulate &&
      std::holds_alternative<SinkWindow>(pattern_)) {
    throw dope::Error("RequestSchedule",
                      dope::detail::text(dope::name_of(plan().transform), " under ", name_of(pattern_)),
                      "a transform whose scores depend on distances alone, as positions inside a rolling "
                      "cache change with every token");
  }
}

bool RequestSchedule::same_but_for_plan(const RequestSchedule& other) const {
  return scaled() == other.scaled() && rows() == other.rows() && pattern_ == other.pattern_;
}

void RequestSchedule::place_keys(std::size_t layer, dope::HeadRole role, std::size_t head,
                                 dope::HeadView<float> keys, std::size_t first) const {
  std::vector<std::int64_t> positions(keys.tokens);
  for (std::size_t t = 0; t < keys.tokens; ++t) {
    positions[t] = static_cast<std::int64_t>(key_position(pattern_, first + t));
  }
  dope::rotate(keys, rope_.table(layer, role, head), std::span<const std::int64_t>(positions),
               rope_.pairing());
  rope_.finish(layer, role, head, keys, first);
}

void RequestSchedule::attend(std::size_t layer, std::size_t head, dope::HeadView<float> queries,
                             std::size_t first, const KeyCache& keys, const ValueCache& values,
                             dope::HeadView<float> out) const {
  constexpr auto role = dope::HeadRole::query;
  if (std::holds_alternative<FullAttention>(pattern_)) {
    rope_.apply(layer, role, head, queries, first);
    causal_attention(queries, keys, values, first, out);
    return;
  }
  struct Placed {
    std::vector<float> turned;
    std::vector<KeyRange> seen;
    std::vector<std::int64_t> positions;
  };
  std::array<Placed, most_parts> placed;
  for (std::size_t row = 0; row < queries.tokens; ++row) {
    const auto sights = sights_of(pattern_, first + row);
    for (std::size_t part = 0; part < most_parts; ++part) {
      placed[part].seen.push_back(sights[part].keys);
      placed[part].positions.push_back(static_cast<std::int64_t>(sights[part].position));
    }
  }
  std::vector<AttentionPart> parts;
  for (Placed& one : placed) {
    if (std::all_of(one.seen.begin(), one.seen.end(), [](KeyRange range) { return range.empty(); })) continue;
    one.turned.resize(queries.tokens * queries.width);
    const auto turned = dope::dense_head(one.turned.data(), queries.tokens, queries.width);
    for (std::size_t row = 0; row < queries.tokens; ++row) {
      std::copy_n(queries.row(row), queries.width, turned.row(row));
    }
    dope::rotate(turned, rope_.table(layer, role, head), std::span<const std::int64_t>(one.positions),
                 rope_.pairing());
    rope_.finish(layer, role, head, turned, first);
    parts.push_back({turned, one.seen});
  }
  merged_attention(parts, keys, values, out);
}

}  // namespace reference
