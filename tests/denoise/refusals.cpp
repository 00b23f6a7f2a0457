// SPDX-License-Identifier: MIT
// What meters and planned ropes refuse at the edges of what they take, and that nothing is changed then.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "denoise/tapped.hpp"
#include "dope/denoise/meter.hpp"
#include "dope/denoise/plan.hpp"
#include "dope/denoise/planned_rope.hpp"
#include "dope/denoise/spread.hpp"

using namespace dope;

namespace {

constexpr AttentionShape shape{2, 4, 2, 6, 4};
constexpr std::size_t tokens = 300;  // more than one block
constexpr std::int64_t farthest = std::int64_t{1} << 53;

Frequencies with_factor(double attention_factor) {
  Frequencies frequencies = native_frequencies(RopeParameters{10000.0, 6, 4, 64});
  frequencies.attention_factor = attention_factor;
  return frequencies;
}

HeadMeter meter_of(const std::vector<Indicator>& wanted, double native, double scaled) {
  return HeadMeter(shape, Pairing::half_split, with_factor(native), with_factor(scaled), wanted,
                   {Centring::none, RowScaling::none, Accumulation::double_blocks});
}

const std::vector<Indicator> unrotated_entropy = {{Stage::pre_ntk, ScoredSide::both, VonNeumann{}}};
const std::vector<Indicator> unrotated_uncomp = {{Stage::pre_ntk, ScoredSide::both, Uncomp{1}}};

std::vector<double> scores_of(const HeadMeter& meter, const std::vector<Indicator>& wanted) {
  std::vector<double> values;
  for (const auto& scores : meter.scores(wanted, GqaPolicy::per_query_head)) {
    for (const HeadScore& score : scores) values.push_back(score.value);
  }
  return values;
}

std::vector<HeadSpread> spreads_of(const SpreadMeter& meter, std::size_t layer) {
  std::vector<HeadId> heads;
  for (std::size_t head = 0; head < shape.query_heads; ++head) heads.push_back({layer, head});
  return meter.spreads(heads, GqaPolicy::per_query_head);
}

std::vector<std::int64_t> positions_with_last(std::int64_t last) {
  std::vector<std::int64_t> positions(tokens);
  for (std::size_t i = 0; i < tokens; ++i) positions[i] = static_cast<std::int64_t>(i);
  positions.back() = last;
  return positions;
}

/// What a meter takes under an attention factor, from the header's words.
template <class T>
double largest_under(double factor) {
  const double largest = std::max(std::abs(factor), 1.0);
  return std::same_as<T, double> ? std::min(0x1p+400, 0x1p+480 / 1.5 / largest)
                                 : std::min(0x1p+100, 0x1p+127 / 1.5 / largest);
}

/// How often a meter can be merged with a copy of itself, 70 at most.
std::size_t doublings(HeadMeter meter) {
  for (std::size_t count = 0; count < 70; ++count) {
    const HeadMeter same = meter;
    try {
      meter.merge(same);
    } catch (const Error&) {
      return count;
    }
  }
  return 70;
}

}  // namespace

TEST_CASE("positions are taken to 2^53 in size; one beyond, in any block, leaves a meter as it was") {
  const std::vector<Indicator> wanted = {{Stage::pre_ntk, ScoredSide::both, VonNeumann{}},
                                         {Stage::post_ntk, ScoredSide::both, VonNeumann{}}};
  const tapped::Layer<float> rows(shape, tokens, 3);
  HeadMeter meter = meter_of(wanted, 1.0, 1.0);
  HeadMeter unrotated = meter_of(unrotated_entropy, 1.0, 1.0);
  SpreadMeter spread(shape, Pairing::half_split, with_factor(1.0));
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    for (const std::int64_t last : {farthest, -farthest}) {
      const auto positions = positions_with_last(last);
      meter.add(layer, rows.queries(), rows.keys(), std::span(positions));
      unrotated.add(layer, rows.queries(), rows.keys(), std::span(positions));
      spread.add(layer, rows.queries(), rows.keys(), std::span(positions));
    }
  }
  const auto scores = scores_of(meter, wanted);
  const auto unrotated_scores = scores_of(unrotated, unrotated_entropy);
  const auto spreads = spreads_of(spread, 0);
  for (const std::int64_t last : {farthest + 1, -farthest - 1}) {
    const auto positions = positions_with_last(last);
    CHECK_THROWS_AS(meter.add(0, rows.queries(), rows.keys(), std::span(positions)), Error);
    CHECK_THROWS_AS(unrotated.add(0, rows.queries(), rows.keys(), std::span(positions)), Error);
    CHECK_THROWS_AS(spread.add(0, rows.queries(), rows.keys(), std::span(positions)), Error);
  }
  CHECK(scores_of(meter, wanted) == scores);
  CHECK(scores_of(unrotated, unrotated_entropy) == unrotated_scores);
  CHECK(spreads_of(spread, 0) == spreads);
}

TEST_CASE_TEMPLATE("the largest value that is taken follows the attention factors of the measured stages", T,
                   float, double, bfloat16) {
  using C = compute_t<T>;
  const double huge = std::same_as<C, double> ? 1e100 : 1e30;
  const auto taken = [](auto meter, double value) {
    tapped::Layer<T> rows(shape, 3, 4);
    rows.k[7] = static_cast<T>(value);
    try {
      meter.add(1, rows.queries(), rows.keys(), 0);
      return true;
    } catch (const Error&) {
      return false;
    }
  };
  for (const double factor : {0.0, 0.25, 1.0, huge, -huge}) {
    CAPTURE(factor);
    const double below = largest_under<T>(factor) * 0.99;
    const double above = largest_under<T>(factor) * 1.01;
    const std::vector<Indicator> scaled = {{Stage::post_ntk, ScoredSide::query, VonNeumann{}}};
    const std::vector<Indicator> native = {{Stage::post_rope, ScoredSide::key, VonNeumann{}}};
    CHECK(taken(meter_of(scaled, 1.0, factor), below));
    CHECK(!taken(meter_of(scaled, 1.0, factor), above));
    CHECK(taken(meter_of(native, factor, 1.0), below));
    CHECK(!taken(meter_of(native, factor, 1.0), above));
    CHECK(taken(meter_of(unrotated_entropy, factor, factor), largest_under<T>(1.0) * 0.99));
    CHECK(!taken(meter_of(unrotated_entropy, factor, factor), largest_under<T>(1.0) * 1.01));
    const SpreadMeter spread(shape, Pairing::half_split, with_factor(factor));
    CHECK(taken(spread, below));
    CHECK(!taken(spread, above));
  }
}

TEST_CASE("counts of tokens stay within 2^62: of Grams, of means and of the second pass") {
  const tapped::Layer<float> rows(shape, 20, 5);
  const auto add_all = [&](HeadMeter& meter) {
    for (std::size_t layer = 0; layer < shape.layers; ++layer)
      meter.add(layer, rows.queries(), rows.keys(), 0);
  };
  HeadMeter gram = meter_of(unrotated_entropy, 1.0, 1.0);
  add_all(gram);
  CHECK(doublings(gram) == 57);  // 20·2⁵⁷ ≤ 2⁶² < 20·2⁵⁸
  HeadMeter many = gram;
  for (int time = 0; time < 57; ++time) many.merge(HeadMeter(many));
  HeadMeter more = many;
  more.merge(gram);
  CHECK_THROWS_WITH_AS(many.merge(more),
                       doctest::Contains("2882303761517117440 and 2882303761517117460 tokens"), Error);
  HeadMeter mean = meter_of(unrotated_uncomp, 1.0, 1.0);
  add_all(mean);
  CHECK(doublings(mean) == 57);
  HeadMeter centred = mean;
  centred.start_second_pass();
  for (int time = 0; time < 3; ++time) add_all(centred);
  CHECK(doublings(centred) == 56);  // 60·2⁵⁶ ≤ 2⁶² < 60·2⁵⁷
}

TEST_CASE("meters of other settings do not merge, whichever setting it is") {
  const tapped::Layer<float> rows(shape, 5, 6);
  const auto filled = [&](HeadMeter meter) {
    meter.add(0, rows.queries(), rows.keys(), 0);
    return meter;
  };
  const GramOptions gram{};
  const auto made = [&](Pairing pairing, double native, double scaled, const std::vector<Indicator>& wanted,
                        GramOptions options, TokenSampling sampling) {
    return HeadMeter(shape, pairing, with_factor(native), with_factor(scaled), wanted, options, sampling);
  };
  HeadMeter meter = filled(made(Pairing::half_split, 1.0, 1.0, unrotated_entropy, gram, {}));
  const auto refuse = [&](const HeadMeter& other) {
    CHECK_THROWS_AS(meter.merge(filled(other)), Error);
    CHECK(meter.gram(0, Side::key, 0, Stage::pre_ntk).tokens() == 5);
  };
  refuse(made(Pairing::interleaved, 1.0, 1.0, unrotated_entropy, gram, {}));
  refuse(made(Pairing::half_split, 2.0, 1.0, unrotated_entropy, gram, {}));
  refuse(made(Pairing::half_split, 1.0, 2.0, unrotated_entropy, gram, {}));
  std::vector<Indicator> more = unrotated_entropy;
  more.push_back(unrotated_uncomp.front());
  refuse(made(Pairing::half_split, 1.0, 1.0, more, gram, {}));
  refuse(made(Pairing::half_split, 1.0, 1.0, unrotated_entropy, {Centring::token_mean}, {}));
  refuse(made(Pairing::half_split, 1.0, 1.0, unrotated_entropy, gram, {1, 7}));
  AttentionShape wider = shape;
  wider.layers = 3;
  refuse(HeadMeter(wider, Pairing::half_split, with_factor(1.0), with_factor(1.0), unrotated_entropy));
  // Means alone are held of it, which are the same under every option.
  HeadMeter mean = made(Pairing::half_split, 1.0, 1.0, unrotated_uncomp, gram, {});
  CHECK_THROWS_AS(
      mean.merge(made(Pairing::half_split, 1.0, 1.0, unrotated_uncomp, {Centring::token_mean}, {})), Error);

  SpreadMeter spread(shape, Pairing::half_split, with_factor(1.0));
  spread.add(0, rows.queries(), rows.keys(), 0);
  const auto before = spreads_of(spread, 0);
  CHECK_THROWS_AS(spread.merge(SpreadMeter(shape, Pairing::interleaved, with_factor(1.0))), Error);
  CHECK_THROWS_AS(spread.merge(SpreadMeter(shape, Pairing::half_split, with_factor(2.0))), Error);
  CHECK_THROWS_AS(spread.merge(SpreadMeter(wider, Pairing::half_split, with_factor(1.0))), Error);
  CHECK(spreads_of(spread, 0) == before);
}

TEST_CASE("a second pass that cannot start leaves the meter in its first") {
  const tapped::Layer<float> rows(shape, 20, 7);
  HeadMeter meter = meter_of(unrotated_uncomp, 1.0, 1.0);
  meter.add(0, rows.queries(), rows.keys(), 0);
  CHECK_THROWS_AS(meter.start_second_pass(), Error);  // no tokens in layer 1
  CHECK(meter.needs_second_pass());
  HeadMeter rest = meter_of(unrotated_uncomp, 1.0, 1.0);
  rest.add(1, rows.queries(), rows.keys(), 0);
  CHECK_NOTHROW(meter.merge(rest));
  CHECK_NOTHROW(meter.start_second_pass());
}

TEST_CASE("rows of zeros have no spread, and heads of another number of tokens are refused") {
  tapped::Layer<float> rows(shape, 20, 8);
  SpreadMeter spread(shape, Pairing::half_split, with_factor(1.0));
  std::fill(rows.k.begin(), rows.k.end(), 0.0f);
  spread.add(0, rows.queries(), rows.keys(), 0);
  for (const HeadSpread& of : spreads_of(spread, 0)) {
    CHECK(of.key == 0.0);
    CHECK(of.query > 0.0);
  }
  const auto before = spreads_of(spread, 0);
  SpreadMeter late(shape, Pairing::half_split, with_factor(1.0));
  late.merge(SpreadMeter(shape, Pairing::half_split, with_factor(1.0)));  // nothing, to nothing
  late.add(0, rows.queries(), rows.keys(), 0);
  CHECK(spreads_of(late, 0) == before);
  auto fewer = rows.keys();
  fewer.tokens = 19;
  CHECK_THROWS_AS(spread.add(0, rows.queries(), fewer, 0), Error);
  auto overlapping = rows.keys();
  overlapping.token_stride = 5;
  CHECK_THROWS_AS(spread.add(0, rows.queries(), overlapping, 0), Error);
  CHECK(spreads_of(spread, 0) == before);
}

TEST_CASE(
    "a planned rope takes the heads of its shape, none of them too, and leaves those of another shape") {
  const std::vector<HeadId> heads = {{0, 1}, {1, 0}};
  const RopeSchedule schedule{
      {10000.0, shape.head_width, shape.rotated_width, 64}, Unscaled{}, 20, Pairing::half_split};
  for (const Transform& transform : cases::transforms()) {
    for (const GqaPolicy gqa : cases::policies) {
      const PlannedRope<float> rope(
          make_plan(shape, transform, gqa, gqa == GqaPolicy::per_query_head ? heads : std::vector{heads[1]}),
          schedule);
      const auto x = cases::values<float>(20 * 8 * 6, 9);
      auto y = x;
      const auto refuse = [&](std::size_t layer, HeadRole role, std::size_t count) {
        CHECK_THROWS_AS(rope.apply(layer, role, token_major(y.data(), 20, count, 6), 0), Error);
        CHECK(cases::same_bits(x, y));
      };
      refuse(0, HeadRole::query, 5);
      refuse(0, HeadRole::shared_key, 3);
      refuse(0, HeadRole::own_key, 5);
      refuse(2, HeadRole::query, 4);
      refuse(2, HeadRole::shared_key, 2);
      for (const std::size_t first :
           {std::size_t{16}, static_cast<std::size_t>(-1)}) {  // rows that wrap around
        for (const std::size_t head : {0u, 1u}) {
          const auto view = dense_head(y.data(), 5, 6);
          CHECK_THROWS_AS(rope.apply(0, HeadRole::query, head, view, first), Error);
          CHECK_THROWS_AS(rope.finish(0, HeadRole::query, head, view, first), Error);
          CHECK(cases::same_bits(x, y));
        }
      }
      CHECK_NOTHROW(rope.apply(0, HeadRole::query, token_major(y.data(), 20, 0, 6), 0));
      CHECK(cases::same_bits(x, y));
    }
  }
}

TEST_CASE("the larger spread of a plan is what must fit the stored type, of queries or of keys") {
  const RopeSchedule schedule{
      {10000.0, shape.head_width, shape.rotated_width, 64}, Unscaled{}, 20, Pairing::half_split};
  const ByGaussian matched{ByGaussian::Reading::replace, ByGaussian::Spread::matched, 1.0, 1};
  for (const HeadSpread& spread : {HeadSpread{1e38, 1.0}, HeadSpread{1.0, 1e38}}) {
    const PlannedRope<float> rope(make_plan(shape, matched, GqaPolicy::per_key_group, {{0, 1}}, {spread}),
                                  schedule);
    const auto x = cases::values<float>(20 * 2 * 6, 10);
    auto y = x;
    for (const HeadRole role : {HeadRole::query, HeadRole::shared_key}) {
      CHECK_THROWS_AS(rope.apply(0, role, token_major(y.data(), 20, 2, 6), 0), Error);
      CHECK(cases::same_bits(x, y));
    }
  }
}
