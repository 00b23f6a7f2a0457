// SPDX-License-Identifier: MIT
#include "dope/denoise/transform_text.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "denoise/cases.hpp"

using namespace dope;

TEST_CASE("a transform's words read back as the same transform, sigma to the last bit") {
  auto all = cases::transforms();
  for (const double sigma : {0.0, 0.1, 1.0 / 3.0, 1e-300, 1.7976931348623157e308, 0x1.fffffffffffffp-1}) {
    all.push_back(ByGaussian{.sigma = sigma, .seed = std::numeric_limits<std::uint64_t>::max()});
  }
  all.push_back(ByGaussian{.spread = ByGaussian::Spread::matched});
  for (const Transform& transform : all) CHECK(parse_transform(name_of(transform)) == transform);
}

TEST_CASE("what is left out is at its default, in any order") {
  CHECK(parse_transform("by_parts") == Transform{ByParts{}});
  CHECK(parse_transform("by_all()") == Transform{ByAll{}});
  CHECK(parse_transform("by_gaussian") == Transform{ByGaussian{}});
  CHECK(parse_transform("by_gaussian(seed=7,reading=modulate)") ==
        Transform{ByGaussian{.reading = ByGaussian::Reading::modulate, .seed = 7}});
  CHECK(parse_transform("by_parts( threshold=scaled , reading=remove )") ==
        Transform{ByParts{ByParts::Reading::remove, ByParts::Threshold::scaled}});
}

TEST_CASE("other words are errors") {
  for (const char* text : {"",
                           "by",
                           "by_all(",
                           "by_all)",
                           "by_all(reading)",
                           "by_all(reading=)",
                           "by_all(reading=replace)",
                           "by_all(reading=remove,)",
                           "by_all(reading=remove,reading=remove)",
                           "by_all(threshold=native)",
                           "by_all() ",
                           "by_all(reading=remove",
                           "by_gaussian(sigma=1x)",
                           "by_gaussian(sigma=)",
                           "by_gaussian(sigma=-1)",
                           "by_gaussian(sigma=nan)",
                           "by_gaussian(sigma=inf)",
                           "by_gaussian(seed=-1)",
                           "by_gaussian(seed=1.5)",
                           "by_gaussian(reading=modulate, spread=matched)"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(static_cast<void>(parse_transform(text)), Error);
  }
}

TEST_CASE("every enumeration's names read back, and no others") {
  const auto round_trip = []<class E>(E, int count) {
    for (int i = 0; i < count; ++i) CHECK(parse<E>(name_of(static_cast<E>(i))) == static_cast<E>(i));
    CHECK_THROWS_AS(static_cast<void>(parse<E>("")), Error);
    CHECK_THROWS_AS(static_cast<void>(parse<E>("Query")), Error);
  };
  round_trip(Side{}, 2);
  round_trip(GqaPolicy{}, 2);
  round_trip(ByParts::Reading{}, 2);
  round_trip(ByParts::Threshold{}, 2);
  round_trip(ByAll::Reading{}, 2);
  round_trip(ByGaussian::Reading{}, 2);
  round_trip(ByGaussian::Spread{}, 2);
}
