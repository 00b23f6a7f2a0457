// SPDX-License-Identifier: MIT
#include "lab/support/plan_json.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/support/files.hpp"
#include "lab/temporary_folder.hpp"
#include "transformer/atomic_file.hpp"

using dope::ByAll;
using dope::ByGaussian;
using dope::ByParts;
using dope::GqaPolicy;
using nlohmann::ordered_json;

namespace {

const dope::AttentionShape shape{4, 8, 4, 32, 30};
const lab::PlanOrigin origin = {
    {"indicator", "post_ntk key truncated_mean(r=8)"}, {"order", "ascending"}, {"", "\"ä\n"}};

std::vector<dope::Transform> all_transforms() {
  std::vector<dope::Transform> transforms;
  for (const auto reading : {ByParts::Reading::identity, ByParts::Reading::remove}) {
    for (const auto threshold : {ByParts::Threshold::native, ByParts::Threshold::scaled}) {
      transforms.push_back(ByParts{reading, threshold});
    }
  }
  for (const auto reading : {ByAll::Reading::identity, ByAll::Reading::remove})
    transforms.push_back(ByAll{reading});
  for (const double sigma : {0.0, 1.0, 0.1, 1.0 / 3.0, 5e-324, std::numeric_limits<double>::max()}) {
    for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{42}, ~std::uint64_t{0}}) {
      transforms.push_back(ByGaussian{ByGaussian::Reading::replace, ByGaussian::Spread::fixed, sigma, seed});
      transforms.push_back(
          ByGaussian{ByGaussian::Reading::replace, ByGaussian::Spread::matched, sigma, seed});
      transforms.push_back(ByGaussian{ByGaussian::Reading::modulate, ByGaussian::Spread::fixed, sigma, seed});
    }
  }
  return transforms;
}

template <class Check>
void for_all_plans(Check check) {
  for (const auto& transform : all_transforms()) {
    for (const GqaPolicy gqa : {GqaPolicy::per_query_head, GqaPolicy::per_key_group}) {
      for (const std::vector<dope::HeadId>& heads :
           {std::vector<dope::HeadId>{}, {{3, 3}}, {{0, 0}, {0, 3}, {2, 1}, {3, 0}}}) {
        std::vector<dope::HeadSpread> spreads;
        const auto* noise = std::get_if<ByGaussian>(&transform);
        if (noise != nullptr && noise->spread == ByGaussian::Spread::matched) {
          for (std::size_t i = 0; i < heads.size(); ++i) {
            spreads.push_back({0.1 * static_cast<double>(i), 1.0 / 7.0});
          }
        }
        check(dope::make_plan(shape, transform, gqa, heads, spreads));
      }
    }
  }
}

dope::Plan example() {
  return dope::make_plan(shape,
                         ByGaussian{ByGaussian::Reading::replace, ByGaussian::Spread::matched, 1.0, 42},
                         GqaPolicy::per_query_head, {{1, 2}, {3, 7}}, {{0.5, 0.25}, {1.5, 2.5}});
}

/// Every object in `root`, by JSON pointer.
void collect_objects(const ordered_json& node, const std::string& at, std::vector<std::string>& found) {
  if (node.is_object()) found.push_back(at);
  if (node.is_structured()) {
    for (const auto& [name, child] : node.items()) collect_objects(child, at + "/" + name, found);
  }
}

/// The message that parse_plan refuses `text` with.
std::string refusal(const std::string& text) {
  try {
    (void)lab::parse_plan(text, "plan.json");
  } catch (const dope::Error& error) {
    return error.what();
  }
  FAIL("accepted: " << text);
  return {};
}

}  // namespace

TEST_CASE("round trip: every transform, reading, policy and set of heads, to the last bit") {
  for_all_plans([](const dope::Plan& plan) {
    const std::string json = lab::plan_json(plan, origin);
    const auto saved = lab::parse_plan(json, "plan.json");
    CHECK(saved.plan == plan);
    CHECK(saved.origin == origin);
    CHECK(lab::plan_json(saved.plan, saved.origin) == json);
    CHECK(lab::parse_plan(lab::plan_json(plan, {}), "plan.json").origin.empty());
  });
}

TEST_CASE("the written form is fixed") {
  const auto plan = dope::make_plan(shape, ByParts{}, GqaPolicy::per_key_group, {{2, 1}});
  CHECK(
      ordered_json::parse(lab::plan_json(plan, {{"order", "ascending"}})).dump() ==
      "{\"dope_plan\":1,\"shape\":{\"layers\":4,\"query_heads\":8,\"key_heads\":4,\"head_width\":32,"
      "\"rotated_width\":30},\"gqa\":\"per_key_group\",\"transform\":{\"name\":\"by_parts\",\"reading\":"
      "\"identity\","
      "\"threshold\":\"native\"},\"heads\":[{\"layer\":2,\"head\":1}],\"origin\":{\"order\":\"ascending\"}}");
}

TEST_CASE("text cut at any byte is refused") {
  const std::string json = lab::plan_json(example(), origin);
  for (std::size_t size = 0; size + 2 < json.size(); ++size) {
    CHECK(refusal(json.substr(0, size)).find("plan.json") != std::string::npos);
  }
}

TEST_CASE("an unknown field in any object is refused, and so is a field twice") {
  const auto root = ordered_json::parse(lab::plan_json(example(), {}));
  std::vector<std::string> objects;
  collect_objects(root, "", objects);
  CHECK(objects.size() == 6);
  for (const std::string& at : objects) {
    CAPTURE(at);
    auto changed = root;
    changed[ordered_json::json_pointer(at)]["surprise"] = 1;
    CHECK(refusal(changed.dump()).find("surprise") != std::string::npos);
  }
  std::string twice = root.dump();
  twice.insert(1, "\"gqa\":\"per_key_group\",");
  CHECK(refusal(twice).find("twice") != std::string::npos);
  twice = root.dump();
  twice.insert(twice.find("\"layer\""), "\"layer\":0,");
  CHECK(refusal(twice).find("twice") != std::string::npos);
}

TEST_CASE("a missing field, or one of another type, is refused and named; only origin may be missing") {
  const auto root = ordered_json::parse(lab::plan_json(example(), origin));
  const auto flat = root.flatten();
  std::vector<std::string> places = {"/shape", "/transform", "/heads"};
  for (const auto& [place, value] : flat.items()) {
    if (!place.starts_with("/origin")) places.push_back(place);
  }
  CHECK(places.size() == 3 + 1 + 5 + 1 + 5 + 2 * 4);
  for (const std::string& place : places) {
    CAPTURE(place);
    const ordered_json::json_pointer pointer(place);
    auto missing = root;
    missing[pointer.parent_pointer()].erase(pointer.back());
    CHECK(refusal(missing.dump()).find(pointer.back()) != std::string::npos);
    for (const auto& wrong :
         {ordered_json(nullptr), ordered_json(true), ordered_json(ordered_json::array({1})), ordered_json(-1),
          ordered_json("nonsense")}) {
      auto changed = root;
      changed[pointer] = wrong;
      CAPTURE(wrong.dump());
      CHECK(refusal(changed.dump()).find("plan.json") != std::string::npos);
    }
  }
  auto without = root;
  without.erase("origin");
  CHECK(lab::parse_plan(without.dump(), "plan.json").plan == example());
  without["origin"] = {{"a", 1}};
  CHECK(refusal(without.dump()).find("'a'") != std::string::npos);
}

TEST_CASE("plans that say what no plan may are refused") {
  const auto root = ordered_json::parse(lab::plan_json(example(), {}));
  const auto refused = [&](const char* place, const ordered_json& value) {
    auto changed = root;
    changed[ordered_json::json_pointer(place)] = value;
    CAPTURE(place);
    CHECK(refusal(changed.dump()).find("plan.json") != std::string::npos);
  };
  refused("/dope_plan", 2);
  refused("/shape/key_heads", 3);
  refused("/shape/rotated_width", 34);
  refused("/shape/layers", 3);  // a head's layer lies outside
  refused("/heads/0/head", 8);  // a head outside
  refused("/heads/0/layer", 3.5);
  refused("/heads/1/layer", 0);           // out of order
  refused("/heads/1", root["heads"][0]);  // twice
  refused("/heads/0/key_spread", -0.5);
  refused("/transform/sigma", -1.0);
  refused("/transform/seed", 1.0);
  refused("/transform/spread", "fixed");  // spreads that nothing asks for
  refused("/transform/reading", "modulate");
  refused("/transform/name", "by_parts");
  CHECK(refusal("[]").find("plan.json") != std::string::npos);
  CHECK(refusal("{\"dope_plan\":1e999}").find("plan.json") != std::string::npos);
  CHECK(refusal("{\"dope_plan\":18446744073709551617}").find("plan.json") != std::string::npos);
}

TEST_CASE(
    "a plan is loaded from its file; an invalid one has no text, and a file that is not there is an error") {
  const lab::test::TemporaryFolder folder;
  reference::write_file_whole(folder / "plan.json", lab::plan_json(example(), origin));
  auto bad = example();
  bad.heads[0].layer = 9;
  CHECK_THROWS_AS((void)lab::plan_json(bad, origin), dope::Error);
  const auto saved = lab::load_plan(folder / "plan.json");
  CHECK(saved.plan == example());
  CHECK(saved.origin == origin);
  CHECK_THROWS_AS((void)lab::load_plan(folder / "absent.json"), dope::Error);
}
