// SPDX-License-Identifier: MIT
#include "levels/level.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dope/core/error.hpp"

#if defined(DOPE_LEVELS)
extern "C" {
int static_object_baseline(const char** text);
int static_object_v3(const char** text);
int static_object_v4(const char** text);
}
#endif

TEST_CASE("every processor has the first level, and those below its highest") {
  const auto available = levels::available_levels();
  REQUIRE(!available.empty());
  CHECK(available.front() == levels::Level::baseline);
  CHECK(std::is_sorted(available.begin(), available.end()));
  for (const levels::Level level : available) CHECK(levels::level_named(levels::name_of(level)) == level);
}

TEST_CASE("without a name it is the highest; a name that is none is refused") {
  CHECK(levels::level_named("") == levels::available_levels().back());
  for (const auto* name : {"x86-64-v2", "x86-64-v5", "v3", "X86-64", "native", " x86-64"}) {
    CAPTURE(name);
    try {
      static_cast<void>(levels::level_named(name));
      FAIL("taken");
    } catch (const dope::Error& error) {
      CHECK(error.where() == "DOPE_LEVEL");
      CHECK(error.given() == name);
      for (const levels::Level level : levels::available_levels())
        CHECK(error.expected().find(levels::name_of(level)) != std::string::npos);
    }
  }
}

#if defined(DOPE_LEVELS)
TEST_CASE("levels that this target's own instructions ask for are available") {
  const auto available = levels::available_levels();
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512CD__) && defined(__AVX512DQ__) && \
    defined(__AVX512VL__)
  CHECK(available.size() == 3);
#elif defined(__AVX2__) && defined(__FMA__) && defined(__BMI2__) && defined(__F16C__)
  CHECK(available.size() >= 2);
#else
  CHECK(available.size() >= 1);
#endif
}

namespace {

using Entry = int (*)(const char**);

Entry static_object(levels::Level level) {
  if (level == levels::Level::v4) return static_object_v4;
  return level == levels::Level::v3 ? static_object_v3 : static_object_baseline;
}

/// While this program's own static objects are made, before any test.
const std::vector<int> made_at_first = [] {
  std::vector<int> made;
  const char* text = nullptr;
  for (const levels::Level level : levels::available_levels()) made.push_back(static_object(level)(&text));
  return made;
}();

}  // namespace

TEST_CASE("static objects are made when their level starts: not before, once, and each level's are its own") {
  CHECK(made_at_first == std::vector<int>(levels::available_levels().size(), 0));
  for (const levels::Level level : levels::available_levels()) {
    CAPTURE(levels::name_of(level));
    const char* text = nullptr;
    for (const int time : {1, 2}) {
      CAPTURE(time);
      levels::start(level);
      CHECK(static_object(level)(&text) == 1);
      CHECK(text == std::string("42"));
    }
  }
}
#endif
