// SPDX-License-Identifier: MIT
#include "lab/support/run_folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/support/files.hpp"
#include "lab/temporary_folder.hpp"
#include "transformer/stop.hpp"

namespace fs = std::filesystem;
using lab::RunFolder;
using lab::test::TemporaryFolder;
using Names = std::vector<std::string>;

namespace {

/// All files below a folder, sorted.
Names files_in(const fs::path& folder) {
  Names names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_directory()) names.push_back(fs::relative(entry.path(), folder).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void write(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

void run(const fs::path& out, const Names& names, bool fresh = false) {
  RunFolder folder(out, "needle");
  if (fresh) folder.clear();
  RunFolder::Files files;
  for (const auto& name : names) files.add(name, "of " + name);
  const auto paths = folder.write(files);
  CHECK(paths.size() == names.size());
  for (std::size_t i = 0; i < names.size(); ++i) CHECK(lab::test::read_file(paths[i]) == "of " + names[i]);
}

template <class Work>
std::string refusal(const Work& work) {
  try {
    work();
  } catch (const dope::Error& error) {
    return error.what();
  }
  return "taken";
}

}  // namespace

TEST_CASE("a run replaces what an earlier one wrote, clears the rest of it, and touches nothing else") {
  const TemporaryFolder folder;
  const fs::path out = folder / "out";
  run(out, {"table.md", "a.svg", "plans/1.json", "plans/2.json"});
  write(out / "mine.svg", "mine");
  write(out / "plans" / "mine.json", "mine");
  run(out, {"table.md", "b.svg", "plans/2.json"});
  CHECK(files_in(out) ==
        Names{"b.svg", "mine.svg", "plans/2.json", "plans/mine.json", "run.json", "table.md"});
  run(out, {"table.md"});
  CHECK(files_in(out) == Names{"mine.svg", "plans/mine.json", "run.json", "table.md"});
  fs::remove(out / "plans" / "mine.json");
  fs::remove(out / "plans");
  run(out, {"plans/1.json"});
  run(out, {"table.md"});
  CHECK(!fs::exists(out / "plans"));  // which nobody else uses
  CHECK(lab::files_of_run(out, "needle") == Names{"table.md"});
}

TEST_CASE("clear removes all that earlier runs wrote but for inputs") {
  const TemporaryFolder folder;
  const fs::path out = folder / "out";
  run(out, {"table.md", "plans/1.json", "plans/2.json"});
  RunFolder next(out, "needle");
  next.spare(out / "plans/../plans/2.json");
  next.clear();
  CHECK(files_in(out) == Names{".dope.lock", "plans/2.json", "run.json"});
  CHECK(lab::files_of_run(out, "needle") == Names{"plans/2.json"});
}

TEST_CASE("what a killed run was about to write is cleared") {
  const TemporaryFolder folder;
  const fs::path out = folder / "out";
  run(out, {"table.md", "a.svg"});
  write(out / ".a.svg.tmp", "half");
  write(out / ".b.svg.tmp", "not ours");
  { const RunFolder next(out, "needle"); }
  CHECK(files_in(out) == Names{".b.svg.tmp", "a.svg", "run.json", "table.md"});
}

TEST_CASE("files are written all or none") {
  const TemporaryFolder folder;
  const fs::path out = folder / "out";
  run(out, {"a", "b"});
  fs::create_directories(out / "c" / "full");
  RunFolder next(out, "needle");
  RunFolder::Files files;
  for (const char* name : {"a", "b", "c"}) files.add(name, std::string("new"));
  CHECK(refusal([&] { next.write(files); }).find("Is a directory") != std::string::npos);
  CHECK(lab::test::read_file(out / "a") == "of a");
  CHECK(files_in(out) == Names{".dope.lock", "a", "b", "run.json"});
  CHECK(lab::files_of_run(out, "needle") == Names{"a", "b"});
  RunFolder other(folder / "other", "needle");
  RunFolder::Files outside;
  outside.add("plans/1.json", std::string("new"));
  outside.add("../c", std::string("new"));
  CHECK(refusal([&] { other.write(outside); }).find("'../c'") != std::string::npos);
  CHECK(files_in(folder / "other") == Names{".dope.lock"});
  CHECK(!fs::exists(folder / "other" / "plans"));
}

TEST_CASE("a run that is asked to stop while it writes has written nothing") {
  const TemporaryFolder folder;
  const fs::path out = folder / "out";
  run(out, {"a", "b"});
  for (const bool last : {false, true}) {
    RunFolder next(out, "needle");
    RunFolder::Files files;
    files.add(last ? "b" : "a", std::string("new"));
    files.add(last ? "a" : "b", [](reference::FileSet& set, const fs::path& path) {
      set.add(path, "new");
      reference::stop_flag = true;
    });
    if (!last) files.add("c", [](reference::FileSet&, const fs::path&) { FAIL("one more file"); });
    CHECK_THROWS_AS(next.write(files), reference::Stopped);
    reference::stop_flag = false;
    CHECK(lab::test::read_file(out / "a") == "of a");
    CHECK(lab::test::read_file(out / "b") == "of b");
    CHECK(files_in(out) == Names{".dope.lock", "a", "b", "run.json"});
    CHECK(lab::files_of_run(out, "needle") == Names{"a", "b"});
  }
}

TEST_CASE(
    "another program's folder, a list that is none, names out of the folder: refused, nothing touched") {
  const TemporaryFolder folder;
  const fs::path out = folder / "out";
  run(out, {"table.md"});
  CHECK(refusal([&] { RunFolder(out, "effects"); }).find("files of the program 'needle'") !=
        std::string::npos);
  fs::remove(out / "run.json");
  write(out / "results.jsonl", "{\"dope_lab_results\":1,\"configuration\":{\"program\":\"perplexity\"}}\n");
  CHECK(refusal([&] { RunFolder(out, "needle"); }).find("results of the program 'perplexity'") !=
        std::string::npos);
  CHECK(refusal([&] { RunFolder(out, "perplexity"); }) == "taken");
  const auto list = [&](const std::string& files) {
    write(out / "run.json", "{\"dope_lab_run\":1,\"program\":\"perplexity\",\"files\":" + files + "}");
  };
  for (const char* files :
       {"[\"../mine\"]", "[\"/etc/passwd\"]", "[\"a/../b\"]", "[\"a/..\"]", "[\"./a\"]", "[\"a/b/c\"]",
        "[\"\"]", "[1]", "{}", "[\"results.jsonl\"]", "[\"run.json\"]", "[\"..\"]", "[\"a/\"]"}) {
    CAPTURE(files);
    list(files);
    CHECK(refusal([&] { RunFolder(out, "perplexity"); }).find("run.json") != std::string::npos);
  }
  for (const char* text :
       {"my notes", "{}", "{\"dope_lab_run\":2,\"program\":\"perplexity\",\"files\":[]}"}) {
    write(out / "run.json", text);
    CHECK(refusal([&] { RunFolder(out, "perplexity"); }).find("run.json") != std::string::npos);
  }
  CHECK(files_in(out) == Names{"results.jsonl", "run.json", "table.md"});
  const std::optional<RunFolder> first(std::in_place, folder / "other", "needle");
  CHECK(refusal([&] { RunFolder(folder / "other", "needle"); }).find("is writing to") != std::string::npos);
}
