// SPDX-License-Identifier: MIT
#include "lab/report/options.hpp"

#include <cxxopts.hpp>
#include <string_view>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/support/options_parser.hpp"

namespace report {
namespace {

constexpr std::string_view introduction =
    "One page from the results of lab runs.\n\n"
    "Reads DIR/results.jsonl, or else DIR/*/results.jsonl, and leaves DIR/report.html, which needs no other\n"
    "file and asks no network, and DIR/report.md with the same tables.\n";

}  // namespace

Parsed parse_options(int argc, const char* const* argv) {
  cxxopts::Options parser("report", std::string(introduction));
  parser.set_width(110);
  parser.positional_help("DIR");
  parser.add_options()("help", "This text");
  parser.add_options("positional")("folder", "", cxxopts::value<std::vector<std::string>>());
  parser.parse_positional("folder");
  const auto read = [](const cxxopts::ParseResult& result) {
    const std::size_t given = result.count("folder");
    const auto folders =
        given == 0 ? std::vector<std::string>{} : result["folder"].as<std::vector<std::string>>();
    if (folders.size() != 1 || folders.front().empty()) {
      throw dope::Error("command line", dope::detail::text(folders.size(), " folders"),
                        "one folder with results; see --help");
    }
    return Options{folders.front()};
  };
  return lab::parse_command_line<Parsed>(parser, {""}, argc, argv, read);
}

}  // namespace report
