// SPDX-License-Identifier: MIT
#include "lab/support/prose.hpp"

#include <string_view>

#include "lab/support/ascii.hpp"

namespace lab {
namespace {

char letter(Random& random, std::string_view letters) {
  return letters[random.below(static_cast<std::uint32_t>(letters.size()))];
}

std::string sentence(const Lexicon& lexicon, Random& random) {
  const std::string& pattern = random.pick(lexicon.sentences);
  std::string filled;
  std::size_t done = 0;
  for (std::size_t open = pattern.find('{'); open != std::string::npos; open = pattern.find('{', done)) {
    const std::size_t close = pattern.find('}', open);
    const std::string slot = pattern.substr(open + 1, close - open - 1);
    const std::string list = with_lower_initial(slot);
    const std::string& word = random.pick(lexicon.words.at(list));
    filled += pattern.substr(done, open - done);
    filled += slot == list ? word : with_upper_initial(word);
    done = close + 1;
  }
  return filled + pattern.substr(done);
}

}  // namespace

std::string prose(const Lexicon& lexicon, Random& random, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) {
    text += sentence(lexicon, random);
    text += random.below(20) < 17 ? ' ' : '\n';
  }
  return text;
}

std::string pronounceable_key(Random& random) {
  std::string key;
  const std::uint32_t syllables = 2 + random.below(2);
  for (std::uint32_t i = 0; i < syllables; ++i) {
    key += letter(random, "bcdfghjklmnprstvwz");
    key += letter(random, "aeiou");
  }
  if (random.below(2) == 0) key += letter(random, "lnrst");
  return with_upper_initial(key);
}

std::string five_digits(Random& random) {
  std::string digits;
  for (int i = 0; i < 5; ++i) digits += letter(random, "0123456789");
  return digits;
}

}  // namespace lab
