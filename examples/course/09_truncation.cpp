// SPDX-License-Identifier: MIT
// [program]
#include <cmath>
#include <cstdio>
#include <dope/spectral.hpp>
#include <string>
#include <utility>
#include <vector>

#include "course/support/plot.hpp"

/// The r largest eigenvalues alone: which of three heads has fewest directions depends on r.
course::Picture lesson() {
  constexpr std::size_t width = 32;
  std::vector<double> spike(width, 1.0), four(width, 0.05), fading(width);
  spike[0] = 20.0;
  for (std::size_t i = 0; i < 4; ++i) four[i] = 5.0;
  for (std::size_t i = 0; i < width; ++i) fading[i] = 8.0 * std::pow(0.7, static_cast<double>(i));
  const std::vector<std::pair<std::string, dope::Spectrum>> heads = {
      {"spike on a floor", dope::spectrum_of(spike)},
      {"four equal, then little", dope::spectrum_of(four)},
      {"fading by 0.7 each", dope::spectrum_of(fading)}};

  course::Plot plot{.title = "The order of heads changes with r",
                    .subtitle = "effective rank of the r largest of 32 eigenvalues, three heads",
                    .x = {"r, eigenvalues kept", {1, 2, 4, 8, 16, 32}, course::Scale::log2},
                    .y = {"truncated effective rank", {1, 2, 4, 8, 16, 32}, course::Scale::log2},
                    .curves = {}};

  std::printf("truncated effective rank\n%-26s r=1    r=2    r=4    r=8   r=16   r=32\n", "head");
  for (const auto& [name, spectrum] : heads) {
    std::printf("%-24s", name.c_str());
    auto& curve = plot.curves.emplace_back();
    curve.name = name;
    for (const std::size_t r : {1u, 2u, 4u, 8u, 16u, 32u}) {
      const double rank = dope::truncated_effective_rank(spectrum, r);
      curve.x.push_back(static_cast<double>(r));
      curve.y.push_back(rank);
      std::printf("  %5.2f", rank);
    }
    std::printf("\n");
  }
  try {
    dope::require_ranks(dope::TruncatedEffectiveRank{1});
  } catch (const dope::Error& error) {
    std::printf("r = 1 is refused as a score: %s.\n", error.expected().c_str());
  }

  std::printf("\nsum of lambda ln lambda, over r  r=4      r=1    r=1, energy / 50\n");
  for (const auto& [name, spectrum] : heads) {
    std::vector<double> less = spectrum.values;
    for (double& value : less) value /= 50.0;
    std::printf("%-24s  %10.2f %8.2f  %18.2f\n", name.c_str(), dope::truncated_mean(spectrum, 4),
                dope::truncated_mean(spectrum, 1), dope::truncated_mean(dope::spectrum_of(less), 1));
  }
  std::printf(
      "This one is highest for the spike, whose rank is lowest; a change of scale turns its order around.\n");
  return plot;
}

int main(int argc, char** argv) { return course::run(argc, argv, lesson); }
// [/program]
