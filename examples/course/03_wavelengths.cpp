// SPDX-License-Identifier: MIT
// [program]
#include <cstdio>
#include <dope/rope.hpp>
#include <numbers>

#include "course/support/plot.hpp"

/// Each band has a wavelength; training shows a band all of its turn, or a part of it.
course::Picture lesson() {
  const dope::RopeParameters rope{
      .base = 10000.0, .head_width = 32, .rotated_width = 32, .training_length = 512};
  const auto frequencies = dope::native_frequencies(rope);
  const auto trained = static_cast<double>(rope.training_length);

  course::Plot plot{
      .title = "Half of the bands never finish a turn in training",
      .subtitle = "wavelength of each of 16 bands; base 10,000, training length L = 512 tokens",
      .x = {"band f", {0, 4, 8, 12, 16}},
      .y = {"wavelength (tokens a turn)", {1, 10, 100, 1000, 10000, 100000}, course::Scale::log10},
      .curves = {{"turns in training", {}, {}, course::Mark::points},
                 {"does not finish a turn", {}, {}, course::Mark::points}},
      .guides = {{course::Guide::Across::y, trained, "L = 512 tokens"}}};

  std::printf("band   omega (rad/token)   wavelength (tokens)   turns in L   largest angle in L\n");
  std::size_t unfinished = 0;
  for (std::size_t band = 0; band < frequencies.bands(); ++band) {
    const double omega = frequencies.omega[band];
    const double length = dope::wavelength(omega);
    const bool low = omega <= 2.0 * std::numbers::pi / trained;  // the bands that by-parts denoises
    unfinished += low ? 1 : 0;
    auto& curve = plot.curves[low ? 1 : 0];
    curve.x.push_back(static_cast<double>(band));
    curve.y.push_back(length);
    if (band % 3 != 0 && band != 7 && band != 8) continue;
    const double turns = trained / length;
    std::printf("%4zu   %17.5f   %19.1f   %10.2f   ", band, omega, length, turns);
    if (low) {
      std::printf("%14.1f deg\n", 360.0 * turns);
    } else {
      std::printf("      all angles\n");
    }
  }
  std::printf("%zu of %zu bands have a wavelength of at least L: beyond L they show angles never trained.\n",
              unfinished, frequencies.bands());
  return plot;
}

int main(int argc, char** argv) { return course::run(argc, argv, lesson); }
// [/program]
