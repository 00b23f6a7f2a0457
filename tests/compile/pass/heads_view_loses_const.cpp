// SPDX-License-Identifier: MIT
#include "dope/core.hpp"

dope::HeadsView<const float> view(dope::HeadsView<float> x) { return x; }
