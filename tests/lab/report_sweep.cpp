// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "lab/report/sweep_view.hpp"

using report::Feature;
using report::Group;
using report::Selection;
using report::SweepCell;

namespace {

// Sums of few shares.
constexpr double rounding = 1e-12;

const double nothing = std::numeric_limits<double>::quiet_NaN();

Selection way(const std::string& side, const std::string& entropy, std::optional<std::size_t> r,
              const std::string& order, std::size_t n) {
  return {"post_ntk", side, entropy, r, order, n};
}

/// Five plans; one of them is selected in two ways, one has no log probability, one is of another transform.
SweepCell example() {
  const std::string all = "by_all(reading=identity)";
  SweepCell sweep;
  sweep.length = 300;
  sweep.baseline = {20, 8, -1.2};
  sweep.plans = {
      {all,
       {{0, 1}},
       {way("key", "truncated_mean", 8, "ascending", 1), way("query", "von_neumann", {}, "descending", 1)},
       {10, 4, -1.0}},
      {all, {{0, 2}}, {way("key", "truncated_mean", 8, "ascending", 3)}, {20, 6, -2.0}},
      {all, {{0, 3}}, {way("key", "truncated_mean", 1, "ascending", 3)}, {20, 6, -1.5}},
      {all, {{0, 4}}, {way("query", "von_neumann", {}, "ascending", 3)}, {10, 9, nothing}},
      {"by_parts", {{1, 0}}, {way("key", "truncated_mean", 8, "ascending", 1)}, {10, 10, -0.5}}};
  return sweep;
}

void check(const Group& group, const std::string& value, std::size_t ways, double mean, double log,
           std::size_t hits, std::size_t prompts) {
  CAPTURE(value);
  CHECK(group.value == value);
  CHECK(group.ways == ways);
  CHECK(std::abs(group.mean_share - mean) < rounding);
  CHECK(std::abs(group.mean_log_probability - log) < rounding);
  CHECK(group.best.hits == hits);
  CHECK(group.best.prompts == prompts);
}

}  // namespace

TEST_CASE("a plan counts for each way that leads to it; best is of the plans tried on most prompts") {
  const auto sweep = example();
  const auto by_n = report::groups_by(Feature::n, sweep, "by_all(reading=identity)");
  REQUIRE(by_n.size() == 2);
  check(by_n[0], "1", 2, 0.4, -1.0, 4, 10);
  // Shares 0.3, 0.3, 0.9; the 9 of 10 saw fewer prompts; of two with 6 of 20 the log probability decides.
  check(by_n[1], "3", 3, 0.5, -1.75, 6, 20);
  CHECK(by_n[1].best.log_probability == -1.5);

  const auto by_r = report::groups_by(Feature::r, sweep, "by_all(reading=identity)");
  REQUIRE(by_r.size() == 3);
  check(by_r[0], "all", 2, 0.65, -1.0, 9, 10);
  check(by_r[1], "1", 1, 0.3, -1.5, 6, 20);
  check(by_r[2], "8", 2, 0.35, -1.5, 6, 20);

  const auto by_order = report::groups_by(Feature::order, sweep, "by_all(reading=identity)");
  REQUIRE(by_order.size() == 2);
  check(by_order[0], "ascending", 4, (0.4 + 0.3 + 0.3 + 0.9) / 4, -1.5, 6, 20);
  check(by_order[1], "descending", 1, 0.4, -1.0, 4, 10);

  const auto by_side = report::groups_by(Feature::side, sweep, "by_parts");
  REQUIRE(by_side.size() == 1);
  check(by_side[0], "key", 1, 1.0, -0.5, 10, 10);
}

TEST_CASE("n and r ascend as numbers") {
  SweepCell sweep;
  for (const std::size_t n : {16u, 2u, 9u})
    sweep.plans.push_back({"t", {}, {way("key", "e", n, "o", n)}, {1, 0, 0.0}});
  for (const Feature feature : {Feature::n, Feature::r}) {
    std::string order;
    for (const auto& group : report::groups_by(feature, sweep, "t")) order += group.value + " ";
    CHECK(order == "2 9 16 ");
  }
}

TEST_CASE("a sweep's pictures carry their values; one without plans has none") {
  const auto blocks = report::sweep_blocks({example()}, 100);
  std::vector<std::string> kinds;
  for (const auto& block : blocks) {
    if (const auto* picture = std::get_if<page::Picture>(&block)) kinds.push_back(picture->kind);
  }
  CHECK(kinds == std::vector<std::string>{"accuracy-against-n", "log-probability-against-n",
                                          "accuracy-against-r", "log-probability-against-r",
                                          "accuracy-by-choice"});
  const auto& best = std::get<page::Sheet>(blocks.at(1));
  REQUIRE(best.rows.size() == 3);
  CHECK(best.rows[0][9] == "8/20");
  CHECK(best.rows[1] == std::vector<std::string>{"by_all", "300 = 3L", "key", "1", "3", "post_ntk",
                                                 "ascending", "truncated_mean", "0.3", "6/20", "-1.500",
                                                 "4"});
  CHECK(best.rows[2][0] == "by_parts");
  CHECK(report::sweep_blocks({}, 100).empty());
  auto empty = example();
  empty.plans.clear();
  CHECK(report::sweep_blocks({empty}, 100).empty());
}
