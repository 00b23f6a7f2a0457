// SPDX-License-Identifier: MIT
// results.jsonl as the report reads it, cells and all. The first byte chooses: '0', results; else an SVG
// picture that lies beside them.
#include <string>

#include "fuzz/target.hpp"
#include "lab/report/cells.hpp"
#include "lab/report/input.hpp"
#include "lab/report/picture_file.hpp"

namespace {

void read(std::string_view bytes) {
  if (fuzz::take_choice(bytes, 2) != 0) {
    fuzz::reads([&] { static_cast<void>(report::title_of_svg(bytes, "a.svg")); });
    return;
  }
  static const fuzz::Folder folder;
  const auto path = folder.write("results.jsonl", bytes);
  fuzz::reads([&] {
    const auto run = report::read_run(path);
    const auto cells = report::read_needle_cells(run);
    for (const auto& test : cells.tests)
      fuzz::require(test.hits <= test.prompts && test.prompts > 0, "no more hits than prompts");
  });
}

}  // namespace

DOPE_FUZZ_TARGET(read)
