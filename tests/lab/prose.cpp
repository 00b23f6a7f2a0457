// SPDX-License-Identifier: MIT
#include "lab/support/prose.hpp"

#include <doctest/doctest.h>

#include <cctype>
#include <cstdint>
#include <set>
#include <string>

#include "lab/fixtures.hpp"

using lab::Random;
using lab::Stream;

TEST_CASE("prose is a function of the generator: fixed text") {
  // Fingerprint from an independent implementation in another language.
  Random random(5, Stream::haystack_text);
  CHECK(lab::test::fingerprint(lab::prose(lab::test::lexicon(), random, 100000)) == 0xb3f24c65a35f14fu);
}

TEST_CASE("less prose is a prefix of more, and there is enough of it") {
  Random reference(3, Stream::haystack_text);
  const std::string longest = lab::prose(lab::test::lexicon(), reference, 5000);
  for (const std::size_t bytes : {0u, 1u, 79u, 1000u, 4999u}) {
    Random random(3, Stream::haystack_text);
    const std::string text = lab::prose(lab::test::lexicon(), random, bytes);
    CHECK(text.size() >= bytes);
    CHECK(longest.starts_with(text));
  }
}

TEST_CASE("slots are filled, sentences begin in upper case") {
  Random random(17, Stream::haystack_text);
  const std::string text = lab::prose(lab::test::lexicon(), random, 20000);
  CHECK(text.find_first_of("{}") == std::string::npos);
  CHECK(std::isupper(static_cast<unsigned char>(text.front())) != 0);
  for (std::size_t at = text.find(". "); at + 2 < text.size(); at = text.find(". ", at + 2)) {
    CHECK(std::isupper(static_cast<unsigned char>(text[at + 2])) != 0);
  }
}

TEST_CASE("the capital of a slot goes to the first letter of its word alone") {
  const auto lexicon = lab::parse_lexicon(R"({"sentence": ["{Noun} {noun}."], "noun": ["ab cd"]})", "inline");
  Random random(0, Stream::haystack_text);
  CHECK(lab::prose(lexicon, random, 1).substr(0, 12) == "Ab cd ab cd.");
}

TEST_CASE("keys are pronounceable, codes have five digits") {
  const std::string consonants = "bcdfghjklmnprstvwz";
  const std::string vowels = "aeiou";
  std::set<std::string> keys;
  std::set<char> digits;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Random names(seed, Stream::key);
    Random codes(seed, Stream::code);
    const std::string key = lab::pronounceable_key(names);
    const std::string code = lab::five_digits(codes);
    CAPTURE(key);
    CHECK(key.size() >= 4);
    CHECK(key.size() <= 7);
    const std::size_t syllables = key.size() / 2;
    for (std::size_t i = 0; i < 2 * syllables; ++i) {
      const char letter =
          i == 0 ? static_cast<char>(std::tolower(static_cast<unsigned char>(key[0]))) : key[i];
      CHECK((i % 2 == 0 ? consonants : vowels).find(letter) != std::string::npos);
    }
    if (key.size() % 2 == 1) CHECK(std::string("lnrst").find(key.back()) != std::string::npos);
    CHECK(std::isupper(static_cast<unsigned char>(key.front())) != 0);
    CHECK(code.size() == 5);
    CHECK(code.find_first_not_of("0123456789") == std::string::npos);
    keys.insert(key);
    digits.insert(code.begin(), code.end());
  }
  CHECK(keys.size() > 450);
  CHECK(digits.size() == 10);
}

TEST_CASE("keys of the first seeds, from an independent implementation") {
  std::uint64_t seed = 0;
  for (const char* expected : {"Vonus", "Wirovi", "Lukat", "Doseme", "Rozu"}) {
    Random random(seed++, Stream::key);
    CHECK(lab::pronounceable_key(random) == expected);
  }
}
