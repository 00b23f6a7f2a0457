// SPDX-License-Identifier: MIT

// One binary for several x86-64 levels: rotates and measures a head by the kernels of the level that
// DOPE_LEVEL names, or of the highest that runs here.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "dope/core/view.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/table.hpp"
#include "levels/kernels.hpp"

int main() try {
  constexpr std::size_t tokens = 300;
  constexpr std::size_t width = 64;
  std::vector<float> x(tokens * width);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 37 % 101) / 101.0f - 0.5f;
  const auto heads = dope::token_major(x.data(), tokens, 1, width);

  std::string available;
  for (const levels::Level level : levels::available_levels())
    available += std::string(available.empty() ? "" : ", ").append(levels::name_of(level));
  std::printf("level %s of %s\n", std::string(levels::name_of(levels::chosen_level())).c_str(),
              available.c_str());

  // [call]
  const levels::Kernels& kernels = levels::kernels();  // chosen once, at the first call
  const dope::RotationTable<float> table(dope::native_frequencies({10000.0, width, width, 4096}), 0, tokens);
  kernels.of_float.rotate(heads, table.view(), dope::Pairing::half_split);
  std::vector<double> gram(width * width);
  kernels.of_float.add_gram(heads.head(0), gram.data());
  // [/call]

  double trace = 0.0;
  double squares = 0.0;
  for (std::size_t c = 0; c < width; ++c) trace += gram[c * width + c];
  for (const double entry : gram) squares += entry * entry;
  std::printf("rotated channel 1 of token 299: %.5f\n", static_cast<double>(heads.head(0).row(299)[1]));
  std::printf("trace of the Gram: %.3f, its norm: %.3f\n", trace, std::sqrt(squares));
} catch (const dope::Error& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
