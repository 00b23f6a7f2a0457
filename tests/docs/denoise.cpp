// SPDX-License-Identifier: MIT
// The snippets of docs/denoise.md.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <dope/denoise.hpp>
#include <dope/rope.hpp>
#include <random>
#include <vector>

namespace {

std::vector<float> random_rows(std::size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> rows(count);
  for (float& value : rows) value = normal(engine);
  return rows;
}

constexpr std::size_t tokens = 96;

}  // namespace

TEST_CASE("docs/denoise.md: from q and k to a rotated, denoised request") {
  std::vector<std::vector<float>> queries;
  std::vector<std::vector<float>> keys;
  for (unsigned layer = 0; layer < 2; ++layer) {
    queries.push_back(random_rows(tokens * 4 * 16, layer));
    keys.push_back(random_rows(tokens * 2 * 16, 10 + layer));
  }
  const auto q = [&](std::size_t layer) { return dope::token_major(queries[layer].data(), tokens, 4, 16); };
  const auto k = [&](std::size_t layer) { return dope::token_major(keys[layer].data(), tokens, 2, 16); };
  // [score]
  const dope::AttentionShape shape{
      .layers = 2, .query_heads = 4, .key_heads = 2, .head_width = 16, .rotated_width = 16};
  const dope::RopeParameters rope{.base = 10000.0, .head_width = 16, .rotated_width = 16, .training_length = 64};
  const std::size_t length = 192;  // three times the training length
  const auto native = dope::native_frequencies(rope);
  const auto scaled = dope::scaled_frequencies(rope, dope::DynamicNtk{}, length);

  const dope::Indicator indicator = dope::parse_indicator("post_ntk/key/truncated_effective_rank(r=8)");
  dope::HeadMeter meter(shape, dope::Pairing::half_split, native, scaled, std::vector{indicator});
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    meter.add<float>(layer, q(layer), k(layer), 0);  // unrotated, from position 0 on
  }
  const auto scores = meter.scores(indicator, dope::GqaPolicy::per_key_group);
  // [/score]
  CHECK(scores.size() == 4);
  // [plan]
  const auto heads = dope::select(scores, dope::Count{1}, dope::Order::ascending);
  const dope::Plan plan = dope::make_plan(shape, dope::ByParts{}, dope::GqaPolicy::per_key_group, heads);
  // [/plan]
  CHECK(plan.heads.size() == 1);
  const auto lowest = std::min_element(scores.begin(), scores.end(),
                                       [](const auto& a, const auto& b) { return a.value < b.value; });
  CHECK(plan.heads.front() == lowest->id);
  // [run]
  const dope::PlannedRope<float> planned(plan, {.rope = rope, .scaling = dope::DynamicNtk{}, .length = length});
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    planned.apply(layer, dope::HeadRole::query, q(layer), 0);  // rows 0 … tokens − 1 of the request
    planned.apply(layer, dope::HeadRole::shared_key, k(layer), 0);
  }
  // [/run]
  const std::size_t low = 7;  // the slowest band: channels 7 and 15
  const auto layer = plan.heads.front().layer;
  const auto unrotated = random_rows(tokens * 2 * 16, 10 + static_cast<unsigned>(layer));
  for (std::size_t head = 0; head < 2; ++head) {
    const bool denoised = plan.denoises_key(layer, head);
    bool same = true;
    for (std::size_t token = 1; token < tokens; ++token) {
      same = same && k(layer).head(head).row(token)[low] == unrotated[(token * 2 + head) * 16 + low];
    }
    CHECK(same == denoised);
  }
}

TEST_CASE("docs/denoise.md: noise at a position") {
  // [noise]
  std::vector<double> epsilon(128);
  dope::normal_row({.seed = 42, .layer = 3, .head = 7, .side = dope::Side::key, .position = 4096}, epsilon);
  // [/noise]
  std::vector<double> again(8);
  dope::normal_row({.seed = 42, .layer = 3, .head = 7, .side = dope::Side::key, .position = 4096}, again);
  CHECK(std::equal(again.begin(), again.end(), epsilon.begin()));
}

TEST_CASE("docs/denoise.md: a transform in words") {
  // [words]
  const dope::Transform transform = dope::parse_transform("by_gaussian(reading=replace, sigma=0.5)");
  const auto written = dope::name_of(transform);
  // [/words]
  CHECK(written == "by_gaussian(reading=replace, spread=fixed, sigma=0.5, seed=42)");
}
