// SPDX-License-Identifier: MIT
// [program]
#include <cmath>
#include <cstdio>
#include <dope/spectral.hpp>
#include <string>
#include <utility>
#include <vector>

#include "course/support/plot.hpp"

/// How many directions does a spectrum have? Its entropy answers without a threshold.
course::Picture lesson() {
  constexpr std::size_t width = 16;
  const auto spike = [](double share) {  // one direction with `share`, fifteen with the rest
    std::vector<double> values(width, (1.0 - share) / static_cast<double>(width - 1));
    values[0] = share;
    return dope::spectrum_of(values);
  };
  std::vector<double> halving(width);
  for (std::size_t i = 0; i < width; ++i) halving[i] = std::pow(0.5, static_cast<double>(i));
  std::vector<double> four(width, 0.0);
  for (std::size_t i = 0; i < 4; ++i) four[i] = 1.0;

  std::printf("eigenvalues                     entropy (nats)   effective rank   stable rank\n");
  const std::vector<std::pair<std::string, dope::Spectrum>> heads = {
      {"16 equal", spike(1.0 / static_cast<double>(width))},
      {"4 equal, 12 zero", dope::spectrum_of(four)},
      {"each half of the one before", dope::spectrum_of(halving)},
      {"one with half of the energy", spike(0.5)},
      {"one with 90 % of the energy", spike(0.9)},
      {"one with all of it", spike(1.0)}};
  for (const auto& [name, spectrum] : heads) {
    std::printf("%-30s %15.3f %16.2f %13.2f\n", name.c_str(), dope::von_neumann(spectrum) + 0.0,
                dope::effective_rank(spectrum), dope::stable_rank(spectrum));
  }
  std::printf(
      "Effective rank is exp(entropy): n equal directions count as n, a spike as little more than 1.\n");

  course::Plot plot{
      .title = "The stronger the spike, the fewer the directions",
      .subtitle = "16 eigenvalues: one with the share p, fifteen with equal parts of the rest",
      .x = {"share p of the largest eigenvalue", {0, 0.2, 0.4, 0.6, 0.8, 1}},
      .y = {"number of directions", {0, 4, 8, 12, 16}},
      .curves = {{"effective rank", {}, {}}, {"participation ratio", {}, {}}, {"stable rank", {}, {}}}};
  for (std::size_t step = 0; step <= 60; ++step) {
    const double share = (1.0 + 15.0 * static_cast<double>(step) / 60.0) / static_cast<double>(width);
    const double ranks[] = {dope::effective_rank(spike(share)), dope::participation_ratio(spike(share)),
                            dope::stable_rank(spike(share))};
    for (std::size_t curve = 0; curve < 3; ++curve) {
      plot.curves[curve].x.push_back(share);
      plot.curves[curve].y.push_back(std::fmin(ranks[curve], 16.0));  // 16 to rounding
    }
  }
  return plot;
}

int main(int argc, char** argv) { return course::run(argc, argv, lesson); }
// [/program]
