// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "transformer/printable.hpp"

namespace reference {

/// The deepest nesting of JSON that is read: more than any file needs, and harmless to what walks through it.
inline constexpr int deepest_json = 32;

/// Parse JSON that must be an object, more strictly than the grammar: no repeated key in any object, no
/// nesting beyond deepest_json, no NUL byte; all checked while parsing. `where` names the text in the Error.
[[nodiscard]] nlohmann::json parse_object(std::string_view text, std::string_view where);

/// The same with keys in the text's order; at most 1024 keys to an object, for each is looked for among all.
[[nodiscard]] nlohmann::ordered_json parse_ordered_object(std::string_view text, std::string_view where);

/// A whole regular file of at most `limit` bytes (read_input).
[[nodiscard]] std::string read_text(const std::filesystem::path& path, std::size_t limit);

/// parse_object of read_text.
[[nodiscard]] nlohmann::json read_object(const std::filesystem::path& path, std::size_t limit);

/// A short rendering of a JSON value for Errors.
[[nodiscard]] std::string shown(const nlohmann::json& value);
[[nodiscard]] std::string shown(const nlohmann::ordered_json& value);

}  // namespace reference
