// SPDX-License-Identifier: MIT
#include "transformer/input_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "dope/core/error.hpp"
#include "transformer/stop.hpp"
#include "transformer/tiny_checkpoint.hpp"

namespace {

using reference::read_input;
using reference::Source;
using Text = std::string;

/// The error's three parts, or "taken".
Text refusal(const std::filesystem::path& path, std::size_t limit, Source source,
             std::chrono::milliseconds patience = std::chrono::milliseconds(50)) {
  try {
    static_cast<void>(read_input("--plan " + path.string(), path, limit, source, patience));
  } catch (const dope::Error& error) {
    CHECK(error.where() == "--plan " + path.string());
    return error.given() + "|" + error.expected();
  }
  return "taken";
}

}  // namespace

TEST_CASE("a file is read whole, up to the limit") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "file";
  for (const std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 300000u}) {
    const Text bytes(size, 'x');
    std::ofstream(path, std::ios::binary) << bytes;
    for (const Source source : {Source::file, Source::file_or_pipe}) {
      CHECK(read_input("f", path, size, source) == bytes);
      CHECK(read_input("f", path, size + 1, source) == bytes);
      if (size > 0)
        CHECK(refusal(path, size - 1, source) ==
              std::to_string(size) + " bytes|at most " + std::to_string(size - 1) + " bytes");
    }
  }
}

TEST_CASE("what is no file is refused with its kind and the reason") {
  const test::TemporaryFolder folder;
  for (const Source source : {Source::file, Source::file_or_pipe}) {
    CHECK(refusal(folder.path(), 10, source).starts_with("a directory|"));
    CHECK(refusal("/dev/zero", 10, source).starts_with("a device|"));
    CHECK(refusal("/dev/null", 10, source).starts_with("a device|"));
    CHECK(refusal(folder.path() / "nowhere", 10, source).starts_with("No such file or directory|"));
  }
}

TEST_CASE("a pipe is read once, to its end or to the limit") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(refusal(path, 10, Source::file).starts_with("a pipe|"));
  CHECK(refusal(path, 10, Source::file_or_pipe).starts_with("a pipe that no process writes to|"));

  const auto reading = [&](std::size_t size, std::size_t limit) {
    std::thread writer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      std::signal(SIGPIPE, SIG_IGN);
      const int out = ::open(path.c_str(), O_WRONLY);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      Text piece(4096, 'x');
      for (std::size_t done = 0; done < size;) {
        const auto written = ::write(out, piece.data(), std::min(piece.size(), size - done));
        if (written <= 0) break;
        done += static_cast<std::size_t>(written);
      }
      ::close(out);
    });
    Text got;
    try {
      got = std::to_string(read_input("p", path, limit, Source::file_or_pipe).size());
    } catch (const dope::Error& error) {
      got = error.given();
    }
    writer.join();
    return got;
  };
  CHECK(reading(0, 10) == "0");
  CHECK(reading(5, 10) == "5");
  CHECK(reading(10, 10) == "10");
  CHECK(reading(11, 10) == "more than 10 bytes");
  CHECK(reading(200000, 200000) == "200000");
  CHECK(reading(std::size_t{1} << 26, 100000) == "more than 100000 bytes");
}

TEST_CASE("a pipe that somebody holds open, and one without a writer, are waited for until asked to stop") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  for (const bool held : {true, false}) {
    const int holder = held ? ::open(path.c_str(), O_RDWR) : -1;
    std::thread stopper([] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      reference::stop_flag = true;
    });
    const auto begun = std::chrono::steady_clock::now();
    CHECK_THROWS_AS(
        static_cast<void>(read_input("p", path, 10, Source::file_or_pipe, std::chrono::minutes(1))),
        reference::Stopped);
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(20));
    stopper.join();
    reference::stop_flag = false;
    if (held) ::close(holder);
  }
}
