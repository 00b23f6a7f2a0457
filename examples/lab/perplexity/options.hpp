// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/support/command_line.hpp"
#include "lab/support/store.hpp"
#include "transformer/config.hpp"

namespace perplexity {

/// Which of the two measurements run.
enum class Modes { both, growing, sliding };

/// Whether each plan is held against as many heads drawn by lot.
enum class Control { none, random_heads };

/// What the run is asked for; --help says what each means.
struct Options {
  std::filesystem::path model;
  reference::Tokens tokens = reference::Tokens::unknown;  // what the user says they are
  std::filesystem::path out;
  std::optional<std::filesystem::path> text;
  std::size_t texts = 0;
  Modes modes = Modes::both;
  lab::Length length;
  std::size_t bins = 0;
  std::vector<lab::Length> windows;
  lab::Length stride;
  lab::Length scored;
  std::vector<std::string_view> baselines;  // of lab::all_baselines, in its order
  std::vector<std::filesystem::path> plans;
  Control control = Control::none;
  std::size_t random_draws = 0;
  std::uint64_t seed = 0;
  int threads = 0;
  lab::ResultStore::Existing existing = lab::ResultStore::Existing::resume;

  /// Files that the run reads by name.
  [[nodiscard]] std::vector<std::filesystem::path> inputs() const {
    auto paths = plans;
    if (text) paths.push_back(*text);
    return paths;
  }
};

/// The options, or the text of --help. Throws dope::Error for an unknown option or a bad value.
struct Parsed {
  std::optional<Options> options;
  std::string help;
};
[[nodiscard]] Parsed parse_options(int argc, const char* const* argv);

}  // namespace perplexity
