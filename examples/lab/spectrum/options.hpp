// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "dope/rope/pairing.hpp"
#include "lab/spectrum/projections.hpp"
#include "lab/spectrum/survey.hpp"
#include "lab/support/command_line.hpp"
#include "transformer/config.hpp"

namespace spectrum {

/// Whether the q and k behind the measurement are written too.
enum class Projected { dropped, saved };

/// What the run is asked for; --help says what each means.
struct Options {
  std::filesystem::path model;
  reference::Tokens tokens = reference::Tokens::unknown;  // what the user says they are
  std::optional<std::filesystem::path> text;
  std::optional<std::filesystem::path> qk;
  lab::Length length;
  double depth = 0.5;
  std::uint64_t seed = 1;
  std::string scaling;
  std::optional<TokenRange> needle;
  // Of --qk, over what its metadata say.
  std::optional<double> base;
  std::optional<std::size_t> training_length;
  std::optional<std::size_t> rotated_width;
  std::optional<dope::Pairing> pairing;

  SurveyOptions survey;
  std::size_t panels = 0;
  Projected projected = Projected::dropped;
  std::filesystem::path out;
  int threads = 0;
};

/// The options, or the text of --help. Throws dope::Error for an unknown option, a bad value, or options that
/// do not go together.
struct Parsed {
  std::optional<Options> options;
  std::string help;
};
[[nodiscard]] Parsed parse_options(int argc, const char* const* argv);

/// "FIRST:END" with FIRST < END. Throws dope::Error of `where` for anything else.
[[nodiscard]] TokenRange token_range(const std::string& where, const std::string& text);

/// A finite number from `least` to `most`. Throws dope::Error of `where` for anything else.
[[nodiscard]] double real_number(const std::string& where, const std::string& text, double least,
                                 double most);

}  // namespace spectrum
