// SPDX-License-Identifier: MIT
#include "lab/support/lexicon.hpp"

#include <doctest/doctest.h>

#include <string>

#include "dope/core/error.hpp"
#include "lab/fixtures.hpp"

TEST_CASE("the embedded lexicon has every list its sentences name") {
  const auto& lexicon = lab::test::lexicon();
  CHECK(lexicon.sentences.size() == 14);
  CHECK(lexicon.words.size() == 7);
  CHECK(lexicon.words.at("noun").front() == "river");
  CHECK(lexicon.words.at("person").back() == "the watchman");
}

TEST_CASE("a broken lexicon is an error that names the file") {
  for (const std::string json :
       {"", "{", "[]", "{}", R"({"noun": ["a"]})", R"({"sentence": []})", R"({"sentence": [1]})",
        R"({"sentence": [""]})", R"({"sentence": "a"})", R"({"sentence": ["a {noun}"]})",
        R"({"sentence": ["a {noun"], "noun": ["b"]})", R"({"sentence": ["a"], "noun": ["b", null]})",
        R"({"sentence": ["a {}"]})", R"({"sentence": {"0": "a"}})"}) {
    CAPTURE(json);
    try {
      (void)lab::parse_lexicon(json, "words.json");
      FAIL("accepted");
    } catch (const dope::Error& error) {
      CHECK(error.where().find("words.json") != std::string::npos);
    }
  }
  CHECK_THROWS_AS((void)lab::load_lexicon("/nonexistent/lexicon.json"), dope::Error);
  CHECK_THROWS_AS((void)lab::load_lexicon("/"), dope::Error);
}

TEST_CASE("a capital in a slot asks for a capital in the word, from the same list") {
  const auto lexicon = lab::parse_lexicon(R"({"sentence": ["{Noun} {noun}."], "noun": ["a b"]})", "inline");
  CHECK(lexicon.words.size() == 1);
}
