// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

/// What a fixed query at one position makes of a fixed key at another.
double score(std::int64_t query_position, std::int64_t key_position);
