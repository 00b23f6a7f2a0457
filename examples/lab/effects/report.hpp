// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis.hpp"
#include "lab/support/run_folder.hpp"

namespace effects {

enum class Form { screen, markdown };

/// The tables of a finished run: what denoising costs per map, how measures do over all maps, and the best of
/// each map.
[[nodiscard]] std::string tables(const Setting& setting, const std::vector<Map>& maps, Form form);

/// Writes table.md, indicators.csv and the pictures into the run's folder, all or none; returns their
/// paths.
std::vector<std::filesystem::path> write_report(const Setting& setting, const std::vector<Map>& maps,
                                                lab::RunFolder& folder);

}  // namespace effects
