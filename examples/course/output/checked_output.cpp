// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// Linked with every lesson, so that its main() need not say it: what printf could not write, as to a full
// disk, ends the program with an error and status 1.

namespace {

void require_written() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  std::fprintf(stderr, "standard output: given %s, expected a file or pipe that takes what is printed\n",
               errno == 0 ? "a failed write" : std::strerror(errno));
  ::_exit(1);
}

[[maybe_unused]] const int registered = std::atexit(require_written);

}  // namespace
