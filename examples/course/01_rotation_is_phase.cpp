// SPDX-License-Identifier: MIT
// [program]
#include <cmath>
#include <cstdio>
#include <dope/rope.hpp>
#include <numbers>

#include "course/support/plot.hpp"

/// One pair of channels is one complex number; a position turns it, and changes nothing else.
course::Picture lesson() {
  // A head of four channels: two bands. Channels (0, 2) are band 0, channels (1, 3) are band 1.
  const dope::RopeParameters rope{.base = 100.0, .head_width = 4, .rotated_width = 4, .training_length = 16};
  const auto frequencies = dope::native_frequencies(rope);  // omega = 100^(-2f/4): 1 and 0.1 radians a token

  course::Plot plot{
      .title = "A position turns each pair by its own angle",
      .subtitle = "the pair (1, 0) of band 0 and the pair (0.6, 0) of band 1, at positions 0 to 12",
      .x = {"first channel of the pair", {-1.2, -0.6, 0, 0.6, 1.2}},
      .y = {"second channel of the pair", {-1.2, -0.6, 0, 0.6, 1.2}},
      .curves = {{"band 0: 1 radian a token", {}, {}, course::Mark::points},
                 {"band 1: 0.1 radian a token", {}, {}, course::Mark::points}},
      .shape = course::Shape::square};

  std::printf("position   band 0: pair, length, angle     band 1: pair, length, angle\n");
  for (int position = 0; position <= 12; ++position) {
    double head[] = {1.0, 0.6, 0.0, 0.0};
    const dope::RotationTable<double> table(frequencies, position, 1);
    dope::rotate(dope::dense_head(head, 1, 4), table.view(), dope::Pairing::half_split);

    for (std::size_t band = 0; band < 2; ++band) {
      plot.curves[band].x.push_back(head[band]);
      plot.curves[band].y.push_back(head[band + 2]);
    }
    if (position % 3 != 0) continue;
    std::printf("%8d", position);
    for (std::size_t band = 0; band < 2; ++band) {
      const double angle = std::atan2(head[band + 2], head[band]) * 180.0 / std::numbers::pi;
      std::printf("   (%5.2f, %5.2f)  %.1f  %6.1f deg", head[band] + 0.0, head[band + 2] + 0.0,
                  std::hypot(head[band], head[band + 2]), angle);
    }
    std::printf("\n");
  }
  std::printf("Lengths stay; the angle grows by omega at every position, and starts again after a turn.\n");
  return plot;
}

int main(int argc, char** argv) { return course::run(argc, argv, lesson); }
// [/program]
