// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lab/support/haystack.hpp"

namespace lab {

/// Where noise stands: right after the asked needle (arXiv 2511.09146 v1), right before it, or as much on
/// each side.
enum class NoisePlace { after, before, both };

[[nodiscard]] std::string_view name_of(NoisePlace place) noexcept;

/// What a needle prompt is made from. Token = byte, 0 … 255, or `start_token`.
///
/// length: tokens of the prompt and its answer together, so that nothing the model reads or writes
/// has a position beyond length − 1. depth: share of the haystack before the asked needle, 0 (right after
/// the start token) to 1 (right before the question). needles: facts in the text, the asked one and others,
/// with other keys, at drawn places. noise: start tokens at the asked needle, within the length, on each side
/// that noise_place names. seed: draws keys, codes, places and haystack, each from its own stream.
struct NeedleSpec {
  std::size_t length = 0;
  double depth = 0.5;
  std::size_t noise = 0;
  std::uint64_t seed = 0;
  std::int32_t start_token = 256;
  NoisePlace noise_place = NoisePlace::after;
  std::size_t needles = 1;

  /// Noise tokens in all.
  [[nodiscard]] std::size_t noise_tokens() const noexcept {
    return noise_place == NoisePlace::both ? 2 * noise : noise;
  }
};

/// A question about one fact ("needle") that stands somewhere in a long text.
///
/// tokens: start token, haystack with " The code of KEY is DDDDD. " put in, and "\nThe code of KEY is ".
/// answer: "DDDDD." (one token per character). The asked needle's tokens are [needle_first, needle_end), the
/// digits in it [code_first, code_first + 5); noise ends at needle_first or begins at needle_end.
struct NeedlePrompt {
  NeedleSpec spec;
  std::vector<std::int32_t> tokens;
  std::string answer;
  std::string key;
  std::size_t needle_first = 0;
  std::size_t needle_end = 0;
  std::size_t code_first = 0;
};

/// The prompt of `spec`, a function of (spec, haystack).
///
/// The haystack is cut at the depth's nearest byte, be it inside a word, as in the embedded model's
/// training. Laws: tokens.size() + answer.size() = length; keys are distinct; key and code depend on the seed
/// alone; the haystack of (seed, length) with less noise or fewer needles continues the one with more.
/// Throws dope::Error for a depth outside [0, 1], no needle or more than 1000, a length too short for
/// needles, noise, question and answer, or a start token below 256.
[[nodiscard]] NeedlePrompt make_needle_prompt(const NeedleSpec& spec, const Haystack& haystack);

/// The tokens of a text: its bytes.
[[nodiscard]] std::vector<std::int32_t> bytes_as_tokens(std::string_view text);

/// The text of tokens, start tokens and others that are no byte shown as "<256>".
[[nodiscard]] std::string tokens_as_text(std::span<const std::int32_t> tokens);

}  // namespace lab
