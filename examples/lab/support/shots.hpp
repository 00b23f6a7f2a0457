// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lab {

/// What a many-shot episode is made from. Token = byte, 0 … 255, or `start_token`.
///
/// length: at most that many tokens, prompt and answer together. depth: share of the shots before the asked
/// exemplar ("needle insert"), 0 (the first line) to 1 (the last before the question); none: the asked key
/// stands nowhere above ("skip needle"). seed: draws keys, codes, the shared digits and what is asked, each
/// from its own stream.
struct ShotsSpec {
  std::size_t length = 0;
  std::optional<double> depth;
  std::uint64_t seed = 0;
  std::int32_t start_token = 256;
};

/// Exemplar lines "The code of KEY is DDDDD.\n" whose codes begin with the same 1 … 4 digits, drawn per
/// episode, then the question "The code of KEY is ".
///
/// tokens: start token, as many lines as fit, the question. expected: with the asked exemplar among the lines
/// its five digits (one of hundreds of look-alikes must be found), without it the shared digits (the pattern
/// must be inferred from context). The asked exemplar's line is [asked_first, asked_end), empty without it.
struct ShotsPrompt {
  ShotsSpec spec;
  std::vector<std::int32_t> tokens;
  std::string expected;
  std::string key;
  std::size_t shots = 0;  // lines, the asked one included
  std::size_t asked_first = 0;
  std::size_t asked_end = 0;
};

/// The episode of `spec`, a function of it.
///
/// Laws: keys are distinct; length − tokens − expected < the longest line; key, code and shared digits depend
/// on the seed alone; without the asked line, a longer episode of a seed continues a shorter one.
/// Throws dope::Error for a depth outside [0, 1], a length too short for one shot and the question, or a
/// start token below 256.
[[nodiscard]] ShotsPrompt make_shots_prompt(const ShotsSpec& spec);

}  // namespace lab
