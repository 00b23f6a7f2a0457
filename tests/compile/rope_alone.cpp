// SPDX-License-Identifier: MIT
#include <cmath>
#include <vector>

#include "dope/rope.hpp"

#if defined(EIGEN_WORLD_VERSION)
#error "dope/rope.hpp must not include Eigen"
#endif

int main() {
  const dope::RopeParameters rope{10000.0, 2, 2, 4096};
  const dope::RotationTable<float> table(dope::native_frequencies(rope), 0, 2);
  std::vector<float> x = {1, 0, 1, 0};
  dope::rotate(dope::dense_head(x.data(), 2, 2), table.view(), dope::Pairing::half_split);
  return x[0] == 1 && std::abs(x[2] - std::cos(1.0f)) < 1e-6f && std::abs(x[3] - std::sin(1.0f)) < 1e-6f ? 0
                                                                                                         : 1;
}
