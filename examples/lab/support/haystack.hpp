// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
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

  /// The bytes of a file or pipe, read once. Throws dope::Error of option and file where it cannot be read,
  /// is empty, or has more than largest_text bytes.
  [[nodiscard]] static Haystack of_file(const std::filesystem::path& path, std::string_view option);

  /// What tells this source from others: "prose FINGERPRINT" of the lexicon, or the fingerprint of the text.
  [[nodiscard]] const std::string& identity() const noexcept { return identity_; }

  /// `bytes` bytes for a prompt that holds at most `capacity` of them, beginning at any byte.
  ///
  /// Law: a function of (source, seed, capacity, bytes); of one (source, seed, capacity), less is a
  /// prefix of more. Precondition: bytes ≤ capacity.
  [[nodiscard]] std::string cut(std::uint64_t seed, std::size_t bytes, std::size_t capacity) const;

 private:
  explicit Haystack(Lexicon lexicon);
  explicit Haystack(std::string text);

  std::variant<Lexicon, std::string> source_;
  std::string identity_;
};

}  // namespace lab
