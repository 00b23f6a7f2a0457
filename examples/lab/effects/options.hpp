// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dope/denoise.hpp"
#include "lab/support/command_line.hpp"
#include "lab/support/store.hpp"
#include "transformer/config.hpp"

namespace effects {

/// What a prompt is about. needle: one fact in a long text. shots: exemplar lines that share digits, one of
/// which is asked.
enum class Task { needle, shots };

/// The frequencies that a head is denoised under. plain: the model's own scaling.
enum class Base { plain, dynamic_ntk };

[[nodiscard]] std::string_view name_of(Base base) noexcept;

/// What the run is asked for; --help says what each means.
struct Options {
  Task task = Task::needle;
  std::filesystem::path model;
  reference::Tokens tokens = reference::Tokens::unknown;  // what the user says they are
  std::filesystem::path out;
  std::optional<std::filesystem::path> haystack;
  std::vector<lab::Length> lengths;
  std::size_t depths = 11;
  std::size_t prompts = 0;
  std::size_t measured = 0;
  std::size_t rows = 0;
  std::vector<dope::Transform> transforms;
  std::vector<Base> bases;
  std::uint64_t seed = 1;
  int threads = 0;
  lab::ResultStore::Existing existing = lab::ResultStore::Existing::resume;

  /// Files that the run reads by name.
  [[nodiscard]] std::vector<std::filesystem::path> inputs() const {
    if (haystack) return {*haystack};
    return {};
  }
};

/// The options, or the text of --help. Throws dope::Error for an unknown option or a bad value.
struct Parsed {
  std::optional<Options> options;
  std::string help;
};
[[nodiscard]] Parsed parse_options(int argc, const char* const* argv);

}  // namespace effects
