// SPDX-License-Identifier: MIT
// The snippets of docs/denoise.md.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <dope/denoise.hpp>
#include <dope/rope.hpp>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
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

TEST_CASE("docs/denoise.md: the limits it states are those of the headers") {
  std::ifstream file("docs/denoise.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  REQUIRE(!page.empty());
  const auto states = [&](const std::string& text) { return page.find(text) != std::string::npos; };
  CHECK(dope::detail::largest_under<float>(1.0) == 0x1p+100);
  CHECK(dope::detail::largest_under<float>(1e30) == 0x1p+127 / (1.5 * 1e30));
  CHECK(states("up to 2¹⁰⁰, or 2¹²⁷/(1.5a)"));
  CHECK(dope::detail::largest_under<double>(1.0) == 0x1p+400);
  CHECK(dope::detail::largest_under<double>(1e100) == 0x1p+480 / (1.5 * 1e100));
  CHECK(states("double: 2⁴⁰⁰, or 2⁴⁸⁰/(1.5a)"));
  CHECK(dope::detail::farthest_position == std::int64_t{1} << 53);
  CHECK(states("−2⁵³ … 2⁵³"));
  CHECK(dope::detail::smallest_energy == 0x1p-960);
  CHECK(states("at least 2⁻⁹⁶⁰"));
  CHECK(dope::most_layers == 32767);
  CHECK(dope::most_heads == 65535);
  CHECK(dope::widest_head == std::size_t{1} << 20);
  CHECK(states("32,767 layers and 65,535 query heads (`most_layers`, `most_heads`) of a width up to 2²⁰"));
}

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
