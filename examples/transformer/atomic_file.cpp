// SPDX-License-Identifier: MIT
#include "transformer/atomic_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "dope/core/error.hpp"

namespace reference {
namespace {

/// A new file beside the target that vanishes unless it is renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target) : target_(target) {
    static std::atomic<unsigned> counter{0};
    if (!target.has_filename()) throw dope::Error(target.string(), "no file name", "the path of a file");
    do {
      path_ = target;
      path_.replace_filename("." + target.filename().string() + "." + std::to_string(::getpid()) + "." +
                             std::to_string(counter++) + ".tmp");
      descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (descriptor_ < 0 && errno == EEXIST);
    if (descriptor_ < 0) fail("a folder that can be written to");
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
      ::unlink(path_.c_str());
    }
  }

  void write(std::span<const std::byte> bytes) {
    constexpr std::size_t most = std::size_t{1} << 30;
    while (!bytes.empty()) {
      const auto written = ::write(descriptor_, bytes.data(), std::min(bytes.size(), most));
      if (written < 0 && errno != EINTR) fail("room to write");
      if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  void keep() {
    if (::fsync(descriptor_) != 0) fail("a file that can be synced to disk");
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
  [[noreturn]] void fail(const char* expected) const {
    throw dope::Error("write " + target_.string(), std::generic_category().message(errno), expected);
  }

  std::filesystem::path target_;
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace

void write_file_whole(const std::filesystem::path& path, std::span<const std::span<const std::byte>> parts) {
  TemporaryFile file(path);
  for (const auto part : parts) file.write(part);
  file.keep();
}

void write_file_whole(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  write_file_whole(path, std::span<const std::span<const std::byte>>(&bytes, 1));
}

void write_file_whole(const std::filesystem::path& path, std::string_view text) {
  write_file_whole(path, std::as_bytes(std::span<const char>(text)));
}

}  // namespace reference
