// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "dope/denoise.hpp"
#include "transformer/model.hpp"
#include "transformer/oracle.hpp"
#include "transformer/tiny_checkpoint.hpp"

namespace test {

inline reference::Model tiny_model(const TinyCheckpoint& tiny) {
  const TemporaryFolder folder;
  write_tiny_checkpoint(folder.path(), tiny);
  return reference::Model::load(folder.path());
}

inline TinyCheckpoint tiny_qwen() {
  TinyCheckpoint tiny;
  tiny.architecture = reference::Architecture::qwen2;
  tiny.head = reference::OutputHead::tied;
  tiny.head_width = 10;
  return tiny;
}

inline TinyCheckpoint tiny_partial() {
  TinyCheckpoint tiny;
  tiny.head_width = 12;
  tiny.partial_rotary_factor = 0.5;
  tiny.query_heads = 6;
  tiny.key_heads = 2;
  return tiny;
}

inline TinyCheckpoint tiny_deep() {
  TinyCheckpoint tiny;
  tiny.layers = 3;
  return tiny;
}

inline std::vector<std::int32_t> some_tokens(std::size_t count, std::size_t vocabulary) {
  std::vector<std::int32_t> tokens(count);
  for (std::size_t i = 0; i < count; ++i)
    tokens[i] = static_cast<std::int32_t>((i * i * 7 + i * 5 + 3) % vocabulary);
  return tokens;
}

inline const std::vector<dope::Scaling>& scalings() {
  static const std::vector<dope::Scaling> all = {dope::Unscaled{},
                                                 dope::Linear{2.0},
                                                 dope::StaticNtk{2.0},
                                                 dope::DynamicNtk{},
                                                 dope::Yarn{.factor = 2.0},
                                                 dope::YarnPaper{.factor = 2.0},
                                                 dope::Llama3{2.0, 1.0, 4.0},
                                                 dope::Proportional{0.7}};
  return all;
}

inline std::vector<dope::Transform> transforms() {
  using Parts = dope::ByParts;
  using All = dope::ByAll;
  using Gauss = dope::ByGaussian;
  return {Parts{Parts::Reading::identity, Parts::Threshold::native},
          Parts{Parts::Reading::identity, Parts::Threshold::scaled},
          Parts{Parts::Reading::remove, Parts::Threshold::native},
          All{All::Reading::identity},
          All{All::Reading::remove},
          Gauss{Gauss::Reading::replace, Gauss::Spread::fixed, 1.0, 42},
          Gauss{Gauss::Reading::replace, Gauss::Spread::matched, 1.0, 7},
          Gauss{Gauss::Reading::modulate, Gauss::Spread::fixed, 0.5, 42}};
}

inline bool is_matched(const dope::Transform& transform) {
  const auto* noise = std::get_if<dope::ByGaussian>(&transform);
  return noise != nullptr && noise->spread == dope::ByGaussian::Spread::matched;
}

inline dope::Plan some_plan(const dope::AttentionShape& shape, const dope::Transform& transform,
                            dope::GqaPolicy gqa) {
  std::vector<dope::HeadId> heads = {{0, 1}, {shape.layers - 1, 0}};
  if (gqa == dope::GqaPolicy::per_query_head) heads.push_back({shape.layers - 1, shape.query_heads - 1});
  std::vector<dope::HeadSpread> spreads;
  if (is_matched(transform)) {
    for (std::size_t i = 0; i < heads.size(); ++i)
      spreads.push_back({0.3 + 0.1 * static_cast<double>(i), 0.7});
  }
  return dope::make_plan(shape, transform, gqa, heads, spreads);
}

/// The plan's meaning, written out head by head. Whether a head is selected is read off the lists; noise
/// belongs to the token, wherever it is rotated to.
inline oracle::Place place_by(const dope::Plan& plan, const dope::RopeParameters& rope,
                              const dope::Scaling& scaling, std::size_t length) {
  const auto scaled = dope::scaled_frequencies(rope, scaling, length);
  const auto native = dope::native_frequencies(rope);
  return [=](std::size_t layer, std::size_t head, std::size_t token, std::size_t position, bool is_key,
             oracle::Vector& x) {
    const std::size_t group = plan.shape.query_heads / plan.shape.key_heads;
    const bool per_group = plan.gqa == dope::GqaPolicy::per_key_group;
    const std::size_t unit = per_group ? head / group : head;
    std::size_t index = 0;
    while (index < plan.heads.size() && plan.heads[index] != dope::HeadId{layer, unit}) ++index;
    const bool selected = index < plan.heads.size();
    auto omega = scaled.omega;
    std::vector<std::size_t> blank;
    if (selected) {
      if (const auto* parts = std::get_if<dope::ByParts>(&plan.transform)) {
        for (std::size_t f = 0; f < omega.size(); ++f) {
          const double held =
              parts->threshold == dope::ByParts::Threshold::native ? native.omega[f] : scaled.omega[f];
          if (held > 2.0 * std::numbers::pi / static_cast<double>(rope.training_length)) continue;
          omega[f] = 0.0;
          if (parts->reading == dope::ByParts::Reading::remove) blank.push_back(f);
        }
      } else if (std::holds_alternative<dope::ByAll>(plan.transform)) {
        std::fill(omega.begin(), omega.end(), 0.0);
      }
    }
    oracle::turn(x, omega, scaled.attention_factor, position);
    if (!selected) return;
    for (const std::size_t f : blank) x[f] = x[f + omega.size()] = 0.0;
    if (const auto* all = std::get_if<dope::ByAll>(&plan.transform)) {
      if (all->reading == dope::ByAll::Reading::remove) std::fill(x.begin(), x.end(), 0.0);
    }
    if (const auto* noise = std::get_if<dope::ByGaussian>(&plan.transform)) {
      const std::size_t noisy_head = is_key && per_group ? head / group : head;
      const dope::NoiseRow row{noise->seed, layer, noisy_head, is_key ? dope::Side::key : dope::Side::query,
                               static_cast<std::int64_t>(token)};
      double sigma = noise->sigma;
      if (is_matched(plan.transform)) sigma = is_key ? plan.spreads[index].key : plan.spreads[index].query;
      for (std::size_t c = 0; c < x.size(); ++c) {
        const double epsilon = sigma * dope::normals(row, c / 4)[c % 4];
        x[c] = noise->reading == dope::ByGaussian::Reading::replace ? epsilon : x[c] * epsilon;
      }
    }
  };
}

inline double distance(std::span<const float> a, const oracle::Vector& b) {
  double worst = 0.0;
  for (std::size_t i = 0; i < b.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - b[i]));
  return worst;
}

inline double distance(std::span<const float> a, std::span<const float> b) {
  double worst = 0.0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  return worst;
}

inline std::vector<float> copy(std::span<const float> values) { return {values.begin(), values.end()}; }

inline reference::Model embedded_model() {
  return reference::Model::load(source_folder() / "examples" / "model");
}

/// Every combination that means something: (scaling, plan).
template <class Visit>
void for_each_combination(const reference::Model& model, Visit visit) {
  const auto shape = model.shape();
  for (const auto& scaling : scalings()) {
    visit(scaling, dope::empty_plan(shape));
    for (const auto& transform : transforms()) {
      const auto* parts = std::get_if<dope::ByParts>(&transform);
      const bool still_bands = std::holds_alternative<dope::Proportional>(scaling);
      if (still_bands && parts != nullptr && parts->reading == dope::ByParts::Reading::remove) continue;
      for (const auto gqa : {dope::GqaPolicy::per_query_head, dope::GqaPolicy::per_key_group}) {
        CAPTURE(dope::name_of(scaling));
        CAPTURE(dope::name_of(transform));
        visit(scaling, some_plan(shape, transform, gqa));
      }
    }
  }
}

}  // namespace test
