// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "dope/conformance/case.hpp"

namespace vectors {

/// Which cases are meant; an empty list of tasks or names stands for all of them.
struct Selection {
  std::vector<std::string> tasks;
  std::vector<std::string> only;
  std::vector<std::string> skip;

  [[nodiscard]] bool wants(const dope::conformance::Case& one) const;
};

/// Throws dope::Error for a name that is no case.
void require_cases(const Selection& selection, const std::vector<dope::conformance::Case>& catalogue);

enum class Command { write, judge };

/// What the run is asked for; --help says what each means.
struct Options {
  Command command = Command::write;
  std::filesystem::path folder;
  std::filesystem::path outputs;       // of judge
  std::optional<dope::Angles> angles;  // of write, as in Coverage
  Selection selection;
};

/// The options, or the text of --help. Throws dope::Error for an unknown option or a bad value.
struct Parsed {
  std::optional<Options> options;
  std::string help;
};
[[nodiscard]] Parsed parse_options(int argc, const char* const* argv);

}  // namespace vectors
