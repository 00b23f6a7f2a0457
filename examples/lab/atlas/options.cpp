// SPDX-License-Identifier: MIT
#include "lab/atlas/options.hpp"

#include <cxxopts.hpp>
#include <string_view>

#include "dope/core/error.hpp"
#include "lab/atlas/survey.hpp"
#include "lab/support/command_line.hpp"
#include "lab/support/options_parser.hpp"

namespace atlas {
namespace {

constexpr std::string_view introduction =
    "How far each arithmetic of the field turns away from the true angle.\n\n"
    "For positions up to --positions, the chord |e^it' - e^it| between the rotation as computed and the true "
    "one,\n"
    "worst over the bands of a head. Prints a table; leaves in --out: atlas.csv (all points) and "
    "atlas.svg.\n";

/// `text` whole, as a number between the ends.
template <class Number>
Number number_of(const std::string& option, std::string_view text, Number least, Number most,
                 const std::string& expected) {
  const auto value = lab::as_number<Number>(text);
  if (value && *value >= least && *value <= most) return *value;
  throw dope::Error("--" + option, '"' + std::string(text) + '"', expected);
}

Options read(const cxxopts::ParseResult& result) {
  const auto text = [&](const char* name) { return result[name].as<std::string>(); };
  Options options;
  options.out = text("out");
  if (options.out.empty()) throw dope::Error("--out", "nothing", "a folder");
  options.base = number_of("base", text("base"), 1.0, 1e9, "a number above 1, at most 1e9");
  if (options.base == 1.0) throw dope::Error("--base", "1", "a number above 1, at most 1e9");
  options.width = number_of<std::size_t>("width", text("width"), 2, 4096, "an even number from 2 to 4096");
  if (options.width % 2 != 0) throw dope::Error("--width", text("width"), "an even number from 2 to 4096");
  options.positions = number_of<std::int64_t>("positions", text("positions"), 1, farthest,
                                              dope::detail::text("a whole number from 1 to ", farthest));
  return options;
}

}  // namespace

Parsed parse_options(int argc, const char* const* argv) {
  cxxopts::Options parser("atlas", std::string(introduction));
  parser.set_width(110);
  const auto text = [](const std::string& standard) {
    return cxxopts::value<std::string>()->default_value(standard);
  };
  parser.add_options()("out", "Folder for results; made where there is none", text("out/atlas"), "DIR")(
      "base", "Of the frequencies, base^(-2f/width)", text("10000"), "B")(
      "width", "Rotated width of a head; width/2 bands", text("128"), "D")(
      "positions", "The last position", text(std::to_string(farthest)), "N")("help", "This text");
  return lab::parse_command_line<Parsed>(parser, {}, argc, argv, read);
}

}  // namespace atlas
