// SPDX-License-Identifier: MIT
#include "transformer/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <system_error>

#include "dope/core/error.hpp"
#include "transformer/printable.hpp"

namespace reference {
namespace {

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

[[noreturn]] void fail(const std::filesystem::path& path, int error) {
  throw dope::Error(path.string(), std::generic_category().message(error), "a readable file");
}

/// A mapped range, for the signal handler: it may read atomics and call write and _exit, no more.
struct Range {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};      // 0: the entry is free
  std::atomic<const char*> name{nullptr};  // one line; owned
};

constexpr std::size_t most_files = 4096;
std::array<Range, most_files> ranges;
std::mutex ranges_mutex;  // of those that map and unmap
std::array<char, 64> program = {"error"};
std::atomic<int> loss_status{1};
struct sigaction previous_action {};

void write_text(const char* text) {
  const auto written = ::write(STDERR_FILENO, text, std::strlen(text));
  static_cast<void>(written);
}

extern "C" void reference_on_bus_error(int signal, siginfo_t* info, void* context) {
  const auto place = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (const Range& range : ranges) {
    if (info->si_code <= 0) break;  // sent by a process: no place
    if (place < range.begin.load() || place >= range.end.load()) continue;
    write_text(program.data());
    write_text(": ");
    write_text(range.name.load());
    write_text(
        ": given a file that was shortened, or that the disk does not give, while it was read, expected ");
    write_text("a file that stays as it is\n");
    ::_exit(loss_status.load());
  }
  // Not ours: what would have happened without this handler.
  if ((previous_action.sa_flags & SA_SIGINFO) != 0 && previous_action.sa_sigaction != nullptr) {
    previous_action.sa_sigaction(signal, info, context);
    return;
  }
  sigaction(signal, &previous_action, nullptr);
  ::raise(signal);
}

void install_handler() {
  struct sigaction action {};
  action.sa_sigaction = reference_on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &previous_action);
}

void add_range(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  const std::lock_guard lock(ranges_mutex);
  [[maybe_unused]] static const bool installed = (install_handler(), true);
  for (Range& range : ranges) {
    if (range.end.load() != 0) continue;
    const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
    range.name.store(::strdup(one_line(path.string(), longest_error / 2).c_str()));
    if (range.name.load() == nullptr) throw std::bad_alloc();
    range.begin.store(begin);
    range.end.store(begin + bytes.size());
    return;
  }
  throw dope::Error(path.string(), "one more mapped file",
                    dope::detail::text("at most ", most_files, " at once"));
}

void remove_range(std::span<const std::byte> bytes) {
  const std::lock_guard lock(ranges_mutex);
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  for (Range& range : ranges) {
    if (range.begin.load() != begin || range.end.load() == 0) continue;
    range.end.store(0);
    range.begin.store(0);
    std::free(const_cast<char*>(range.name.exchange(nullptr)));
    return;
  }
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a pipe without a writer must not wait for one.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) fail(path, errno);
  struct stat status {};
  if (::fstat(file.number, &status) != 0) fail(path, errno);
  if (!S_ISREG(status.st_mode)) {
    throw dope::Error(path.string(), S_ISDIR(status.st_mode) ? "a directory" : "a special file",
                      "a regular file");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return;
  void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (start == MAP_FAILED) fail(path, errno);
  const std::span<const std::byte> bytes{static_cast<const std::byte*>(start), size};
  try {
    add_range(path, bytes);
  } catch (...) {
    ::munmap(start, size);
    throw;
  }
  bytes_ = bytes;
}

MappedFile::~MappedFile() {
  if (bytes_.empty()) return;
  remove_range(bytes_);
  ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::set_loss_report(std::string_view name, int status) {
  const std::lock_guard lock(ranges_mutex);
  const std::string shown = one_line(name, program.size() / 4 - 1);
  std::memcpy(program.data(), shown.c_str(), shown.size() + 1);
  loss_status.store(status);
}

}  // namespace reference
