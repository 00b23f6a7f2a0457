// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include "lab/support/lexicon.hpp"
#include "lab/support/random.hpp"

namespace lab {

/// At least `bytes` bytes of template prose: whole sentences, each followed by a space (17 of 20) or
/// a line break (3 of 20).
///
/// Draws, per sentence: the sentence, its slots from left to right, the separator. Law: of one
/// generator state, less prose is a prefix of more.
[[nodiscard]] std::string prose(const Lexicon& lexicon, Random& random, std::size_t bytes);

/// A pronounceable key such as "Tomeral": two or three syllables of a consonant and a vowel, then one
/// of l, n, r, s, t half of the time; the first letter in upper case; 4 to 7 letters.
[[nodiscard]] std::string pronounceable_key(Random& random);

/// Five decimal digits, leading zeros included.
[[nodiscard]] std::string five_digits(Random& random);

}  // namespace lab
