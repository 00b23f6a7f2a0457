// SPDX-License-Identifier: MIT
#include "transformer/mapped_file.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "transformer/tiny_checkpoint.hpp"

// Mapped files that are there are tested with what reads them: safetensors, checkpoint.

namespace {

using Text = std::string;

/// What a child process says on standard error while it runs `work`, and how it ends.
template <class Work>
std::pair<Text, int> in_child(const Work& work) {
  int ends[2] = {-1, -1};
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    work();
    ::_exit(0);
  }
  ::close(ends[1]);
  Text said;
  char bytes[256];
  for (ssize_t got = 0; (got = ::read(ends[0], bytes, sizeof bytes)) > 0;)
    said.append(bytes, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return {said, status};
}

}  // namespace

TEST_CASE("a file that is shortened while it is read ends the process with one line that names it") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "weights\x1b[31m";
  std::ofstream(path, std::ios::binary) << Text(std::size_t{1} << 16, 'x');
  const auto [said, status] = in_child([&] {
    reference::MappedFile::set_loss_report("needle", 3);
    const reference::MappedFile other(folder.path() / "weights\x1b[31m");
    const reference::MappedFile file(path);
    std::filesystem::resize_file(path, 0);
    const volatile std::byte* const last = &file.bytes().back();
    volatile auto seen = static_cast<unsigned char>(*last);
    static_cast<void>(seen);
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 3);
  CHECK(said.starts_with("needle: " + folder.path().string() + "/weights\\x1b[31m: given "));
  CHECK(said.find(", expected ") != Text::npos);
  CHECK(said.find('\n') == said.size() - 1);
}

TEST_CASE("a bus error that has to do with no mapped file stays one") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "file";
  std::ofstream(path, std::ios::binary) << "xyz";
  const auto [said, status] = in_child([&] {
    const reference::MappedFile file(path);
    ::raise(SIGBUS);
  });
  CHECK(said.find("given a file") == Text::npos);
  CHECK(status != 0);
}
