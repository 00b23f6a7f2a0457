// SPDX-License-Identifier: MIT
#include "lab/support/byte_model.hpp"

#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "dope/core/error.hpp"
#include "transformer/checked_json.hpp"

namespace lab {
namespace {

using dope::detail::text;

constexpr std::size_t bytes = 256;
constexpr std::size_t longest_note = 4000;

/// Files by which tokenizers are known.
constexpr const char* tokenizer_files[] = {"tokenizer.json", "tokenizer.model", "tokenizer_config.json",
                                           "vocab.json",     "merges.txt",      "vocab.txt",
                                           "tekken.json",    "spiece.model",    "added_tokens.json"};

std::vector<std::string> tokenizers_in(const std::filesystem::path& folder) {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const char* name : tokenizer_files) {
    if (std::filesystem::exists(folder / name, ignored)) found.emplace_back(name);
  }
  return found;
}

/// "what: 'a', 'b'" as one line; nothing for an empty list.
void note(std::ostream& notes, const std::string& what, const std::vector<std::string>& list) {
  if (list.empty()) return;
  std::string line = what + ":";
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (line.size() > longest_note) {
      line += text(" and ", list.size() - i, " more");
      break;
    }
    line += text(i == 0 ? " " : ", ", reference::printable(list[i]));
  }
  notes << line << '\n';
}

void require_bytes(const reference::Config& config, const std::string& where, reference::Tokens declared,
                   const std::vector<std::string>& tokenizers) {
  if (config.tokens != reference::Tokens::bytes && declared != reference::Tokens::bytes) {
    const std::string beside = tokenizers.empty() ? "" : ", and " + tokenizers.front() + " beside it";
    throw dope::Error(
        where, text("a vocabulary of ", config.vocabulary, " and no word of what its tokens are", beside),
        "a model whose tokens 0 to 255 are bytes, which says so (\"dope_tokens\": \"bytes\") or "
        "for which --bytes does; there is no tokenizer here");
  }
  if (config.vocabulary <= bytes) {
    throw dope::Error(where, text("vocab_size ", config.vocabulary, " where tokens are bytes"),
                      text("at least ", bytes + 1, ": ", bytes, " bytes and a start token"));
  }
  if (!config.bos) {
    throw dope::Error(where, "no bos_token_id where tokens are bytes",
                      text("a start token from ", bytes, " to ", config.vocabulary - 1));
  }
  if (static_cast<std::size_t>(*config.bos) < bytes) {
    throw dope::Error(where, text("bos_token_id ", *config.bos, ", which is a byte"),
                      text("a start token from ", bytes, " to ", config.vocabulary - 1));
  }
}

}  // namespace

reference::Model load_byte_model(const std::filesystem::path& folder, reference::Tokens declared,
                                 std::ostream& notes) {
  const std::string file = (folder / "config.json").string();
  const auto tokenizers = tokenizers_in(folder);
  auto read = reference::load_config(folder);
  require_bytes(read, file, declared, tokenizers);
  auto model = reference::Model::load(std::move(read), folder);
  const auto& config = model.config();
  note(notes, file + ": not given, so the architecture's own value", config.defaults);
  note(notes, file + ": keys not used", config.unused);
  note(notes, folder.string() + ": tensors not used", model.weights().ignored);
  note(notes, folder.string() + ": not used, as tokens are bytes", tokenizers);
  return model;
}

}  // namespace lab
