// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "dope/core/error.hpp"

namespace lab {

// The most bytes of each kind of file that a program reads.
inline constexpr std::size_t largest_plan = std::size_t{1} << 24;
inline constexpr std::size_t largest_lexicon = std::size_t{1} << 24;
inline constexpr std::size_t largest_text = std::size_t{1} << 28;  // of --haystack and --text
inline constexpr std::size_t largest_results = std::size_t{1} << 30;

/// "OPTION FILE", for the error that an input is wrong.
[[nodiscard]] std::string input_name(std::string_view option, const std::filesystem::path& path);

/// What `use` gives; its errors name `where` too.
template <class Use>
auto with_place(const std::string& where, const Use& use) {
  try {
    return use();
  } catch (const dope::Error& error) {
    throw dope::Error(where + ", " + error.where(), error.given(), error.expected());
  }
}

}  // namespace lab
