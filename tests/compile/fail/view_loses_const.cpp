// SPDX-License-Identifier: MIT
#include "dope/core.hpp"

dope::HeadView<float> view(dope::HeadView<const float> x) { return x; }
