// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace reference {

/// A whole regular file, read-only in memory; bytes() starts at a page boundary.
///
/// Symbolic links are followed (model caches are made of them); a directory, pipe or device, or a file
/// that cannot be read, is a dope::Error. Nobody may shorten the file while it is mapped (write_file_whole
/// never does: it replaces): a read of bytes that are gone, or that the disk does not give, ends the process
/// with one line of error that names the file. At most 4096 files are mapped at once.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

  /// Of that error: the program's name before it, and the exit status. "error" and 1 where nobody sets them.
  static void set_loss_report(std::string_view program, int status);

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace reference
