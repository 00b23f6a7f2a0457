// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "dope/core/error.hpp"

namespace lab {

/// A number of tokens as users write it: "1536", or in training lengths "L", "3L", "L/4", "3L/2".
struct Length {
  enum class Unit { tokens, training_lengths };

  std::size_t count = 0;
  std::size_t parts = 1;  // of a training length
  Unit unit = Unit::tokens;

  /// ⌊count·L/parts⌋ of training lengths.
  [[nodiscard]] std::size_t tokens(std::size_t training_length) const noexcept {
    return unit == Unit::tokens ? count : count * training_length / parts;
  }
};

/// "512 = L", "1536 = 3L", "256 = L/2"; the number alone where it is no whole multiple or part of L.
[[nodiscard]] std::string length_text(std::size_t tokens, std::size_t training_length);

/// All of `text` as a number, or none.
template <class Number>
[[nodiscard]] std::optional<Number> as_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// What `use` gives, where only this option ("--lengths") can be wrong: its errors name it and no part of the
/// program.
template <class Use>
auto in_option(const std::string& option, const Use& use) {
  try {
    return use();
  } catch (const dope::Error& error) {
    throw dope::Error(option, error.given(), error.expected());
  }
}

// Each throws dope::Error, which names the option, where the text is something else. option: without dashes.

[[nodiscard]] std::size_t whole_number(std::string_view option, std::string_view text, std::size_t least,
                                       std::size_t most);

/// Counts and parts from 1 to 2²⁴.
[[nodiscard]] Length length_of(std::string_view option, std::string_view text);

/// Throws dope::Error, which names the option and the entry, where one stands there twice.
void require_distinct(std::string_view option, const std::vector<std::string>& names);

/// "a,b" at ',' is a and b; "" is one empty part.
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);

}  // namespace lab
