// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace reference {

/// Text from a file as one line that is safe to print: in single quotes, control and non-ASCII bytes as
/// \xNN, the middle cut out beyond 120 characters.
[[nodiscard]] std::string printable(std::string_view text);

/// Parse JSON that must be an object, more strictly than the grammar: no repeated key in any object, no
/// nesting beyond 32, no NUL byte. `where` names the text in the Error.
[[nodiscard]] nlohmann::json parse_object(std::string_view text, std::string_view where);

/// A whole text file of at most `limit` bytes; longer is an Error.
[[nodiscard]] std::string read_text(const std::filesystem::path& path, std::size_t limit);

/// parse_object of read_text.
[[nodiscard]] nlohmann::json read_object(const std::filesystem::path& path, std::size_t limit);

/// A short rendering of a JSON value for Errors.
[[nodiscard]] std::string shown(const nlohmann::json& value);

}  // namespace reference
