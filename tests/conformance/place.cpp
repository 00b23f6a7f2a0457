// SPDX-License-Identifier: MIT
#include "dope/conformance/place.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "dope/conformance/catalogue.hpp"
#include "dope/conformance/inputs.hpp"

namespace kit = dope::conformance;
using kit::ElementKind;
using kit::detail::Place;

namespace {

kit::Array array_of(const std::string& name, std::vector<std::size_t> shape) {
  return {name, kit::Element::float32, std::move(shape), {}};
}

Place place_at(std::int64_t token, std::int64_t head, std::int64_t channel, std::int64_t band) {
  return {ElementKind::turned, token, 100 + token, head, channel, band, 0, 0};
}

}  // namespace

TEST_CASE("places: an element without a token is named by its indices, a guard by its own word") {
  Place place;
  CHECK(kit::detail::text_of(place, array_of("heads", {2, 3, 4}), 23) == "heads[1, 2, 3]");
  CHECK(kit::detail::text_of(place, array_of("heads", {2, 3, 4}), 4) == "heads[0, 1, 0]");
  place.kind = ElementKind::guard;
  CHECK(kit::detail::text_of(place, array_of("y", {40}), 17) == "guard element y[17]");
}

TEST_CASE("places: any other is named by token, position, head, channel, and band where it has one") {
  CHECK(kit::detail::text_of(place_at(3, 2, 5, 1), array_of("q", {4, 4, 8}), 0) ==
        "q, token 3 (position 103), head 2, channel 5 (band 1)");
  CHECK(kit::detail::text_of(place_at(0, 0, 7, -1), array_of("k", {4, 4, 8}), 0) ==
        "k, token 0 (position 100), head 0, channel 7");
}

TEST_CASE("places: values of an axis that are wrong in part are listed up to four, then counted") {
  const std::set<std::int64_t> all = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  const auto text = [&](const std::set<std::int64_t>& wrong) {
    return kit::detail::axis_text("band", wrong, all);
  };
  CHECK(text({}).empty());
  CHECK(text(all).empty());
  CHECK(text({4}) == "only band 4");
  CHECK(text({6, 7, 8}) == "only bands from 6 on");
  CHECK(text({0, 1}) == "only bands up to 1");
  CHECK(text({0, 1, 2, 3, 5, 6, 7, 8}) == "all but band 4");
  CHECK(text({0, 2, 4, 6}) == "only bands 0, 2, 4, 6");
  CHECK(text({0, 2, 4, 6, 8}) == "5 of 9 bands");
}

TEST_CASE("places: what wrong elements share is said of the arrays that have them") {
  // Two arrays of four heads each.
  const std::vector<kit::Array> expected = {array_of("q", {1, 4, 1}), array_of("k", {1, 4, 1})};
  std::vector<std::vector<Place>> places(2);
  for (auto& of_array : places) {
    for (std::int64_t head = 0; head < 4; ++head) of_array.push_back(place_at(0, head, 0, -1));
  }
  const auto where = [&](std::vector<std::vector<bool>> wrong) {
    for (auto& of_array : places) {
      for (Place& place : of_array) place.half = -1;
    }
    return kit::detail::where(expected, places, wrong);
  };
  CHECK(where({{true, false, false, false}, {false, false, false, false}}) == "only q, only head 0");
  CHECK(where({{false, false, false, false}, {false, false, false, true}}) == "only k, only head 3");
  CHECK(where({{true, false, true, false}, {true, false, true, false}}) == "only heads 0, 2");
  CHECK(where({{true, true, true, true}, {true, true, true, true}}).empty());
}

TEST_CASE("places: each element of a denoise output has its call") {
  std::size_t chunked = 0;
  for (const kit::Case& c : kit::catalogue()) {
    const auto* task = std::get_if<kit::DenoiseTask>(&c.task);
    if (task == nullptr) continue;
    CAPTURE(c.name);
    const std::size_t width = task->plan.shape.head_width;
    const std::size_t heads = task->plan.shape.query_heads;
    const std::vector<Place> places = kit::detail::places_of(c, 0, task->tokens() * heads * width);
    std::size_t token = 0;
    for (std::size_t call = 0; call < task->chunks.size(); ++call) {
      for (const std::size_t end = token + task->chunks[call]; token < end; ++token) {
        CHECK(places[token * heads * width].call == static_cast<std::int64_t>(call));
        CHECK(places[token * heads * width].token == static_cast<std::int64_t>(token));
      }
    }
    chunked += task->chunks.size() > 1 ? 1 : 0;
  }
  CHECK(chunked > 0);
}
