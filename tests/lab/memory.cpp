// SPDX-License-Identifier: MIT
#include "lab/support/memory.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "dope/core/error.hpp"
#include "lab/temporary_folder.hpp"

namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

constexpr double kib = 1024.0;

}  // namespace

TEST_CASE("free memory is the least of what the system, the control groups and ulimit leave") {
  const lab::test::TemporaryFolder folder;
  const std::filesystem::path top = folder / "root";
  const std::string root = top.string();
  const auto group = top / "sys/fs/cgroup/user/job";
  CHECK(!lab::free_memory(root));

  write(top / "proc/meminfo", "MemTotal: 9000 kB\nMemFree: 10 kB\nMemAvailable: 8000 kB\nBuffers: 1 kB\n");
  CHECK(lab::free_memory(root) == 8000 * kib);

  write(top / "proc/self/cgroup", "0::/user/job\n");
  write(group / "memory.max", "max\n");
  write(group / "memory.current", "1024\n");
  CHECK(lab::free_memory(root) == 8000 * kib);

  // The group above leaves less; pages of files are given back.
  write(group.parent_path() / "memory.max", "4096000\n");
  write(group.parent_path() / "memory.current", "3072000\n");
  write(group.parent_path() / "memory.stat", "anon 2048000\nfile 1024000\nkernel 5\n");
  CHECK(lab::free_memory(root) == 2048000.0);

  write(group / "memory.max", "2048\n");
  CHECK(lab::free_memory(root) == 1024.0);

  // A group that holds more than it may leaves nothing.
  write(group / "memory.current", "4096\n");
  CHECK(lab::free_memory(root) == 0.0);
}

TEST_CASE("control groups of the first version count as well") {
  const lab::test::TemporaryFolder folder;
  const std::filesystem::path top = folder / "root";
  write(top / "proc/self/cgroup", "5:cpu:/job\n4:memory:/job\n");
  const auto group = top / "sys/fs/cgroup/memory/job";
  write(group / "memory.limit_in_bytes", "1000000\n");
  write(group / "memory.usage_in_bytes", "600000\n");
  write(group / "memory.stat", "cache 1\ntotal_cache 100000\n");
  CHECK(lab::free_memory(top.string()) == 500000.0);
}

TEST_CASE("a need above what is free is refused with option, length and need, and any need is remembered") {
  const lab::MemoryPart small[] = {{"caches", 2048.0}, {"layers", 1024.0}};
  lab::require_memory("lengths", 100, small);
  CHECK(
      lab::out_of_memory() ==
      "--lengths: given 100 tokens, which need at least 3.0 KiB of memory (caches 2.0 KiB, layers 1.0 KiB), "
      "expected more memory than the system gave");
  const lab::MemoryPart absurd[] = {{"caches", 0x1p+70}};
  try {
    lab::require_memory("length", std::size_t{1} << 40, absurd);
    FAIL("nothing was refused");
  } catch (const dope::Error& error) {
    CHECK(error.where() == "--length");
    CHECK(error.given() == "1099511627776 tokens, which need at least 1024 EiB of memory (caches 1024 EiB)");
    CHECK(error.expected().find("a length that fits into the ") == 0);
  }
}
