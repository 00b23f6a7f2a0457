// SPDX-License-Identifier: MIT
#include "transformer/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "dope/core/error.hpp"
#include "transformer/printable.hpp"

namespace reference {
namespace {

namespace fs = std::filesystem;

std::string where_of(std::string_view where, const fs::path& folder) {
  return std::string(where) + (where.empty() ? "" : " ") + folder.string();
}

/// "needle, process 123": what the owner of a lock wrote into it.
std::string owner_in(int descriptor) {
  std::array<char, 100> bytes;
  const auto got = ::pread(descriptor, bytes.data(), bytes.size(), 0);
  std::string text(bytes.data(), static_cast<std::size_t>(std::max<decltype(got)>(got, 0)));
  text.erase(std::min(text.find('\n'), text.size()));
  return text.empty() ? "another process" : one_line(text, 60);
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder, std::string_view program, std::string_view where)
    : path_(folder / ".dope.lock") {
  try {
    make(folder, where);
    while (!open_locked(program, where)) {
    }
  } catch (...) {
    remove_what_is_empty();
    throw;
  }
}

FolderLock::~FolderLock() {
  ::unlink(path_.c_str());  // while it is held, so that nobody else's goes
  ::close(descriptor_);
  remove_what_is_empty();
}

void FolderLock::make(const fs::path& folder, std::string_view where) {
  if (folder.empty()) throw dope::Error(std::string(where), "no name", "the path of a folder");
  std::error_code failure;
  fs::path way;
  for (const auto& part : folder) {
    way /= part;
    if (!failure && fs::create_directory(way, failure)) made_.push_back(way);
    // A folder that is there, also by a link, is no failure.
    std::error_code ignored;
    if (failure && fs::is_directory(way, ignored)) failure.clear();
  }
  if (failure) throw dope::Error(where_of(where, folder), failure.message(), "a folder that can be made");
}

bool FolderLock::open_locked(std::string_view program, std::string_view where) {
  const auto fail = [&](const char* expected) {
    const int reason = errno;
    if (descriptor_ >= 0) ::close(descriptor_);
    throw dope::Error(where_of(where, path_.parent_path()), std::generic_category().message(reason),
                      expected);
  };
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0666);
  if (descriptor_ < 0) fail("a folder that can be written to");
  while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) fail("a file system that can lock files");
    const std::string owner = owner_in(descriptor_);
    ::close(descriptor_);
    throw dope::Error(where_of(where, path_.parent_path()), "a folder that " + owner + " is writing to",
                      "another folder, or to wait for its end");
  }
  struct stat opened {};
  struct stat there {};
  if (::fstat(descriptor_, &opened) != 0 || ::lstat(path_.c_str(), &there) != 0 ||
      opened.st_dev != there.st_dev || opened.st_ino != there.st_ino) {
    ::close(descriptor_);
    return false;
  }
  // Only for the words of an error: a full disk is no reason to stop here.
  const std::string owner = std::string(program) + ", process " + std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor_, 0) == 0) {
    const auto written = ::pwrite(descriptor_, owner.data(), owner.size(), 0);
    static_cast<void>(written);
  }
  return true;
}

void FolderLock::remove_what_is_empty() noexcept {
  for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) ::rmdir(folder->c_str());
}

}  // namespace reference
