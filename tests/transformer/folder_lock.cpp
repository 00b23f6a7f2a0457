// SPDX-License-Identifier: MIT
#include "transformer/folder_lock.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "dope/core/error.hpp"
#include "transformer/tiny_checkpoint.hpp"

using reference::FolderLock;
namespace fs = std::filesystem;

TEST_CASE("a folder has one owner at a time, which the error names") {
  const test::TemporaryFolder folder;
  const fs::path out = folder.path() / "a" / "b";
  std::optional<FolderLock> first;
  first.emplace(out, "needle", "--out");
  CHECK(fs::is_directory(out));
  try {
    // Locks are of open files, so that one process meets its own.
    const FolderLock second(out, "effects", "--out");
    FAIL("two owners");
  } catch (const dope::Error& error) {
    CHECK(error.where() == "--out " + out.string());
    CHECK(error.given() == "a folder that needle, process " + std::to_string(::getpid()) + " is writing to");
  }
  std::ofstream(out / "file") << "x";
  first.reset();
  CHECK(std::distance(fs::directory_iterator(out), {}) == 1);  // no lock is left
  const FolderLock third(out, "effects", "--out");
}

TEST_CASE("folders that were made for nothing are gone, others stay") {
  const test::TemporaryFolder folder;
  fs::create_directory(folder.path() / "there");
  for (const char* out : {"there", "there/new", "new/er", "./new/../newer/"}) {
    CAPTURE(out);
    { const FolderLock lock(folder.path() / out, "needle", "--out"); }
    CHECK(std::distance(fs::recursive_directory_iterator(folder.path()), {}) == 1);
  }
}

TEST_CASE("the lock of a killed process is taken over; what cannot be a folder is refused") {
  const test::TemporaryFolder folder;
  std::ofstream(folder.path() / ".dope.lock") << "needle, process 1\n";
  { const FolderLock lock(folder.path(), "effects", "--out"); }
  CHECK(fs::is_empty(folder.path()));
  std::ofstream(folder.path() / "file") << "x";
  CHECK_THROWS_AS(FolderLock(folder.path() / "file", "needle", "--out"), dope::Error);
  CHECK_THROWS_AS(FolderLock(folder.path() / "file" / "below", "needle", "--out"), dope::Error);
  CHECK_THROWS_AS(FolderLock("", "needle", "--out"), dope::Error);
  CHECK_THROWS_AS(FolderLock("/proc/no/such", "needle", "--out"), dope::Error);
}
