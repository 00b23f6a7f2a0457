// SPDX-License-Identifier: MIT
#include "lab/support/haystack.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <string>

#include "dope/core/error.hpp"
#include "lab/fixtures.hpp"
#include "lab/temporary_folder.hpp"

using lab::Haystack;
using lab::test::haystack_of;

TEST_CASE("a cut has the bytes asked for, and less is a prefix of more") {
  const std::string text = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. \xff\x01";
  for (const auto& source : {Haystack::of_prose(lab::test::lexicon()), haystack_of(text), haystack_of("x")}) {
    for (const std::size_t capacity : {1u, 10u, 66u, 67u, 1000u}) {
      for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const std::string whole = source.cut(seed, capacity, capacity);
        CHECK(whole.size() == capacity);
        for (std::size_t bytes = 0; bytes <= capacity; bytes += 1 + capacity / 7) {
          const std::string part = source.cut(seed, bytes, capacity);
          CHECK(part.size() == bytes);
          CHECK(whole.starts_with(part));
        }
        CHECK_THROWS_AS((void)source.cut(seed, capacity + 1, capacity), dope::Error);
      }
    }
  }
}

TEST_CASE("a long enough text is never wrapped, a short one repeats from its beginning") {
  std::string text;
  for (int i = 0; i < 200; ++i) text += static_cast<char>(i);
  const auto source = haystack_of(text);
  std::set<std::string> starts;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const std::string cut = source.cut(seed, 150, 150);
    CHECK(text.find(cut) != std::string::npos);
    starts.insert(cut);
  }
  CHECK(starts.size() == 51);  // every start from 0 to 50, the last one included
  CHECK(source.cut(1, 200, 200) == text);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CHECK((text + text + text + text).find(source.cut(seed, 500, 500)) != std::string::npos);
  }
}

TEST_CASE("files are read as bytes; none and empty ones are errors") {
  const lab::test::TemporaryFolder folder;
  const std::string bytes("a\0\r\n\xf0\x9f", 6);
  std::ofstream(folder / "text", std::ios::binary) << bytes;
  std::ofstream(folder / "empty", std::ios::binary).flush();
  CHECK((bytes + bytes).find(Haystack::of_file(folder / "text", "--haystack").cut(0, 6, 6)) !=
        std::string::npos);
  CHECK_THROWS_AS((void)Haystack::of_file(folder / "empty", "--haystack"), dope::Error);
  CHECK_THROWS_AS((void)Haystack::of_file(folder / "absent", "--haystack"), dope::Error);
  CHECK_THROWS_AS((void)Haystack::of_file(folder / ".", "--haystack"), dope::Error);
}
