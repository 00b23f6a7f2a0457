// SPDX-License-Identifier: MIT
#include "dope/core.hpp"

dope::HeadView<const double> view(dope::HeadView<float> x) { return x; }
