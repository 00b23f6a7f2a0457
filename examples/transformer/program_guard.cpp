// SPDX-License-Identifier: MIT
#include "transformer/program_guard.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <system_error>

#include "dope/core/error.hpp"
#include "transformer/mapped_file.hpp"
#include "transformer/printable.hpp"

namespace reference {
namespace {

/// 0, or errno.
int write_all(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

[[noreturn]] void fail_to_write(int reason) {
  throw dope::Error("standard output",
                    reason == 0 ? "a failed write" : std::generic_category().message(reason),
                    "a file or pipe that takes what is printed");
}

void flush_output() {
  errno = 0;
  std::cout.flush();
  const bool failed = std::fflush(stdout) != 0;
  if (failed || !std::cout || std::ferror(stdout) != 0) fail_to_write(errno);
}

/// Opens standard descriptors that are closed, for nothing else may get their numbers.
void require_standard_descriptors() {
  bool closed_output = false;
  for (int number = 0; number <= STDERR_FILENO; ++number) {
    if (::fcntl(number, F_GETFD) != -1 || errno != EBADF) continue;
    closed_output = closed_output || number == STDOUT_FILENO;
    static_cast<void>(::open("/dev/null", O_RDWR));
  }
  if (closed_output)
    throw dope::Error("standard output", "a closed one", "an open one; > /dev/null for none");
}

}  // namespace

void print(std::string_view text) {
  std::cout.flush();
  std::fflush(stdout);
  if (const int reason = write_all(STDOUT_FILENO, for_terminal(text)); reason != 0) fail_to_write(reason);
}

int guarded(std::string_view program, int failed, const std::function<int()>& work) {
  // A limit on the size of files then is a failed write like any other.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    require_standard_descriptors();
    MappedFile::set_loss_report(program, failed);
    const int status = work();
    flush_output();
    return status;
  } catch (const std::exception& error) {
    static_cast<void>(write_all(STDERR_FILENO, error_line(program, error) + "\n"));
    return failed;
  }
}

}  // namespace reference
