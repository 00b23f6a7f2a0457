// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "evaluation.hpp"
#include "lab/support/run_folder.hpp"

namespace perplexity {

enum class Form { screen, markdown };

/// For each mode the bits per byte of all methods, and what each costs against Dynamic NTK on the same
/// passages, with 95 % bootstrap intervals over passages. Precondition: every passage's cell is in the store.
[[nodiscard]] std::string tables(const Setting& setting, const std::vector<Part>& parts,
                                 const lab::ResultStore& store, Form form);

/// Writes table.md and bits_by_position.svg into the run's folder, all or none; their paths.
std::vector<std::filesystem::path> write_report(const Setting& setting, const std::vector<Part>& parts,
                                                const lab::ResultStore& store, lab::RunFolder& folder);

}  // namespace perplexity
