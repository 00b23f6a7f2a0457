// SPDX-License-Identifier: MIT
#include "dope/core.hpp"

dope::HeadsView<float> view(dope::HeadsView<const float> x) { return x; }
