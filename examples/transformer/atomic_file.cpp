// SPDX-License-Identifier: MIT
#include "transformer/atomic_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "dope/core/error.hpp"

namespace reference {

/// The file beside the target that becomes it, or vanishes. One writer of a target has it at a time, by a
/// lock that ends with its process; what a killed one left there is written over.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target) : target_(target), path_(target) {
    if (!target.has_filename()) throw dope::Error(target.string(), "no file name", "the path of a file");
    path_.replace_filename("." + target.filename().string() + ".tmp");
    while (!open_locked()) {
    }
    if (::ftruncate(descriptor_, 0) != 0) give_up("a folder that can be written to");
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ >= 0) remove();
  }

  void write(std::span<const std::byte> bytes) {
    constexpr std::size_t most = std::size_t{1} << 30;
    while (!bytes.empty()) {
      const auto written = ::write(descriptor_, bytes.data(), std::min(bytes.size(), most));
      if (written < 0 && errno != EINTR) fail("room to write");
      if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  /// All that can fail but for the renaming.
  void prepare() const {
    if (::fsync(descriptor_) != 0) fail("a file that can be synced to disk");
    struct stat there {};
    if (::lstat(target_.c_str(), &there) == 0 && S_ISDIR(there.st_mode)) {
      errno = EISDIR;
      fail("a path that a file can be renamed to");
    }
  }

  void rename() {
    if (std::rename(path_.c_str(), target_.c_str()) != 0) fail("a path that a file can be renamed to");
    ::close(descriptor_);
    descriptor_ = -1;
    // Best effort: some file systems cannot sync a folder, and the file itself is complete either way.
    const auto folder = target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
    const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
      static_cast<void>(::fsync(directory));
      ::close(directory);
    }
  }

 private:
  /// False where the file that was waited for has meanwhile become its target, or vanished.
  bool open_locked() {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail("a folder that can be written to");
    while (::flock(descriptor_, LOCK_EX) != 0) {
      if (errno == EINTR) continue;
      const int reason = errno;
      ::close(descriptor_);
      errno = reason;
      fail("a file system that can lock files");
    }
    struct stat opened {};
    struct stat there {};
    if (::fstat(descriptor_, &opened) == 0 && ::lstat(path_.c_str(), &there) == 0 &&
        opened.st_dev == there.st_dev && opened.st_ino == there.st_ino)
      return true;
    ::close(descriptor_);
    return false;
  }

  /// While the lock is held, so that nobody else's file goes.
  void remove() noexcept {
    ::unlink(path_.c_str());
    ::close(descriptor_);
  }

  [[noreturn]] void give_up(const char* expected) {
    const int reason = errno;
    remove();
    errno = reason;
    fail(expected);
  }

  [[noreturn]] void fail(const char* expected) const {
    throw dope::Error("write " + target_.string(), std::generic_category().message(errno), expected);
  }

  std::filesystem::path target_;
  std::filesystem::path path_;
  int descriptor_ = -1;
};

void write_file_whole(const std::filesystem::path& path, std::span<const std::span<const std::byte>> parts) {
  TemporaryFile file(path);
  for (const auto part : parts) file.write(part);
  file.prepare();
  file.rename();
}

void write_file_whole(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  write_file_whole(path, std::span<const std::span<const std::byte>>(&bytes, 1));
}

void write_file_whole(const std::filesystem::path& path, std::string_view text) {
  write_file_whole(path, std::as_bytes(std::span<const char>(text)));
}

FileSet::FileSet() {
  // Each file stays open until all are there.
  struct rlimit files {};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &files));
  }
}
FileSet::~FileSet() = default;

void FileSet::add(const std::filesystem::path& path, std::span<const std::span<const std::byte>> parts) {
  auto file = std::make_unique<TemporaryFile>(path);
  for (const auto part : parts) file->write(part);
  files_.push_back(std::move(file));
}

void FileSet::add(const std::filesystem::path& path, std::string_view text) {
  const auto bytes = std::as_bytes(std::span<const char>(text));
  add(path, std::span<const std::span<const std::byte>>(&bytes, 1));
}

void FileSet::keep() {
  for (const auto& file : files_) file->prepare();
  for (const auto& file : files_) file->rename();
  files_.clear();
}

}  // namespace reference
