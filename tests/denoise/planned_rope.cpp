// SPDX-License-Identifier: MIT
#include "dope/denoise/planned_rope.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

#include "denoise/cases.hpp"
#include "dope/denoise/select.hpp"

using namespace dope;

namespace {

struct Widths {
  std::size_t head;
  std::size_t rotated;
};
constexpr Widths all_widths[] = {{2, 2},   {6, 6},    {10, 4},    {32, 32},
                                 {90, 90}, {128, 96}, {250, 250}, {256, 256}};
constexpr Widths few_widths[] = {{2, 2}, {6, 4}, {10, 10}, {90, 90}};
constexpr std::size_t training_length = 24;
constexpr std::size_t length = 60;
constexpr HeadRole roles[] = {HeadRole::query, HeadRole::shared_key, HeadRole::own_key};

AttentionShape shape_of(Widths widths, std::size_t group = 2) {
  return {2, 2 * group, 2, widths.head, widths.rotated};
}

RopeSchedule schedule_of(Widths widths, const Scaling& scaling, Pairing pairing) {
  return {{10000.0, widths.head, widths.rotated, training_length}, scaling, length, pairing};
}

/// Two units, of different layers; the other units stay as they are.
std::vector<HeadId> some_units() { return {{0, 1}, {1, 0}}; }

bool is_selected(std::size_t layer, std::size_t unit) {
  return (layer == 0 && unit == 1) || (layer == 1 && unit == 0);
}

/// Calls f(layer, role, head, selected) for every head that a request holds, worked out from the
/// policies' words: units are query heads, or key heads with their group.
template <class F>
void for_each_head(const AttentionShape& shape, GqaPolicy gqa, F f) {
  const std::size_t group = shape.query_heads / shape.key_heads;
  const bool per_query = gqa == GqaPolicy::per_query_head;
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    for (std::size_t q = 0; q < shape.query_heads; ++q) {
      const bool selected = is_selected(layer, per_query ? q : q / group);
      f(layer, HeadRole::query, q, selected);
      if (per_query && group > 1 && selected) f(layer, HeadRole::own_key, q, true);
    }
    for (std::size_t k = 0; k < shape.key_heads; ++k) {
      f(layer, HeadRole::shared_key, k, (!per_query || group == 1) && is_selected(layer, k));
    }
  }
}

/// Frequencies with position taken by hand from the bands of wavelength at least L, or from all.
Frequencies masked_by_hand(const Transform& transform, const RopeSchedule& schedule) {
  Frequencies frequencies = scaled_frequencies(schedule.rope, schedule.scaling, schedule.length);
  const Frequencies native = native_frequencies(schedule.rope);
  for (std::size_t band = 0; band < frequencies.omega.size(); ++band) {
    if (std::holds_alternative<ByAll>(transform)) frequencies.omega[band] = 0.0;
    if (const auto* parts = std::get_if<ByParts>(&transform)) {
      const Frequencies& judged = parts->threshold == ByParts::Threshold::native ? native : frequencies;
      if (wavelength(judged.omega[band]) >= static_cast<double>(schedule.rope.training_length)) {
        frequencies.omega[band] = 0.0;
      }
    }
  }
  return frequencies;
}

template <Scalar T>
std::vector<T> rotated(std::vector<T> x, const Frequencies& frequencies, std::size_t width, Pairing pairing,
                       std::int64_t first = 0) {
  const std::size_t tokens = x.size() / width;
  const RotationTable<compute_t<T>> table(frequencies, first, tokens);
  rotate(dense_head(x.data(), tokens, width), table.view(), pairing);
  return x;
}

template <class F>
void for_each_setting(F f) {
  for (const Widths widths : few_widths) {
    for (const Pairing pairing : cases::pairings) {
      for (const GqaPolicy gqa : cases::policies) {
        for (const Transform& transform : cases::transforms()) f(widths, pairing, gqa, transform);
      }
    }
  }
}

bool only_a_table(const Transform& transform) {
  const auto* parts = std::get_if<ByParts>(&transform);
  const auto* all = std::get_if<ByAll>(&transform);
  return (parts != nullptr && parts->reading == ByParts::Reading::identity) ||
         (all != nullptr && all->reading == ByAll::Reading::identity);
}

bool removes(const Transform& transform) {
  return !only_a_table(transform) && !std::holds_alternative<ByGaussian>(transform);
}

}  // namespace

TEST_CASE("an empty plan changes nothing to the last bit") {
  cases::for_each_scalar([]<class T>() {
    for (const Widths widths : all_widths) {
      for (const Pairing pairing : cases::pairings) {
        for (const Scaling& scaling : cases::scalings()) {
          const auto schedule = schedule_of(widths, scaling, pairing);
          const AttentionShape shape = shape_of(widths);
          const auto x = cases::values<T>(length * widths.head, 1);
          const auto frequencies = scaled_frequencies(schedule.rope, scaling, length);
          const auto expected = rotated(x, frequencies, widths.head, pairing);
          for (const Transform& transform : cases::transforms()) {
            for (const GqaPolicy gqa : cases::policies) {
              const PlannedRope<compute_t<T>> rope(make_plan(shape, transform, gqa, {}), schedule);
              for (const HeadRole role : {HeadRole::query, HeadRole::shared_key}) {
                auto y = x;
                rope.apply(1, role, 1, dense_head(y.data(), length, widths.head), 0);
                CHECK(cases::same_bits(y, expected));
              }
            }
          }
        }
      }
    }
  });
}

TEST_CASE("identity readings are rotate by hand-masked frequencies, to the last bit") {
  cases::for_each_scalar([]<class T>() {
    for (const Widths widths : all_widths) {
      for (const Pairing pairing : cases::pairings) {
        for (const Scaling& scaling : cases::scalings()) {
          for (const GqaPolicy gqa : cases::policies) {
            for (const Transform& transform : cases::transforms()) {
              if (!only_a_table(transform)) continue;
              const auto schedule = schedule_of(widths, scaling, pairing);
              const PlannedRope<compute_t<T>> rope(make_plan(shape_of(widths), transform, gqa, some_units()),
                                                   schedule);
              const auto x = cases::values<T>(length * widths.head, 2);
              const auto whole = scaled_frequencies(schedule.rope, scaling, length);
              const auto plain = rotated(x, whole, widths.head, pairing);
              const auto masked = rotated(x, masked_by_hand(transform, schedule), widths.head, pairing);
              for_each_head(shape_of(widths), gqa,
                            [&](std::size_t layer, HeadRole role, std::size_t head, bool selected) {
                              auto y = x;
                              rope.apply(layer, role, head, dense_head(y.data(), length, widths.head), 0);
                              CHECK(cases::same_bits(y, selected ? masked : plain));
                              CHECK(rope.denoises(layer, role, head) == selected);
                            });
            }
          }
        }
      }
    }
  });
}

TEST_CASE("by-all identity is NoPE: without an attention factor, q and k stay to the last bit") {
  cases::for_each_scalar([]<class T>() {
    for (const Widths widths : all_widths) {
      for (const Pairing pairing : cases::pairings) {
        const auto plan = make_plan(shape_of(widths), ByAll{}, GqaPolicy::per_key_group, some_units());
        const PlannedRope<compute_t<T>> rope(plan, schedule_of(widths, DynamicNtk{}, pairing));
        auto x = cases::values<T>(length * widths.head, 3);
        x[0] = static_cast<T>(-0.0f);
        x[1] = static_cast<T>(std::numeric_limits<float>::infinity());
        auto y = x;
        rope.apply(1, HeadRole::query, 0, dense_head(y.data(), length, widths.head), 0);
        CHECK(cases::same_bits(x, y));
      }
    }
  });
}

TEST_CASE("each transform touches only the selected heads, whatever these hold") {
  cases::for_each_scalar([]<class T>() {
    for_each_setting([](Widths widths, Pairing pairing, GqaPolicy gqa, const Transform& transform) {
      const AttentionShape shape = shape_of(widths);
      const auto schedule = schedule_of(widths, DynamicNtk{}, pairing);
      const PlannedRope<compute_t<T>> rope(make_plan(shape, transform, gqa, some_units()), schedule);
      auto x = cases::values<T>(length * widths.head, 4);
      x[1] = static_cast<T>(std::nanf(""));
      x[widths.head] = static_cast<T>(-0.0f);
      const auto plain =
          rotated(x, scaled_frequencies(schedule.rope, schedule.scaling, length), widths.head, pairing);
      const auto masked = masked_by_hand(transform, schedule).omega;
      const bool any_low = std::count(masked.begin(), masked.end(), 0.0) > 0;
      const bool writes = std::holds_alternative<ByGaussian>(transform) || (removes(transform) && any_low);
      for_each_head(shape, gqa, [&](std::size_t layer, HeadRole role, std::size_t head, bool selected) {
        auto finished = x;
        rope.finish(layer, role, head, dense_head(finished.data(), length, widths.head), 0);
        CHECK((selected && writes) != cases::same_bits(finished, x));
        if (selected) return;
        auto applied = x;
        rope.apply(layer, role, head, dense_head(applied.data(), length, widths.head), 0);
        CHECK(cases::same_bits(applied, plain));
      });
    });
  });
}

TEST_CASE("rotating all heads of a layer by the plan's tables is rotating each of them") {
  cases::for_each_scalar([]<class T>() {
    for_each_setting([](Widths widths, Pairing pairing, GqaPolicy gqa, const Transform& transform) {
      const AttentionShape shape = shape_of(widths);
      const PlannedRope<compute_t<T>> rope(make_plan(shape, transform, gqa, some_units()),
                                           schedule_of(widths, DynamicNtk{}, pairing));
      constexpr std::size_t first = 7;
      constexpr std::size_t tokens = 9;
      const auto x = cases::values<T>(tokens * shape.query_heads * widths.head, 5);
      auto together = x;
      auto apart = x;
      std::vector<TableView<compute_t<T>>> tables(shape.query_heads);
      rope.tables(1, HeadRole::query, first, tokens, tables);
      const auto view = token_major(together.data(), tokens, shape.query_heads, widths.head);
      rotate<T>(view, tables, pairing);
      for (std::size_t head = 0; head < view.heads; ++head) {
        rope.finish(1, HeadRole::query, head, view.head(head), first);
      }
      rope.apply(1, HeadRole::query, token_major(apart.data(), tokens, shape.query_heads, widths.head),
                 first);
      CHECK(cases::same_bits(together, apart));
    });
  });
}

TEST_CASE("many heads, in stretches of any length, are each rotated and finished as alone, in both layouts") {
  constexpr std::size_t heads = 150;
  constexpr std::size_t tokens = 5;
  const Widths widths{8, 8};
  const AttentionShape shape{1, heads, heads, widths.head, widths.rotated};
  for (const Transform& transform : cases::transforms()) {
    for (const std::size_t every : {std::size_t{2}, std::size_t{7}, heads}) {
      std::vector<HeadId> denoised;
      for (std::size_t head = 1; head < heads; head += every) denoised.push_back({0, head});
      const PlannedRope<float> rope(make_plan(shape, transform, GqaPolicy::per_query_head, denoised),
                                    schedule_of(widths, DynamicNtk{}, Pairing::half_split));
      for (const HeadRole role : {HeadRole::query, HeadRole::shared_key}) {
        for (const std::size_t some : {heads, std::size_t{3}, std::size_t{1}}) {
          const auto x = cases::values<float>(tokens * heads * widths.head, 21);
          for (const bool by_token : {true, false}) {
            auto together = x;
            auto alone = x;
            const auto view_of = [&](std::vector<float>& data) {
              auto view = by_token ? token_major(data.data(), tokens, heads, widths.head)
                                   : dope::head_major(data.data(), heads, tokens, widths.head);
              view.heads = some;
              return view;
            };
            rope.apply(0, role, view_of(together), 4);
            for (std::size_t head = 0; head < some; ++head)
              rope.apply(0, role, head, view_of(alone).head(head), 4);
            CHECK(cases::same_bits(together, alone));
          }
        }
      }
    }
  }
}

TEST_CASE("by-parts remove blanks the low bands' channels and nothing else, infinities and NaN included") {
  cases::for_each_scalar([]<class T>() {
    for (const Widths widths : all_widths) {
      for (const Pairing pairing : cases::pairings) {
        for (const auto threshold : {ByParts::Threshold::native, ByParts::Threshold::scaled}) {
          const auto schedule = schedule_of(widths, DynamicNtk{}, pairing);
          const ByParts remove{ByParts::Reading::remove, threshold};
          const PlannedRope<compute_t<T>> rope(
              make_plan(shape_of(widths), remove, GqaPolicy::per_query_head, some_units()), schedule);
          auto x = cases::values<T>(length * widths.head, 6);
          x[1] = static_cast<T>(std::numeric_limits<float>::infinity());
          x[widths.head - 1] = static_cast<T>(std::nanf(""));
          const auto masked = masked_by_hand(remove, schedule);
          auto expected = rotated(x, masked, widths.head, pairing);
          for (std::size_t token = 0; token < length; ++token) {
            for (std::size_t band = 0; band < masked.bands(); ++band) {
              if (masked.omega[band] != 0.0) continue;
              T* row = expected.data() + token * widths.head;
              const std::size_t half = widths.rotated / 2;
              row[pairing == Pairing::interleaved ? 2 * band : band] = T{};
              row[pairing == Pairing::interleaved ? 2 * band + 1 : band + half] = T{};
            }
          }
          for (const HeadRole role : {HeadRole::query, HeadRole::own_key}) {
            auto y = x;
            rope.apply(0, role, 1, dense_head(y.data(), length, widths.head), 0);
            CHECK(cases::same_bits(y, expected));
          }
        }
      }
    }
  });
}

TEST_CASE("remove adds nothing to any score") {
  cases::for_each_scalar([]<class T>() {
    for_each_setting([](Widths widths, Pairing pairing, GqaPolicy gqa, const Transform& transform) {
      if (!removes(transform)) return;
      const AttentionShape shape = shape_of(widths);
      const auto schedule = schedule_of(widths, DynamicNtk{}, pairing);
      const PlannedRope<compute_t<T>> rope(make_plan(shape, transform, gqa, some_units()), schedule);
      const auto frequencies = masked_by_hand(transform, schedule);
      const auto q = cases::values<T>(length * widths.head, 7);
      const auto k = cases::values<T>(length * widths.head, 8);
      auto removed_q = q;
      auto removed_k = k;
      const bool own = gqa == GqaPolicy::per_query_head;
      rope.apply(1, HeadRole::query, 0, dense_head(removed_q.data(), length, widths.head), 0);
      rope.apply(1, own ? HeadRole::own_key : HeadRole::shared_key, 0,
                 dense_head(removed_k.data(), length, widths.head), 0);
      const auto kept_q = rotated(q, frequencies, widths.head, pairing);
      const auto kept_k = rotated(k, frequencies, widths.head, pairing);
      std::vector<bool> counts(widths.head, !std::holds_alternative<ByAll>(transform));
      for (std::size_t band = 0; band < frequencies.bands(); ++band) {
        const std::size_t half = widths.rotated / 2;
        const bool turns = frequencies.omega[band] != 0.0;
        counts[pairing == Pairing::interleaved ? 2 * band : band] = turns;
        counts[pairing == Pairing::interleaved ? 2 * band + 1 : band + half] = turns;
      }
      for (std::size_t i = 0; i < length; i += 7) {
        for (std::size_t j = 0; j <= i; j += 5) {
          double score = 0.0;
          double others = 0.0;
          for (std::size_t c = 0; c < widths.head; ++c) {
            const std::size_t a = i * widths.head + c;
            const std::size_t b = j * widths.head + c;
            // Fused by name, so that no compiler fuses one sum and not the other.
            score = std::fma(static_cast<double>(removed_q[a]), static_cast<double>(removed_k[b]), score);
            if (counts[c]) {
              others = std::fma(static_cast<double>(kept_q[a]), static_cast<double>(kept_k[b]), others);
            }
          }
          CHECK(score == others);
        }
      }
    });
  });
}

TEST_CASE("by Gaussian: sigma times the row of noise of seed, layer, head, side and position") {
  cases::for_each_scalar([]<class T>() {
    for (const Widths widths : few_widths) {
      for (const Pairing pairing : cases::pairings) {
        for (const GqaPolicy gqa : cases::policies) {
          for (const auto reading : {ByGaussian::Reading::replace, ByGaussian::Reading::modulate}) {
            const ByGaussian gaussian{reading, ByGaussian::Spread::fixed, 0.3, 77};
            const AttentionShape shape = shape_of(widths);
            const auto schedule = schedule_of(widths, DynamicNtk{}, pairing);
            const PlannedRope<compute_t<T>> rope(make_plan(shape, gaussian, gqa, some_units()), schedule);
            const auto x = cases::values<T>(length * widths.head, 9);
            const auto plain =
                rotated(x, scaled_frequencies(schedule.rope, schedule.scaling, length), widths.head, pairing);
            for_each_head(shape, gqa, [&](std::size_t layer, HeadRole role, std::size_t head, bool selected) {
              if (!selected) return;
              auto expected = plain;
              std::vector<double> noise(widths.head);
              for (std::size_t token = 0; token < length; ++token) {
                const Side side = role == HeadRole::query ? Side::query : Side::key;
                normal_row({77, layer, head, side, static_cast<std::int64_t>(token)}, noise);
                for (std::size_t c = 0; c < widths.head; ++c) {
                  T& value = expected[token * widths.head + c];
                  const double factor =
                      reading == ByGaussian::Reading::replace ? 1.0 : static_cast<double>(value);
                  value = static_cast<T>(factor * (0.3 * noise[c]));
                }
              }
              auto y = x;
              rope.apply(layer, role, head, dense_head(y.data(), length, widths.head), 0);
              CHECK(cases::same_bits(y, expected));
            });
          }
        }
      }
    }
  });
}

TEST_CASE("by Gaussian, replace: nothing of the content is left, and sigma 0 is by-all remove") {
  cases::for_each_scalar([]<class T>() {
    for (const Widths widths : few_widths) {
      const auto schedule = schedule_of(widths, Unscaled{}, Pairing::half_split);
      const auto run = [&](const Transform& transform, std::uint64_t seed) {
        const PlannedRope<compute_t<T>> rope(
            make_plan(shape_of(widths), transform, GqaPolicy::per_query_head, some_units()), schedule);
        auto x = cases::values<T>(length * widths.head, seed);
        x[seed % x.size()] = static_cast<T>(std::nanf(""));
        rope.apply(0, HeadRole::query, 1, dense_head(x.data(), length, widths.head), 0);
        for (T& value : x) {
          if (value == T{}) value = T{};  // one zero for both signs
        }
        return x;
      };
      CHECK(cases::same_bits(run(ByGaussian{}, 10), run(ByGaussian{}, 11)));
      CHECK(!cases::same_bits(run(ByGaussian{.seed = 1}, 10), run(ByGaussian{.seed = 2}, 10)));
      CHECK(cases::same_bits(run(ByGaussian{.sigma = 0.0}, 10), run(ByAll{ByAll::Reading::remove}, 10)));
    }
  });
}

TEST_CASE("matched spread: each head and side has its own sigma, kept in the plan") {
  cases::for_each_scalar([]<class T>() {
    for (const GqaPolicy gqa : cases::policies) {
      const Widths widths{10, 10};
      const AttentionShape shape = shape_of(widths);
      const auto schedule = schedule_of(widths, DynamicNtk{}, Pairing::half_split);
      const ByGaussian matched{ByGaussian::Reading::replace, ByGaussian::Spread::matched, 1.0, 42};
      const PlannedRope<compute_t<T>> rope(
          make_plan(shape, matched, gqa, {{1, 0}, {0, 1}}, {{0.5, 2.0}, {4.0, 0.25}}), schedule);
      for_each_head(shape, gqa, [&](std::size_t layer, HeadRole role, std::size_t head, bool selected) {
        if (!selected) return;
        const bool query = role == HeadRole::query;
        const double sigma = layer == 1 ? (query ? 0.5 : 2.0) : (query ? 4.0 : 0.25);
        const PlannedRope<compute_t<T>> fixed(make_plan(shape, ByGaussian{.sigma = sigma}, gqa, some_units()),
                                              schedule);
        auto x = cases::values<T>(length * widths.head, 12);
        auto y = x;
        rope.apply(layer, role, head, dense_head(x.data(), length, widths.head), 0);
        fixed.apply(layer, role, head, dense_head(y.data(), length, widths.head), 0);
        CHECK(cases::same_bits(x, y));
      });
    }
  });
}

TEST_CASE("decoding equals prefill to the last bit: any chunking, in any order") {
  cases::for_each_scalar([]<class T>() {
    for_each_setting([](Widths widths, Pairing pairing, GqaPolicy gqa, const Transform& transform) {
      const AttentionShape shape = shape_of(widths);
      const PlannedRope<compute_t<T>> rope(make_plan(shape, transform, gqa, some_units()),
                                           schedule_of(widths, DynamicNtk{}, pairing));
      const auto x = cases::values<T>(length * widths.head, 13);
      for_each_head(shape, gqa, [&](std::size_t layer, HeadRole role, std::size_t head, bool) {
        auto whole = x;
        rope.apply(layer, role, head, dense_head(whole.data(), length, widths.head), 0);
        for (const std::size_t chunk : {1u, 7u, 59u}) {
          auto pieces = x;
          const auto view = dense_head(pieces.data(), length, widths.head);
          for (std::size_t end = length; end > 0;) {
            const std::size_t count = std::min(chunk, end);
            end -= count;
            rope.apply(layer, role, head, view.slice(end, count), end);
          }
          CHECK(cases::same_bits(pieces, whole));
        }
      });
    });
  });
}

TEST_CASE("rows may hold any positions, in any order, to 2^20 and below 0") {
  cases::for_each_scalar([]<class T>() {
    for_each_setting([](Widths widths, Pairing pairing, GqaPolicy gqa, const Transform& transform) {
      const AttentionShape shape = shape_of(widths);
      RopeSchedule schedule = schedule_of(widths, DynamicNtk{}, pairing);
      schedule.length = (1u << 20) + 1;
      const auto plan = make_plan(shape, transform, gqa, some_units());
      const std::vector<std::int32_t> positions = {1 << 20, 0, -5, 4096, 65535, 4096, 131071};
      const PlannedRope<compute_t<T>> together(plan, schedule, std::span<const std::int32_t>(positions));
      const auto x = cases::values<T>(positions.size() * widths.head, 14);
      for_each_head(shape, gqa, [&](std::size_t layer, HeadRole role, std::size_t head, bool selected) {
        auto y = x;
        together.apply(layer, role, head, dense_head(y.data(), positions.size(), widths.head), 0);
        if (!selected) {
          std::vector<T> plain;
          const auto frequencies = scaled_frequencies(schedule.rope, schedule.scaling, schedule.length);
          for (std::size_t i = 0; i < positions.size(); ++i) {
            const auto begin = x.begin() + static_cast<std::ptrdiff_t>(i * widths.head);
            const auto row = rotated(std::vector<T>(begin, begin + static_cast<std::ptrdiff_t>(widths.head)),
                                     frequencies, widths.head, pairing, positions[i]);
            plain.insert(plain.end(), row.begin(), row.end());
          }
          CHECK(cases::same_bits(y, plain));
          return;
        }
        std::vector<T> alone = x;
        for (std::size_t i = 0; i < positions.size(); ++i) {
          const std::vector<std::int64_t> one = {positions[i]};
          const PlannedRope<compute_t<T>> single(plan, schedule, std::span<const std::int64_t>(one));
          single.apply(layer, role, head, dense_head(alone.data() + i * widths.head, 1, widths.head), 0);
        }
        CHECK(cases::same_bits(y, alone));
      });
    });
  });
}

TEST_CASE("with one query head per key head the two policies are the same") {
  cases::for_each_scalar([]<class T>() {
    for_each_setting([](Widths widths, Pairing pairing, GqaPolicy, const Transform& transform) {
      const AttentionShape shape = shape_of(widths, 1);
      const auto schedule = schedule_of(widths, DynamicNtk{}, pairing);
      const auto with = [&](GqaPolicy gqa) {
        return PlannedRope<compute_t<T>>(make_plan(shape, transform, gqa, some_units()), schedule);
      };
      const auto a = with(GqaPolicy::per_query_head);
      const auto b = with(GqaPolicy::per_key_group);
      const auto x = cases::values<T>(length * widths.head, 15);
      for_each_head(shape, GqaPolicy::per_query_head,
                    [&](std::size_t layer, HeadRole role, std::size_t head, bool selected) {
                      REQUIRE(role != HeadRole::own_key);
                      auto y = x;
                      auto z = x;
                      a.apply(layer, role, head, dense_head(y.data(), length, widths.head), 0);
                      b.apply(layer, role, head, dense_head(z.data(), length, widths.head), 0);
                      CHECK(cases::same_bits(y, z));
                      CHECK(a.denoises(layer, role, head) == selected);
                    });
    });
  });
}

TEST_CASE("channels outside the view keep their bits: strides, and rows that are not given") {
  cases::for_each_scalar([]<class T>() {
    for_each_setting([](Widths widths, Pairing pairing, GqaPolicy gqa, const Transform& transform) {
      const PlannedRope<compute_t<T>> rope(make_plan(shape_of(widths), transform, gqa, some_units()),
                                           schedule_of(widths, DynamicNtk{}, pairing));
      const std::size_t stride = widths.head + 3;
      const auto x = cases::values<T>(length * stride, 16);
      auto strided = x;
      rope.apply(1, HeadRole::query, 0, HeadView<T>{strided.data() + 2 * stride + 1, 5, widths.head, stride},
                 4);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const std::size_t row = i / stride;
        const std::size_t channel = i % stride;
        const bool inside = row >= 2 && row < 7 && channel >= 1 && channel < 1 + widths.head;
        if (!inside) CHECK(std::memcmp(&strided[i], &x[i], sizeof(T)) == 0);
      }
    });
  });
}

TEST_CASE("two threads on one planned rope get what one gets") {
  const Widths widths{32, 32};
  const AttentionShape shape = shape_of(widths);
  for (const Transform& transform : cases::transforms()) {
    const PlannedRope<float> rope(make_plan(shape, transform, GqaPolicy::per_query_head, some_units()),
                                  schedule_of(widths, DynamicNtk{}, Pairing::half_split));
    const auto x = cases::values<float>(length * 4 * 32, 17);
    auto one = x;
    auto two = x;
    rope.apply(0, HeadRole::query, token_major(one.data(), length, 4, 32), 0);
    const auto half = [&](std::size_t first) {
      const auto view = token_major(two.data(), length, 4, 32);
      for (std::size_t head = first; head < first + 2; ++head)
        rope.apply(0, HeadRole::query, head, view.head(head), 0);
    };
    std::thread other(half, 0);
    half(2);
    other.join();
    CHECK(cases::same_bits(one, two));
  }
}

TEST_CASE("what does not fit the plan is an error, before anything is written") {
  const Widths widths{10, 10};
  const AttentionShape shape = shape_of(widths);
  const auto schedule = schedule_of(widths, DynamicNtk{}, Pairing::half_split);
  for (const Transform& transform : cases::transforms()) {
    for (const GqaPolicy gqa : cases::policies) {
      const PlannedRope<float> rope(make_plan(shape, transform, gqa, some_units()), schedule);
      const auto x = cases::values<float>(length * 12, 18);
      auto y = x;
      const auto refuse = [&](std::size_t layer, HeadRole role, std::size_t head, HeadView<float> view,
                              std::size_t first) {
        CHECK_THROWS_AS(rope.apply(layer, role, head, view, first), Error);
        CHECK_THROWS_AS(rope.finish(layer, role, head, view, first), Error);
        CHECK(cases::same_bits(x, y));
      };
      const auto view = dense_head(y.data(), 5, 10);
      for (const HeadRole role : roles) {
        refuse(2, role, 0, view, 0);
        refuse(0, role, 4, view, 0);
        refuse(0, role, 1, view, length - 4);
        refuse(0, role, 1, view, length + 1);
        refuse(0, role, 1, dense_head(y.data(), 5, 8), 0);
        refuse(0, role, 1, dense_head(y.data(), 5, 12), 0);
      }
      refuse(0, HeadRole::shared_key, 2, view, 0);
      refuse(0, HeadRole::own_key, 0, view, 0);
      if (gqa == GqaPolicy::per_key_group) refuse(0, HeadRole::own_key, 1, view, 0);
    }
  }
  const auto made = [](const Plan& plan, const RopeSchedule& with) {
    return PlannedRope<float>(plan, with).rows();
  };
  const Plan plan = make_plan(shape, ByAll{}, GqaPolicy::per_query_head, some_units());
  CHECK(made(plan, schedule) == length);
  CHECK_THROWS_AS(made(plan, schedule_of({12, 10}, Unscaled{}, Pairing::half_split)), Error);
  CHECK_THROWS_AS(made(plan, schedule_of({10, 8}, Unscaled{}, Pairing::half_split)), Error);
  CHECK_THROWS_AS(made({shape, ByAll{}, GqaPolicy::per_query_head, {{5, 5}}, {}}, schedule), Error);
  RopeSchedule none = schedule;
  none.length = 0;
  CHECK_THROWS_AS(made(plan, none), Error);
  const Plan blank =
      make_plan(shape, ByParts{ByParts::Reading::remove, {}}, GqaPolicy::per_query_head, some_units());
  CHECK_THROWS_AS(made(blank, schedule_of(widths, Proportional{0.5}, Pairing::half_split)), Error);
  // With no head to blank there is nothing without a meaning.
  const Plan nobody = make_plan(shape, blank.transform, GqaPolicy::per_query_head, {});
  CHECK(made(nobody, schedule_of(widths, Proportional{0.5}, Pairing::half_split)) == length);
}

TEST_CASE("many heads at once: a head that does not fit, wherever it is, leaves all of them as they were") {
  const Widths widths{10, 10};
  const AttentionShape shape = shape_of(widths);
  const auto schedule = schedule_of(widths, DynamicNtk{}, Pairing::half_split);
  const Plan plan = make_plan(shape, ByGaussian{}, GqaPolicy::per_query_head, {{0, 0}, {0, 1}, {0, 3}});
  const PlannedRope<float> rope(plan, schedule);
  const auto x = cases::values<float>(length * 4 * 10, 3);
  auto y = x;
  const auto refuse = [&](HeadRole role, HeadsView<float> view, std::size_t first) {
    CHECK_THROWS_AS(rope.apply(0, role, view, first), Error);
    CHECK(cases::same_bits(x, y));
  };
  refuse(HeadRole::own_key, token_major(y.data(), 5, 4, 10), 0);  // heads 0 and 1 own a key, head 2 does not
  refuse(HeadRole::own_key, token_major(y.data(), 5, 2, 10), length - 4);
  refuse(HeadRole::query, token_major(y.data(), 5, 4, 10), static_cast<std::size_t>(-1));
  refuse(HeadRole::query, token_major(y.data(), 5, 8, 5), 0);
  // Heads or rows that share memory would be rotated twice.
  for (const HeadRole role : {HeadRole::query, HeadRole::own_key}) {
    refuse(role, {y.data(), 5, 2, 10, 10, 0}, 0);
    refuse(role, {y.data(), 5, 2, 10, 20, 9}, 0);
    refuse(role, {y.data(), 5, 2, 10, 19, 10}, 0);
    refuse(role, {y.data(), 5, 2, 10, 10, 49}, 0);
    refuse(role, {y.data(), 5, 2, 10, 9, 60}, 0);
  }
  std::vector<TableView<float>> views(4);
  CHECK_THROWS_AS(rope.tables(0, HeadRole::own_key, 0, 5, views), Error);
  for (const TableView<float>& view : views) CHECK(view.cos == nullptr);
  CHECK_NOTHROW(rope.apply(0, HeadRole::own_key, token_major(y.data(), 5, 2, 10), 0));
  CHECK(!cases::same_bits(x, y));
}

TEST_CASE("noise past the range of the stored type is refused before anything is written") {
  const Widths widths{10, 10};
  const auto schedule = schedule_of(widths, Unscaled{}, Pairing::half_split);
  const auto refused = [&]<class T>(const Transform& transform, std::vector<HeadSpread> spreads) {
    const PlannedRope<compute_t<T>> rope(
        make_plan(shape_of(widths), transform, GqaPolicy::per_query_head, {{0, 1}}, std::move(spreads)),
        schedule);
    const auto x = cases::values<T>(5 * 4 * 10, 3);
    auto y = x;
    const auto all = token_major(y.data(), 5, 4, 10);
    try {
      rope.apply(0, HeadRole::query, all, 0);
    } catch (const Error&) {
      CHECK(cases::same_bits(x, y));
      CHECK_THROWS_AS(rope.apply(0, HeadRole::query, 1, all.head(1), 0), Error);
      CHECK_THROWS_AS(rope.finish(0, HeadRole::query, 1, all.head(1), 0), Error);
      CHECK(cases::same_bits(x, y));
      return true;
    }
    for (const T value : y) CHECK(std::isfinite(static_cast<double>(value)));
    return false;
  };
  constexpr auto replace = ByGaussian::Reading::replace;
  constexpr auto fixed = ByGaussian::Spread::fixed;
  constexpr auto matched = ByGaussian::Spread::matched;
  CHECK(refused.template operator()<float16>(ByGaussian{replace, fixed, 1e4, 1}, {}));
  CHECK(!refused.template operator()<float16>(ByGaussian{replace, fixed, 9e3, 1}, {}));
  CHECK(refused.template operator()<float>(ByGaussian{replace, fixed, 1e38, 1}, {}));
  CHECK(!refused.template operator()<bfloat16>(ByGaussian{replace, fixed, 1e37, 1}, {}));
  CHECK(refused.template operator()<double>(ByGaussian{replace, fixed, 1e308, 1}, {}));
  CHECK(refused.template operator()<float>(ByGaussian{replace, matched, 1.0, 1}, {{1.0, 1e38}}));
}

TEST_CASE("a request longer than positions reach is an error") {
  const Widths widths{10, 10};
  RopeSchedule schedule = schedule_of(widths, Unscaled{}, Pairing::half_split);
  for (const std::size_t bad : {static_cast<std::size_t>(-1), (std::size_t{1} << 53) + 2}) {
    schedule.length = bad;
    CHECK_THROWS_AS(PlannedRope<float>(empty_plan(shape_of(widths)), schedule), Error);
  }
}
