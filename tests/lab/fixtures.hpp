// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "lab/support/haystack.hpp"
#include "lab/support/lexicon.hpp"
#include "lab/temporary_folder.hpp"
#include "transformer/atomic_file.hpp"

namespace lab::test {

/// The lexicon that ships with the embedded model, found from this file's own path.
inline std::filesystem::path lexicon_path() {
  return std::filesystem::path(__FILE__).parent_path() / "../../examples/model/lexicon.json";
}

inline const Lexicon& lexicon() {
  static const Lexicon loaded = load_lexicon(lexicon_path());
  return loaded;
}

/// The text of a file as a program reads it for --haystack.
inline Haystack haystack_of(std::string_view text) {
  const TemporaryFolder folder;
  reference::write_file_whole(folder / "text", text);
  return Haystack::of_file(folder / "text", "--haystack");
}

/// FNV-1a, 64 bit: a long text's fingerprint.
inline std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return hash;
}

}  // namespace lab::test
