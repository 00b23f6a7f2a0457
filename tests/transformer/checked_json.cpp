// SPDX-License-Identifier: MIT
#include "transformer/checked_json.hpp"

#include <doctest/doctest.h>

#include <string>

#include "dope/core/error.hpp"

namespace {

using Text = std::string;

Text nested(std::size_t levels) { return "{\"a\":" + Text(levels - 1, '[') + Text(levels - 1, ']') + "}"; }

/// What both parsers say is given; "taken" where they take the text.
Text refusal(const Text& text) {
  const auto given = [&](auto parse) -> Text {
    try {
      static_cast<void>(parse(text, "file f, line 7"));
    } catch (const dope::Error& error) {
      CHECK(error.where() == "file f, line 7");
      return error.given();
    }
    return "taken";
  };
  const Text plain =
      given([](const Text& t, const char* where) { return reference::parse_object(t, where); });
  const Text ordered =
      given([](const Text& t, const char* where) { return reference::parse_ordered_object(t, where); });
  CHECK(plain == ordered);
  return plain;
}

}  // namespace

TEST_CASE("one limit on nesting, checked before anything recurses") {
  CHECK(refusal(nested(reference::deepest_json)) == "taken");
  CHECK(refusal(nested(reference::deepest_json + 2)) == "JSON nested too deeply");
  CHECK(refusal(nested(100000)) == "JSON nested too deeply");
  CHECK(refusal("{\"a\":" + Text(10'000'000, '[')) == "JSON nested too deeply");
  Text objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  CHECK(refusal(objects) == "JSON nested too deeply");
}

TEST_CASE("broken JSON says where, in one line without a word of the parser") {
  for (const Text text : {"", "{", "[1]", "1", "{\"a\":1,}", "{\"a\":1}x", "{\"a\":tru}", "{\"a\":01}",
                          "{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":1e999}", "{\"a\":\"\x1b\"}",
                          "{\"a\":nan}", "\xef\xbb\xbf{\"a\"}"}) {
    CAPTURE(text);
    const Text given = refusal(text);
    CHECK(given != "taken");
    CHECK(given.find("exception") == Text::npos);
    CHECK(given.find('\n') == Text::npos);
    CHECK(given.find('\x1b') == Text::npos);
    CHECK(given.size() < 200);
  }
  CHECK(refusal("{\"a\":1,\n\"b\":}").find("byte 13 (line 2)") != Text::npos);
  CHECK(refusal("{\"a\":1,\"b\":{\"a\":2,\"a\":3}}") == "the key 'a' twice");
  CHECK(refusal("{\"a\":1,\"b\":{\"a\":2}}") == "taken");
  CHECK(refusal(Text("{\"a\":1}\0", 8)) == "a NUL byte");
}

TEST_CASE("an ordered object has a bounded number of keys") {
  const auto keys = [](int count) {
    Text text = "{";
    for (int i = 0; i < count; ++i) text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
    return text + "}";
  };
  CHECK(reference::parse_ordered_object(keys(1024), "f").size() == 1024);
  CHECK_THROWS_AS(static_cast<void>(reference::parse_ordered_object(keys(1025), "f")), dope::Error);
  CHECK(reference::parse_object(keys(5000), "f").size() == 5000);
}
