// SPDX-License-Identifier: MIT
#include "lab/support/prompts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/fixtures.hpp"

using lab::Haystack;
using lab::make_needle_prompt;
using lab::NeedlePrompt;
using lab::NeedleSpec;

namespace {

const Haystack& generated() {
  static const Haystack source = Haystack::of_prose(lab::test::lexicon());
  return source;
}

const Haystack& bytes() {
  static const Haystack source = lab::test::haystack_of("Füllwörter, immer dieselben. ");
  return source;
}

std::string text_of(const NeedlePrompt& prompt) { return lab::tokens_as_text(prompt.tokens); }

template <class Check>
void for_all_prompts(Check check) {
  for (const Haystack* haystack : {&generated(), &bytes()}) {
    for (const std::size_t length : {120u, 127u, 512u, 1536u, 4096u}) {
      for (const std::size_t noise : {0u, 1u, 4u, 32u}) {
        for (int tenth = 0; tenth <= 10; ++tenth) {
          for (std::uint64_t seed = 0; seed < 3; ++seed) {
            const NeedleSpec spec{length, tenth / 10.0, noise, seed, 256};
            check(make_needle_prompt(spec, *haystack), *haystack);
          }
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("prompt and answer fit the length exactly, for all lengths, depths and noise") {
  for_all_prompts([](const NeedlePrompt& prompt, const Haystack&) {
    CHECK(prompt.tokens.size() + prompt.answer.size() == prompt.spec.length);
    CHECK(prompt.answer.size() == 6);
    CHECK(prompt.answer.back() == '.');
  });
}

TEST_CASE("the needle stands at its range once, noise follows, the question ends the prompt") {
  for_all_prompts([](const NeedlePrompt& prompt, const Haystack&) {
    const auto& tokens = prompt.tokens;
    const auto needle = lab::bytes_as_tokens(" The code of " + prompt.key + " is " + prompt.answer + " ");
    const auto found = std::search(tokens.begin(), tokens.end(), needle.begin(), needle.end());
    REQUIRE(found == tokens.begin() + static_cast<std::ptrdiff_t>(prompt.needle_first));
    CHECK(std::search(found + 1, tokens.end(), needle.begin(), needle.end()) == tokens.end());
    CHECK(prompt.needle_end - prompt.needle_first == needle.size());
    for (std::size_t i = 0; i < 5; ++i) {
      CHECK(tokens[prompt.code_first + i] == static_cast<unsigned char>(prompt.answer[i]));
    }
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const bool noisy = i >= prompt.needle_end && i < prompt.needle_end + prompt.spec.noise;
      REQUIRE((tokens[i] == 256) == (i == 0 || noisy));
      REQUIRE(tokens[i] >= 0);
    }
    CHECK(text_of(prompt).ends_with("\nThe code of " + prompt.key + " is "));
  });
}

TEST_CASE("depth is the haystack's share before the needle, and what is left is the haystack") {
  for_all_prompts([](const NeedlePrompt& prompt, const Haystack& haystack) {
    const std::size_t question = std::string("\nThe code of  is ").size() + prompt.key.size();
    const std::size_t after = prompt.needle_end + prompt.spec.noise;
    const std::size_t rest = prompt.tokens.size() - question - after;
    const std::size_t before = prompt.needle_first - 1;
    const double whole = static_cast<double>(before + rest);
    CHECK(std::abs(static_cast<double>(before) - prompt.spec.depth * whole) <= 0.5 + 1e-9 * whole);
    if (prompt.spec.depth == 0.0) CHECK(before == 0);
    if (prompt.spec.depth == 1.0) CHECK(rest == 0);
    const std::vector<std::int32_t> hay =
        lab::bytes_as_tokens(haystack.cut(prompt.spec.seed, before + rest, prompt.spec.length));
    const auto middle = hay.begin() + static_cast<std::ptrdiff_t>(before);
    CHECK(std::equal(hay.begin(), middle, prompt.tokens.begin() + 1));
    CHECK(std::equal(middle, hay.end(), prompt.tokens.begin() + static_cast<std::ptrdiff_t>(after)));
  });
}

TEST_CASE("key and code depend on the seed alone") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto base = make_needle_prompt({512, 0.5, 0, seed, 256}, generated());
    for (const NeedleSpec& spec : {NeedleSpec{1024, 0.5, 0, seed, 256}, NeedleSpec{512, 0.9, 0, seed, 256},
                                   NeedleSpec{512, 0.5, 8, seed, 300}}) {
      const auto other = make_needle_prompt(spec, bytes());
      CHECK(other.key == base.key);
      CHECK(other.answer == base.answer);
    }
    CHECK(make_needle_prompt({512, 0.5, 0, seed + 1, 256}, generated()).answer != base.answer);
  }
}

TEST_CASE("prompts are fixed: the same spec gives the same bytes on every machine") {
  // All three from an independent implementation in another language.
  CHECK(
      text_of(make_needle_prompt({256, 0.5, 0, 0, 256}, generated())) ==
      "<256>dle under the stone bridge. Every farmer above the quiet lake was patient.\nThere was a small "
      "market The code of Vonus is 59057.  on the western hill. Because the hunter was patient, the gardener "
      "shared it partly. If the button \nThe code of Vonus is ");
  CHECK(text_of(make_needle_prompt({220, 0.25, 3, (std::uint64_t{1} << 40) + 5, 256}, generated())) ==
        "<256>their neighbor simply rescued it. Becaus The code of Dabe is 18060. <256><256><256>e the "
        "silver was "
        "careful, her brother remembered it slowly. The baker never examined the morning, but the weaver "
        "admired "
        "\nThe code of Dabe is ");
  const auto longer = make_needle_prompt({4096, 0.3, 8, 99, 256}, generated());
  CHECK(lab::test::fingerprint(text_of(longer)) == 0x9735bf7e1c81a0d4u);
}

TEST_CASE("the shortest prompt holds no haystack; a shorter length, a bad depth or start token is an error") {
  const auto any = make_needle_prompt({512, 0.5, 0, 4, 256}, generated());
  const std::size_t least =
      1 + (any.needle_end - any.needle_first) + 6 + any.key.size() + std::string("\nThe code of  is ").size();
  for (const std::size_t noise : {0u, 5u}) {
    const auto prompt = make_needle_prompt({least + noise, 0.5, noise, 4, 256}, generated());
    CHECK(prompt.needle_first == 1);
    CHECK_THROWS_AS((void)make_needle_prompt({least + noise - 1, 0.5, noise, 4, 256}, generated()),
                    dope::Error);
  }
  CHECK_THROWS_AS((void)make_needle_prompt({0, 0.5, 0, 4, 256}, generated()), dope::Error);
  const std::size_t absurd = std::numeric_limits<std::size_t>::max();
  CHECK_THROWS_AS((void)make_needle_prompt({512, 0.5, absurd, 4, 256}, generated()), dope::Error);
  for (const double depth : {-0.01, 1.01, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS((void)make_needle_prompt({512, depth, 0, 4, 256}, generated()), dope::Error);
  }
  CHECK_THROWS_AS((void)make_needle_prompt({512, 0.5, 0, 4, 255}, generated()), dope::Error);
}

TEST_CASE("text to tokens and back: bytes as they are, other tokens in brackets") {
  const std::string text = "a\xff\x80 \n";
  CHECK(lab::tokens_as_text(lab::bytes_as_tokens(text)) == text);
  CHECK(lab::bytes_as_tokens("\xff").front() == 255);
  CHECK(lab::tokens_as_text(std::vector<std::int32_t>{256, 65, -1}) == "<256>A<-1>");
}

TEST_CASE("noise stands before the needle, after it, or as much on each side") {
  for (const auto place : {lab::NoisePlace::after, lab::NoisePlace::before, lab::NoisePlace::both}) {
    for (const double depth : {0.0, 0.4, 1.0}) {
      const NeedleSpec spec{600, depth, 5, 7, 256, place, 1};
      const auto prompt = make_needle_prompt(spec, generated());
      CHECK(prompt.tokens.size() + prompt.answer.size() == spec.length);
      const bool before = place != lab::NoisePlace::after;
      const bool after = place != lab::NoisePlace::before;
      for (std::size_t i = 1; i < prompt.tokens.size(); ++i) {
        const bool noisy = (before && i + 5 >= prompt.needle_first && i < prompt.needle_first) ||
                           (after && i >= prompt.needle_end && i < prompt.needle_end + 5);
        REQUIRE((prompt.tokens[i] == 256) == noisy);
      }
    }
  }
}

TEST_CASE("other needles have other keys, stand apart from the asked one, and leave it what it is") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto alone = make_needle_prompt({2000, 0.5, 3, seed, 256}, generated());
    const auto many = make_needle_prompt({2000, 0.5, 3, seed, 256, lab::NoisePlace::both, 20}, generated());
    CHECK(many.key == alone.key);
    CHECK(many.answer == alone.answer);
    CHECK(many.tokens.size() == alone.tokens.size());
    const std::string text = text_of(many);
    std::vector<std::string> keys;
    const std::string lead = " The code of ";
    for (std::size_t at = text.find(lead); at != std::string::npos; at = text.find(lead, at + 1)) {
      const std::size_t first = at + lead.size();
      const std::size_t end = text.find(" is ", first);
      keys.push_back(text.substr(first, end - first));
      CHECK(std::all_of(text.begin() + static_cast<std::ptrdiff_t>(end + 4),
                        text.begin() + static_cast<std::ptrdiff_t>(end + 9),
                        [](char c) { return c >= '0' && c <= '9'; }));
    }
    CHECK(keys.size() == 20);
    CHECK(std::count(keys.begin(), keys.end(), many.key) == 1);
    std::sort(keys.begin(), keys.end());
    CHECK(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
    const auto needle = lab::bytes_as_tokens(" The code of " + many.key + " is " + many.answer + " ");
    CHECK(std::equal(needle.begin(), needle.end(),
                     many.tokens.begin() + static_cast<std::ptrdiff_t>(many.needle_first)));
    CHECK(many.needle_end - many.needle_first == needle.size());
    CHECK(many.code_first + 5 + 2 == many.needle_end);
  }
  CHECK_THROWS_AS(static_cast<void>(make_needle_prompt({2000, 0.5, 0, 1, 256, {}, 0}, generated())),
                  dope::Error);
  CHECK_THROWS_AS(static_cast<void>(make_needle_prompt({2000, 0.5, 0, 1, 256, {}, 1001}, generated())),
                  dope::Error);
}
