// SPDX-License-Identifier: MIT
// [program]
#include <cstdio>
#include <dope/core.hpp>
#include <dope/spectral.hpp>
#include <vector>

#include "course/support/plot.hpp"

/// All that an entropy needs of a head's rows is their Gram, which takes tokens as they come.
course::Picture lesson() {
  constexpr std::size_t tokens = 4096;
  constexpr std::size_t width = 16;
  std::vector<float> keys(tokens * width);  // channel c: noise of standard deviation 1/(1 + c)
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto noise = dope::normals({.position = static_cast<std::int64_t>(i)}, 0);
    keys[i] = static_cast<float>(noise[0] / static_cast<double>(1 + i % width));
  }
  const auto rows = dope::dense_head(keys.data(), tokens, width);

  course::Plot plot{
      .title = "A spectrum settles while the tokens pass",
      .subtitle = "share of each of the four largest eigenvalues of the Gram of all tokens so far",
      .x = {"tokens so far", {16, 64, 256, 1024, 4096}, course::Scale::log2},
      .y = {"share of the trace, lambda_i / sum", {0, 0.2, 0.4, 0.6, 0.8}},
      .curves = {{"i = 1", {}, {}}, {"i = 2", {}, {}}, {"i = 3", {}, {}}, {"i = 4", {}, {}}}};

  dope::Gram streamed(width);  // 16 tokens at a time
  for (std::size_t first = 0; first < tokens; first += 16) {
    streamed.add(rows.slice(first, 16));
    const std::size_t seen = first + 16;
    if ((seen & (seen - 1)) != 0) continue;  // powers of two
    const auto spectrum = dope::spectrum_of(streamed);
    for (std::size_t i = 0; i < 4; ++i) {
      plot.curves[i].x.push_back(static_cast<double>(seen));
      plot.curves[i].y.push_back(spectrum.share(i));
    }
  }
  dope::Gram merged(width);  // two workers, the later half first
  dope::Gram other(width);
  merged.add(rows.slice(tokens / 2, tokens / 2));
  other.add(rows.slice(0, tokens / 2));
  merged.merge(other);

  std::printf("way                    lambda_1 / sum   lambda_2 / sum   tokens   memory (bytes)\n");
  const auto print = [&](const char* way, const dope::Gram& gram, std::size_t bytes) {
    const auto spectrum = dope::spectrum_of(gram);
    std::printf("%-20s %16.3f %16.3f %8zu %16zu\n", way, spectrum.share(0), spectrum.share(1), gram.tokens(),
                bytes);
  };
  const std::size_t state = width * width * sizeof(double);
  print("all rows at once", dope::gram_of(rows), keys.size() * sizeof(float) + state);
  print("16 at a time", streamed, state);
  print("two halves, merged", merged, state);
  std::printf("One Gram, whatever the way; its memory does not grow with the tokens.\n");
  return plot;
}

int main(int argc, char** argv) { return course::run(argc, argv, lesson); }
// [/program]
