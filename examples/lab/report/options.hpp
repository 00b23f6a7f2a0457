// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace report {

struct Options {
  std::filesystem::path folder;
};

/// Either options, or the text to print instead of running.
struct Parsed {
  std::optional<Options> options;
  std::string help;
};

/// Throws dope::Error for anything that is not exactly one folder.
[[nodiscard]] Parsed parse_options(int argc, const char* const* argv);

}  // namespace report
