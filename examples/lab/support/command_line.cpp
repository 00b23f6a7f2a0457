// SPDX-License-Identifier: MIT
#include "lab/support/command_line.hpp"

#include <algorithm>
#include <charconv>

#include "dope/core/error.hpp"

namespace lab {
namespace {

constexpr std::size_t most_tokens = std::size_t{1} << 24;

/// Whether all of the text is one whole number, written to `value`.
bool reads_as(std::string_view text, std::size_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string length_text(std::size_t tokens, std::size_t training_length) {
  const std::string number = std::to_string(tokens);
  if (tokens == 0 || training_length == 0) return number;
  if (tokens == training_length) return number + " = L";
  if (tokens % training_length == 0) return number + " = " + std::to_string(tokens / training_length) + "L";
  if (training_length % tokens == 0) return number + " = L/" + std::to_string(training_length / tokens);
  return number;
}

std::size_t whole_number(std::string_view option, std::string_view text, std::size_t least,
                         std::size_t most) {
  std::size_t value = 0;
  if (!reads_as(text, value) || value < least || value > most) {
    throw dope::Error("--" + std::string(option), '"' + std::string(text) + '"',
                      dope::detail::text("a whole number from ", least, " to ", most));
  }
  return value;
}

Length length_of(std::string_view option, std::string_view text) {
  Length length{1, 1, Length::Unit::tokens};
  const std::size_t unit = text.find('L');
  bool good = true;
  if (unit == std::string_view::npos) {
    good = reads_as(text, length.count);
  } else {
    length.unit = Length::Unit::training_lengths;
    const std::string_view before = text.substr(0, unit);
    const std::string_view after = text.substr(unit + 1);
    good = (before.empty() || reads_as(before, length.count)) &&
           (after.empty() || (after.front() == '/' && reads_as(after.substr(1), length.parts)));
  }
  if (!good || length.count < 1 || length.count > most_tokens || length.parts < 1 ||
      length.parts > most_tokens) {
    throw dope::Error("--" + std::string(option), '"' + std::string(text) + '"',
                      "tokens, as 1536, or training lengths, as L, 3L or L/4");
  }
  return length;
}

void require_distinct(std::string_view option, const std::vector<std::string>& names) {
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (std::find(names.begin(), name, *name) != name)
      throw dope::Error("--" + std::string(option), '"' + *name + "\" twice", "different names");
  }
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t first = 0; first <= text.size();) {
    const std::size_t end = std::min(text.find(separator, first), text.size());
    parts.emplace_back(text.substr(first, end - first));
    first = end + 1;
  }
  return parts;
}

}  // namespace lab
