// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

/// The vocabulary of the template prose: word lists by name, and sentences with slots.
///
/// A slot `{noun}` stands for a word of list "noun"; `{Noun}` for the same with its first letter in
/// upper case.
struct Lexicon {
  std::map<std::string, std::vector<std::string>, std::less<>> words;
  std::vector<std::string> sentences;
  std::string fingerprint;  // of the text that it was read from
};

/// Reads a JSON object of lists of non-empty strings, of which "sentence" holds the sentences.
///
/// Throws dope::Error, naming option, file and entry, for broken JSON, an empty list, a list of
/// something else, a missing "sentence", an unclosed slot or a slot without its list.
[[nodiscard]] Lexicon load_lexicon(const std::filesystem::path& path, std::string_view option = "--model");

/// The same from JSON text; `name` stands for the file in errors.
[[nodiscard]] Lexicon parse_lexicon(std::string_view json, std::string_view name);

}  // namespace lab
