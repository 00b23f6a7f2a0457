// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "dope/core/error.hpp"
#include "transformer/printable.hpp"

// What the fuzz targets share. A target reads any bytes as one kind of input; what must hold for all bytes:
// either the input is accepted, or one dope::Error says why not, and what a program prints of it is one line.
// Sanitizers, and the limits that run.sh sets, watch memory; `reads` watches time.

namespace fuzz {

/// Prints the law that does not hold and aborts, for libFuzzer to keep the input.
[[noreturn]] inline void violation(std::string_view law, std::string_view what) {
  std::fprintf(stderr, "violation: %.*s: %.*s\n", static_cast<int>(law.size()), law.data(),
               static_cast<int>(what.size()), what.data());
  std::abort();
}

inline void require(bool truth, std::string_view law) {
  if (!truth) violation(law, "does not hold");
}

/// What a program prints of this error: one line of at most reference::longest_error characters, none of
/// which a terminal obeys.
inline void require_message(const dope::Error& error) {
  const std::string line = reference::error_line("fuzz", error);
  for (const char character : line) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7f) violation("an error is one line without control characters", line);
  }
  // Characters, not bytes: those that begin one.
  const auto length = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; });
  if (static_cast<std::size_t>(length) > reference::longest_error)
    violation("an error has at most 400 characters", line);
}

/// Seconds of this thread, whatever else the machine does.
inline double seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Whether `read` accepts; false where it throws dope::Error. Any other exception ends the program. More than
/// a second is a violation.
template <class Read>
bool reads(const Read& read) {
  const double begun = seconds();
  bool accepted = true;
  try {
    read();
  } catch (const dope::Error& error) {
    require_message(error);
    accepted = false;
  }
  require(seconds() - begun < 1.0, "one input takes less than a second");
  return accepted;
}

/// A folder of this process, under TMPDIR, removed at the end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "dope-fuzz-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) violation("a folder for files can be made", name);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// Makes NAME hold these bytes, and returns its path.
  std::filesystem::path write(std::string_view name, std::string_view bytes) const {
    const auto file = path_ / name;
    const int number = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written =
        number >= 0 && ::write(number, bytes.data(), bytes.size()) == static_cast<::ssize_t>(bytes.size());
    if (number < 0 || ::close(number) != 0 || !written) violation("a file can be written", file.string());
    return file;
  }

 private:
  std::filesystem::path path_;
};

/// Takes the first byte of an input: which of `kinds` the rest is, '0' the first.
inline std::size_t take_choice(std::string_view& bytes, std::size_t kinds) {
  if (bytes.empty()) return 0;
  const auto byte = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  return (byte + 256u - '0') % 256u % kinds;
}

/// A safetensors file made from an input. The first byte chooses: '0', the rest is the file; else the rest is
/// the header, after its true length, and before as many bytes of data as the number on the first line says.
inline std::string safetensors_file(std::string_view bytes) {
  if (take_choice(bytes, 2) == 0) return std::string(bytes);
  std::size_t count = 0;
  while (!bytes.empty() && bytes.front() >= '0' && bytes.front() <= '9' && count < 400) {
    count = 10 * count + static_cast<std::size_t>(bytes.front() - '0');
    bytes.remove_prefix(1);
  }
  if (!bytes.empty()) bytes.remove_prefix(1);
  std::string file;
  for (std::size_t i = 0; i < 8; ++i) file += static_cast<char>(bytes.size() >> (8 * i) & 255u);
  file += bytes;
  for (std::size_t i = 0; i < count; ++i)
    file += static_cast<char>(i % 64);  // small finite numbers, F32 and F16
  return file;
}

}  // namespace fuzz

/// The one function of a target: reads(bytes).
#define DOPE_FUZZ_TARGET(read)                                                        \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    read(std::string_view(reinterpret_cast<const char*>(data), size));                \
    return 0;                                                                         \
  }
