// SPDX-License-Identifier: MIT
#include <filesystem>
#include <iostream>
#include <system_error>

#include "dope/core/error.hpp"
#include "lab/atlas/options.hpp"
#include "lab/atlas/picture.hpp"
#include "lab/atlas/report.hpp"
#include "lab/atlas/survey.hpp"
#include "lab/support/program.hpp"
#include "transformer/atomic_file.hpp"

namespace {

int run(const atlas::Options& options) {
  const auto bands = atlas::bands_of(options.base, options.width);
  std::error_code failure;
  std::filesystem::create_directories(options.out, failure);
  if (failure)
    throw dope::Error("--out " + options.out.string(), failure.message(), "a folder that can be made");
  const auto survey = atlas::survey_of(bands, atlas::sampled_positions(options.positions));
  const auto csv = options.out / "atlas.csv";
  const auto picture = options.out / "atlas.svg";
  reference::write_file_whole(csv, atlas::csv_of(survey));
  reference::write_file_whole(picture, atlas::picture_of(survey));
  std::cout << "worst chord |e^it' - e^it| over " << bands.size() << " bands (which), by position\n\n"
            << atlas::table_of(survey).text() << '\n'
            << csv.string() << '\n'
            << picture.string() << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return lab::run_command("atlas", argc, argv, atlas::parse_options, run); }
