// SPDX-License-Identifier: MIT
#include "lab/support/store.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/temporary_folder.hpp"
#include "lab/xml.hpp"
#include "transformer/stop.hpp"

using lab::ResultStore;
using Existing = lab::ResultStore::Existing;
using Json = lab::ResultStore::Json;
using lab::test::read_file;
using lab::test::TemporaryFolder;

namespace {

const Json configuration = {{"lengths", {512, 1536}}, {"noise", 0}, {"model", "embedded"}};

Json cell(int i) {
  return {{"method", "m" + std::to_string(i)},
          {"hits", i},
          {"share", i / 3.0},
          {"text", "ä\"\n"},
          {"list", {i, i + 1}}};
}

std::string key(int i) { return "cell " + std::to_string(i); }

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

void fill(ResultStore& store, const std::vector<int>& cells) {
  for (const int i : cells) store.append(key(i), cell(i));
}

}  // namespace

TEST_CASE("what was appended is there, at once in the file, and in the next run") {
  const TemporaryFolder folder;
  {
    ResultStore store(folder / "r", configuration, Existing::resume);
    CHECK(store.size() == 0);
    CHECK(store.find(key(1)) == nullptr);
    store.append(key(1), cell(1));
    CHECK(*store.find(key(1)) == cell(1));
    const std::string bytes = read_file(folder / "r");
    CHECK(std::count(bytes.begin(), bytes.end(), '\n') == 2);
    CHECK(bytes.back() == '\n');
  }
  ResultStore again(folder / "r", configuration, Existing::resume);
  CHECK(again.size() == 1);
  CHECK(*again.find(key(1)) == cell(1));
  again.append(key(2), cell(2));
  CHECK(ResultStore(folder / "r", configuration, Existing::resume).size() == 2);
}

TEST_CASE("a file cut at any byte of its last line resumes with the cells before it") {
  const TemporaryFolder folder;
  const auto path = folder / "r";
  {
    ResultStore store(path, configuration, Existing::resume);
    fill(store, {1, 2});
  }
  const std::string two = read_file(path);
  {
    ResultStore store(path, configuration, Existing::resume);
    fill(store, {3});
  }
  const std::string three = read_file(path);
  REQUIRE(three.starts_with(two));
  for (std::size_t size = two.size(); size <= three.size(); ++size) {
    CAPTURE(size);
    write(path, three.substr(0, size));
    ResultStore store(path, configuration, Existing::resume);
    const bool whole = size + 1 >= three.size();  // the line without its line break is whole
    CHECK(store.size() == (whole ? 3 : 2));
    CHECK(read_file(path) == (whole ? three : two));
    if (!whole) fill(store, {3});
    CHECK(read_file(path) == three);
  }
}

TEST_CASE("a file cut within its first line starts anew") {
  const TemporaryFolder folder;
  const auto path = folder / "r";
  { ResultStore store(path, configuration, Existing::resume); }
  const std::string header = read_file(path);
  for (std::size_t size = 0; size <= header.size(); ++size) {
    for (const Existing existing : {Existing::resume, Existing::replace}) {
      write(path, header.substr(0, size));
      CHECK(ResultStore(path, configuration, existing).size() == 0);
      CHECK(read_file(path) == header);
    }
  }
}

TEST_CASE("another configuration is refused, with the difference named, unless told to start afresh") {
  const TemporaryFolder folder;
  const auto path = folder / "r";
  {
    ResultStore store(path, configuration, Existing::resume);
    fill(store, {1});
  }
  const std::string bytes = read_file(path);
  for (const Json& other : {Json{{"lengths", {512, 4096}}, {"noise", 0}, {"model", "embedded"}},
                            Json{{"lengths", {512, 1536}}, {"noise", 0}, {"model", "embedded"}, {"seed", 1}},
                            Json{{"lengths", {512, 1536}}, {"noise", 0}}, Json::object()}) {
    CAPTURE(other.dump());
    try {
      ResultStore store(path, other, Existing::resume);
      FAIL("accepted");
    } catch (const dope::Error& error) {
      CHECK(std::string(error.what()).find("another configuration: /") != std::string::npos);
    }
    CHECK(read_file(path) == bytes);
  }
  // The order of fields is no difference.
  const Json turned = {{"model", "embedded"}, {"noise", 0}, {"lengths", {512, 1536}}};
  CHECK(ResultStore(path, turned, Existing::resume).size() == 1);
  CHECK(ResultStore(path, Json::object(), Existing::replace).size() == 0);
  CHECK(ResultStore(path, Json::object(), Existing::resume).size() == 0);
}

TEST_CASE("a file that is no store stays as it is, even where told to start afresh") {
  const TemporaryFolder folder;
  const auto path = folder / "r";
  for (const std::string bytes : {"my notes", "my notes\n", "{}\n", "[1]\n", "{\"dope_lab_results\":1}\n",
                                  "\n", "\xff\n", "{\"configuration\":{}}\n{\"key\":\"a\",\"cell\":{}}\n"}) {
    for (const Existing existing : {Existing::resume, Existing::replace}) {
      CAPTURE(bytes);
      write(path, bytes);
      CHECK_THROWS_AS(ResultStore(path, configuration, existing), dope::Error);
      CHECK(read_file(path) == bytes);
    }
  }
  CHECK_THROWS_AS(ResultStore(folder / ".", configuration, Existing::resume), dope::Error);
  CHECK_THROWS_AS(ResultStore(folder / "no/such/folder", configuration, Existing::resume), dope::Error);
}

TEST_CASE("a broken line before the last is an error that names it; so is another version") {
  const TemporaryFolder folder;
  const auto path = folder / "r";
  {
    ResultStore store(path, configuration, Existing::resume);
    fill(store, {1});
  }
  const std::string good = read_file(path);
  const std::string line = good.substr(good.find('\n') + 1);
  for (const std::string bad :
       {"", "{", "{}", "[]", "{\"key\":1,\"cell\":{}}", "{\"key\":\"a\",\"cell\":1}",
        "{\"key\":\"a\",\"cell\":{},\"more\":1}", "{\"key\":\"cell 1\",\"cell\":{}}"}) {
    CAPTURE(bad);
    write(path, good + bad + "\n");
    try {
      ResultStore store(path, configuration, Existing::resume);
      FAIL("accepted");
    } catch (const dope::Error& error) {
      CHECK(std::string(error.what()).find("line 3") != std::string::npos);
    }
  }
  write(path, good + line);  // the same cell twice does no harm
  CHECK(ResultStore(path, configuration, Existing::resume).size() == 1);
  std::string newer = good;
  newer.replace(newer.find(":1"), 2, ":2");
  write(path, newer);
  CHECK_THROWS_AS(ResultStore(path, configuration, Existing::resume), dope::Error);
}

TEST_CASE("finish: the same bytes for the same cells, whatever the order and however many runs") {
  const TemporaryFolder folder;
  const std::vector<std::string> order = {key(4), key(9), key(2), key(1), key(2)};
  const std::vector<int> cells = {1, 2, 3, 4, 5};
  std::string expected;
  std::vector<int> shuffled = cells;
  int count = 0;
  do {
    if (++count % 17 != 1) continue;
    const auto path = folder / ("r" + std::to_string(count));
    for (std::size_t i = 0; i < shuffled.size(); ++i) {
      ResultStore store(path, configuration, Existing::resume);
      fill(store, {shuffled[i]});
      if (i == 2) store.finish(order);
    }
    ResultStore store(path, configuration, Existing::resume);
    store.finish(order);
    const std::string bytes = read_file(path);
    if (expected.empty()) expected = bytes;
    CHECK(bytes == expected);
    store.append(key(7), cell(7));  // the file goes on after finish
    CHECK(read_file(path).starts_with(expected));
    CHECK(read_file(path).size() > expected.size());
  } while (std::next_permutation(shuffled.begin(), shuffled.end()));
  std::vector<std::size_t> places;
  for (const int i : {4, 2, 1, 3, 5}) places.push_back(expected.find('"' + key(i) + '"'));
  CHECK(std::is_sorted(places.begin(), places.end()));
  CHECK(std::count(expected.begin(), expected.end(), '\n') == 6);  // the header and each cell once
  CHECK(places.back() != std::string::npos);
}

TEST_CASE("hostile texts and numbers read as they will after a restart") {
  const TemporaryFolder folder;
  const auto path = folder / "r";
  std::vector<Json> held;
  {
    ResultStore store(path, configuration, Existing::resume);
    for (const std::string& text : lab::test::hostile_texts()) {
      const Json hostile = {
          {"text", text}, {"nan", std::nan("")}, {"tiny", 5e-324}, {"third", 1.0 / 3.0}, {"zero", -0.0}};
      store.append("k" + std::to_string(held.size()) + text, hostile);
      held.push_back(hostile);
    }
    CHECK(store.size() == held.size());
  }
  const std::string bytes = read_file(path);
  CHECK(static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n')) == held.size() + 1);
  ResultStore store(path, configuration, Existing::resume);
  CHECK(store.size() == held.size());
  CHECK(read_file(path) == bytes);
  const Json& first = *store.find("k0" + lab::test::hostile_texts()[0]);
  CHECK(first.at("text") == lab::test::hostile_texts()[0]);
  CHECK(first.at("nan").is_null());
  CHECK(first.at("third").get<double>() == 1.0 / 3.0);
  CHECK(first.at("tiny").get<double>() == 5e-324);
}

TEST_CASE("a key twice, or a cell that is no object, is an error and changes nothing") {
  const TemporaryFolder folder;
  ResultStore store(folder / "r", configuration, Existing::resume);
  fill(store, {1});
  const std::string bytes = read_file(folder / "r");
  CHECK_THROWS_AS(store.append(key(1), cell(1)), dope::Error);
  CHECK_THROWS_AS(store.append(key(2), Json(3)), dope::Error);
  CHECK_THROWS_AS(store.append(key(2), Json()), dope::Error);
  CHECK(read_file(folder / "r") == bytes);
}

TEST_CASE("threads may append at once") {
  const TemporaryFolder folder;
  {
    ResultStore store(folder / "r", configuration, Existing::resume);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&store, t] {
        for (int i = 0; i < 50; ++i) store.append(key(100 * t + i), cell(i));
      });
    }
    for (auto& thread : threads) thread.join();
  }
  CHECK(ResultStore(folder / "r", configuration, Existing::resume).size() == 200);
}

TEST_CASE("another program's results are refused by its name, even where told to start afresh") {
  const TemporaryFolder folder;
  const auto path = folder / "r";
  { ResultStore store(path, {{"program", "effects"}, {"seed", 1}}, Existing::resume); }
  const std::string bytes = read_file(path);
  for (const Existing existing : {Existing::resume, Existing::replace}) {
    try {
      ResultStore store(path, {{"program", "needle"}, {"seed", 1}}, existing);
      FAIL("accepted");
    } catch (const dope::Error& error) {
      CHECK(error.given() == "results of the program 'effects'");
      CHECK(error.expected().find("needle") != std::string::npos);
    }
    CHECK(read_file(path) == bytes);
  }
  CHECK(lab::program_in_results(path) == "effects");
  write(path, "my notes\n");
  CHECK(lab::program_in_results(path).empty());
  CHECK(lab::program_in_results(folder / "absent").empty());
}

TEST_CASE(
    "a line nested deep, a key twice, no UTF-8, a cell that the program refuses: file and line are named") {
  const TemporaryFolder folder;
  const auto path = folder / "r";
  {
    ResultStore store(path, configuration, Existing::resume);
    fill(store, {1});
  }
  const std::string good = read_file(path);
  const auto check = [](std::string_view key, const Json& value, const std::string& where) {
    if (!value.contains("hits"))
      throw dope::Error(where, "no 'hits' under " + std::string(key), "what the program writes");
  };
  const std::string deep =
      "{\"key\":\"deep\",\"cell\":{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}}";
  for (const std::string& bad : {deep, std::string("{\"key\":\"a\",\"cell\":{\"hits\":1,\"hits\":2}}"),
                                 std::string("{\"key\":\"a\",\"cell\":{\"hits\":\"\xff\"}}"),
                                 std::string("{\"key\":\"a\",\"cell\":{}}"),
                                 std::string("{\"key\":\"a\",\"cell\":{\"hits\":1e999}}")}) {
    CAPTURE(bad.substr(0, 40));
    write(path, good + bad + "\n" + "{\"key\":\"b\",\"cell\":{\"hits\":1}}\n");
    try {
      ResultStore store(path, configuration, Existing::resume, check);
      FAIL("accepted");
    } catch (const dope::Error& error) {
      CHECK(error.where().starts_with("results " + path.string() + ", line 3"));
      CHECK(std::string(error.what()).find("exception") == std::string::npos);
      CHECK(std::string(error.what()).size() < 500);
    }
  }
  write(path, good + "{\"key\":\"b\",\"cell\":{\"hits\":1}}\n");
  ResultStore store(path, configuration, Existing::resume, check);
  CHECK(store.size() == 2);
  CHECK(store.place_of("b") == "results " + path.string() + ", line 3, cell 'b'");
  store.append("c", {{"hits", 2}});
  CHECK(store.place_of("c") == "results " + path.string() + ", cell 'c'");
}

TEST_CASE("a cell that cannot be written leaves the whole lines before it, and says why") {
  const TemporaryFolder folder;
  const auto path = folder / "r";
  ResultStore store(path, configuration, Existing::resume);
  fill(store, {1});
  const std::string good = read_file(path);
  // No file may grow further than into the next cell.
  struct rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small = {good.size() + 5, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string given;
  try {
    store.append(key(2), cell(2));
  } catch (const dope::Error& error) {
    given = error.given();
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(given == "File too large");
  CHECK(read_file(path) == good);
  fill(store, {2});
  CHECK(ResultStore(path, configuration, Existing::resume).size() == 2);
}

TEST_CASE("reading results ends early once asked to stop, and changes nothing") {
  const TemporaryFolder folder;
  const auto path = folder / "r";
  {
    ResultStore store(path, configuration, Existing::resume);
    fill(store, {1, 2});
  }
  const std::string cut = read_file(path) + "{\"key\":";
  std::ofstream(path, std::ios::binary) << cut;
  std::size_t read = 0;
  const auto check = [&](std::string_view, const Json&, const std::string&) {
    ++read;
    reference::stop_flag = true;
  };
  CHECK_THROWS_AS(ResultStore(path, configuration, Existing::resume, check), reference::Stopped);
  reference::stop_flag = false;
  CHECK(read == 1);
  CHECK(read_file(path) == cut);
}
