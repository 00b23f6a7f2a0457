// SPDX-License-Identifier: MIT
#include "lab/support/shots.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/support/prompts.hpp"

using lab::make_shots_prompt;
using lab::ShotsPrompt;
using lab::ShotsSpec;

namespace {

/// Key of four to seven letters, code of five digits.
constexpr std::size_t longest_line = 12 + 7 + 4 + 5 + 2;

struct Read {
  std::vector<std::string> keys;
  std::vector<std::string> codes;
  std::string asked_key;
};

/// The episode as a reader would take it apart; fails the test where a line has another form.
Read read(const ShotsPrompt& prompt) {
  REQUIRE(prompt.tokens.front() == prompt.spec.start_token);
  std::string text;
  for (std::size_t i = 1; i < prompt.tokens.size(); ++i) {
    REQUIRE(prompt.tokens[i] < 256);
    text += static_cast<char>(prompt.tokens[i]);
  }
  Read result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    REQUIRE(line.starts_with("The code of "));
    const std::size_t space = line.find(' ', 12);
    const std::string key = line.substr(12, space - 12);
    REQUIRE(line.substr(space, 4) == " is ");
    if (lines.eof()) {
      CHECK(line.size() == space + 4);
      result.asked_key = key;
    } else {
      result.keys.push_back(key);
      result.codes.push_back(line.substr(space + 4, 5));
      CHECK(line.substr(space + 9) == ".");
    }
  }
  return result;
}

template <class Check>
void for_all_episodes(Check check) {
  for (const std::size_t length : {120u, 256u, 512u, 1536u, 4096u}) {
    for (int third = -1; third <= 3; ++third) {
      for (std::uint64_t seed = 0; seed < 6; ++seed) {
        ShotsSpec spec{length, std::nullopt, seed, 256};
        if (third >= 0) spec.depth = third / 3.0;
        check(make_shots_prompt(spec));
      }
    }
  }
}

}  // namespace

TEST_CASE("lines have one form, keys are distinct, codes share their first digits, the length is used up") {
  for_all_episodes([](const ShotsPrompt& prompt) {
    const Read episode = read(prompt);
    CHECK(episode.asked_key == prompt.key);
    CHECK(episode.keys.size() == prompt.shots);
    CHECK(std::set<std::string>(episode.keys.begin(), episode.keys.end()).size() == prompt.shots);
    const std::size_t total = prompt.tokens.size() + prompt.expected.size();
    CHECK(total <= prompt.spec.length);
    CHECK(total + longest_line + 5 > prompt.spec.length);
    std::size_t shared = 5;
    for (const auto& code : episode.codes) {
      CHECK(code.find_first_not_of("0123456789") == std::string::npos);
      while (code.compare(0, shared, episode.codes.front(), 0, shared) != 0) --shared;
    }
    CHECK(shared >= 1);
  });
}

TEST_CASE("needle insert: the asked exemplar stands once, at its depth, and its code is expected") {
  for_all_episodes([](const ShotsPrompt& prompt) {
    if (!prompt.spec.depth) return;
    const Read episode = read(prompt);
    std::size_t at = 0;
    while (at < episode.keys.size() && episode.keys[at] != prompt.key) ++at;
    REQUIRE(at < episode.keys.size());
    CHECK(episode.codes[at] == prompt.expected);
    const double share = static_cast<double>(at) / static_cast<double>(prompt.shots - 1);
    CHECK(std::abs(share - *prompt.spec.depth) <= 0.5 / static_cast<double>(prompt.shots - 1) + 1e-12);
    const std::vector<std::int32_t> line(
        prompt.tokens.begin() + static_cast<std::ptrdiff_t>(prompt.asked_first),
        prompt.tokens.begin() + static_cast<std::ptrdiff_t>(prompt.asked_end));
    CHECK(lab::tokens_as_text(line) == "The code of " + prompt.key + " is " + prompt.expected + ".\n");
  });
}

TEST_CASE("skip needle: the asked key stands nowhere, and the shared digits are expected") {
  std::set<std::size_t> counts;
  for_all_episodes([&](const ShotsPrompt& prompt) {
    if (prompt.spec.depth) return;
    const Read episode = read(prompt);
    for (const auto& key : episode.keys) CHECK(key != prompt.key);
    for (const auto& code : episode.codes) CHECK(code.starts_with(prompt.expected));
    CHECK(prompt.asked_first == prompt.asked_end);
    counts.insert(prompt.expected.size());
    ShotsSpec inserted = prompt.spec;
    inserted.depth = 0.0;
    CHECK(make_shots_prompt(inserted).expected.starts_with(prompt.expected));
    CHECK(make_shots_prompt(inserted).key == prompt.key);
  });
  CHECK(counts.size() > 1);
  CHECK(*counts.begin() >= 1);
  CHECK(*counts.rbegin() <= 4);
}

TEST_CASE("a longer episode of a seed continues a shorter one; seeds differ") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Read small = read(make_shots_prompt({256, std::nullopt, seed, 256}));
    const Read large = read(make_shots_prompt({2048, std::nullopt, seed, 256}));
    REQUIRE(small.keys.size() < large.keys.size());
    for (std::size_t i = 0; i < small.keys.size(); ++i) {
      CHECK(small.keys[i] == large.keys[i]);
      CHECK(small.codes[i] == large.codes[i]);
    }
    const Read other = read(make_shots_prompt({256, std::nullopt, seed + 1, 256}));
    CHECK(other.asked_key != small.asked_key);
    CHECK(other.keys != small.keys);
  }
}

TEST_CASE("keys stay distinct where so many are drawn that some would meet") {
  // A thousand keys and more, from some 10^5 that are likely: without care a few of each episode are equal,
  // and the asked one stands again in one episode of seventy.
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const ShotsPrompt prompt = make_shots_prompt({40000, std::nullopt, seed, 256});
    const std::string text = lab::tokens_as_text(prompt.tokens);
    const std::string question = "The code of " + prompt.key + " is ";
    CHECK(text.find(question) == text.size() - question.size());
    if (seed % 20 != 0) continue;
    const Read episode = read(prompt);
    CHECK(std::set<std::string>(episode.keys.begin(), episode.keys.end()).size() == prompt.shots);
  }
}

TEST_CASE("bad specifications are errors") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double depth : {-0.01, 1.01, nan}) {
    CHECK_THROWS_AS(static_cast<void>(make_shots_prompt({512, depth, 1, 256})), dope::Error);
  }
  CHECK_THROWS_AS(static_cast<void>(make_shots_prompt({0, std::nullopt, 1, 256})), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(make_shots_prompt({50, 0.5, 1, 256})), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(make_shots_prompt({512, 0.5, 1, 255})), dope::Error);
}
