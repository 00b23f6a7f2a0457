// SPDX-License-Identifier: MIT
#include "transformer/input_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "dope/core/error.hpp"
#include "transformer/stop.hpp"

namespace reference {
namespace {

using dope::detail::text;

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

}  // namespace

std::string read_input(const std::string& where, const std::filesystem::path& path, std::size_t limit,
                       Source source, std::chrono::milliseconds patience) {
  const std::string expected =
      source == Source::file ? "a file that can be read" : "a file or pipe that can be read";
  const auto fail = [&](const std::string& given) { throw dope::Error(where, given, expected); };
  const auto fail_with_reason = [&](int reason) { fail(std::generic_category().message(reason)); };
  const auto too_long = [&](const std::string& given) {
    throw dope::Error(where, given, text("at most ", limit, " bytes"));
  };
  // O_NONBLOCK: opening a pipe without a writer must not wait for one.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (file.number < 0) fail_with_reason(errno);
  struct stat status {};
  if (::fstat(file.number, &status) != 0) fail_with_reason(errno);
  const bool pipe = S_ISFIFO(status.st_mode);
  if (S_ISDIR(status.st_mode)) fail("a directory");
  if (pipe && source == Source::file) fail("a pipe");
  if (!pipe && !S_ISREG(status.st_mode)) fail("a device");
  const auto size = pipe ? 0 : static_cast<std::size_t>(status.st_size);
  if (size > limit) too_long(text(size, " bytes"));

  std::string bytes;
  constexpr std::size_t step = std::size_t{1} << 16;
  const auto begun = std::chrono::steady_clock::now();
  while (true) {
    stop_if_asked();
    const std::size_t before = bytes.size();
    // One byte more than there should be tells the end of a file from its growing.
    bytes.resize(before +
                 std::min(std::max(step, size > before ? size - before + 1 : 0), limit - before + 1));
    const auto got = ::read(file.number, bytes.data() + before, bytes.size() - before);
    const int reason = errno;
    bytes.resize(before + static_cast<std::size_t>(std::max<decltype(got)>(got, 0)));
    if (bytes.size() > limit) too_long(text("more than ", limit, " bytes"));
    if (got > 0) continue;
    if (got < 0 && reason == EINTR) continue;
    struct pollfd waiting = {file.number, POLLIN, 0};
    if (got < 0 && reason == EAGAIN) {
      ::poll(&waiting, 1, 100);
      continue;
    }
    if (got < 0) fail_with_reason(reason);
    if (!pipe || !bytes.empty()) return bytes;
    // No writer yet, or one that came, wrote nothing and left.
    if (::poll(&waiting, 1, 10) > 0 && (waiting.revents & POLLHUP) != 0) return bytes;
    if (std::chrono::steady_clock::now() - begun >= patience) fail("a pipe that no process writes to");
  }
}

}  // namespace reference
