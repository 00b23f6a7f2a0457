// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/conformance/case.hpp"
#include "dope/conformance/cause.hpp"
#include "dope/conformance/oracle_denoise.hpp"
#include "dope/conformance/oracle_spectral.hpp"
#include "dope/conformance/suspects_frequencies.hpp"
#include "dope/core/alternatives.hpp"

// Wrong Grams, entropies, selections, frequencies and noise, by what they return.

namespace dope::conformance::detail {

inline std::vector<Suspect> gram_suspects(const GramTask& task, std::span<const double> x) {
  std::vector<Suspect> suspects;
  const auto add = [&](Cause cause, const oracle::Matrix& sigma) {
    suspects.push_back({cause, {std::vector<double>(sigma.entries.begin(), sigma.entries.end())}});
  };
  const auto of = [&](std::span<const double> rows, Centring centring, RowScaling scaling) {
    return oracle::gram(rows, task.width, centring, scaling);
  };
  const oracle::Matrix right = of(x, task.centring, task.rows);
  for (const std::size_t lost : {std::size_t{0}, std::size_t{1}}) {
    oracle::Matrix divided = right;
    for (auto& entry : divided.entries) entry /= static_cast<oracle::Real>(task.tokens - lost);
    add(Cause::gram_divided, divided);
  }
  if (task.chunks.size() > 1) {
    add(Cause::gram_last_chunk_missing,
        of(x.first((task.tokens - task.chunks.back()) * task.width), task.centring, task.rows));
    add(Cause::gram_first_chunk_only,
        of(x.first(task.chunks.front() * task.width), task.centring, task.rows));
    if (task.centring == Centring::token_mean) {
      oracle::Matrix parts(task.width);
      std::size_t first = 0;
      for (const std::size_t count : task.chunks) {
        const oracle::Matrix part =
            of(x.subspan(first * task.width, count * task.width), task.centring, task.rows);
        for (std::size_t i = 0; i < parts.entries.size(); ++i) parts.entries[i] += part.entries[i];
        first += count;
      }
      add(Cause::gram_not_centred, parts);
    }
  }
  if (task.centring == Centring::token_mean) add(Cause::gram_not_centred, of(x, Centring::none, task.rows));
  if (task.rows == RowScaling::unit) {
    add(Cause::gram_not_scaled, of(x, task.centring, RowScaling::none));
    if (task.centring == Centring::token_mean) {
      std::vector<double> unit(x.begin(), x.end());
      for (std::size_t t = 0; t < task.tokens; ++t) {
        double square = 0;
        for (std::size_t i = 0; i < task.width; ++i) square += x[t * task.width + i] * x[t * task.width + i];
        for (std::size_t i = 0; i < task.width; ++i) unit[t * task.width + i] /= std::sqrt(square);
      }
      add(Cause::gram_order_of_centring, of(unit, Centring::token_mean, RowScaling::none));
    }
  }
  if (task.element == Element::float16 || task.element == Element::bfloat16) {
    oracle::Matrix narrow(task.width);
    for (std::size_t t = 0; t < task.tokens; ++t) {
      for (std::size_t i = 0; i < task.width; ++i) {
        for (std::size_t j = 0; j < task.width; ++j) {
          const double product = rounded_to(task.element, x[t * task.width + i] * x[t * task.width + j]);
          narrow(i, j) = rounded_to(task.element, static_cast<double>(narrow(i, j)) + product);
        }
      }
    }
    add(Cause::gram_16bit, narrow);
  }
  for (const bool lower : {true, false}) {
    oracle::Matrix half = right;
    for (std::size_t i = 0; i < task.width; ++i) {
      for (std::size_t j = 0; j < i; ++j) (lower ? half(j, i) : half(i, j)) = 0;
    }
    add(Cause::gram_one_triangle, half);
  }
  return suspects;
}

inline std::vector<Suspect> entropy_suspects(const EntropyTask& task, std::span<const double> x) {
  static_assert(dope::detail::alternatives<Entropy> == 6, "conformance entropy suspects: every Entropy");
  std::vector<Suspect> suspects;
  std::vector<double> right;
  for (const Entropy& e : task.entropies) right.push_back(static_cast<double>(oracle::entropy(task, x, e)));
  std::vector<double> bits = right;
  std::vector<double> whole = right;
  for (std::size_t i = 0; i < right.size(); ++i) {
    const Entropy& e = task.entropies[i];
    if (std::holds_alternative<VonNeumann>(e) || std::holds_alternative<BandMean>(e) ||
        std::holds_alternative<TruncatedMean>(e)) {
      bits[i] /= std::numbers::ln2;
    } else if (std::holds_alternative<TruncatedEffectiveRank>(e)) {
      bits[i] = std::pow(right[i], 1 / std::numbers::ln2);
    }
    Entropy all = e;
    if (auto* rank = std::get_if<TruncatedEffectiveRank>(&all)) rank->r = task.width;
    if (auto* mean = std::get_if<TruncatedMean>(&all)) mean->r = task.width;
    if (auto* uncomp = std::get_if<Uncomp>(&all)) uncomp->r = task.width;
    whole[i] = static_cast<double>(oracle::entropy(task, x, all));
  }
  suspects.push_back({Cause::entropy_base_two, {bits}});
  suspects.push_back({Cause::entropy_not_truncated, {whole}});
  const std::vector<oracle::Real> values =
      oracle::eigenvalues(oracle::gram(x, task.width, Centring::none, RowScaling::none));
  std::vector<oracle::Real> singular;
  for (const oracle::Real value : values) singular.push_back(std::sqrt(value));
  std::vector<double> of_singular = right;
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (std::holds_alternative<VonNeumann>(task.entropies[i])) {
      of_singular[i] = static_cast<double>(oracle::detail::leading_entropy(singular, task.width));
    } else if (const auto* rank = std::get_if<TruncatedEffectiveRank>(&task.entropies[i])) {
      of_singular[i] = static_cast<double>(std::exp(oracle::detail::leading_entropy(singular, rank->r)));
    }
  }
  suspects.push_back({Cause::entropy_of_singular_values, {of_singular}});
  for (std::size_t shift = 1; shift < right.size(); ++shift) {
    std::vector<double> other = right;
    std::rotate(other.begin(), other.begin() + static_cast<std::ptrdiff_t>(shift), other.end());
    suspects.push_back({Cause::entropy_confused, {std::move(other)}});
  }
  return suspects;
}

inline std::vector<Suspect> select_suspects(const SelectTask& task, std::span<const double> scores) {
  std::vector<Suspect> suspects;
  const auto add = [&](Cause cause, const std::vector<HeadId>& heads) {
    std::vector<double> flat;
    for (const HeadId& head : heads) {
      flat.push_back(static_cast<double>(head.layer));
      flat.push_back(static_cast<double>(head.head));
    }
    suspects.push_back({cause, {std::move(flat)}});
  };
  SelectTask reversed = task;
  reversed.order = task.order == Order::ascending ? Order::descending : Order::ascending;
  add(Cause::order_reversed, oracle::selected(reversed, scores));
  std::vector<double> backwards(scores.rbegin(), scores.rend());
  std::vector<HeadId> last = oracle::selected(task, backwards);
  for (HeadId& head : last) {
    const std::size_t index = scores.size() - 1 - (head.layer * task.heads + head.head);
    head = {index / task.heads, index % task.heads};
  }
  add(Cause::ties_by_input_order, last);
  return suspects;
}

inline std::vector<Suspect> frequencies_suspects(const FrequenciesTask& task) {
  std::vector<Suspect> suspects;
  const auto add = [&](Cause cause, const Frequencies& f) {
    suspects.push_back({cause, {f.omega, {f.attention_factor}}});
  };
  if (task.rope.rotated_width < task.rope.head_width) {
    RopeParameters wide = task.rope;
    wide.rotated_width = wide.head_width;
    Frequencies other = oracle::frequencies(wide, task.scaling, task.length);
    other.omega.resize(task.rope.bands());
    add(Cause::head_width_exponent, other);
  }
  if (const auto* share = std::get_if<Proportional>(&task.scaling)) {
    RopeParameters partial = task.rope;
    const auto turning =
        static_cast<std::size_t>(share->fraction * static_cast<double>(task.rope.rotated_width / 2));
    partial.rotated_width = 2 * std::max<std::size_t>(turning, 1);
    Frequencies other = oracle::frequencies(partial, Unscaled{}, task.length);
    other.omega.resize(task.rope.bands(), 0.0);
    add(Cause::proportional_as_partial, other);
  }
  for (const auto& [cause, other] : mistaken_frequencies(task.rope, task.scaling, task.length)) {
    add(cause, other);
  }
  return suspects;
}

inline std::vector<Suspect> noise_suspects(const NoiseTask& task) {
  std::vector<Suspect> suspects;
  const std::size_t blocks = (task.width + 3) / 4;
  const auto add = [&](Cause cause, auto site_of, auto value_of) {
    Suspect suspect{cause, {{}, {}}};
    for (std::size_t i = 0; i < task.positions.size(); ++i) {
      const oracle::NoiseSite site =
          site_of(oracle::NoiseSite{task.seed, task.layer, task.head, task.side, task.positions[i]}, i);
      for (std::size_t block = 0; block < blocks; ++block) {
        for (const std::uint32_t word : oracle::words_of(site, block)) {
          suspect.predicted[0].push_back(static_cast<double>(word));
        }
      }
      for (std::size_t c = 0; c < task.width; ++c) suspect.predicted[1].push_back(value_of(site, c));
    }
    suspects.push_back(std::move(suspect));
  };
  const auto right_value = [](const oracle::NoiseSite& site, std::size_t c) {
    return static_cast<double>(oracle::normal(site, c));
  };
  const auto right_site = [](oracle::NoiseSite site, std::size_t) { return site; };
  add(
      Cause::noise_by_slot,
      [](oracle::NoiseSite site, std::size_t i) {
        site.position = static_cast<std::int64_t>(i);
        return site;
      },
      right_value);
  const auto keyed = [&](auto change) {
    add(
        Cause::noise_key_wrong,
        [change](oracle::NoiseSite site, std::size_t) {
          change(site);
          return site;
        },
        right_value);
  };
  keyed([](oracle::NoiseSite& s) { s.side = s.side == Side::query ? Side::key : Side::query; });
  keyed([](oracle::NoiseSite& s) { s.layer = 0; });
  keyed([](oracle::NoiseSite& s) { s.head = 0; });
  keyed([](oracle::NoiseSite& s) { s.seed &= 0xffffffffu; });
  keyed([](oracle::NoiseSite& s) { s.seed = (s.seed >> 32) | (s.seed << 32); });
  keyed([](oracle::NoiseSite& s) { s.position &= 0xffffffff; });
  add(Cause::box_muller_confused, right_site, [](const oracle::NoiseSite& site, std::size_t c) {
    return static_cast<double>(oracle::normal(site, c ^ 1u));
  });
  add(Cause::noise_uniform, right_site, [](const oracle::NoiseSite& site, std::size_t c) {
    return static_cast<double>(oracle::words_of(site, c / 4)[c % 4]) * 0x1p-32;
  });
  return suspects;
}

}  // namespace dope::conformance::detail
