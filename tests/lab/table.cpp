// SPDX-License-Identifier: MIT
#include "lab/support/table.hpp"

#include <doctest/doctest.h>

#include "dope/core/error.hpp"

using lab::Align;
using lab::Table;

namespace {

Table example() {
  Table table({{"method", Align::left}, {"σ₁", Align::right}, {"note", Align::left}});
  table.add_row({"plain RoPE", "100.0", ""});
  table.add_row({"by|parts\nidentity", "–", "größer"});
  return table;
}

}  // namespace

TEST_CASE("text: aligned by code points, no trailing space, one line per row") {
  CHECK(example().text() ==
        "method                σ₁  note\n"
        "-----------------  -----  ------\n"
        "plain RoPE         100.0\n"
        "by|parts identity      –  größer\n");
}

TEST_CASE("Markdown: the same rows, bars escaped, alignment told") {
  CHECK(example().markdown() ==
        "| method             |    σ₁ | note   |\n"
        "| ------------------ | ----: | ------ |\n"
        "| plain RoPE         | 100.0 |        |\n"
        "| by\\|parts identity |     – | größer |\n");
}

TEST_CASE("a table without columns, or a row of another width, is an error") {
  CHECK_THROWS_AS(Table({}), dope::Error);
  Table table({{"a"}, {"b"}});
  CHECK_THROWS_AS(table.add_row({"1"}), dope::Error);
  CHECK_THROWS_AS(table.add_row({"1", "2", "3"}), dope::Error);
}
