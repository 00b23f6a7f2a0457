// SPDX-License-Identifier: MIT
#include <omp.h>

#include <filesystem>
#include <iostream>
#include <string>

#include "dope/core/error.hpp"
#include "lab/page/style.hpp"
#include "lab/spectrum/options.hpp"
#include "lab/spectrum/output.hpp"
#include "lab/spectrum/page.hpp"
#include "lab/spectrum/pictures.hpp"
#include "lab/spectrum/source.hpp"
#include "lab/spectrum/survey.hpp"
#include "lab/support/program.hpp"
#include "lab/support/progress.hpp"
#include "transformer/atomic_file.hpp"

namespace {

int run(const spectrum::Options& options) {
  if (options.threads > 0) omp_set_num_threads(options.threads);
  const auto projections = spectrum::projections_of(options);
  lab::Progress bar("heads", spectrum::survey_steps(projections.shape), lab::Progress::display_for_stderr(),
                    std::cerr);
  const auto survey =
      spectrum::survey_of(projections, options.survey, [&](std::size_t, std::size_t) { bar.advance(1); });
  bar.finish();

  std::filesystem::create_directories(options.out);
  const auto file = [&](const char* name) { return options.out / name; };
  reference::write_file_whole(file("spectrum.json"), spectrum::json_of(projections, survey));
  spectrum::write_tensors(file("spectrum.safetensors"), survey);
  reference::write_file_whole(file("spectrum.html"), spectrum::html_of(projections, survey, options.panels));
  const auto draw = [&](const char* name, const page::Picture& picture) {
    reference::write_file_whole(file(name), page::standalone_svg(picture.svg));
  };
  draw("bands.svg", spectrum::band_energy(projections, survey));
  draw("cones.svg", spectrum::cone_angles(projections, survey));
  draw("bounds.svg", spectrum::bound_scatter(survey));
  std::cout << spectrum::table_of(projections, survey) << '\n';
  for (const char* name :
       {"spectrum.html", "spectrum.json", "spectrum.safetensors", "bands.svg", "cones.svg", "bounds.svg"})
    std::cout << file(name).string() << '\n';
  if (options.projected == spectrum::Projected::saved) {
    spectrum::save_projections(file("qk.safetensors"), projections);
    std::cout << file("qk.safetensors").string() << '\n';
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return lab::run_command("spectrum", argc, argv, spectrum::parse_options, run);
}
