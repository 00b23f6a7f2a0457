// SPDX-License-Identifier: MIT
#include "lab/support/shots.hpp"

#include <cmath>
#include <set>

#include "dope/core/error.hpp"
#include "lab/support/prompts.hpp"
#include "lab/support/prose.hpp"
#include "lab/support/random.hpp"

namespace lab {
namespace {

constexpr std::size_t code_digits = 5;

std::string question_of(const std::string& key) { return "The code of " + key + " is "; }

std::string line_of(const std::string& key, const std::string& code) {
  return question_of(key) + code + ".\n";
}

/// Exemplars one after another: keys that no other line has, codes with the shared digits.
class Exemplars {
 public:
  Exemplars(std::uint64_t seed, std::string shared)
      : keys_(seed, Stream::shot_keys), codes_(seed, Stream::shot_codes), shared_(std::move(shared)) {}

  /// Keeps a key from being drawn.
  void reserve(const std::string& key) { taken_.insert(key); }

  [[nodiscard]] std::string next() {
    std::string key = pronounceable_key(keys_);
    while (!taken_.insert(key).second) key = pronounceable_key(keys_);
    return line_of(key, shared_ + five_digits(codes_).substr(shared_.size()));
  }

 private:
  Random keys_;
  Random codes_;
  std::string shared_;
  std::set<std::string> taken_;
};

void append(std::vector<std::int32_t>& tokens, const std::string& text) {
  const auto bytes = bytes_as_tokens(text);
  tokens.insert(tokens.end(), bytes.begin(), bytes.end());
}

}  // namespace

ShotsPrompt make_shots_prompt(const ShotsSpec& spec) {
  if (spec.depth && !(*spec.depth >= 0.0 && *spec.depth <= 1.0)) {
    throw dope::Error("make_shots_prompt", dope::detail::text("depth ", *spec.depth), "a depth from 0 to 1");
  }
  if (spec.start_token < 256) {
    throw dope::Error("make_shots_prompt", dope::detail::text("start token ", spec.start_token),
                      "a token that is no byte: at least 256");
  }
  Random shared_draws(spec.seed, Stream::shared_digits);
  const std::string shared =
      five_digits(shared_draws)
          .substr(0, 1 + shared_draws.below(static_cast<std::uint32_t>(code_digits - 1)));
  Random key_draws(spec.seed, Stream::key);
  Random code_draws(spec.seed, Stream::code);
  ShotsPrompt prompt;
  prompt.spec = spec;
  prompt.key = pronounceable_key(key_draws);
  const std::string code = shared + five_digits(code_draws).substr(shared.size());
  const std::string asked = spec.depth ? line_of(prompt.key, code) : std::string();
  const std::string question = question_of(prompt.key);
  prompt.expected = spec.depth ? code : shared;

  // Room for a whole code, so that both kinds of an episode have the same shots but for the asked one.
  const std::size_t fixed = 1 + question.size() + code_digits + (spec.depth ? asked.size() : 0);
  Exemplars exemplars(spec.seed, shared);
  exemplars.reserve(prompt.key);
  std::vector<std::string> lines;
  std::size_t used = fixed;
  for (std::string line = exemplars.next(); used + line.size() <= spec.length; line = exemplars.next()) {
    used += line.size();
    lines.push_back(std::move(line));
  }
  if (lines.empty()) {
    throw dope::Error("make_shots_prompt", dope::detail::text("length ", spec.length),
                      dope::detail::text("a length for a shot, question and answer: about ", fixed + 28));
  }
  const auto others = static_cast<double>(lines.size());
  const auto before = static_cast<std::size_t>(std::floor(spec.depth.value_or(1.0) * others + 0.5));

  prompt.tokens.reserve(spec.length);
  prompt.tokens.push_back(spec.start_token);
  for (std::size_t i = 0; i <= lines.size(); ++i) {
    if (i == before) {
      prompt.asked_first = prompt.tokens.size();
      append(prompt.tokens, asked);
      prompt.asked_end = prompt.tokens.size();
    }
    if (i < lines.size()) append(prompt.tokens, lines[i]);
  }
  append(prompt.tokens, question);
  prompt.shots = lines.size() + (spec.depth ? 1 : 0);
  return prompt;
}

}  // namespace lab
