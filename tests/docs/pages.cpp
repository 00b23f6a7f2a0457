// SPDX-License-Identifier: MIT
// Every C++ snippet on a page is a marked region of a compiled file, and every relative link leads
// somewhere.
//
// A page writes   <!-- tests/docs/rope.cpp: rotate -->   right above a ```cpp fence; the file holds
// the same lines, indented or not, between   // [rotate]   and   // [/rotate].
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

fs::path root_of_project() {
  for (fs::path start : {fs::path(__FILE__).parent_path(), fs::current_path()}) {
    for (; !start.empty() && start != start.parent_path(); start = start.parent_path()) {
      if (fs::exists(start / "docs" / "paper.md") && fs::exists(start / "include" / "dope")) return start;
    }
  }
  return {};
}

Lines lines_of(const fs::path& file) {
  std::ifstream stream(file);
  Lines lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string trimmed(const std::string& line) {
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t") - first + 1);
}

/// Without the indentation that all non-empty lines share.
Lines dedented(Lines lines) {
  std::size_t indent = std::string::npos;
  for (const auto& line : lines) indent = std::min(indent, line.find_first_not_of(' '));
  if (indent != std::string::npos) {
    for (auto& line : lines) line.erase(0, std::min(indent, line.size()));
  }
  return lines;
}

Lines region_of(const fs::path& file, const std::string& name) {
  Lines region;
  bool inside = false;
  for (const auto& line : lines_of(file)) {
    if (trimmed(line) == "// [/" + name + "]") return dedented(region);
    if (inside) region.push_back(line);
    if (trimmed(line) == "// [" + name + "]") inside = true;
  }
  return {};
}

std::vector<fs::path> pages(const fs::path& root) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(root / "docs")) {
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  }
  if (fs::exists(root / "README.md")) found.push_back(root / "README.md");
  std::sort(found.begin(), found.end());
  return found;
}

/// GitHub's anchor of a heading: lower case, spaces to dashes, other punctuation gone.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char c : trimmed(heading.substr(heading.find_first_not_of('#')))) {
    if (c >= 'A' && c <= 'Z') {
      anchor += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') {
      anchor += c;
    } else if (c == ' ') {
      anchor += '-';
    }
  }
  return anchor;
}

bool has_anchor(const fs::path& page, const std::string& anchor) {
  const Lines lines = lines_of(page);
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
    return line.starts_with('#') && anchor_of(line) == anchor;
  });
}

}  // namespace

TEST_CASE("every C++ snippet equals its region of a compiled file") {
  const fs::path root = root_of_project();
  REQUIRE(!root.empty());
  std::size_t snippets = 0;
  for (const auto& page : pages(root)) {
    const Lines lines = lines_of(page);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i] != "```cpp") continue;
      CAPTURE(page.lexically_relative(root).string());
      CAPTURE(i + 1);
      const std::string marker = i == 0 ? std::string() : trimmed(lines[i - 1]);
      const auto colon = marker.find(": ");
      const bool marked =
          marker.starts_with("<!-- ") && marker.ends_with(" -->") && colon != std::string::npos;
      CHECK_MESSAGE(marked, "no '<!-- file: region -->' above the fence");
      if (!marked) continue;
      const std::string file = marker.substr(5, colon - 5);
      const std::string name = marker.substr(colon + 2, marker.size() - colon - 6);
      Lines shown;
      for (++i; i < lines.size() && lines[i] != "```"; ++i) shown.push_back(lines[i]);
      const Lines compiled = region_of(root / file, name);
      CHECK_MESSAGE(!compiled.empty(), file, " has no region ", name);
      CHECK(shown == compiled);
      ++snippets;
    }
  }
  CHECK(snippets > 0);
}

TEST_CASE("every relative link leads to a file, and every anchor to a heading") {
  const fs::path root = root_of_project();
  REQUIRE(!root.empty());
  for (const auto& page : pages(root)) {
    bool fenced = false;
    std::size_t number = 0;
    for (const auto& line : lines_of(page)) {
      ++number;
      if (line.starts_with("```")) fenced = !fenced;
      if (fenced) continue;
      for (auto open = line.find("]("); open != std::string::npos; open = line.find("](", open + 2)) {
        const std::string target = line.substr(open + 2, line.find(')', open) - open - 2);
        if (target.find("://") != std::string::npos || target.starts_with("mailto:")) continue;
        const std::string path = target.substr(0, target.find('#'));
        const fs::path file = path.empty() ? page : page.parent_path() / path;
        const std::string where = page.lexically_relative(root).string() + ":" + std::to_string(number);
        CHECK_MESSAGE(fs::exists(file), where, " links to ", target);
        if (target.find('#') != std::string::npos && file.extension() == ".md") {
          CHECK_MESSAGE(has_anchor(file, target.substr(target.find('#') + 1)), where, " links to ", target);
        }
      }
    }
  }
}

TEST_CASE("the table of how tight the bounds are has a row for every experiment, and no other") {
  const fs::path root = root_of_project();
  REQUIRE(!root.empty());
  Lines named;
  bool inside = false;
  for (const auto& line : lines_of(root / "docs" / "paper.md")) {
    if (line.starts_with("## ")) inside = line == "## How tight";
    if (!inside || !line.ends_with("` |")) continue;
    const auto open = line.rfind('`', line.size() - 4);
    named.push_back(line.substr(open + 1, line.size() - open - 4));
  }
  Lines tested;
  const std::string start = "TEST_CASE(\"how tight: ";
  for (const auto& line : lines_of(root / "tests" / "docs" / "theorems.cpp")) {
    if (line.starts_with(start)) tested.push_back(line.substr(start.size(), line.rfind('"') - start.size()));
  }
  CHECK(!tested.empty());
  CHECK(named == tested);
}

TEST_CASE("every lesson of the course is short, and its page has source, output, picture and questions") {
  constexpr std::size_t most_lines = 79;
  const fs::path root = root_of_project();
  REQUIRE(!root.empty());
  const Lines index = lines_of(root / "docs" / "course" / "README.md");
  std::size_t lessons = 0;
  for (const auto& entry : fs::directory_iterator(root / "examples" / "course")) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".cpp") continue;
    CAPTURE(name);
    CHECK(lines_of(entry.path()).size() <= most_lines);
    ++lessons;
    if (name == "00_first_program") continue;  // README.md has it
    const std::string file = "examples/course/" + name + ".cpp";
    const Lines page = lines_of(root / "docs" / "course" / (name + ".md"));
    const auto count = [&](const auto& wanted) { return std::count_if(page.begin(), page.end(), wanted); };
    const auto equals = [&](const std::string& text) {
      return count([&](const std::string& line) { return line == text; });
    };
    CHECK(equals("<!-- " + file + ": program -->") == 1);
    CHECK(equals("<!-- output of " + file + " -->") == 1);
    CHECK(equals("## Questions") == 1);
    CHECK(count([&](const std::string& line) {
            return line.starts_with("![") && line.ends_with("(../pictures/course/" + name + ".svg)");
          }) == 1);
    const auto heading = std::find(page.begin(), page.end(), "## Questions");
    const auto questions = std::count_if(heading, page.end(), [](const std::string& line) {
      return line.size() > 3 && line[0] >= '1' && line[0] <= '9' && line.substr(1, 2) == ". ";
    });
    CHECK(questions >= 2);
    CHECK(questions <= 3);
    CHECK(std::any_of(index.begin(), index.end(), [&](const std::string& line) {
      return line.find("](" + name + ".md)") != std::string::npos;
    }));
  }
  CHECK(lessons > 1);
}
