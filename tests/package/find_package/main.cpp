// SPDX-License-Identifier: MIT
// A project that finds dope where it was installed: from q or k to the head to denoise, and its frequencies.
#include <cstdio>
#include <dope/dope.hpp>

#include "entropies.hpp"

int main() {
  const auto scores = entropies();
  for (const auto& score : scores) std::printf("head %zu: %.4f nats\n", score.id.head, score.value);
  for (const auto& id : dope::select(scores, dope::Count{1}, dope::Order::ascending)) {
    std::printf("to denoise: layer %zu, head %zu\n", id.layer, id.head);
  }
  const dope::RopeParameters rope{.head_width = 4, .rotated_width = 4, .training_length = 512};
  const auto native = dope::native_frequencies(rope);
  const auto denoised = dope::denoised_frequencies(dope::ByParts{}, native, native, rope.training_length);
  for (const double omega : denoised.omega) std::printf("%.4f ", omega);
  std::printf("rad per token\n");
  return 0;
}
