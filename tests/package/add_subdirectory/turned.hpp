// SPDX-License-Identifier: MIT
#pragma once

#include <array>

/// (3, 4) turned by one radian, stored as T.
template <class T>
std::array<double, 2> turned();
