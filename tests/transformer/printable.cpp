// SPDX-License-Identifier: MIT
#include "transformer/printable.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <new>
#include <random>
#include <string>

#include "dope/core/error.hpp"

namespace {

using Text = std::string;

std::size_t characters(const Text& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; }));
}

bool is_plain(const Text& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

TEST_CASE("what a terminal would not show is escaped, and what it shows is left") {
  CHECK(reference::one_line("plain, äöü, 漢字, 😀") == "plain, äöü, 漢字, 😀");
  CHECK(reference::one_line("\x1b[31mred") == "\\x1b[31mred");
  CHECK(reference::one_line("a\nb\tc\rd\x7f") == "a\\x0ab\\x09c\\x0dd\\x7f");
  CHECK(reference::for_terminal("a\nb\tc\rd") == "a\nb\tc\\x0dd");
  CHECK(reference::for_terminal(Text("\0", 1)) == "\\x00");
  // C1 control, right-to-left override, isolate, zero-width space, line separator, byte order mark, tag.
  for (const Text hidden : {"\xc2\x9b", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8b", "\xe2\x80\xa8",
                            "\xef\xbb\xbf", "\xf3\xa0\x81\x81", "\xc2\xad", "\xd8\x9c"}) {
    CAPTURE(hidden);
    CHECK(is_plain(reference::one_line("a" + hidden + "b")));
    CHECK(is_plain(reference::for_terminal("a" + hidden + "b")));
  }
  // Lone continuation, cut short, overlong, surrogate, beyond Unicode.
  for (const Text broken :
       {"\x80", "\xe6\xbc", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) {
    CAPTURE(broken);
    CHECK(is_plain(reference::one_line(broken)));
    CHECK(is_plain(reference::for_terminal(broken + "z")));
  }
}

TEST_CASE("one line keeps both ends of what is too long") {
  const Text long_text = "begin" + Text(1000, '-') + "end";
  for (std::size_t most = 3; most < 450; ++most) {
    const Text line = reference::one_line(long_text, most);
    CHECK(characters(line) == most);
    CHECK(line.find("…") != Text::npos);
  }
  const Text line = reference::one_line(long_text, 40);
  CHECK(line.starts_with("begin"));
  CHECK(line.ends_with("end"));
  CHECK(reference::one_line(Text(400, 'x')) == Text(400, 'x'));
  CHECK(characters(reference::one_line(Text(401, 'x'))) == 400);
  Text wide;
  for (int i = 0; i < 400; ++i) wide += "漢";
  CHECK(reference::one_line(wide) == wide);
  CHECK(characters(reference::one_line(wide + "漢")) == 400);
  CHECK(characters(reference::one_line(Text(std::size_t{1} << 24, '\x1b'))) == 400);
}

TEST_CASE("an error is one line of at most 400 characters with all of its parts") {
  const Text big(1 << 20, 'w');
  const auto line = [](const Text& where, const Text& given, const Text& expected) {
    return reference::error_line("needle", dope::Error(where, given, expected));
  };
  CHECK(line("--plan", "x", "y") == "needle: --plan: given x, expected y");
  CHECK(line("needle", "x", "y") == "needle: given x, expected y");
  for (const Text& where : {Text("--plan f"), big}) {
    for (const Text& given : {Text("12 bytes"), big, Text("\x1b]0;title\a")}) {
      for (const Text& expected : {Text("at most 3"), big}) {
        const Text text = line(where, given, expected);
        CHECK(characters(text) <= reference::longest_error);
        CHECK(text.find(": given ") != Text::npos);
        CHECK(text.find(", expected ") != Text::npos);
        CHECK(text.find_first_of("\n\x1b\a") == Text::npos);
        if (where.size() < 20) CHECK(text.find(where) != Text::npos);
        if (expected.size() < 20) CHECK(text.ends_with(expected));
        if (given == "12 bytes") CHECK(text.find(given) != Text::npos);
      }
    }
  }
  CHECK(characters(reference::error_line("needle", std::runtime_error(big + "\n"))) == 400);
  CHECK(reference::error_line("needle", std::bad_alloc()).find("memory: given") != Text::npos);
}

TEST_CASE("any bytes become one line") {
  std::mt19937 words(7);
  for (int round = 0; round < 2000; ++round) {
    Text text(words() % 600, '\0');
    for (char& c : text) c = static_cast<char>(words());
    const Text line = reference::one_line(text);
    CHECK(characters(line) <= 400);
    CHECK(reference::one_line(line) == line);
    CHECK(std::none_of(line.begin(), line.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }));
  }
}
