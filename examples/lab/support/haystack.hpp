// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>

#include "lab/support/lexicon.hpp"

namespace lab {

/// Where the text around a needle comes from: generated prose, or the bytes of a file.
///
/// Prose: fresh for every seed. File: the bytes as they are (UTF-8 may be cut inside a character, as
/// the byte-level model reads bytes), from a start drawn by the seed; a file too short for the
/// request starts anywhere in it and repeats from its beginning.
class Haystack {
 public:
  [[nodiscard]] static Haystack of_prose(Lexicon lexicon);

  /// Throws dope::Error for an empty text.
  [[nodiscard]] static Haystack of_text(std::string text);

  /// Throws dope::Error where the file cannot be read or is empty.
  [[nodiscard]] static Haystack of_file(const std::filesystem::path& path);

  /// `bytes` bytes for a prompt that holds at most `capacity` of them, beginning at any byte.
  ///
  /// Law: a function of (source, seed, capacity, bytes); of one (source, seed, capacity), less is a
  /// prefix of more. Precondition: bytes ≤ capacity.
  [[nodiscard]] std::string cut(std::uint64_t seed, std::size_t bytes, std::size_t capacity) const;

 private:
  explicit Haystack(Lexicon lexicon) : source_(std::move(lexicon)) {}
  explicit Haystack(std::string text) : source_(std::move(text)) {}

  std::variant<Lexicon, std::string> source_;
};

}  // namespace lab
