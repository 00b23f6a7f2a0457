// SPDX-License-Identifier: MIT
#include "dope/denoise/spread.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "denoise/tapped.hpp"
#include "dope/rope/scaling.hpp"

using namespace dope;

namespace {

/// Rotation in float is off by 2⁻²³ of an entry, float16 and bfloat16 are widened exactly; sums in double.
constexpr double rotation_error = 1e-6;

constexpr AttentionShape shapes[] = {
    {2, 4, 2, 2, 2}, {2, 6, 2, 6, 6}, {1, 2, 2, 10, 4}, {2, 4, 1, 32, 32}, {1, 2, 1, 250, 90}};

Frequencies yarn_frequencies(const AttentionShape& shape) {
  Yarn yarn;
  yarn.factor = 4.0;
  return scaled_frequencies({10000.0, shape.head_width, shape.rotated_width, 64}, yarn, 256);
}

double deviation(const std::vector<tapped::Rows>& parts) {
  long double sum = 0;
  long double count = 0;
  for (const auto& rows : parts) {
    for (const auto& row : rows) {
      for (const auto x : row) sum += x, count += 1;
    }
  }
  long double squares = 0;
  for (const auto& rows : parts) {
    for (const auto& row : rows) {
      for (const auto x : row) squares += (x - sum / count) * (x - sum / count);
    }
  }
  return static_cast<double>(std::sqrt(squares / count));
}

}  // namespace

TEST_CASE("a spread is the standard deviation of the rotated entries, of the group under per_key_group") {
  cases::for_each_scalar([]<class T>() {
    for (const AttentionShape& shape : shapes) {
      for (const Pairing pairing : cases::pairings) {
        const Frequencies scaled = yarn_frequencies(shape);
        SpreadMeter meter(shape, pairing, scaled);
        std::vector<tapped::Layer<T>> layers;
        for (std::size_t layer = 0; layer < shape.layers; ++layer) {
          layers.emplace_back(shape, 300, layer);
          meter.add(layer, layers[layer].queries(), layers[layer].keys(), 11);
        }
        for (const GqaPolicy gqa : cases::policies) {
          const std::size_t group = shape.query_heads / shape.key_heads;
          for (std::size_t layer = 0; layer < shape.layers; ++layer) {
            for (std::size_t unit = 0; unit < shape.units(gqa); ++unit) {
              const HeadId ids[] = {{layer, unit}};
              const HeadSpread spread = meter.spreads(ids, gqa).front();
              const bool alone = gqa == GqaPolicy::per_query_head;
              std::vector<tapped::Rows> queries;
              for (std::size_t i = 0; i < (alone ? 1 : group); ++i) {
                const std::size_t head = alone ? unit : unit * group + i;
                queries.push_back(tapped::rotated(layers[layer].queries(), head, &scaled, pairing, 11));
              }
              const auto keys =
                  tapped::rotated(layers[layer].keys(), alone ? unit / group : unit, &scaled, pairing, 11);
              CHECK(spread.query == doctest::Approx(deviation(queries)).epsilon(rotation_error));
              CHECK(spread.key == doctest::Approx(deviation({keys})).epsilon(rotation_error));
            }
          }
        }
      }
    }
  });
}

TEST_CASE("spreads do not depend on chunks, on merging or on a large common shift, to rounding") {
  // A mean 10⁴ times the deviation costs a sum of squares 8 digits; about the mean it costs none in
  // double, and the double inputs hold 12 digits of the deviation.
  constexpr double shift_error = 1e-11;
  const AttentionShape shape{1, 4, 2, 6, 4};
  const Frequencies still{std::vector<double>(2, 0.0), 1.0};
  tapped::Layer<double> layer(shape, 600, 3);
  const auto spreads_of = [&](std::vector<std::size_t> cuts, std::size_t parts) {
    std::vector<SpreadMeter> meters(parts, SpreadMeter(shape, Pairing::half_split, still));
    std::size_t first = 0;
    cuts.push_back(600);
    for (std::size_t i = 0; i < cuts.size(); ++i) {
      auto q = layer.queries();
      auto k = layer.keys();
      q.data += first * q.token_stride, q.tokens = cuts[i] - first;
      k.data += first * k.token_stride, k.tokens = cuts[i] - first;
      meters[i % parts].add(0, q, k, static_cast<std::int64_t>(first));
      first = cuts[i];
    }
    for (std::size_t i = 1; i < parts; ++i) meters[0].merge(meters[i]);
    const HeadId ids[] = {{0, 0}, {0, 3}};
    return meters[0].spreads(ids, GqaPolicy::per_query_head);
  };
  const auto whole = spreads_of({}, 1);
  const std::vector<std::vector<std::size_t>> divisions = {{1}, {256}, {1, 2, 3, 299}, {100, 300, 301, 599}};
  for (const auto& cuts : divisions) {
    for (const std::size_t parts : {1u, 2u, 3u}) {
      const auto divided = spreads_of(cuts, parts);
      for (std::size_t i = 0; i < whole.size(); ++i) {
        CHECK(divided[i].query == doctest::Approx(whole[i].query).epsilon(shift_error));
        CHECK(divided[i].key == doctest::Approx(whole[i].key).epsilon(shift_error));
      }
    }
  }
  for (double& x : layer.q) x += 1e4;
  for (double& x : layer.k) x -= 1e4;
  const auto shifted = spreads_of({100, 300}, 2);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CHECK(shifted[i].query == doctest::Approx(whole[i].query).epsilon(shift_error));
    CHECK(shifted[i].key == doctest::Approx(whole[i].key).epsilon(shift_error));
  }
}

TEST_CASE("what cannot be measured is an error that changes nothing") {
  const AttentionShape shape{2, 4, 2, 6, 4};
  const Frequencies native = native_frequencies(RopeParameters{10000.0, 6, 4, 64});
  SpreadMeter meter(shape, Pairing::half_split, native);
  const HeadId id[] = {{0, 0}};
  CHECK_THROWS_AS(static_cast<void>(meter.spreads(id, GqaPolicy::per_query_head)), Error);
  tapped::Layer<float> layer(shape, 5, 1);
  meter.add(0, layer.queries(), layer.keys(), 0);
  const auto before = meter.spreads(id, GqaPolicy::per_query_head);
  layer.k[13] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(meter.add(0, layer.queries(), layer.keys(), 5), Error);
  CHECK(meter.spreads(id, GqaPolicy::per_query_head) == before);
  layer.k[13] = 1.0f;
  CHECK_THROWS_AS(meter.add(2, layer.queries(), layer.keys(), 5), Error);
  CHECK_THROWS_AS(meter.add(0, layer.keys(), layer.keys(), 5), Error);
  const HeadId outside[] = {{0, 2}};
  CHECK_THROWS_AS(static_cast<void>(meter.spreads(outside, GqaPolicy::per_key_group)), Error);
  CHECK_THROWS_AS(meter.merge(SpreadMeter(shape, Pairing::interleaved, native)), Error);
  CHECK_THROWS_AS(SpreadMeter(shape, Pairing::interleaved, Frequencies{{1.0}, 1.0}), Error);
}

TEST_CASE("rows that would overflow when rotated, in any head, are an error that changes nothing") {
  const AttentionShape shape{1, 4, 2, 6, 4};
  Frequencies scaled = native_frequencies(RopeParameters{10000.0, 6, 4, 64});
  scaled.attention_factor = 1e30;
  SpreadMeter meter(shape, Pairing::half_split, scaled);
  tapped::Layer<float> layer(shape, 600, 1);
  meter.add(0, layer.queries(), layer.keys(), 0);
  const HeadId ids[] = {{0, 0}, {0, 1}, {0, 2}, {0, 3}};
  const auto before = meter.spreads(ids, GqaPolicy::per_query_head);
  for (const HeadSpread& spread : before) CHECK((std::isfinite(spread.query) && std::isfinite(spread.key)));
  for (auto* side : {&layer.q, &layer.k}) {
    for (const std::size_t at : {std::size_t{0}, side->size() / 2, side->size() - 1}) {
      const float good = (*side)[at];
      (*side)[at] = 0x1p+60f;
      CHECK_THROWS_AS(meter.add(0, layer.queries(), layer.keys(), 0), Error);
      CHECK(meter.spreads(ids, GqaPolicy::per_query_head) == before);
      (*side)[at] = good;
    }
  }
  for (const std::int64_t first : {std::numeric_limits<std::int64_t>::max(), std::int64_t{1} << 53}) {
    CHECK_THROWS_AS(meter.add(0, layer.queries(), layer.keys(), first), Error);
    CHECK(meter.spreads(ids, GqaPolicy::per_query_head) == before);
  }
  scaled.omega[0] = std::nan("");
  CHECK_THROWS_AS(SpreadMeter(shape, Pairing::half_split, scaled), Error);
}

TEST_CASE("numbers times a power of two have that many times the spread, bit for bit, from 2^-900 to 2^390") {
  const AttentionShape shape{1, 2, 1, 6, 4};
  const Frequencies scaled = native_frequencies(RopeParameters{10000.0, 6, 4, 64});
  const HeadId ids[] = {{0, 0}, {0, 1}};
  const auto spreads_at = [&](int exponent) {
    tapped::Layer<double> layer(shape, 600, 2);
    for (auto* side : {&layer.q, &layer.k}) {
      for (double& x : *side) x = std::ldexp(x, exponent);
    }
    SpreadMeter meter(shape, Pairing::half_split, scaled);
    meter.add(0, layer.queries(), layer.keys(), 0);
    SpreadMeter other = meter;
    meter.merge(other);
    return meter.spreads(ids, GqaPolicy::per_query_head);
  };
  const auto one = spreads_at(0);
  for (const int exponent : {-900, -600, -500, -1, 1, 300, 390}) {
    const auto many = spreads_at(exponent);
    for (std::size_t i = 0; i < one.size(); ++i) {
      CHECK(many[i].query == std::ldexp(one[i].query, exponent));
      CHECK(many[i].key == std::ldexp(one[i].key, exponent));
    }
  }
}
