// SPDX-License-Identifier: MIT
// [program]
#include <cstdio>
#include <dope/rope.hpp>
#include <string>
#include <utility>
#include <vector>

#include "course/support/plot.hpp"

/// Four times the training length: how far beyond its trained angles does each scaling let a band go?
course::Picture lesson() {
  const dope::RopeParameters rope{
      .base = 10000.0, .head_width = 32, .rotated_width = 32, .training_length = 512};
  const std::size_t length = 4 * rope.training_length;
  const auto native = dope::native_frequencies(rope);
  const std::vector<std::pair<std::string, dope::Scaling>> scalings = {
      {"none", dope::Unscaled{}},
      {"Positional Interp.", dope::Linear{.factor = 4.0}},
      {"Dynamic NTK", dope::DynamicNtk{}},
      {"YaRN", dope::Yarn{.factor = 4.0}}};

  course::Plot plot{
      .title = "What each scaling does to each band",
      .subtitle = "largest angle in 4L tokens over the largest in training, omega'·4L / omega·L; L = 512",
      .x = {"band f", {0, 3, 6, 9, 12, 15}},
      .y = {"angle reached / angle trained", {0.5, 1, 2, 4}, course::Scale::log2},
      .curves = {},
      .guides = {{course::Guide::Across::y, 1.0, "the trained angles end here"},
                 {course::Guide::Across::x, 7.64, "wavelength = L"}}};

  std::printf("angle reached in 4L over angle trained\n%-20s band 0   band 4   band 8   band 12   band 15\n",
              "");
  for (const auto& [name, scaling] : scalings) {
    const auto scaled = dope::scaled_frequencies(rope, scaling, length);
    auto& curve = plot.curves.emplace_back();
    curve.name = name;
    for (std::size_t band = 0; band < native.bands(); ++band) {
      curve.x.push_back(static_cast<double>(band));
      curve.y.push_back(4.0 * scaled.omega[band] / native.omega[band]);
    }
    std::printf("%-20s %6.2f   %6.2f   %6.2f   %7.2f   %7.2f\n", name.c_str(), curve.y[0], curve.y[4],
                curve.y[8], curve.y[12], curve.y[15]);
  }
  std::printf(
      "Fast bands may pass 1: they have seen all angles. Slow bands are safe at 1 or below.\n"
      "Neighbours a token apart are told apart by fast bands: band 0 at 1.00 blurs them fourfold.\n");
  return plot;
}

int main(int argc, char** argv) { return course::run(argc, argv, lesson); }
// [/program]
