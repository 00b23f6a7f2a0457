// SPDX-License-Identifier: MIT
// [program]
#include <cmath>
#include <cstdio>
#include <dope/rope.hpp>
#include <dope/spectral.hpp>
#include <numbers>
#include <vector>

#include "course/support/plot.hpp"

/// One key at all positions of the training length: which bands keep it inside a cone?
course::Picture lesson() {
  constexpr std::size_t tokens = 512;
  constexpr std::size_t width = 32;
  constexpr double degrees = 180.0 / std::numbers::pi;
  const dope::RopeParameters rope{
      .base = 10000.0, .head_width = width, .rotated_width = width, .training_length = tokens};
  const auto frequencies = dope::native_frequencies(rope);

  // The pair (1, 0) in every band, at every position; then rotated.
  std::vector<double> keys(tokens * width, 0.0);
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = i % width < width / 2 ? 1.0 : 0.0;
  const auto rows = dope::dense_head(keys.data(), tokens, width);
  dope::rotate(rows, dope::RotationTable<double>(frequencies, 0, tokens).view(), dope::Pairing::half_split);
  const auto reports = dope::band_reports(rows, dope::Pairing::half_split, width / 2);

  std::printf("band   omega*L/2pi   arc (deg)   half-angle (deg)   cone?   share of lambda_1   cos^2\n");
  for (const std::size_t band : {7u, 8u, 9u, 10u, 12u, 15u}) {
    const auto& report = reports[band];
    const double arc = frequencies.omega[band] * static_cast<double>(tokens - 1) * degrees;
    const double share = report.largest_eigenvalue / report.gram.trace();
    std::printf("%4zu   %11.2f   %9.1f   %16.1f   %-5s   %17.3f   ", band,
                frequencies.omega[band] * static_cast<double>(tokens) / (2.0 * std::numbers::pi), arc,
                report.cone_half_angle * degrees, report.in_cone() ? "yes" : "no", share);
    if (report.in_cone()) {
      std::printf("%5.3f\n", std::pow(std::cos(report.cone_half_angle), 2));
    } else {
      std::printf("    -\n");
    }
  }
  std::printf("Band 8 is low (omega*L/2pi <= 1) and yet in no cone: a cone needs less than half a turn.\n");

  course::Plot plot{
      .title = "The same key at 512 positions, in three bands",
      .subtitle = "every 32nd position; drawn at radius 1, 0.75 and 0.5 to tell the bands apart",
      .x = {"first channel of the pair", {-1.2, -0.6, 0, 0.6, 1.2}},
      .y = {"second channel of the pair", {-1.2, -0.6, 0, 0.6, 1.2}},
      .curves = {{"band 8: no cone", {}, {}, course::Mark::points},
                 {"band 9: cone of 82 degrees", {}, {}, course::Mark::points},
                 {"band 12: cone of 15 degrees", {}, {}, course::Mark::points}},
      .shape = course::Shape::square};
  for (std::size_t token = 0; token < tokens; token += 32) {
    for (std::size_t curve = 0; curve < 3; ++curve) {
      const std::size_t band = curve == 2 ? 12 : 8 + curve;
      const double radius = 1.0 - 0.25 * static_cast<double>(curve);
      plot.curves[curve].x.push_back(radius * rows.row(token)[band]);
      plot.curves[curve].y.push_back(radius * rows.row(token)[band + width / 2]);
    }
  }
  return plot;
}

int main(int argc, char** argv) { return course::run(argc, argv, lesson); }
// [/program]
