// SPDX-License-Identifier: MIT
#include "levels/kernels.hpp"

extern "C" {
#if defined(DOPE_LEVELS)
const levels::Kernels* dope_kernels_baseline();
const levels::Kernels* dope_kernels_v3();
const levels::Kernels* dope_kernels_v4();
#else
const levels::Kernels* dope_kernels();
#endif
}

namespace levels {

// [choice]
const Kernels& kernels_at([[maybe_unused]] Level level) {
#if defined(DOPE_LEVELS)
  start(level);
  if (level == Level::v4) return *dope_kernels_v4();
  if (level == Level::v3) return *dope_kernels_v3();
  return *dope_kernels_baseline();
#else
  return *dope_kernels();
#endif
}

const Kernels& kernels() {
  static const Kernels& chosen = kernels_at(chosen_level());
  return chosen;
}
// [/choice]

}  // namespace levels
