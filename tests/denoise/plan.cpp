// SPDX-License-Identifier: MIT
#include "dope/denoise/plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include "denoise/cases.hpp"
#include "dope/denoise/select.hpp"

using namespace dope;

namespace {

constexpr AttentionShape shapes[] = {
    {1, 1, 1, 2, 2}, {3, 4, 4, 6, 6}, {2, 8, 4, 32, 32}, {4, 6, 2, 10, 4}, {2, 5, 1, 90, 90}};
constexpr ByGaussian matched{ByGaussian::Reading::replace, ByGaussian::Spread::matched, 1.0, 42};

bool contains(const std::vector<HeadId>& heads, HeadId id) {
  return std::count(heads.begin(), heads.end(), id) > 0;
}

template <class F>
void for_each_plan(F f) {
  for (const AttentionShape& shape : shapes) {
    for (const GqaPolicy gqa : cases::policies) {
      for (std::size_t n = 0; n <= shape.layers * shape.units(gqa); ++n) {
        const auto heads = random_heads(shape, gqa, n, n);
        f(heads, make_plan(shape, ByAll{}, gqa, heads));
      }
    }
  }
}

}  // namespace

TEST_CASE("a plan denoises the selected units and nothing else, under both policies") {
  for_each_plan([](const std::vector<HeadId>& chosen, const Plan& plan) {
    const std::size_t group = plan.shape.query_heads / plan.shape.key_heads;
    for (std::size_t layer = 0; layer < plan.shape.layers; ++layer) {
      std::vector<std::size_t> owners;
      for (std::size_t q = 0; q < plan.shape.query_heads; ++q) {
        const bool per_query = plan.gqa == GqaPolicy::per_query_head;
        const bool expected = contains(chosen, {layer, per_query ? q : q / group});
        CHECK(plan.denoises_query(layer, q) == expected);
        CHECK(plan.needs_own_key(layer, q) == (per_query && group > 1 && expected));
        if (per_query && group > 1 && expected) owners.push_back(q);
        // Whatever key a query head ends up reading is denoised exactly when the query is.
        const bool reads_denoised = plan.needs_own_key(layer, q) || plan.denoises_key(layer, q / group);
        CHECK(reads_denoised == expected);
      }
      CHECK(plan.own_key_heads(layer) == owners);
      for (std::size_t k = 0; k < plan.shape.key_heads; ++k) {
        const bool own = plan.gqa == GqaPolicy::per_key_group || group == 1;
        CHECK(plan.denoises_key(layer, k) == (own && contains(chosen, {layer, k})));
      }
    }
  });
}

TEST_CASE("the first layer is the lowest with a denoised head, or past the last") {
  for_each_plan([](const std::vector<HeadId>& chosen, const Plan& plan) {
    std::size_t first = plan.shape.layers;
    for (const HeadId& id : chosen) first = std::min(first, id.layer);
    CHECK(plan.first_layer() == first);
    CHECK(plan.empty() == chosen.empty());
  });
}

TEST_CASE("a plan does not depend on the order its heads come in; spreads follow their heads") {
  std::mt19937_64 engine(5);
  for (const AttentionShape& shape : shapes) {
    for (const GqaPolicy gqa : cases::policies) {
      auto heads = random_heads(shape, gqa, shape.layers * shape.units(gqa), 1);
      const auto spread_of = [](HeadId id) {
        return HeadSpread{1.0 + static_cast<double>(id.layer), 2.0 + static_cast<double>(id.head)};
      };
      const auto made = [&] {
        std::vector<HeadSpread> spreads;
        for (const HeadId id : heads) spreads.push_back(spread_of(id));
        return make_plan(shape, matched, gqa, heads, spreads);
      };
      const Plan plan = made();
      for (std::size_t i = 0; i < plan.heads.size(); ++i) CHECK(plan.spreads[i] == spread_of(plan.heads[i]));
      const Plan bare = make_plan(shape, ByAll{}, gqa, heads);
      for (int repeat = 0; repeat < 5; ++repeat) {
        std::shuffle(heads.begin(), heads.end(), engine);
        CHECK(made() == plan);
        CHECK(make_plan(shape, ByAll{}, gqa, heads) == bare);
      }
    }
  }
}

TEST_CASE("the empty plan denoises no head") {
  for (const AttentionShape& shape : shapes) {
    const Plan plan = empty_plan(shape);
    CHECK_NOTHROW(validate(plan));
    CHECK(plan.empty());
    for (std::size_t layer = 0; layer < shape.layers; ++layer) {
      CHECK(plan.own_key_heads(layer).empty());
      for (std::size_t q = 0; q < shape.query_heads; ++q) CHECK(!plan.denoises_query(layer, q));
      for (std::size_t k = 0; k < shape.key_heads; ++k) CHECK(!plan.denoises_key(layer, k));
    }
  }
}

TEST_CASE("a plan that does not hold together is an error") {
  const AttentionShape shape{2, 8, 4, 32, 32};
  const auto refuse = [](const Plan& plan) { CHECK_THROWS_AS(validate(plan), Error); };
  for (const GqaPolicy gqa : cases::policies) {
    const std::size_t units = shape.units(gqa);
    refuse({shape, ByAll{}, gqa, {{2, 0}}, {}});
    refuse({shape, ByAll{}, gqa, {{0, units}}, {}});
    refuse({shape, ByAll{}, gqa, {{0, 1}, {0, 0}}, {}});
    refuse({shape, ByAll{}, gqa, {{0, 1}, {0, 1}}, {}});
    refuse({shape, ByAll{}, gqa, {{0, 1}}, {{1.0, 1.0}}});
    refuse({shape, matched, gqa, {{0, 1}}, {}});
    refuse({shape, matched, gqa, {{0, 1}}, {{1.0, 1.0}, {1.0, 1.0}}});
    refuse({shape, ByGaussian{.sigma = -1.0}, gqa, {{0, 1}}, {}});
    for (const double bad : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
      refuse({shape, matched, gqa, {{0, 1}}, {{bad, 1.0}}});
      refuse({shape, matched, gqa, {{0, 1}}, {{1.0, bad}}});
    }
    CHECK_THROWS_AS(static_cast<void>(make_plan(shape, ByAll{}, gqa, {{0, 1}, {0, 1}})), Error);
    CHECK_THROWS_AS(static_cast<void>(make_plan(shape, matched, gqa, {{0, 1}}, {{1, 1}, {1, 1}})), Error);
  }
  const AttentionShape bad_shapes[] = {{0, 8, 4, 32, 32},
                                       {2, 0, 4, 32, 32},
                                       {2, 8, 0, 32, 32},
                                       {2, 8, 3, 32, 32},
                                       {2, 2, 4, 32, 32},
                                       {2, 8, 4, 32, 34},
                                       {2, 8, 4, 32, 7},
                                       {2, 8, 4, 32, 0},
                                       {most_layers + 1, 8, 4, 32, 32},
                                       {2, most_heads + 1, 1, 32, 32},
                                       {2, 8, 4, widest_head + 2, 32}};
  for (const AttentionShape& bad : bad_shapes) refuse({bad, ByAll{}, GqaPolicy::per_query_head, {}, {}});
}
