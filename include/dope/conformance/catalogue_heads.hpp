// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dope/conformance/case.hpp"
#include "dope/conformance/catalogue_rotation.hpp"
#include "dope/core/alternatives.hpp"

// The cases of what is done with whole heads: transforms, Grams, entropies, selection, noise.

namespace dope::conformance::detail {

struct TransformCase {
  std::string_view name;
  Transform transform;
};

inline std::vector<TransformCase> transform_cases() {
  ByGaussian matched;
  matched.spread = ByGaussian::Spread::matched;
  ByGaussian modulate{ByGaussian::Reading::modulate, ByGaussian::Spread::fixed, 0.75, 0x123456789abcdef0u};
  ByGaussian replace{ByGaussian::Reading::replace, ByGaussian::Spread::fixed, 0.75, 42};
  using Parts = ByParts;
  return {{"parts_identity", Parts{Parts::Reading::identity, Parts::Threshold::native}},
          {"parts_identity_scaled", Parts{Parts::Reading::identity, Parts::Threshold::scaled}},
          {"parts_remove", Parts{Parts::Reading::remove, Parts::Threshold::native}},
          {"parts_remove_scaled", Parts{Parts::Reading::remove, Parts::Threshold::scaled}},
          {"all_identity", ByAll{ByAll::Reading::identity}},
          {"all_remove", ByAll{ByAll::Reading::remove}},
          {"gaussian_replace", replace},
          {"gaussian_modulate", modulate},
          {"gaussian_matched", matched}};
}

inline Plan plan_for(const Transform& transform, GqaPolicy gqa, std::size_t query_heads,
                     std::size_t key_heads, std::size_t width, std::size_t rotated_width) {
  const AttentionShape shape{.layers = 3,
                             .query_heads = query_heads,
                             .key_heads = key_heads,
                             .head_width = width,
                             .rotated_width = rotated_width};
  std::vector<HeadId> heads = {{0, 0}, {2, 1}};
  if (gqa == GqaPolicy::per_query_head && query_heads > 4) heads.push_back({2, 6});
  std::vector<HeadSpread> spreads;
  const auto* noise = std::get_if<ByGaussian>(&transform);
  static_assert(dope::detail::alternatives<Transform> == 3,
                "conformance catalogue of heads: every Transform");
  if (noise != nullptr && noise->spread == ByGaussian::Spread::matched) {
    for (std::size_t i = 0; i < heads.size(); ++i) {
      spreads.push_back({0.5 + static_cast<double>(i), 1.25 - 0.25 * static_cast<double>(i)});
    }
  }
  return make_plan(shape, transform, gqa, heads, spreads);
}

inline void add_transforms(Cases& cases) {
  const std::string_view catches =
      "a transform of another reading or polarity, other heads touched, noise that follows the chunk";
  const auto add = [&](std::string name, const Plan& plan, Pairing pairing, Element element,
                       const Scaling& scaling) {
    DenoiseTask task;
    task.plan = plan;
    task.layer = 2;
    task.rope = {.base = 10000.0,
                 .head_width = plan.shape.head_width,
                 .rotated_width = plan.shape.rotated_width,
                 .training_length = 128};
    task.scaling = scaling;
    task.length = 1024;
    task.pairing = pairing;
    task.element = element;
    task.positions = positions_from(600, 9, 5);
    task.chunks = {4, 3, 1, 1};
    cases.add(std::move(name), catches, "ekzhang/jax-js#180", task);
  };
  for (const TransformCase& t : transform_cases()) {
    for (const GqaPolicy gqa : {GqaPolicy::per_query_head, GqaPolicy::per_key_group}) {
      for (const Element element : {Element::float32, Element::bfloat16}) {
        add(text("denoise_", t.name, "-", name_of(gqa), "-", short_name(element)),
            plan_for(t.transform, gqa, 8, 2, 32, 32), Pairing::half_split, element, DynamicNtk{});
      }
    }
    add(text("denoise_", t.name, "-yarn-interleaved"),
        plan_for(t.transform, GqaPolicy::per_query_head, 4, 4, 32, 32), Pairing::interleaved,
        Element::float32, Yarn{.factor = 8.0});
    add(text("denoise_", t.name, "-double"), plan_for(t.transform, GqaPolicy::per_query_head, 8, 2, 32, 32),
        Pairing::interleaved, Element::float64, DynamicNtk{});
    add(text("denoise_", t.name, "-partial"), plan_for(t.transform, GqaPolicy::per_query_head, 4, 2, 40, 24),
        Pairing::half_split, Element::float16, Linear{8.0});
  }
  add("denoise_nothing", empty_plan({3, 4, 2, 32, 32}), Pairing::half_split, Element::float32, DynamicNtk{});
}

inline void add_grams(Cases& cases) {
  for (const Element element : storage_elements) {
    for (const Centring centring : {Centring::none, Centring::token_mean}) {
      for (const RowScaling rows : {RowScaling::none, RowScaling::unit}) {
        cases.add(text("gram_", centring == Centring::none ? "plain" : "centred", "_",
                       rows == RowScaling::none ? "raw" : "unit", "-", short_name(element)),
                  "sums in 16 bits, a lost chunk, centring by chunk, or centring after normalising", "",
                  GramTask{331, 24, element, centring, rows, {128, 128, 74, 1}});
      }
    }
  }
  cases.add("gram_wide", "a width of the models in use", "",
            GramTask{520, 128, Element::float32, Centring::none, RowScaling::none, {256, 256, 8}});
}

inline void add_entropies(Cases& cases) {
  const std::string_view catches = "another logarithm, truncation, order of centring, or squares left out";
  for (const Pairing pairing : both_pairings) {
    for (const std::size_t r : std::initializer_list<std::size_t>{2, 4, 16}) {
      cases.add(text("entropy_r", r, "-", name_of(pairing)), catches, "",
                EntropyTask{96,
                            16,
                            pairing,
                            {VonNeumann{}, BandMean{}, TruncatedEffectiveRank{r}, TruncatedMean{r}, Uncomp{r},
                             SpectralNorm{NormScale::raw}, SpectralNorm{NormScale::trace_share}}});
    }
  }
  cases.add("entropy_r1", catches, "",
            EntropyTask{40, 16, Pairing::half_split, {TruncatedMean{1}, Uncomp{1}, SpectralNorm{}}});
}

inline void add_selections(Cases& cases) {
  const std::string_view catches = "ties broken by input order, or ascending and descending confused";
  for (const Order order : {Order::ascending, Order::descending}) {
    cases.add(text("select_count-", name_of(order)), catches, "", SelectTask{4, 6, Count{7}, order});
    cases.add(text("select_quantile-", name_of(order)), catches, "", SelectTask{5, 8, Quantile{0.3}, order});
    cases.add(text("select_none-", name_of(order)), catches, "", SelectTask{3, 4, Count{0}, order});
    cases.add(text("select_whole-", name_of(order)), catches, "", SelectTask{3, 4, Quantile{1.0}, order});
    cases.add(text("select_all-", name_of(order)), catches, "", SelectTask{3, 4, Count{12}, order});
  }
}

inline void add_noise(Cases& cases) {
  const std::string_view catches =
      "a counter laid out otherwise, 64-bit positions cut, cos and sin exchanged";
  const std::vector<std::int64_t> close_by = {0, 1, 2, 4095, -1, 65536};
  const std::vector<std::int64_t> distant = {std::int64_t{1} << 32, (std::int64_t{5} << 33) + 7,
                                             -(std::int64_t{1} << 40)};
  cases.add("noise_query", catches, "", NoiseTask{42, 0, 0, Side::query, 32, close_by});
  cases.add("noise_key", catches, "", NoiseTask{42, 3, 5, Side::key, 6, close_by});
  const std::int64_t farthest = std::int64_t{1} << 53;
  cases.add("noise_limits", catches, "",
            NoiseTask{~std::uint64_t{0}, 32767, 65535, Side::key, 8, {farthest, -farthest, 0}});
  cases.add("noise_far", catches, "", NoiseTask{0xfedcba9876543210u, 31, 127, Side::key, 10, distant});
}

}  // namespace dope::conformance::detail
