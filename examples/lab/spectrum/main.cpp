// SPDX-License-Identifier: MIT
#include <omp.h>

#include <filesystem>
#include <iostream>
#include <string>

#include "lab/page/style.hpp"
#include "lab/spectrum/options.hpp"
#include "lab/spectrum/output.hpp"
#include "lab/spectrum/page.hpp"
#include "lab/spectrum/pictures.hpp"
#include "lab/spectrum/source.hpp"
#include "lab/spectrum/survey.hpp"
#include "lab/support/program.hpp"
#include "lab/support/progress.hpp"
#include "lab/support/run_folder.hpp"
#include "transformer/atomic_file.hpp"
#include "transformer/linear.hpp"
#include "transformer/program_guard.hpp"

namespace {

int run(const spectrum::Options& options) {
  if (options.threads > 0) omp_set_num_threads(options.threads);
  reference::require_kernels();
  lab::RunFolder folder(options.out, "spectrum");
  for (const auto& input : {options.qk, options.text}) {
    if (input) folder.spare(*input);
  }
  const auto projections = spectrum::projections_of(options);
  lab::Progress bar("heads", spectrum::survey_steps(projections.shape), lab::Progress::display_for_stderr(),
                    std::cerr);
  const auto survey =
      spectrum::survey_of(projections, options.survey, [&](std::size_t, std::size_t) { bar.advance(1); });
  bar.finish();

  using Set = reference::FileSet;
  using Path = std::filesystem::path;
  lab::RunFolder::Files files;
  files.add("spectrum.html", spectrum::html_of(projections, survey, options.panels));
  files.add("spectrum.json", spectrum::json_of(projections, survey));
  files.add("spectrum.safetensors",
            [&](Set& set, const Path& path) { spectrum::add_tensors(set, path, survey); });
  const auto draw = [&](const char* name, const page::Picture& picture) {
    files.add(name, page::standalone_svg(picture.svg));
  };
  draw("bands.svg", spectrum::band_energy(projections, survey));
  draw("cones.svg", spectrum::cone_angles(projections, survey));
  draw("bounds.svg", spectrum::bound_scatter(survey));
  if (options.projected == spectrum::Projected::saved) {
    files.add("qk.safetensors",
              [&](Set& set, const Path& path) { spectrum::add_projections(set, path, projections); });
  }
  std::string said = spectrum::table_of(projections, survey) + "\n";
  for (const auto& path : folder.write(files)) said += path.string() + "\n";
  reference::print(said);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return lab::run_command("spectrum", argc, argv, spectrum::parse_options, run);
}
