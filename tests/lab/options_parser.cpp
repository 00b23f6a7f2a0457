// SPDX-License-Identifier: MIT
#include "lab/support/options_parser.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "dope/core/error.hpp"

namespace {

struct Parsed {
  std::optional<int> options;
  std::string help;
};

int count_of(const cxxopts::ParseResult& result) {
  const int count = result["count"].as<int>();
  if (count == 7) throw dope::Error("--count", "7", "another");
  if (count == 8) throw std::runtime_error("eight");
  return count;
}

Parsed parse(std::vector<const char*> words, const std::vector<std::string>& groups = {}) {
  words.insert(words.begin(), "loom");
  cxxopts::Options parser("loom", "Weaves.");
  parser.add_options("Thread")("count", "Threads", cxxopts::value<int>()->default_value("3"), "N");
  parser.add_options("Run")("help", "This text");
  return lab::parse_command_line<Parsed>(parser, groups, static_cast<int>(words.size()), words.data(),
                                         count_of, "threads alone");
}

dope::Error error_of(std::vector<const char*> words) {
  try {
    static_cast<void>(parse(std::move(words)));
  } catch (const dope::Error& error) {
    return error;
  }
  return {"", "", ""};
}

}  // namespace

TEST_CASE("options, or the text of --help, whatever stands beside it") {
  CHECK(parse({}).options == 3);
  CHECK(parse({"--count", "4"}).options == 4);
  CHECK(parse({"--count=4"}).help.empty());
  const Parsed asked = parse({"--help", "word", "--count", "7"});
  CHECK(!asked.options);
  CHECK(asked.help.find("--count N") != std::string::npos);
  CHECK(asked.help.find("This text") != std::string::npos);
  CHECK(parse({"--help"}, {"Run"}).help.find("--count") == std::string::npos);
}

TEST_CASE("an option beyond a length that is safe to match is refused by it") {
  const auto option = [](std::size_t size) { return "--" + std::string(size - 2, 'x'); };
  const auto given = [&](std::size_t size) { return error_of({option(size).c_str()}).given(); };
  CHECK(given(lab::longest_option).find("does not exist") != std::string::npos);
  for (const std::size_t size : {lab::longest_option + 1, std::size_t{100000}, std::size_t{10'000'000}})
    CHECK(given(size).starts_with("an option of " + std::to_string(size) + " characters"));
  CHECK(error_of({std::string(100000, 'x').c_str()}).expected().starts_with("threads alone"));
}

TEST_CASE("a word too many, an unknown option, a bad value: one Error of the command line; read's own stay") {
  CHECK(error_of({"word"}).where() == "command line");
  CHECK(error_of({"word"}).given() == "\"word\"");
  CHECK(error_of({"word"}).expected() == "threads alone; see --help");
  for (const char* bad : {"--unknown", "--count=x", "--count"}) {
    CAPTURE(bad);
    CHECK(error_of({bad}).where() == "command line");
    CHECK(error_of({bad}).expected() == "options as --help lists them");
  }
  CHECK(error_of({"--unknown"}).given().find("unknown") != std::string::npos);
  CHECK(error_of({"--count", "7"}).where() == "--count");
  CHECK(error_of({"--count", "8"}).given() == "eight");
}
