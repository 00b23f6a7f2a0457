// SPDX-License-Identifier: MIT
// One include, one -I, nothing linked: the score depends on the distance of query and key alone.
#include <cstdio>
#include <dope/rope.hpp>

#include "score.hpp"

#ifdef EIGEN_WORLD_VERSION
#error "dope/rope.hpp brings Eigen"
#endif

int main() {
  std::printf("at 9 and 4: %.6f, at 1009 and 1004: %.6f\n", score(9, 4), score(1009, 1004));
  return 0;
}
