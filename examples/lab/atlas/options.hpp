// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace atlas {

struct Options {
  std::filesystem::path out;
  double base = 10000.0;
  std::size_t width = 128;
  std::int64_t positions = 0;
};

/// The options, or the text that --help asks for.
struct Parsed {
  std::optional<Options> options;
  std::string help;
};

/// Throws one dope::Error for anything that is not as --help says.
[[nodiscard]] Parsed parse_options(int argc, const char* const* argv);

}  // namespace atlas
