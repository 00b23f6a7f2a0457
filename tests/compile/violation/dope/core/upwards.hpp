// SPDX-License-Identifier: MIT
#pragma once
#include "dope/rope/table.hpp"
