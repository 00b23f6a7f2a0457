// SPDX-License-Identifier: MIT
#include "dope/denoise/select.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "denoise/cases.hpp"

using namespace dope;

namespace {

constexpr Order orders[] = {Order::ascending, Order::descending};

/// Scores from a handful of values, so that ties abound; both zeros are among them.
std::vector<HeadScore> tied_scores(std::size_t layers, std::size_t heads, std::uint64_t seed) {
  constexpr double few[] = {-1.5, -0.0, 0.0, 0.25, 3.0};
  std::mt19937_64 engine(seed);
  std::vector<HeadScore> scores;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    for (std::size_t head = 0; head < heads; ++head) scores.push_back({{layer, head}, few[engine() % 5]});
  }
  return scores;
}

/// How many heads come before this one: counted, not sorted.
std::size_t rank_of(const HeadScore& score, const std::vector<HeadScore>& all, Order order) {
  std::size_t rank = 0;
  for (const HeadScore& other : all) {
    const double gap = order == Order::ascending ? other.value - score.value : score.value - other.value;
    const bool earlier = other.id.layer < score.id.layer ||
                         (other.id.layer == score.id.layer && other.id.head < score.id.head);
    if (gap < 0.0 || (gap == 0.0 && earlier)) ++rank;
  }
  return rank;
}

}  // namespace

TEST_CASE("selection is a total order: value, then layer, then head") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto scores = tied_scores(1 + seed % 4, 1 + seed % 7, seed);
    for (const Order order : orders) {
      const auto chosen = select(scores, Count{scores.size()}, order);
      REQUIRE(chosen.size() == scores.size());
      for (const HeadScore& score : scores) CHECK(chosen[rank_of(score, scores, order)] == score.id);
    }
  }
}

TEST_CASE("selection does not depend on the order of the scores") {
  std::mt19937_64 engine(7);
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    auto scores = tied_scores(4, 6, seed);
    for (const Order order : orders) {
      const auto expected = select(scores, Count{9}, order);
      for (int repeat = 0; repeat < 10; ++repeat) {
        std::shuffle(scores.begin(), scores.end(), engine);
        CHECK(select(scores, Count{9}, order) == expected);
      }
    }
  }
}

TEST_CASE("a smaller selection is the start of a larger one, and an increasing function changes neither") {
  auto scores = tied_scores(5, 5, 3);
  for (const Order order : orders) {
    const auto all = select(scores, Count{25}, order);
    auto cubed = scores;
    for (HeadScore& score : cubed) score.value = std::exp(score.value);
    CHECK(select(cubed, Count{25}, order) == all);
    for (std::size_t n = 0; n <= 25; ++n) {
      CHECK(select(scores, Count{n}, order) ==
            std::vector<HeadId>(all.begin(), all.begin() + static_cast<int>(n)));
    }
  }
}

TEST_CASE("the two orders are each other reversed where no scores tie") {
  std::vector<HeadScore> scores;
  for (std::size_t head = 0; head < 12; ++head)
    scores.push_back({{head % 3, head / 3}, std::sin(double(head))});
  auto ascending = select(scores, Count{12}, Order::ascending);
  std::reverse(ascending.begin(), ascending.end());
  CHECK(select(scores, Count{12}, Order::descending) == ascending);
}

TEST_CASE("a quantile k/n selects exactly k of n heads, anything between two of them the lower count") {
  for (const std::size_t heads : {1u, 3u, 7u, 10u, 49u, 100u}) {
    const auto scores = tied_scores(1, heads, heads);
    for (std::size_t k = 0; k <= heads; ++k) {
      const double tau = static_cast<double>(k) / static_cast<double>(heads);
      const auto expected = select(scores, Count{k}, Order::ascending);
      CHECK(select(scores, Quantile{tau}, Order::ascending) == expected);
      if (k < heads) {
        const double between = (static_cast<double>(k) + 0.5) / static_cast<double>(heads);
        CHECK(select(scores, Quantile{between}, Order::ascending) == expected);
      }
    }
  }
}

TEST_CASE("what cannot be ranked is an error") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const std::vector<HeadScore> good = {{{0, 0}, 1.0}, {{0, 1}, 2.0}};
  for (const Order order : orders) {
    for (const double bad : {inf, -inf, std::nan("")}) {
      auto scores = good;
      scores[1].value = bad;
      CHECK_THROWS_AS(static_cast<void>(select(scores, Count{1}, order)), Error);
      CHECK_THROWS_AS(static_cast<void>(select(scores, Count{0}, order)), Error);
    }
    auto twice = good;
    twice.push_back({{0, 0}, 3.0});
    CHECK_THROWS_AS(static_cast<void>(select(twice, Count{1}, order)), Error);
    CHECK_THROWS_AS(static_cast<void>(select(good, Count{3}, order)), Error);
    for (const double tau : {-0.1, 1.1, std::nan("")})
      CHECK_THROWS_AS(static_cast<void>(select(good, Quantile{tau}, order)), Error);
    CHECK(select({}, Count{0}, order).empty());
    CHECK(select({}, Quantile{1.0}, order).empty());
  }
}

TEST_CASE("random heads: different units, a function of the arguments, each n the start of the next") {
  for (const GqaPolicy gqa : cases::policies) {
    const AttentionShape shape{3, 8, 2, 16, 16};
    const std::size_t total = 3 * shape.units(gqa);
    std::set<std::vector<HeadId>> seen;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      const auto all = random_heads(shape, gqa, total, seed);
      const std::set<HeadId> different(all.begin(), all.end());
      CHECK(different.size() == total);
      for (const HeadId& id : all) CHECK((id.layer < 3 && id.head < shape.units(gqa)));
      for (std::size_t n = 0; n <= total; ++n) {
        CHECK(random_heads(shape, gqa, n, seed) ==
              std::vector<HeadId>(all.begin(), all.begin() + static_cast<int>(n)));
      }
      seen.insert(all);
    }
    CHECK(seen.size() > 40);
    CHECK_THROWS_AS(static_cast<void>(random_heads(shape, gqa, total + 1, 0)), Error);
  }
}

TEST_CASE("random heads are uniform") {
  const AttentionShape shape{4, 8, 8, 16, 16};
  constexpr std::size_t draws = 8000;
  std::vector<double> counts(32, 0.0);
  for (std::uint64_t seed = 0; seed < draws; ++seed) {
    for (const HeadId& id : random_heads(shape, GqaPolicy::per_query_head, 4, seed))
      counts[8 * id.layer + id.head] += 1;
  }
  // Expected 1000 per head with a standard deviation of √(8000·⅛·⅞) ≈ 30; five of them.
  constexpr double five_deviations = 150.0;
  for (const double count : counts) CHECK(std::abs(count - 1000.0) < five_deviations);
}
