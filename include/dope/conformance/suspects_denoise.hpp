// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/conformance/case.hpp"
#include "dope/conformance/cause.hpp"
#include "dope/conformance/oracle_denoise.hpp"
#include "dope/conformance/suspects_frequencies.hpp"
#include "dope/core/alternatives.hpp"

// Wrong denoising kernels, by what they return: the oracle's row with one habit of its own.

namespace dope::conformance::detail {

/// How a kernel denoises, each part replaceable; unset parts are a right kernel's.
struct DenoiseHabits {
  std::function<bool(oracle::Copy, std::size_t head)> chosen = {};
  std::function<bool(bool)> low = {};
  std::function<std::int64_t(std::size_t slot, std::size_t index, std::int64_t position)> noise_position = {};
  std::function<oracle::NoiseSite(oracle::NoiseSite)> site = {};
  std::function<std::size_t(std::size_t query_head)> key_of = {};
  std::function<Frequencies(Frequencies)> table = {};
  bool noise_first = false;
  bool drop_factor = false;
};

class DenoiseImitation {
 public:
  DenoiseImitation(const DenoiseTask& task, const DenoiseHabits& habits)
      : task_(task),
        habits_(habits),
        table_(oracle::frequencies(task.rope, task.scaling, task.length)),
        native_(oracle::frequencies(task.rope, Unscaled{}, task.length)) {
    if (habits.table) table_ = habits.table(table_);
  }

  /// The three arrays of expected_of, for the same q and k.
  [[nodiscard]] std::vector<std::vector<double>> operator()(std::span<const double> q,
                                                            std::span<const double> k) const {
    using oracle::Copy;
    const AttentionShape& shape = task_.plan.shape;
    const auto same = [](std::size_t i) { return i; };
    std::vector<std::vector<double>> result = {
        heads(Copy::query, q, shape.query_heads, shape.query_heads, same, same),
        heads(Copy::shared_key, k, shape.key_heads, shape.key_heads, same, same)};
    const std::vector<std::size_t> owners = oracle::owners_of(task_.plan, task_.layer);
    if (!owners.empty()) {
      const std::size_t group = shape.query_heads / shape.key_heads;
      result.push_back(heads(
          Copy::own_key, k, shape.key_heads, owners.size(),
          [&](std::size_t i) { return habits_.key_of ? habits_.key_of(owners[i]) : owners[i] / group; },
          [&](std::size_t i) { return owners[i]; }));
    }
    return result;
  }

 private:
  template <class SourceOf, class HeadOf>
  [[nodiscard]] std::vector<double> heads(oracle::Copy copy, std::span<const double> x, std::size_t x_heads,
                                          std::size_t count, SourceOf source, HeadOf head_of) const {
    const std::size_t width = task_.plan.shape.head_width;
    std::vector<double> y;
    std::size_t first = 0;
    std::size_t chunk = 0;
    for (std::size_t token = 0; token < task_.tokens(); ++token) {
      while (chunk < task_.chunks.size() && token >= first + task_.chunks[chunk])
        first += task_.chunks[chunk++];
      for (std::size_t i = 0; i < count; ++i) {
        const auto row = x.subspan((token * x_heads + source(i)) * width, width);
        const auto turned = one(copy, head_of(i), token, token - first, row);
        y.insert(y.end(), turned.begin(), turned.end());
      }
    }
    return y;
  }

  [[nodiscard]] std::vector<double> rotated(std::span<const double> row, std::size_t token,
                                            const Frequencies& table) const {
    return oracle::rotated_row(row, task_.positions[token], table, task_.pairing, task_.angles,
                               Direction::forward);
  }

  [[nodiscard]] std::vector<double> one(oracle::Copy copy, std::size_t head, std::size_t token,
                                        std::size_t index, std::span<const double> row) const {
    const bool chosen =
        habits_.chosen ? habits_.chosen(copy, head) : oracle::denoised(task_.plan, task_.layer, copy, head);
    if (!chosen) return rotated(row, token, table_);
    Frequencies table = table_;
    if (habits_.drop_factor) table.attention_factor = 1.0;
    static_assert(dope::detail::alternatives<Transform> == 3,
                  "conformance denoise suspects: every Transform");
    if (const auto* all = std::get_if<ByAll>(&task_.plan.transform)) {
      if (all->reading == ByAll::Reading::remove) return std::vector<double>(row.size(), 0.0);
      for (double& omega : table.omega) omega = 0.0;
      return rotated(row, token, table);
    }
    if (const auto* parts = std::get_if<ByParts>(&task_.plan.transform)) {
      const auto& judged = parts->threshold == ByParts::Threshold::native ? native_.omega : table_.omega;
      std::vector<std::size_t> low;
      for (std::size_t band = 0; band < judged.size(); ++band) {
        bool is = judged[band] * static_cast<double>(task_.rope.training_length) <= 2 * std::numbers::pi;
        if (habits_.low) is = habits_.low(is);
        if (is) low.push_back(band);
      }
      for (const std::size_t band : low) table.omega[band] = 0.0;
      std::vector<double> y = rotated(row, token, table);
      if (parts->reading == ByParts::Reading::remove) {
        for (const std::size_t band : low) {
          const oracle::Pair at = oracle::pair_of(task_.pairing, band, task_.rope.rotated_width);
          y[at.first] = y[at.second] = 0.0;
        }
      }
      return y;
    }
    const auto& noise = std::get<ByGaussian>(task_.plan.transform);
    const Side side = copy == oracle::Copy::query ? Side::query : Side::key;
    const std::int64_t m = task_.positions[token];
    oracle::NoiseSite site{noise.seed, task_.layer, head, side,
                           habits_.noise_position ? habits_.noise_position(token, index, m) : m};
    if (habits_.site) site = habits_.site(site);
    const double sigma = oracle::sigma_of(task_.plan, noise, task_.layer, copy, head);
    std::vector<double> values(row.size());
    for (std::size_t c = 0; c < values.size(); ++c) {
      values[c] = static_cast<double>(static_cast<long double>(sigma) * oracle::normal(site, c));
    }
    if (noise.reading == ByGaussian::Reading::replace) {
      return habits_.noise_first ? rotated(values, token, table) : values;
    }
    std::vector<double> y =
        habits_.noise_first ? std::vector<double>(row.begin(), row.end()) : rotated(row, token, table);
    for (std::size_t c = 0; c < values.size(); ++c) y[c] *= values[c];
    return habits_.noise_first ? rotated(y, token, table) : y;
  }

  const DenoiseTask& task_;
  const DenoiseHabits& habits_;
  Frequencies table_;
  Frequencies native_;
};

inline void denoise_suspects(const DenoiseTask& task, std::span<const double> q, std::span<const double> k,
                             const Hearing& hearing) {
  using oracle::Copy;
  bool closed = false;
  const auto call = [&](Suspect suspect) { closed = closed || hearing(suspect); };
  const auto habit = [&](Cause cause, const DenoiseHabits& habits) {
    if (!closed) call({cause, DenoiseImitation(task, habits)(q, k)});
  };
  const auto altered = [&](Cause cause, auto alter) {
    DenoiseTask other = task;
    alter(other);
    if (!closed) call({cause, DenoiseImitation(other, DenoiseHabits{})(q, k)});
  };
  const AttentionShape& shape = task.plan.shape;
  const std::size_t group = shape.query_heads / shape.key_heads;
  const auto heads_of = [&](Copy copy) {
    return copy == Copy::shared_key ? shape.key_heads : shape.query_heads;
  };

  call({Cause::not_rotated, {std::vector<double>(q.begin(), q.end()), {k.begin(), k.end()}}});
  habit(Cause::head_not_denoised, {.chosen = [](Copy, std::size_t) { return false; }});
  habit(Cause::low_bands_inverted, {.low = [](bool low) { return !low; }});
  habit(Cause::gqa_tiled,
        {.chosen =
             [&](Copy copy, std::size_t head) {
               if (copy != Copy::query || task.plan.gqa == GqaPolicy::per_query_head) {
                 return oracle::denoised(task.plan, task.layer, copy, head);
               }
               return oracle::contains(task.plan.heads, {task.layer, head % shape.key_heads});
             },
         .key_of = [&](std::size_t head) { return head % shape.key_heads; }});
  habit(Cause::gqa_policy_confused, {.chosen = [&](Copy copy, std::size_t head) {
          // The key of every chosen query head is denoised for all, or a group's queries are left alone.
          if (task.plan.gqa == GqaPolicy::per_query_head && copy == Copy::shared_key) {
            for (std::size_t i = 0; i < group; ++i) {
              if (oracle::contains(task.plan.heads, {task.layer, head * group + i})) return true;
            }
            return false;
          }
          return oracle::contains(task.plan.heads, {task.layer, head});
        }});
  habit(Cause::unselected_head_touched, {.chosen = [](Copy, std::size_t) { return true; }});
  for (const bool ahead : {true, false}) {
    habit(Cause::neighbour_head_denoised, {.chosen = [&](Copy copy, std::size_t head) {
            const std::size_t n = heads_of(copy);
            return oracle::denoised(task.plan, task.layer, copy, ahead ? (head + 1) % n : (head + n - 1) % n);
          }});
  }
  habit(Cause::denoised_factor_dropped, {.drop_factor = true});
  for (auto& [cause, table] : mistaken_frequencies(task.rope, task.scaling, task.length)) {
    habit(cause, {.table = [&t = table](const Frequencies&) { return t; }});
  }
  altered(Cause::pairing_swapped, [](DenoiseTask& t) {
    t.pairing = t.pairing == Pairing::half_split ? Pairing::interleaved : Pairing::half_split;
  });
  for (const std::int64_t step : {std::int64_t{1}, std::int64_t{-1}}) {
    altered(step > 0 ? Cause::position_one_ahead : Cause::position_one_behind, [step](DenoiseTask& t) {
      for (std::int64_t& m : t.positions) m += step;
    });
  }
  altered(Cause::sign_transposed, [](DenoiseTask& t) {
    for (std::int64_t& m : t.positions) m = -m;
  });
  altered(Cause::position_is_slot, [](DenoiseTask& t) {
    for (std::size_t i = 0; i < t.positions.size(); ++i) t.positions[i] = static_cast<std::int64_t>(i);
  });
  if (const auto* parts = std::get_if<ByParts>(&task.plan.transform)) {
    altered(Cause::reading_confused, [&](DenoiseTask& t) {
      const bool identity = parts->reading == ByParts::Reading::identity;
      t.plan.transform =
          ByParts{identity ? ByParts::Reading::remove : ByParts::Reading::identity, parts->threshold};
    });
    altered(Cause::threshold_confused, [&](DenoiseTask& t) {
      const bool native = parts->threshold == ByParts::Threshold::native;
      t.plan.transform =
          ByParts{parts->reading, native ? ByParts::Threshold::scaled : ByParts::Threshold::native};
    });
    altered(Cause::reading_confused, [&](DenoiseTask& t) { t.plan.transform = ByAll{}; });
    habit(Cause::reading_confused, {.low = [](bool) { return true; }});
  }
  if (const auto* all = std::get_if<ByAll>(&task.plan.transform)) {
    altered(Cause::reading_confused, [&](DenoiseTask& t) {
      const bool identity = all->reading == ByAll::Reading::identity;
      t.plan.transform = ByAll{identity ? ByAll::Reading::remove : ByAll::Reading::identity};
    });
    altered(Cause::reading_confused, [&](DenoiseTask& t) { t.plan.transform = ByParts{}; });
  }
  if (const auto* noise = std::get_if<ByGaussian>(&task.plan.transform)) {
    altered(Cause::reading_confused, [&](DenoiseTask& t) {
      const bool replace = noise->reading == ByGaussian::Reading::replace;
      auto& other = std::get<ByGaussian>(t.plan.transform);
      other.reading = replace ? ByGaussian::Reading::modulate : ByGaussian::Reading::replace;
    });
    altered(Cause::sigma_ignored, [](DenoiseTask& t) {
      auto& other = std::get<ByGaussian>(t.plan.transform);
      other.sigma = 1.0;
      other.spread = ByGaussian::Spread::fixed;
    });
    habit(Cause::noise_by_chunk, {.noise_position = [](std::size_t, std::size_t index, std::int64_t) {
            return static_cast<std::int64_t>(index);
          }});
    habit(Cause::noise_by_slot, {.noise_position = [](std::size_t slot, std::size_t, std::int64_t) {
            return static_cast<std::int64_t>(slot);
          }});
    habit(Cause::noise_before_rotation, {.noise_first = true});
    const auto keyed = [&](auto change) {
      habit(Cause::noise_key_wrong, {.site = [change](oracle::NoiseSite site) {
              change(site);
              return site;
            }});
    };
    keyed([](oracle::NoiseSite& s) { s.side = s.side == Side::query ? Side::key : Side::query; });
    keyed([](oracle::NoiseSite& s) { s.side = Side::query; });
    keyed([](oracle::NoiseSite& s) { s.layer = 0; });
    keyed([](oracle::NoiseSite& s) { s.head = 0; });
    keyed([](oracle::NoiseSite& s) { s.seed = 0; });
    keyed([](oracle::NoiseSite& s) { s.seed &= 0xffffffffu; });
    keyed([](oracle::NoiseSite& s) { s.position &= 0xffffffff; });
    keyed([group](oracle::NoiseSite& s) {
      if (s.side == Side::key) s.head /= group;
    });
  }
}

}  // namespace dope::conformance::detail
