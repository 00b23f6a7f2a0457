// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

/// A violation of four rules at once: near in a comment or a "far" in a text is none.
inline int nearest(int near, int far) {
  if (far < 0) throw far;
  return std::max(near, 0);
}
