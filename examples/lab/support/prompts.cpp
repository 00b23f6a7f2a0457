// SPDX-License-Identifier: MIT
#include "lab/support/prompts.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dope/core/error.hpp"
#include "lab/support/prose.hpp"
#include "lab/support/random.hpp"

namespace lab {
namespace {

void append(std::vector<std::int32_t>& tokens, std::string_view text) {
  for (const char byte : text) tokens.push_back(static_cast<unsigned char>(byte));
}

struct Fact {
  std::string key;
  std::string code;

  [[nodiscard]] std::string lead() const { return " The code of " + key + " is "; }
  [[nodiscard]] std::string text() const { return lead() + code + ". "; }
};

Fact draw_fact(Random& key_draws, Random& code_draws) {
  std::string key = pronounceable_key(key_draws);
  return {std::move(key), five_digits(code_draws)};
}

}  // namespace

std::string_view name_of(NoisePlace place) noexcept {
  switch (place) {
    case NoisePlace::after:
      return "after";
    case NoisePlace::before:
      return "before";
    case NoisePlace::both:
      break;
  }
  return "both";
}

NeedlePrompt make_needle_prompt(const NeedleSpec& spec, const Haystack& haystack) {
  if (!(spec.depth >= 0.0 && spec.depth <= 1.0)) {
    throw dope::Error("make_needle_prompt", dope::detail::text("depth ", spec.depth), "a depth from 0 to 1");
  }
  if (spec.start_token < 256) {
    throw dope::Error("make_needle_prompt", dope::detail::text("start token ", spec.start_token),
                      "a token that is no byte: at least 256");
  }
  if (spec.needles == 0 || spec.needles > 1000) {
    throw dope::Error("make_needle_prompt", dope::detail::text(spec.needles, " needles"), "1 to 1000");
  }
  Random key_draws(spec.seed, Stream::key);
  Random code_draws(spec.seed, Stream::code);
  NeedlePrompt prompt;
  prompt.spec = spec;
  std::vector<Fact> facts;  // the asked one first
  std::size_t facts_size = 0;
  while (facts.size() < spec.needles) {
    Fact fact = draw_fact(key_draws, code_draws);
    const auto same_key = [&](const Fact& other) { return other.key == fact.key; };
    if (std::any_of(facts.begin(), facts.end(), same_key)) continue;
    facts_size += fact.text().size();
    facts.push_back(std::move(fact));
  }
  prompt.key = facts.front().key;
  prompt.answer = facts.front().code + ".";
  const std::string question = "\nThe code of " + prompt.key + " is ";

  const std::size_t fixed = 1 + facts_size + question.size() + prompt.answer.size();
  if (spec.length < fixed || spec.length - fixed < spec.noise_tokens()) {
    throw dope::Error(
        "make_needle_prompt",
        dope::detail::text("length ", spec.length, " with ", spec.noise_tokens(), " noise tokens"),
        dope::detail::text("at least ", fixed, " tokens and the noise"));
  }
  const std::size_t room = spec.length - fixed - spec.noise_tokens();
  const std::string hay = haystack.cut(spec.seed, room, spec.length);
  Random place_draws(spec.seed, Stream::other_needles);
  std::vector<std::pair<std::size_t, std::size_t>> places;  // bytes of hay before it, fact
  places.emplace_back(static_cast<std::size_t>(std::floor(spec.depth * static_cast<double>(room) + 0.5)), 0);
  for (std::size_t i = 1; i < facts.size(); ++i)
    places.emplace_back(place_draws.below(static_cast<std::uint32_t>(room + 1)), i);
  std::sort(places.begin(), places.end());

  auto& tokens = prompt.tokens;
  tokens.reserve(spec.length);
  tokens.push_back(spec.start_token);
  std::size_t taken = 0;
  for (const auto& [place, fact] : places) {
    append(tokens, std::string_view(hay).substr(taken, place - taken));
    taken = place;
    const bool asked = fact == 0;
    if (asked && spec.noise_place != NoisePlace::after)
      tokens.insert(tokens.end(), spec.noise, spec.start_token);
    if (asked) {
      prompt.needle_first = tokens.size();
      prompt.code_first = tokens.size() + facts[fact].lead().size();
    }
    append(tokens, facts[fact].text());
    if (asked) prompt.needle_end = tokens.size();
    if (asked && spec.noise_place != NoisePlace::before)
      tokens.insert(tokens.end(), spec.noise, spec.start_token);
  }
  append(tokens, std::string_view(hay).substr(taken));
  append(tokens, question);
  return prompt;
}

std::vector<std::int32_t> bytes_as_tokens(std::string_view text) {
  std::vector<std::int32_t> tokens;
  tokens.reserve(text.size());
  append(tokens, text);
  return tokens;
}

std::string tokens_as_text(std::span<const std::int32_t> tokens) {
  std::string text;
  for (const std::int32_t token : tokens) {
    if (token >= 0 && token < 256) {
      text += static_cast<char>(token);
    } else {
      text += dope::detail::text("<", token, ">");
    }
  }
  return text;
}

}  // namespace lab
