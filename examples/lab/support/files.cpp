// SPDX-License-Identifier: MIT
#include "lab/support/files.hpp"

namespace lab {

std::string input_name(std::string_view option, const std::filesystem::path& path) {
  return std::string(option) + (option.empty() ? "" : " ") + path.string();
}

}  // namespace lab
