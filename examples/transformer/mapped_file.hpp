// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace reference {

/// A whole regular file, read-only in memory; bytes() starts at a page boundary.
///
/// Symbolic links are followed (model caches are made of them); a directory, pipe or device, or a file
/// that cannot be read, is a dope::Error. Precondition: nobody shortens the file while it is mapped
/// (write_file_whole never does: it replaces).
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace reference
