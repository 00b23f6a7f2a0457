// SPDX-License-Identifier: MIT
#include "transformer/atomic_file.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "dope/core/error.hpp"
#include "transformer/tiny_checkpoint.hpp"

namespace {

using Text = std::string;

Text contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t files_in(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) count += entry.exists() ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("a file is written whole or not at all") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "file";
  reference::write_file_whole(path, "old");
  CHECK(contents(path) == "old");

  SUBCASE("replaced in one step, nothing left beside it") {
    const std::vector<std::byte> a(3, std::byte{'a'});
    const std::vector<std::byte> b(2, std::byte{'b'});
    const std::vector<std::span<const std::byte>> parts = {a, {}, b};
    std::ifstream reader(path);  // a reader of the old file keeps it
    reference::write_file_whole(path, parts);
    CHECK(contents(path) == "aaabb");
    CHECK(Text(std::istreambuf_iterator<char>(reader), {}) == "old");
    CHECK(files_in(folder.path()) == 1);
    reference::write_file_whole(path, "");
    CHECK(contents(path).empty());
  }
  SUBCASE("a failure leaves the old file and no temporary one") {
    const auto target = folder.path() / "folder";
    std::filesystem::create_directories(target / "full");
    CHECK_THROWS_AS(reference::write_file_whole(target, "new"), dope::Error);
    CHECK_THROWS_AS(reference::write_file_whole(folder.path() / "absent" / "file", "new"), dope::Error);
    CHECK_THROWS_AS(reference::write_file_whole(path / "below", "new"), dope::Error);
    CHECK_THROWS_AS(reference::write_file_whole(folder.path() / "", "new"), dope::Error);
    CHECK_THROWS_AS(reference::write_file_whole("", "new"), dope::Error);
    CHECK(contents(path) == "old");
    CHECK(files_in(folder.path()) == 2);
  }
  SUBCASE("what a killed writer left is written over") {
    std::ofstream(folder.path() / ".file.tmp") << "a piece, longer than what comes";
    reference::write_file_whole(path, "new");
    CHECK(contents(path) == "new");
    CHECK(files_in(folder.path()) == 1);
    std::filesystem::create_symlink(path, folder.path() / ".file.tmp");  // nobody of ours makes one
    CHECK_THROWS_AS(reference::write_file_whole(path, "newer"), dope::Error);
    CHECK(contents(path) == "new");
  }
  SUBCASE("writers side by side leave one of their texts") {
    constexpr int rounds = 300;  // enough that two threads meet on one core too
    const Text texts[] = {Text(200000, 'x'), Text(100000, 'y')};
    std::atomic<int> failures{0};
    std::atomic<int> ready{0};
    const auto write = [&](const Text& text) {
      ++ready;
      while (ready < 2) std::this_thread::yield();
      for (int i = 0; i < rounds; ++i) {
        try {
          reference::write_file_whole(path, text);
        } catch (const dope::Error&) {
          ++failures;
        }
        const Text seen = contents(path);
        failures += seen == texts[0] || seen == texts[1] ? 0 : 1;
      }
    };
    std::thread other(write, texts[0]);
    write(texts[1]);
    other.join();
    CHECK(failures == 0);
    CHECK(files_in(folder.path()) == 1);
  }
}

TEST_CASE("several files are written all or none") {
  const test::TemporaryFolder folder;
  const auto path = [&](const char* name) { return folder.path() / name; };
  reference::write_file_whole(path("a"), "old");
  SUBCASE("nothing changes before the end, and all does at it") {
    reference::FileSet files;
    files.add(path("a"), "new a");
    files.add(path("b"), "new b");
    CHECK(contents(path("a")) == "old");
    CHECK(!std::filesystem::exists(path("b")));
    files.keep();
    CHECK(contents(path("a")) == "new a");
    CHECK(contents(path("b")) == "new b");
    CHECK(files_in(folder.path()) == 2);
  }
  SUBCASE("a failure leaves what was there and nothing else") {
    std::filesystem::create_directories(path("folder") / "full");
    const auto fails = [&](const std::filesystem::path& last) {
      reference::FileSet files;
      files.add(path("a"), "new a");
      files.add(path("b"), "new b");
      files.add(last, "c");
      files.keep();
    };
    CHECK_THROWS_AS(fails(path("folder")), dope::Error);
    CHECK_THROWS_AS(fails(path("nowhere") / "c"), dope::Error);
    CHECK(contents(path("a")) == "old");
    CHECK(files_in(folder.path()) == 2);
  }
}
