// SPDX-License-Identifier: MIT
#include "lab/support/sweep.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string>
#include <vector>

namespace {

constexpr dope::AttentionShape shape{2, 4, 2, 32, 32};

std::vector<dope::HeadScore> scores_from(const std::vector<double>& values) {
  std::vector<dope::HeadScore> scores;
  for (std::size_t i = 0; i < values.size(); ++i) scores.push_back({{i / 4, i % 4}, values[i]});
  return scores;
}

}  // namespace

TEST_CASE("a sweep tries every set of heads once, and names all that select it") {
  const std::vector<dope::Indicator> indicators = {
      {dope::Stage::post_ntk, dope::ScoredSide::key, dope::VonNeumann{}},
      {dope::Stage::pre_ntk, dope::ScoredSide::query, dope::TruncatedMean{8}}};
  const std::vector<std::vector<dope::HeadScore>> scores = {scores_from({1, 2, 3, 4, 5, 6, 7, 8}),
                                                            scores_from({1, 2, 3, 4, 5, 6, 8, 7})};
  const std::vector<dope::Transform> transforms = {dope::ByParts{}, dope::ByAll{}};
  const std::vector<std::size_t> counts = {1, 2};
  const auto candidates =
      lab::sweep(shape, dope::GqaPolicy::per_query_head, transforms, indicators, scores, counts, {});

  // Ascending: {0.0}, {0.0 0.1} by both. Descending: {1.3}, {1.2}, and {1.2 1.3} by both.
  REQUIRE(candidates.size() == 2 * 5);
  std::size_t selectors = 0;
  std::set<std::pair<std::string, std::vector<dope::HeadId>>> distinct;
  for (const auto& candidate : candidates) {
    selectors += candidate.selectors.size();
    distinct.emplace(dope::name_of(candidate.plan.transform), candidate.plan.heads);
    for (const auto& selector : candidate.selectors) {
      const std::size_t which = selector.indicator == indicators[0] ? 0 : 1;
      auto heads = dope::select(scores[which], dope::Count{selector.count}, selector.order);
      std::sort(heads.begin(), heads.end());
      CHECK(heads == candidate.plan.heads);
    }
  }
  CHECK(distinct.size() == candidates.size());
  CHECK(selectors == 2 * 2 * 2 * 2);  // transforms × indicators × orders × counts
  CHECK(lab::name_of(candidates.front().selectors.front()) == "post_ntk/key/von_neumann ascending n=1");
}

TEST_CASE("a matched spread comes from the unit's own measurement") {
  const std::vector<dope::HeadSpread> spreads = {{1, 2},  {3, 4},   {5, 6},   {7, 8},
                                                 {9, 10}, {11, 12}, {13, 14}, {15, 16}};
  const dope::ByGaussian matched{dope::ByGaussian::Reading::replace, dope::ByGaussian::Spread::matched, 1.0,
                                 42};
  const auto plan = lab::plan_for(shape, dope::GqaPolicy::per_query_head, matched, {{1, 2}, {0, 1}}, spreads);
  CHECK(plan.heads == std::vector<dope::HeadId>{{0, 1}, {1, 2}});
  CHECK(plan.spreads == std::vector<dope::HeadSpread>{{3, 4}, {13, 14}});
  CHECK(lab::plan_for(shape, dope::GqaPolicy::per_query_head, dope::ByAll{}, {{0, 1}}, spreads)
            .spreads.empty());
  CHECK_THROWS_AS(
      static_cast<void>(lab::plan_for(shape, dope::GqaPolicy::per_query_head, matched, {{1, 2}}, {})),
      dope::Error);
}

TEST_CASE("every indicator of a sweep can rank, and is there once") {
  for (const auto breadth : {lab::Breadth::quick, lab::Breadth::full}) {
    for (const std::size_t width : std::initializer_list<std::size_t>{2, 6, 32, 128}) {
      const auto indicators = lab::sweep_indicators(breadth, width);
      REQUIRE(!indicators.empty());
      std::set<std::string> names;
      for (const auto& indicator : indicators) {
        CHECK_NOTHROW(dope::require_ranks(indicator.entropy));
        CHECK(names.insert(dope::name_of(indicator)).second);
        CHECK(dope::parse_indicator(dope::name_of(indicator)) == indicator);
      }
    }
  }
  // Three stages, three sides; six entropies, at width 32: 4 without r, 4 effective ranks, 5 means, 5 of
  // UNComp.
  CHECK(lab::sweep_indicators(lab::Breadth::full, 32).size() == 3 * 3 * 18);
}

TEST_CASE("counts stop at the heads there are") {
  CHECK(lab::sweep_counts(lab::Breadth::full, 32).size() == 16);
  CHECK(lab::sweep_counts(lab::Breadth::full, 5) == std::vector<std::size_t>{1, 2, 3, 4, 5});
  CHECK(lab::sweep_counts(lab::Breadth::quick, 2) == std::vector<std::size_t>{1});
}

TEST_CASE("lists of scores that do not fit the indicators are an error") {
  const std::vector<dope::Indicator> indicators = {
      {dope::Stage::post_ntk, dope::ScoredSide::key, dope::VonNeumann{}}};
  const std::vector<dope::Transform> transforms = {dope::ByAll{}};
  const std::vector<std::size_t> counts = {1};
  CHECK_THROWS_AS(static_cast<void>(lab::sweep(shape, dope::GqaPolicy::per_query_head, transforms, indicators,
                                               {}, counts, {})),
                  dope::Error);
}

TEST_CASE("all readings are valid, distinct, and of three transforms") {
  const auto all = lab::all_readings();
  CHECK(all.size() == 9);
  std::vector<std::size_t> per_transform(3);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK_NOTHROW(dope::validate(all[i]));
    ++per_transform.at(all[i].index());
    for (std::size_t j = 0; j < i; ++j) CHECK(!(all[i] == all[j]));
  }
  CHECK(per_transform == std::vector<std::size_t>{4, 2, 3});
}
