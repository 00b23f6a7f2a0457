// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace lab {

/// All bytes of a file. Throws dope::Error where it cannot be read or is not a regular file.
[[nodiscard]] std::string read_file_whole(const std::filesystem::path& path);

}  // namespace lab
