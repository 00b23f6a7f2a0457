// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "calibration.hpp"
#include "evaluation.hpp"
#include "setting.hpp"

namespace needle {

enum class Form { screen, markdown };

/// The tables of a finished run: per setup, methods × lengths with intervals; then what was chosen.
[[nodiscard]] std::string tables(const Setting& setting, const std::vector<Calibration>& calibrations,
                                 const std::vector<std::string>& methods, const lab::ResultStore& store,
                                 Form form);

/// Writes table.md, plans/*.json and the pictures into the out folder, each whole or not at all;
/// returns their paths.
std::vector<std::filesystem::path> write_report(const Setting& setting,
                                                const std::vector<Calibration>& calibrations,
                                                const std::vector<std::string>& methods,
                                                const lab::ResultStore& store);

}  // namespace needle
