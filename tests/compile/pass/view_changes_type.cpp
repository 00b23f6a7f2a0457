// SPDX-License-Identifier: MIT
#include "dope/core.hpp"

dope::HeadView<const double> view(dope::HeadView<double> x) { return x; }
