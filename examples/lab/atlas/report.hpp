// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "lab/atlas/survey.hpp"
#include "lab/support/table.hpp"

namespace atlas {

/// A chord in three characters' precision, "4.4e-03"; "overflow" where it is not a number.
[[nodiscard]] std::string chord_text(double chord);

/// A row per arithmetic, a column for 1024 and each special position that was surveyed: the worst chord
/// and, in brackets, its band.
[[nodiscard]] lab::Table table_of(const Survey& survey);

/// A line per arithmetic and position: arithmetic,position,chord,band,worst_so_far. Numbers read back to
/// the last bit; chord and worst_so_far are empty where the arithmetic overflows.
[[nodiscard]] std::string csv_of(const Survey& survey);

}  // namespace atlas
