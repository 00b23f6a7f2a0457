// SPDX-License-Identifier: MIT
#include "lab/support/command_line.hpp"

#include <algorithm>

#include "dope/core/error.hpp"

namespace lab {
namespace {

constexpr std::size_t most_tokens = std::size_t{1} << 24;

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
  const auto value = as_number<std::size_t>(text);
  if (value && *value >= least && *value <= most) return *value;
  throw dope::Error("--" + std::string(option), '"' + std::string(text) + '"',
                    dope::detail::text("a whole number from ", least, " to ", most));
}

Length length_of(std::string_view option, std::string_view text) {
  std::optional<std::size_t> count = 1;
  std::optional<std::size_t> parts = 1;
  const std::size_t unit = text.find('L');
  if (unit == std::string_view::npos) {
    count = as_number<std::size_t>(text);
  } else {
    const std::string_view before = text.substr(0, unit);
    const std::string_view after = text.substr(unit + 1);
    if (!before.empty()) count = as_number<std::size_t>(before);
    if (!after.empty()) parts = after.front() == '/' ? as_number<std::size_t>(after.substr(1)) : std::nullopt;
  }
  const auto in_range = [](std::optional<std::size_t> number) {
    return number && *number >= 1 && *number <= most_tokens;
  };
  if (!in_range(count) || !in_range(parts)) {
    throw dope::Error("--" + std::string(option), '"' + std::string(text) + '"',
                      "tokens, as 1536, or training lengths, as L, 3L or L/4");
  }
  return {*count, *parts,
          unit == std::string_view::npos ? Length::Unit::tokens : Length::Unit::training_lengths};
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
