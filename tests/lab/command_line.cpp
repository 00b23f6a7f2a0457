// SPDX-License-Identifier: MIT
#include "lab/support/command_line.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "dope/core/error.hpp"

TEST_CASE("lengths: tokens, and parts and multiples of the training length") {
  const auto tokens = [](const char* text) { return lab::length_of("length", text).tokens(512); };
  CHECK(tokens("1536") == 1536);
  CHECK(tokens("L") == 512);
  CHECK(tokens("3L") == 1536);
  CHECK(tokens("L/4") == 128);
  CHECK(tokens("3L/2") == 768);
  CHECK(tokens("L/5") == 102);
  CHECK(tokens("16777216") == 16777216);
}

TEST_CASE("what is no length is an error that names the option") {
  for (const std::string text : {"", "0", "-1", "3X", "L4", "L/", "L/0", "0L", "1.5L", "LL", "L/2L", " L",
                                 "1e3", "16777217", "99999999999999999999", "l"}) {
    CAPTURE(text);
    try {
      static_cast<void>(lab::length_of("length", text));
      FAIL("accepted");
    } catch (const dope::Error& error) {
      CHECK(error.where() == "--length");
      CHECK(error.given() == '"' + text + '"');
    }
  }
}

TEST_CASE("lengths are shown as they are written") {
  CHECK(lab::length_text(512, 512) == "512 = L");
  CHECK(lab::length_text(1536, 512) == "1536 = 3L");
  CHECK(lab::length_text(128, 512) == "128 = L/4");
  CHECK(lab::length_text(513, 512) == "513");
  CHECK(lab::length_text(0, 512) == "0");
}

TEST_CASE("whole numbers, from least to most") {
  CHECK(lab::whole_number("n", "0", 0, 5) == 0);
  CHECK(lab::whole_number("n", "5", 0, 5) == 5);
  for (const std::string text : {"6", "-1", "", "5 ", "0x1", "1e0", "99999999999999999999"})
    CHECK_THROWS_AS(static_cast<void>(lab::whole_number("n", text, 0, 5)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(lab::whole_number("n", "1", 2, 5)), dope::Error);
}

TEST_CASE("a name that stands twice is an error that names it") {
  CHECK_NOTHROW(lab::require_distinct("n", {}));
  CHECK_NOTHROW(lab::require_distinct("n", {"a", "b", "ab"}));
  try {
    lab::require_distinct("n", {"a", "b", "c", "b"});
    FAIL("accepted");
  } catch (const dope::Error& error) {
    CHECK(error.where() == "--n");
    CHECK(error.given() == "\"b\" twice");
  }
}

TEST_CASE("split") {
  using Parts = std::vector<std::string>;
  CHECK(lab::split("a,b", ',') == Parts{"a", "b"});
  CHECK(lab::split("a,,b,", ',') == Parts{"a", "", "b", ""});
  CHECK(lab::split("", ',') == Parts{""});
}
