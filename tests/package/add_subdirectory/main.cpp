// SPDX-License-Identifier: MIT
// A project with dope's folder inside its own tree: one pair of channels in every storage type.
#include <cstdio>
#include <dope/rope.hpp>

#include "turned.hpp"

int main() {
  for (const auto& pair :
       {turned<float>(), turned<double>(), turned<dope::float16>(), turned<dope::bfloat16>()}) {
    std::printf("(%.1f, %.1f) ", pair[0], pair[1]);
  }
  std::printf("\n");
  return 0;
}
