// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace reference {

/// A folder that one process at a time writes to: made where there is none, and held until the end of the
/// scope.
///
/// The lock is on the file ".dope.lock" in it, which names its owner for those who come second; it ends with
/// its process, and the next owner takes over what a killed one left. At the end the file is gone, and so are
/// the folders that were made and nothing was put in. Throws dope::Error of `where` at once where another
/// process holds the folder, and where it cannot be made or locked.
class FolderLock {
 public:
  FolderLock(const std::filesystem::path& folder, std::string_view program, std::string_view where);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  void make(const std::filesystem::path& folder, std::string_view where);
  /// False where the file that was locked has meanwhile gone.
  bool open_locked(std::string_view program, std::string_view where);
  void remove_what_is_empty() noexcept;

  std::filesystem::path path_;               // of the lock
  std::vector<std::filesystem::path> made_;  // folders, the outer first
  int descriptor_ = -1;
};

}  // namespace reference
