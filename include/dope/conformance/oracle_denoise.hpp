// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <variant>
#include <vector>

#include "dope/conformance/case.hpp"
#include "dope/conformance/oracle_rotation.hpp"
#include "dope/core/alternatives.hpp"

// The noise, the three transforms and the selection from their definitions. It shares no code with
// core/noise.hpp and denoise/, only the plain data of a plan.

namespace dope::conformance::oracle {

/// Philox4x32-10: ten rounds of two 32×32-bit products, the key raised by two constants between them
/// (Salmon et al. 2011, DOI 10.1145/2063384.2063405, §3.3).
[[nodiscard]] inline std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                                         std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xd2511f53u} * counter[0];
    const std::uint64_t b = std::uint64_t{0xcd9e8d57u} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9e3779b9u;
    key[1] += 0xbb67ae85u;
  }
  return counter;
}

struct NoiseSite {
  std::uint64_t seed = 0;
  std::size_t layer = 0;
  std::size_t head = 0;
  Side side = Side::query;
  std::int64_t position = 0;
};

/// Words 4·block … 4·block + 3 of a row of noise, by the counter layout of noise.hpp.
[[nodiscard]] inline std::array<std::uint32_t, 4> words_of(const NoiseSite& site, std::size_t block) {
  const auto position = static_cast<std::uint64_t>(site.position);
  const std::uint64_t place = site.layer * 131072 + site.head * 2 + (site.side == Side::key ? 1 : 0);
  return philox({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(position),
                 static_cast<std::uint32_t>(position >> 32), static_cast<std::uint32_t>(place)},
                {static_cast<std::uint32_t>(site.seed), static_cast<std::uint32_t>(site.seed >> 32)});
}

/// The standard normal of one channel: Box–Muller on the words (0, 1) or (2, 3) of its block.
[[nodiscard]] inline Real normal(const NoiseSite& site, std::size_t channel) {
  const auto words = words_of(site, channel / 4);
  const std::size_t pair = channel % 4 / 2 * 2;
  const Real u = (static_cast<Real>(words[pair]) + Real(0.5L)) / Real(4294967296.0L);
  const Real v = static_cast<Real>(words[pair + 1]) / Real(4294967296.0L);
  const Real radius = std::sqrt(-2 * std::log(u));
  const Real angle = 2 * std::numbers::pi_v<Real> * v;
  return channel % 2 == 0 ? radius * std::cos(angle) : radius * std::sin(angle);
}

[[nodiscard]] inline bool contains(const std::vector<HeadId>& heads, HeadId wanted) {
  for (const HeadId& head : heads) {
    if (head.layer == wanted.layer && head.head == wanted.head) return true;
  }
  return false;
}

/// Which copy of a head's q or k is meant; own_key is the copy that one query head alone reads.
enum class Copy { query, shared_key, own_key };

/// Whether the plan denoises that copy (GqaPolicy in head.hpp).
[[nodiscard]] inline bool denoised(const Plan& plan, std::size_t layer, Copy copy, std::size_t head) {
  const std::size_t group = plan.shape.query_heads / plan.shape.key_heads;
  if (plan.gqa == GqaPolicy::per_key_group) {
    return contains(plan.heads, {layer, copy == Copy::query ? head / group : head});
  }
  if (copy == Copy::shared_key) return group == 1 && contains(plan.heads, {layer, head});
  return contains(plan.heads, {layer, head});
}

/// The query heads of a layer that read a denoised key of their own.
[[nodiscard]] inline std::vector<std::size_t> owners_of(const Plan& plan, std::size_t layer) {
  std::vector<std::size_t> owners;
  if (plan.gqa == GqaPolicy::per_key_group || plan.shape.query_heads == plan.shape.key_heads) return owners;
  for (std::size_t head = 0; head < plan.shape.query_heads; ++head) {
    if (contains(plan.heads, {layer, head})) owners.push_back(head);
  }
  return owners;
}

[[nodiscard]] inline double sigma_of(const Plan& plan, const ByGaussian& noise, std::size_t layer, Copy copy,
                                     std::size_t head) {
  if (noise.spread == ByGaussian::Spread::fixed) return noise.sigma;
  const std::size_t group = plan.shape.query_heads / plan.shape.key_heads;
  const bool whole = plan.gqa == GqaPolicy::per_key_group;
  const std::size_t unit = whole && copy == Copy::query ? head / group : head;
  for (std::size_t i = 0; i < plan.heads.size(); ++i) {
    if (plan.heads[i].layer != layer || plan.heads[i].head != unit) continue;
    return copy == Copy::query ? plan.spreads[i].query : plan.spreads[i].key;
  }
  return 0.0;
}

/// One row of one copy, rotated and, where the plan says so, denoised.
[[nodiscard]] inline std::vector<double> denoised_row(const DenoiseTask& task, Copy copy, std::size_t head,
                                                      std::int64_t position, std::span<const double> row) {
  Frequencies table = frequencies(task.rope, task.scaling, task.length);
  static_assert(dope::detail::alternatives<Transform> == 3, "conformance denoise oracle: every Transform");
  const bool chosen = denoised(task.plan, task.layer, copy, head);
  std::vector<bool> low(table.omega.size(), false);
  const auto* parts = std::get_if<ByParts>(&task.plan.transform);
  const auto* all = std::get_if<ByAll>(&task.plan.transform);
  const auto* noise = std::get_if<ByGaussian>(&task.plan.transform);
  if (chosen && parts != nullptr) {
    const std::vector<double> native = frequencies(task.rope, Unscaled{}, task.length).omega;
    for (std::size_t band = 0; band < low.size(); ++band) {
      const double judged = parts->threshold == ByParts::Threshold::native ? native[band] : table.omega[band];
      low[band] = judged <= 2 * std::numbers::pi / static_cast<double>(task.rope.training_length);
      if (low[band]) table.omega[band] = 0;
    }
  }
  if (chosen && all != nullptr) {
    for (double& omega : table.omega) omega = 0;
  }
  std::vector<double> y = rotated_row(row, position, table, task.pairing, task.angles, Direction::forward);
  if (chosen && parts != nullptr && parts->reading == ByParts::Reading::remove) {
    for (std::size_t band = 0; band < low.size(); ++band) {
      const Pair at = pair_of(task.pairing, band, task.rope.rotated_width);
      if (low[band]) y[at.first] = y[at.second] = 0;
    }
  }
  if (chosen && all != nullptr && all->reading == ByAll::Reading::remove) {
    for (double& value : y) value = 0;
  }
  if (chosen && noise != nullptr) {
    const Side side = copy == Copy::query ? Side::query : Side::key;
    const NoiseSite site{noise->seed, task.layer, head, side, position};
    const Real sigma = sigma_of(task.plan, *noise, task.layer, copy, head);
    for (std::size_t c = 0; c < y.size(); ++c) {
      const Real value = sigma * normal(site, c);
      y[c] = static_cast<double>(noise->reading == ByGaussian::Reading::replace ? value : value * Real(y[c]));
    }
  }
  return y;
}

/// [tokens, heads, width] of one copy of all its heads; `source` says which head of x each starts from.
template <class SourceOf, class HeadOf>
std::vector<double> denoised_heads(const DenoiseTask& task, Copy copy, std::span<const double> x,
                                   std::size_t x_heads, std::size_t heads, SourceOf source, HeadOf head_of) {
  const std::size_t width = task.plan.shape.head_width;
  std::vector<double> y;
  y.reserve(task.tokens() * heads * width);
  for (std::size_t token = 0; token < task.tokens(); ++token) {
    for (std::size_t i = 0; i < heads; ++i) {
      const auto row = x.subspan((token * x_heads + source(i)) * width, width);
      const auto turned = denoised_row(task, copy, head_of(i), task.positions[token], row);
      y.insert(y.end(), turned.begin(), turned.end());
    }
  }
  return y;
}

/// The heads to denoise: each of the n picks takes the first, by value, layer and head, of those left.
[[nodiscard]] inline std::vector<HeadId> selected(const SelectTask& task, std::span<const double> scores) {
  static_assert(dope::detail::alternatives<Amount> == 2, "conformance select oracle: every Amount");
  static_assert(dope::detail::alternatives<Order> == 2, "conformance select oracle: every Order");
  std::size_t wanted = 0;
  if (const auto* count = std::get_if<Count>(&task.amount)) {
    wanted = count->n;
  } else {
    const double tau = std::get<Quantile>(task.amount).tau;
    const auto heads = static_cast<double>(scores.size());
    while (wanted < scores.size() && static_cast<double>(wanted + 1) / heads <= tau) ++wanted;
  }
  std::vector<bool> taken(scores.size(), false);
  std::vector<HeadId> chosen;
  while (chosen.size() < wanted) {
    std::size_t best = scores.size();
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (taken[i]) continue;
      const bool better =
          best == scores.size() ||
          (task.order == Order::ascending ? scores[i] < scores[best] : scores[i] > scores[best]);
      if (better) best = i;
    }
    taken[best] = true;
    chosen.push_back({best / task.heads, best % task.heads});
  }
  return chosen;
}

}  // namespace dope::conformance::oracle
