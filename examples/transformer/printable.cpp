// SPDX-License-Identifier: MIT
#include "transformer/printable.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <new>
#include <vector>

#include "dope/core/error.hpp"

namespace reference {
namespace {

constexpr std::string_view ellipsis = "…";

std::string escaped(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char character : bytes) {
    const auto byte = static_cast<unsigned char>(character);
    text += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

/// The character at the front: its bytes, and its code, or none where the first byte begins no UTF-8.
struct Character {
  std::string_view bytes;
  char32_t code;
};

constexpr char32_t no_code = 0xffffffff;

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const Character broken{text.substr(0, 1), no_code};
  if (byte(0) < 0x80) return {text.substr(0, 1), byte(0)};
  const std::size_t length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < length) return broken;
  char32_t code = byte(0) & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return broken;
    code = code << 6 | (byte(i) & 0x3fu);
  }
  const char32_t least = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
  if (code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return broken;
  return {text.substr(0, length), code};
}

/// Whether a terminal shows the character, and nothing else happens.
bool is_visible(char32_t code) {
  const auto within = [&](char32_t first, char32_t last) { return code >= first && code <= last; };
  return code >= 0x20 && !within(0x7f, 0x9f) && code != 0xad && code != 0x61c && !within(0x180b, 0x180f) &&
         !within(0x200b, 0x200f) && !within(0x2028, 0x202e) && !within(0x2060, 0x206f) &&
         !within(0xfe00, 0xfe0f) && code != 0xfeff && !within(0xfff9, 0xfffb) && !within(0xe0000, 0xe0fff) &&
         code <= 0x10ffff;
}

/// The text's characters as they are shown, one to an entry; an escaped byte is four.
std::vector<std::string> shown_characters(std::string_view text, bool lines) {
  std::vector<std::string> characters;
  while (!text.empty()) {
    const auto [bytes, code] = first_character(text);
    text.remove_prefix(bytes.size());
    if (is_visible(code) || (lines && (code == '\n' || code == '\t'))) {
      characters.emplace_back(bytes);
    } else {
      for (const char one : escaped(bytes)) characters.emplace_back(1, one);
    }
  }
  return characters;
}

std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; }));
}

/// WHERE, GIVEN and EXPECTED, the longest ones cut so that all have at most `most` characters.
std::array<std::string, 3> cut(const std::array<std::string, 3>& parts, std::size_t most) {
  std::size_t cap = most;
  const auto total = [&] {
    std::size_t sum = 0;
    for (const auto& part : parts) sum += std::min(length_of(part), cap);
    return sum;
  };
  while (cap > 3 && total() > most) --cap;
  return {one_line(parts[0], cap), one_line(parts[1], cap), one_line(parts[2], cap)};
}

}  // namespace

std::string printable(std::string_view given) {
  constexpr std::size_t longest = 120;
  constexpr std::size_t half = longest / 2;
  const auto safe = [](std::string_view part) {
    std::string text;
    for (const char character : part) {
      if (character >= 0x20 && character < 0x7f) {
        text += character;
      } else {
        text += escaped({&character, 1});
      }
    }
    return text;
  };
  if (given.size() <= longest) return "'" + safe(given) + "'";
  return "'" + safe(given.substr(0, half)) + "..." + safe(given.substr(given.size() - half)) + "'";
}

std::string for_terminal(std::string_view text) {
  std::string shown;
  for (const auto& character : shown_characters(text, true)) shown += character;
  return shown;
}

std::string one_line(std::string_view text, std::size_t most) {
  // A character has at most four bytes, so that nothing else is shown of a text of megabytes.
  const std::size_t ends = 4 * most;
  std::string shortened;
  if (text.size() > 2 * ends) {
    shortened = std::string(text.substr(0, ends)) + std::string(text.substr(text.size() - ends));
    text = shortened;
  }
  const auto characters = shown_characters(text, false);
  std::string line;
  if (characters.size() <= most && shortened.empty()) {
    for (const auto& character : characters) line += character;
    return line;
  }
  const std::size_t last = (most - 1) / 2;
  const std::size_t first = most - 1 - last;
  for (std::size_t i = 0; i < first; ++i) line += characters[i];
  line += ellipsis;
  for (std::size_t i = characters.size() - last; i < characters.size(); ++i) line += characters[i];
  return line;
}

std::string error_line(std::string_view program, const std::exception& error) {
  const std::string name = one_line(program, 40);
  if (const auto* one = dynamic_cast<const dope::Error*>(&error)) {
    constexpr std::string_view given = ": given ";
    constexpr std::string_view expected = ", expected ";
    const bool same = one->where() == program || one->where().empty();
    const std::array<std::string, 3> parts = {same ? "" : one_line(one->where()), one_line(one->given()),
                                              one_line(one->expected())};
    const std::size_t fixed = length_of(name) + 2 + given.size() + expected.size();
    const auto shown = cut(parts, longest_error - fixed);
    return name + (same ? "" : ": " + shown[0]) + std::string(given) + shown[1] + std::string(expected) +
           shown[2];
  }
  const std::size_t rest = longest_error - length_of(name) - 2;
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
    return name + ": memory: given less than this takes, expected more, or a smaller request";
  if (const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&error))
    return name + ": " + one_line(file->path1().string() + ": " + file->code().message(), rest);
  return name + ": " + one_line(error.what(), rest);
}

}  // namespace reference
