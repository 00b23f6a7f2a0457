// SPDX-License-Identifier: MIT
// [program]
#include <cmath>
#include <cstdio>
#include <dope/core.hpp>
#include <dope/rope.hpp>
#include <dope/spectral.hpp>
#include <vector>

#include "course/support/plot.hpp"

/// Keys in a cone add up: their sum grows as N, their largest singular value as the square root of N.
course::Picture lesson() {
  constexpr std::size_t tokens = 4096;
  constexpr std::size_t width = 32;
  constexpr std::size_t slow = 13, fast = 2, random = 4, randoms = 8;  // bands; of random ones, 4 to 11
  const dope::RopeParameters rope{
      .base = 10000.0, .head_width = width, .rotated_width = width, .training_length = 512};

  // Unit pairs: one direction in all bands, but a random one per token in bands 4 to 11; then rotated.
  std::vector<double> keys(tokens * width, 0.0);
  const auto rows = dope::dense_head(keys.data(), tokens, width);
  for (std::size_t token = 0; token < tokens; ++token) {
    for (std::size_t band = 0; band < width / 2; ++band) rows.row(token)[band] = 1.0;
    for (std::size_t band = random; band < random + randoms; ++band) {
      const auto noise = dope::normals({.position = static_cast<std::int64_t>(token)}, band);
      rows.row(token)[band] = noise[0] / std::hypot(noise[0], noise[1]);
      rows.row(token)[band + width / 2] = noise[1] / std::hypot(noise[0], noise[1]);
    }
  }
  const dope::RotationTable<double> table(dope::native_frequencies(rope), 0, tokens);
  dope::rotate(rows, table.view(), dope::Pairing::half_split);

  course::Plot plot{
      .title = "Keys in a cone add up; others cancel",
      .subtitle = "length of the sum of N rotated unit keys, of one band; base 10,000, width 32",
      .x = {"tokens N", {16, 64, 256, 1024, 4096}, course::Scale::log2},
      .y = {"length of the sum", {1, 10, 100, 1000, 10000}, course::Scale::log10},
      .curves = {{"band 13, in a cone", {}, {}},
                 {"bound: N cos(gamma)", {}, {}},
                 {"random directions, rms", {}, {}},
                 {"band 2, turns fast", {}, {}}}};

  std::printf(
      "        length of the sum of N keys                sigma_1 of N keys\n"
      "   N    band 13     bound   random   band 2    band 13    bound   random\n");
  for (std::size_t n = 16; n <= tokens; n *= 2) {
    const auto reports = dope::band_reports(rows.slice(0, n), dope::Pairing::half_split, width / 2);
    double square = 0.0;  // of the random bands' sums, its mean
    for (std::size_t band = random; band < random + randoms; ++band)
      square += std::pow(reports[band].coherent_sum, 2) / static_cast<double>(randoms);
    const double sums[] = {reports[slow].coherent_sum, reports[slow].coherent_sum_bound, std::sqrt(square),
                           reports[fast].coherent_sum};
    for (std::size_t curve = 0; curve < 4; ++curve) {
      plot.curves[curve].x.push_back(static_cast<double>(n));
      plot.curves[curve].y.push_back(sums[curve]);
    }
    if (n != 16 && n != 64 && n != 256 && n != 1024 && n != 4096) continue;
    std::printf("%4zu   %8.1f  %8.1f  %7.1f  %7.1f   %8.2f %8.2f %8.2f\n", n, sums[0], sums[1], sums[2],
                sums[3], reports[slow].largest_singular_value(), reports[slow].largest_singular_value_bound(),
                reports[random].largest_singular_value());
  }
  std::printf(
      "A cone's sum grows as N while the cone lasts; a random one as sqrt(N); a fast one not at all.\n");
  std::printf("sigma_1 grows as sqrt(N) for all of them: it is the sum that tells a cone.\n");
  return plot;
}

int main(int argc, char** argv) { return course::run(argc, argv, lesson); }
// [/program]
