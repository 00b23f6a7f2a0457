// SPDX-License-Identifier: MIT
// Command lines: the first byte chooses the program, each further line is one argument.
#include "lab/atlas/options.hpp"

#include <string>
#include <vector>

#include "fuzz/target.hpp"
#include "lab/effects/options.hpp"
#include "lab/needle/options.hpp"
#include "lab/perplexity/options.hpp"
#include "lab/report/options.hpp"
#include "lab/spectrum/options.hpp"
#include "lab/support/command_line.hpp"
#include "lab/vectors/options.hpp"

namespace {

template <class Parse>
void require_options(const Parse& parse, const std::vector<const char*>& arguments) {
  fuzz::reads([&] {
    const auto parsed = parse(static_cast<int>(arguments.size()), arguments.data());
    fuzz::require(parsed.options.has_value() == parsed.help.empty(), "options, or the text of --help");
  });
}

void read(std::string_view bytes) {
  const std::size_t program = fuzz::take_choice(bytes, 7);
  if (bytes.find('\0') != std::string_view::npos) return;  // no argument can hold it
  const auto lines = lab::split(bytes, '\n');
  std::vector<const char*> arguments{"program"};
  for (const auto& line : lines) arguments.push_back(line.c_str());
  switch (program) {
    case 0:
      return require_options(needle::parse_options, arguments);
    case 1:
      return require_options(perplexity::parse_options, arguments);
    case 2:
      return require_options(effects::parse_options, arguments);
    case 3:
      return require_options(spectrum::parse_options, arguments);
    case 4:
      return require_options(vectors::parse_options, arguments);
    case 5:
      return require_options(report::parse_options, arguments);
    default:
      return require_options(atlas::parse_options, arguments);
  }
}

}  // namespace

DOPE_FUZZ_TARGET(read)
