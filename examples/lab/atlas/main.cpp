// SPDX-License-Identifier: MIT
#include <string>

#include "dope/core/error.hpp"
#include "lab/atlas/options.hpp"
#include "lab/atlas/picture.hpp"
#include "lab/atlas/report.hpp"
#include "lab/atlas/survey.hpp"
#include "lab/support/program.hpp"
#include "lab/support/run_folder.hpp"
#include "transformer/program_guard.hpp"

namespace {

int run(const atlas::Options& options) {
  const auto bands = atlas::bands_of(options.base, options.width);
  lab::RunFolder folder(options.out, "atlas");
  const auto survey = atlas::survey_of(bands, atlas::sampled_positions(options.positions));
  lab::RunFolder::Files files;
  files.add("atlas.csv", atlas::csv_of(survey));
  files.add("atlas.svg", atlas::picture_of(survey));
  std::string said =
      dope::detail::text("worst chord |e^it' - e^it| over ", bands.size(), " bands (which), by position\n\n",
                         atlas::table_of(survey).text(), '\n');
  for (const auto& path : folder.write(files)) said += path.string() + "\n";
  reference::print(said);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return lab::run_command("atlas", argc, argv, atlas::parse_options, run); }
