// SPDX-License-Identifier: MIT
#include "dope/core/error.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>

TEST_CASE("what() is where: given, expected, and the three parts are kept apart") {
  const dope::Error error("rotate", "3 rows", "4 rows");
  CHECK(std::string(error.what()) == "rotate: given 3 rows, expected 4 rows");
  CHECK(error.where() == "rotate");
  CHECK(error.given() == "3 rows");
  CHECK(error.expected() == "4 rows");
}

TEST_CASE("an Error is caught as std::runtime_error and survives copying") {
  static_assert(std::is_base_of_v<std::runtime_error, dope::Error>);
  static_assert(std::is_nothrow_copy_constructible_v<std::runtime_error>);
  std::string seen;
  try {
    throw dope::Error("a", "b", "c");
  } catch (const std::runtime_error& error) {
    seen = error.what();
  }
  CHECK(seen == "a: given b, expected c");
}

TEST_CASE("text joins strings, views and numbers in order") {
  const std::string owned = "rows";
  CHECK(dope::detail::text("of ", std::size_t{18446744073709551615u}, " ", owned, std::string_view(" < "),
                           -7) == "of 18446744073709551615 rows < -7");
  CHECK(dope::detail::text("layer", '/', 3, ' ', true) == "layer/3 true");
}

TEST_CASE("a floating-point number in a text is the shortest that reads back as the same value") {
  using dope::detail::text;
  CHECK(text(1.0, " ", 0.1, " ", -2.5, " ", 1e30, " ", 5e-324) == "1 0.1 -2.5 1e+30 5e-324");
  CHECK(text(0.1f, " ", 1.0f / 3.0f) == "0.1 0.33333334");
  CHECK(text(std::numeric_limits<double>::infinity(), " ", std::numeric_limits<double>::quiet_NaN()) ==
        "inf nan");
  CHECK(text(10000000.000001, " ", 1.0 / 3.0) == "10000000.000001 0.3333333333333333");
}

TEST_CASE(
    "fail throws the Error of its three texts, and contexts say where, outermost first, while they live") {
  const auto where = [] {
    try {
      dope::fail("inner", "1", "2");
    } catch (const dope::Error& error) {
      CHECK(error.given() == "1");
      CHECK(error.expected() == "2");
      return error.where();
    }
  };
  CHECK(where() == "inner");
  int head = 3;
  {
    const dope::detail::ErrorContext outer([] { return std::string("layer 5"); });
    {
      const dope::detail::ErrorContext context([&] { return dope::detail::text("head ", head); });
      CHECK(where() == "layer 5: head 3: inner");
      head = 4;
      CHECK(where() == "layer 5: head 4: inner");
      std::string elsewhere;
      std::thread([&] { elsewhere = where(); }).join();
      CHECK(elsewhere == "inner");
    }
    CHECK(where() == "layer 5: inner");
    try {
      const dope::detail::ErrorContext left([] { return std::string("left by an Error"); });
      dope::fail("a", "b", "c");
    } catch (const dope::Error& error) {
      CHECK(error.where() == "layer 5: left by an Error: a");
    }
    CHECK(where() == "layer 5: inner");
  }
  CHECK(where() == "inner");
}
