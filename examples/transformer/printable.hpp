// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

namespace reference {

/// The most characters of an error that a program prints.
inline constexpr std::size_t longest_error = 400;

/// Text from a file as one line that is safe to print: in single quotes, control and non-ASCII bytes as
/// \xNN, the middle cut out beyond 120 characters.
[[nodiscard]] std::string printable(std::string_view text);

/// Text that a terminal shows as it is: bytes that are no UTF-8, control characters, characters that have no
/// width or change the direction of writing, and line separators become \xNN; line feed and tab stay.
[[nodiscard]] std::string for_terminal(std::string_view text);

/// The same as one line, line feed and tab as \x0a and \x09 too, of at most `most` characters: beyond that,
/// its beginning and its end with "…" between. Precondition: most ≥ 3.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t most = longest_error);

/// "PROGRAM: WHERE: given X, expected Y" as one_line. Where it is too long, the longest of the three parts of
/// a dope::Error is cut first, so that each is there. Where the error's place is the program, it stands once.
[[nodiscard]] std::string error_line(std::string_view program, const std::exception& error);

}  // namespace reference
