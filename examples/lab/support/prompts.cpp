// SPDX-License-Identifier: MIT
#include "lab/support/prompts.hpp"

#include <cmath>

#include "dope/core/error.hpp"
#include "lab/support/prose.hpp"
#include "lab/support/random.hpp"

namespace lab {
namespace {

void append(std::vector<std::int32_t>& tokens, std::string_view text) {
  for (const char byte : text) tokens.push_back(static_cast<unsigned char>(byte));
}

}  // namespace

NeedlePrompt make_needle_prompt(const NeedleSpec& spec, const Haystack& haystack) {
  if (!(spec.depth >= 0.0 && spec.depth <= 1.0)) {
    throw dope::Error("make_needle_prompt", dope::detail::text("depth ", spec.depth), "a depth from 0 to 1");
  }
  if (spec.start_token < 256) {
    throw dope::Error("make_needle_prompt", dope::detail::text("start token ", spec.start_token),
                      "a token that is no byte: at least 256");
  }
  Random key_draws(spec.seed, Stream::key);
  Random code_draws(spec.seed, Stream::code);
  NeedlePrompt prompt;
  prompt.spec = spec;
  prompt.key = pronounceable_key(key_draws);
  const std::string code = five_digits(code_draws);
  prompt.answer = code + ".";
  const std::string lead = " The code of " + prompt.key + " is ";
  const std::string needle = lead + code + ". ";
  const std::string question = "\nThe code of " + prompt.key + " is ";

  const std::size_t fixed = 1 + needle.size() + question.size() + prompt.answer.size();
  if (spec.length < fixed || spec.length - fixed < spec.noise) {
    throw dope::Error("make_needle_prompt",
                      dope::detail::text("length ", spec.length, " with ", spec.noise, " noise tokens"),
                      dope::detail::text("at least ", fixed, " tokens and the noise"));
  }
  const std::size_t room = spec.length - fixed - spec.noise;
  const std::string hay = haystack.cut(spec.seed, room, spec.length);
  const auto cut = static_cast<std::size_t>(std::floor(spec.depth * static_cast<double>(room) + 0.5));

  prompt.tokens.reserve(spec.length);
  prompt.tokens.push_back(spec.start_token);
  append(prompt.tokens, std::string_view(hay).substr(0, cut));
  prompt.needle_first = prompt.tokens.size();
  prompt.code_first = prompt.needle_first + lead.size();
  append(prompt.tokens, needle);
  prompt.needle_end = prompt.tokens.size();
  prompt.tokens.insert(prompt.tokens.end(), spec.noise, spec.start_token);
  append(prompt.tokens, std::string_view(hay).substr(cut));
  append(prompt.tokens, question);
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
