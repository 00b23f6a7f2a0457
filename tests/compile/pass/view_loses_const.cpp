// SPDX-License-Identifier: MIT
#include "dope/core.hpp"

dope::HeadView<const float> view(dope::HeadView<float> x) { return x; }
