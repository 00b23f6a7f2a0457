// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace reference {

/// Write a file whole or not at all: the parts, one after the other, go to a temporary file in the same
/// folder, ".NAME.tmp", are synced to disk and renamed to `path`. A reader sees the old file or the new one,
/// never a piece, and a crash leaves the old one; the next write of `path` takes up what it left beside it.
/// Writers of one path, threads or processes, wait for each other.
///
/// An existing file is replaced; where `path` is a symbolic link, the link is. New files get 0666 less
/// the umask. Any failure is a dope::Error that names the path, and the temporary file is gone.
void write_file_whole(const std::filesystem::path& path, std::span<const std::span<const std::byte>> parts);
void write_file_whole(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file_whole(const std::filesystem::path& path, std::string_view text);

class TemporaryFile;

/// Several files, written all or none: each goes to its temporary file when it is added, and all are renamed
/// at the end. Where anything fails before that, a full disk above all, no file has changed.
///
/// Throws dope::Error as write_file_whole does. No path twice.
class FileSet {
 public:
  FileSet();
  FileSet(const FileSet&) = delete;
  FileSet& operator=(const FileSet&) = delete;
  ~FileSet();

  void add(const std::filesystem::path& path, std::span<const std::span<const std::byte>> parts);
  void add(const std::filesystem::path& path, std::string_view text);
  void keep();

 private:
  std::vector<std::unique_ptr<TemporaryFile>> files_;
};

}  // namespace reference
