// SPDX-License-Identifier: MIT
#include "transformer/attention_pattern.hpp"

#include <algorithm>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"

namespace reference {
namespace {

using Sights = std::array<Sight, most_parts>;

Sights sights(const FullAttention&, std::size_t token) { return {Sight{token, {0, token + 1}}}; }

Sights sights(const DualChunk& dual, std::size_t token) {
  const std::size_t inside = token % dual.chunk;
  const std::size_t start = token - inside;
  const std::size_t farthest = dual.chunk + dual.local - 1;
  Sights parts;
  parts[0] = {inside, {start, token + 1}};
  if (start >= dual.chunk) {
    parts[1] = {std::min(inside + dual.chunk, farthest), {start - dual.chunk, start}};
  }
  if (start >= 2 * dual.chunk) parts[2] = {farthest, {0, start - dual.chunk}};
  return parts;
}

Sights sights(const SinkWindow& rolling, std::size_t token) {
  const std::size_t cache = rolling.sinks + rolling.window;
  if (token < cache) return {Sight{token, {0, token + 1}}};
  return {Sight{token, {token + 1 - rolling.window, token + 1}}, Sight{cache - 1, {0, rolling.sinks}}};
}

}  // namespace

DualChunk DualChunk::of_paper(std::size_t training_length) noexcept {
  const std::size_t chunk = training_length * 3 / 4;
  return {chunk, training_length - chunk};
}

DualChunk DualChunk::of_code(std::size_t training_length) noexcept {
  const std::size_t window = training_length / 16;
  return {training_length * 3 / 4 - window, window + 1};
}

SinkWindow SinkWindow::of_paper(std::size_t training_length) noexcept {
  constexpr std::size_t sinks = 4;
  return {sinks, training_length > sinks ? training_length - sinks : 0};
}

void validate(const AttentionPattern& pattern) {
  static_assert(dope::detail::alternatives<AttentionPattern> == 3,
                "validate(AttentionPattern): every AttentionPattern");
  if (const auto* dual = std::get_if<DualChunk>(&pattern)) {
    if (dual->local == 0 || dual->local > dual->chunk) {
      throw dope::Error("DualChunk", name_of(pattern), "a local window from 1 to the chunk size");
    }
  } else if (const auto* rolling = std::get_if<SinkWindow>(&pattern)) {
    if (rolling->window == 0) {
      throw dope::Error("SinkWindow", name_of(pattern), "a window of at least the token itself");
    }
  }
}

std::string name_of(const AttentionPattern& pattern) {
  static_assert(dope::detail::alternatives<AttentionPattern> == 3,
                "name_of(AttentionPattern): every AttentionPattern");
  if (const auto* dual = std::get_if<DualChunk>(&pattern)) {
    return dope::detail::text("dual_chunk(chunk=", dual->chunk, ", local=", dual->local, ")");
  }
  if (const auto* rolling = std::get_if<SinkWindow>(&pattern)) {
    return dope::detail::text("sink_window(sinks=", rolling->sinks, ", window=", rolling->window, ")");
  }
  return "full";
}

std::array<Sight, most_parts> sights_of(const AttentionPattern& pattern, std::size_t token) {
  return std::visit([&](const auto& one) { return sights(one, token); }, pattern);
}

std::size_t key_position(const AttentionPattern& pattern, std::size_t token) {
  static_assert(dope::detail::alternatives<AttentionPattern> == 3, "key_position: every AttentionPattern");
  const auto* dual = std::get_if<DualChunk>(&pattern);
  return dual != nullptr ? token % dual->chunk : token;
}

}  // namespace reference
