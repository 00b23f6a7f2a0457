// SPDX-License-Identifier: MIT
#include "lab/support/files.hpp"

#include "transformer/input_file.hpp"

namespace lab {

std::string input_name(std::string_view option, const std::filesystem::path& path) {
  return std::string(option) + (option.empty() ? "" : " ") + path.string();
}

std::string read_file_whole(const std::filesystem::path& path) {
  return reference::read_input(path.string(), path, largest_text, reference::Source::file);
}

}  // namespace lab
