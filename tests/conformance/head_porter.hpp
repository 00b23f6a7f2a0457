// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <variant>
#include <vector>

#include "dope/conformance.hpp"
#include "dope/core/noise.hpp"
#include "dope/denoise/plan.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/scaling.hpp"

// A denoising kernel as a porter would write it. Right as it stands; each mistake is one change.

namespace porter {

enum class HeadMistake {
  none,
  bands_inverted,
  bands_by_other_threshold,
  remove_for_identity,
  by_all_for_parts,
  all_heads,
  no_head,
  next_head,
  group_by_tile,
  keys_of_chosen_queries,
  factor_dropped,
  noise_by_call,
  noise_by_row,
  noise_of_other_side,
  noise_of_layer_zero,
  noise_of_head_zero,
  noise_of_key_head,
  noise_seed_cut,
  noise_first,
  sigma_one,
  replace_for_modulate,
};

struct HeadKernel {
  HeadMistake mistake = HeadMistake::none;
  std::size_t rows_seen = 0;
  const void* request = nullptr;

  [[nodiscard]] bool is(HeadMistake m) const { return mistake == m; }

  enum class Which { query, key, own };

  template <dope::Scalar T>
  void operator()(const dope::conformance::DenoiseCall<T>& call) {
    if (request != &call.plan) rows_seen = 0;
    request = &call.plan;
    const dope::AttentionShape& shape = call.plan.shape;
    const std::size_t group = shape.query_heads / shape.key_heads;
    if (is(HeadMistake::group_by_tile)) {
      for (std::size_t i = 0; i < call.owners.size(); ++i) {
        for (std::size_t t = 0; t < call.k.tokens; ++t) {
          std::copy_n(call.k.head(call.owners[i] % shape.key_heads).row(t), shape.head_width,
                      call.own_keys.head(i).row(t));
        }
      }
    }
    for (std::size_t h = 0; h < shape.query_heads; ++h) turn(call, Which::query, h, call.q.head(h), group);
    for (std::size_t h = 0; h < shape.key_heads; ++h) turn(call, Which::key, h, call.k.head(h), group);
    for (std::size_t i = 0; i < call.owners.size(); ++i) {
      turn(call, Which::own, call.owners[i], call.own_keys.head(i), group);
    }
    rows_seen += call.q.tokens;
  }

 private:
  [[nodiscard]] static bool listed(const dope::Plan& plan, std::size_t layer, std::size_t head) {
    return std::find(plan.heads.begin(), plan.heads.end(), dope::HeadId{layer, head}) != plan.heads.end();
  }

  [[nodiscard]] bool chosen(const dope::Plan& plan, std::size_t layer, Which which, std::size_t head,
                            std::size_t group) const {
    if (is(HeadMistake::all_heads)) return true;
    if (is(HeadMistake::no_head)) return false;
    if (is(HeadMistake::next_head)) {
      head = (head + 1) % (which == Which::key ? plan.shape.key_heads : plan.shape.query_heads);
    }
    if (plan.gqa == dope::GqaPolicy::per_key_group) {
      const std::size_t key = is(HeadMistake::group_by_tile) ? head % plan.shape.key_heads : head / group;
      return listed(plan, layer, which == Which::query ? key : head);
    }
    if (which != Which::key || group == 1) return listed(plan, layer, head);
    if (!is(HeadMistake::keys_of_chosen_queries)) return false;
    for (std::size_t i = 0; i < group; ++i) {
      if (listed(plan, layer, head * group + i)) return true;
    }
    return false;
  }

  template <dope::Scalar T>
  void turn(const dope::conformance::DenoiseCall<T>& call, Which which, std::size_t head, dope::HeadView<T> x,
            std::size_t group) const {
    using C = dope::compute_t<T>;
    const dope::Frequencies native = dope::native_frequencies(call.rope);
    dope::Frequencies table = dope::scaled_frequencies(call.rope, call.scaling, call.length);
    const bool hit = chosen(call.plan, call.layer, which, head, group);
    if (hit && is(HeadMistake::factor_dropped)) table.attention_factor = 1.0;
    std::vector<bool> zeroed(table.bands(), false);
    bool whole = false;
    if (const auto* parts = std::get_if<dope::ByParts>(&call.plan.transform); parts != nullptr && hit) {
      bool by_native = parts->threshold == dope::ByParts::Threshold::native;
      if (is(HeadMistake::bands_by_other_threshold)) by_native = !by_native;
      bool remove = parts->reading == dope::ByParts::Reading::remove;
      if (is(HeadMistake::remove_for_identity)) remove = true;
      const dope::Frequencies scaled = table;
      for (std::size_t band = 0; band < table.bands(); ++band) {
        const double judged = by_native ? native.omega[band] : scaled.omega[band];
        bool low = dope::wavelength(judged) >= static_cast<double>(call.rope.training_length);
        if (is(HeadMistake::bands_inverted)) low = !low;
        if (is(HeadMistake::by_all_for_parts)) low = true;
        if (!low) continue;
        table.omega[band] = 0.0;
        zeroed[band] = remove;
      }
    }
    if (const auto* all = std::get_if<dope::ByAll>(&call.plan.transform); all != nullptr && hit) {
      std::fill(table.omega.begin(), table.omega.end(), 0.0);
      whole = all->reading == dope::ByAll::Reading::remove || is(HeadMistake::remove_for_identity);
    }
    const auto* noise = hit ? std::get_if<dope::ByGaussian>(&call.plan.transform) : nullptr;
    const bool early = noise != nullptr && is(HeadMistake::noise_first);
    for (std::size_t t = 0; t < x.tokens; ++t) {
      std::vector<double> row(x.width);
      for (std::size_t c = 0; c < x.width; ++c) row[c] = static_cast<double>(x.row(t)[c]);
      if (early) disturb(call, *noise, which, head, t, group, row);
      for (std::size_t band = 0; band < table.bands(); ++band) {
        const bool split = call.pairing == dope::Pairing::half_split;
        const std::size_t a = split ? band : 2 * band;
        const std::size_t b = split ? band + table.bands() : 2 * band + 1;
        const double angle = static_cast<double>(call.positions[t]) * table.omega[band];
        const auto c = static_cast<C>(std::cos(angle) * table.attention_factor);
        const auto s = static_cast<C>(std::sin(angle) * table.attention_factor);
        const auto first = static_cast<C>(row[a]);
        const auto second = static_cast<C>(row[b]);
        row[a] = zeroed[band] ? 0.0 : static_cast<double>(c * first - s * second);
        row[b] = zeroed[band] ? 0.0 : static_cast<double>(c * second + s * first);
      }
      if (noise != nullptr && !early) disturb(call, *noise, which, head, t, group, row);
      for (std::size_t c = 0; c < x.width; ++c) x.row(t)[c] = static_cast<T>(whole ? 0.0 : row[c]);
    }
  }

  template <dope::Scalar T>
  void disturb(const dope::conformance::DenoiseCall<T>& call, const dope::ByGaussian& noise, Which which,
               std::size_t head, std::size_t t, std::size_t group, std::vector<double>& row) const {
    dope::NoiseRow source{noise.seed, call.layer, head,
                          which == Which::query ? dope::Side::query : dope::Side::key, call.positions[t]};
    if (is(HeadMistake::noise_by_call)) source.position = static_cast<std::int64_t>(t);
    if (is(HeadMistake::noise_by_row)) source.position = static_cast<std::int64_t>(rows_seen + t);
    if (is(HeadMistake::noise_of_other_side)) {
      source.side = source.side == dope::Side::query ? dope::Side::key : dope::Side::query;
    }
    if (is(HeadMistake::noise_of_layer_zero)) source.layer = 0;
    if (is(HeadMistake::noise_of_head_zero)) source.head = 0;
    if (is(HeadMistake::noise_of_key_head) && which == Which::own) source.head /= group;
    if (is(HeadMistake::noise_seed_cut)) source.seed &= 0xffffffffu;
    double sigma = noise.sigma;
    if (noise.spread == dope::ByGaussian::Spread::matched) {
      const bool grouped = call.plan.gqa == dope::GqaPolicy::per_key_group && which == Which::query;
      const auto unit = call.plan.find({call.layer, grouped ? head / group : head});
      const dope::HeadSpread spread = unit ? call.plan.spreads[*unit] : dope::HeadSpread{1.0, 1.0};
      sigma = which == Which::query ? spread.query : spread.key;
    }
    if (is(HeadMistake::sigma_one)) sigma = 1.0;
    std::vector<double> values(row.size());
    dope::normal_row(source, values);
    const bool modulate =
        noise.reading == dope::ByGaussian::Reading::modulate && !is(HeadMistake::replace_for_modulate);
    for (std::size_t c = 0; c < row.size(); ++c) row[c] = sigma * values[c] * (modulate ? row[c] : 1.0);
  }
};

}  // namespace porter
