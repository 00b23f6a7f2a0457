// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "dope/denoise.hpp"

namespace lab {

/// How many ways of selecting heads are tried.
///
///   quick  post_ntk; query and key; truncated mean at r = 1 and 8, truncated effective rank at r = 8,
///          von Neumann; n = 1, 3
///   full   three stages; query, key and both; six entropies, r = 1, 4, 8, 16, 32 where they rank;
///          n = 1 … 16
/// each in both orders. What needs more eigenvalues or heads than there are is left out.
enum class Breadth { quick, full };

/// The three transforms in every reading, σ = 1 and seed 42 where they have them: nine.
[[nodiscard]] std::vector<dope::Transform> all_readings();

/// "by_parts" of "by_parts(reading=identity, …)"; the whole name where `all` has several of its family.
[[nodiscard]] std::string short_name(const dope::Transform& transform, std::span<const dope::Transform> all);

[[nodiscard]] std::vector<dope::Indicator> sweep_indicators(Breadth breadth, std::size_t head_width);
[[nodiscard]] std::vector<std::size_t> sweep_counts(Breadth breadth, std::size_t units);

/// One way of selecting heads.
struct Selector {
  dope::Indicator indicator;
  dope::Order order = dope::Order::ascending;
  std::size_t count = 0;
};

/// "post_ntk/key/truncated_mean(r=8) ascending n=3".
[[nodiscard]] std::string name_of(const Selector& selector);

/// A plan to try, and every selector of the sweep that yields it, in the sweep's order.
struct Candidate {
  dope::Plan plan;
  std::vector<Selector> selectors;
};

/// The distinct plans of a sweep: transforms × indicators × orders × counts, one candidate for each
/// transform and set of heads.
///
/// scores[i]: one per unit, by indicators[i]. spreads: by unit, layer after layer, for transforms that
/// match σ; may be empty where none does.
[[nodiscard]] std::vector<Candidate> sweep(const dope::AttentionShape& shape, dope::GqaPolicy gqa,
                                           std::span<const dope::Transform> transforms,
                                           std::span<const dope::Indicator> indicators,
                                           std::span<const std::vector<dope::HeadScore>> scores,
                                           std::span<const std::size_t> counts,
                                           std::span<const dope::HeadSpread> spreads);

/// A valid plan for some heads: with their σ where the transform matches it, without else.
[[nodiscard]] dope::Plan plan_for(const dope::AttentionShape& shape, dope::GqaPolicy gqa,
                                  const dope::Transform& transform, std::vector<dope::HeadId> heads,
                                  std::span<const dope::HeadSpread> spreads);

}  // namespace lab
