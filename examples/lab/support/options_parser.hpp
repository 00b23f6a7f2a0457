// SPDX-License-Identifier: MIT
#pragma once

#include <cxxopts.hpp>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "dope/core/error.hpp"

namespace lab {

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
