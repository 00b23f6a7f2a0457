// SPDX-License-Identifier: MIT
#include "lab/support/lexicon.hpp"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "dope/core/error.hpp"
#include "lab/support/ascii.hpp"
#include "lab/support/files.hpp"
#include "lab/support/fingerprint.hpp"
#include "transformer/checked_json.hpp"
#include "transformer/input_file.hpp"

namespace lab {
namespace {

using reference::printable;

void check_slots(const Lexicon& lexicon, const std::string& where, const std::string& sentence) {
  for (std::size_t at = sentence.find('{'); at != std::string::npos; at = sentence.find('{', at + 1)) {
    const std::size_t close = sentence.find('}', at);
    if (close == std::string::npos) {
      throw dope::Error(where, "sentence " + printable(sentence) + " with an open slot", "a } for every {");
    }
    const std::string list = with_lower_initial(sentence.substr(at + 1, close - at - 1));
    if (!lexicon.words.contains(list)) {
      throw dope::Error(where, "sentence " + printable(sentence) + " without a list " + printable(list),
                        "a list for every slot");
    }
  }
}

}  // namespace

Lexicon parse_lexicon(std::string_view json, std::string_view name) {
  const std::string where = "lexicon " + std::string(name);
  const nlohmann::json root = reference::parse_object(json, where);
  Lexicon lexicon;
  lexicon.fingerprint = fingerprint(json);
  for (const auto& [list, entries] : root.items()) {
    std::vector<std::string> words;
    if (entries.is_array()) {
      for (const auto& entry : entries) {
        if (entry.is_string() && !entry.get_ref<const std::string&>().empty()) words.push_back(entry);
      }
    }
    if (words.empty() || words.size() != entries.size()) {
      throw dope::Error(where, "entry " + printable(list) + " = " + reference::shown(entries),
                        "a list of at least one non-empty string");
    }
    if (list == "sentence") {
      lexicon.sentences = std::move(words);
    } else {
      lexicon.words.emplace(list, std::move(words));
    }
  }
  if (lexicon.sentences.empty()) {
    throw dope::Error(where, "no list \"sentence\"", "sentence templates");
  }
  for (const auto& sentence : lexicon.sentences) check_slots(lexicon, where, sentence);
  return lexicon;
}

Lexicon load_lexicon(const std::filesystem::path& path, std::string_view option) {
  const std::string where = input_name(option, path);
  return parse_lexicon(reference::read_input(where, path, largest_lexicon, reference::Source::file), where);
}

}  // namespace lab
