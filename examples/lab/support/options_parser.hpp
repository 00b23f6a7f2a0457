// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cxxopts.hpp>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dope/core/error.hpp"

namespace lab {

/// The longest word that names an option, "--plan=FILE": cxxopts matches it by recursion, a step to a
/// character.
inline constexpr std::size_t longest_option = 1024;

/// Throws dope::Error for a longer one.
inline void require_short_options(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with('-') || word.size() <= longest_option) continue;
    throw dope::Error(
        "command line", dope::detail::text("an option of ", word.size(), " characters, ", word),
        dope::detail::text("at most ", longest_option, " characters; a value may also stand after it"));
  }
}

/// What a program makes of its command line: Parsed{read(result), ""}, or under --help Parsed{nullopt, help}
/// of the options in `groups`; of all for none. parser: has an option "help". words: what may stand beside
/// options, "options only" where nothing may.
///
/// Throws dope::Error for words that no option or position takes and for all that cxxopts refuses; read's own
/// errors pass through.
template <class Parsed, class Read>
Parsed parse_command_line(cxxopts::Options& parser, const std::vector<std::string>& groups, int argc,
                          const char* const* argv, const Read& read,
                          const std::string& words = "options only") {
  try {
    require_short_options(argc, argv);
    const auto result = parser.parse(argc, argv);
    if (result.count("help") != 0) return {std::nullopt, parser.help(groups)};
    if (!result.unmatched().empty()) {
      throw dope::Error("command line", '"' + result.unmatched().front() + '"', words + "; see --help");
    }
    return {read(result), {}};
  } catch (const dope::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw dope::Error("command line", error.what(), "options as --help lists them");
  }
}

}  // namespace lab
