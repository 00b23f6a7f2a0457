// SPDX-License-Identifier: MIT
#include "lab/support/files.hpp"

#include <fstream>
#include <ios>
#include <iterator>
#include <system_error>

#include "dope/core/error.hpp"

namespace lab {

std::string read_file_whole(const std::filesystem::path& path) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, ignored)) {
    throw dope::Error("read_file_whole", path.string(), "a file that can be read");
  }
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) {
    throw dope::Error("read_file_whole", path.string() + ", which failed while being read",
                      "a readable file");
  }
  return bytes;
}

}  // namespace lab
