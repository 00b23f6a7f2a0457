// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "calibration.hpp"
#include "evaluation.hpp"
#include "lab/support/run_folder.hpp"
#include "setting.hpp"

namespace needle {

enum class Form { screen, markdown };

/// A run whose cells are all there. methods: of any length, as their names and kinds are one at all lengths.
struct Finished {
  const Setting& setting;
  const std::vector<Calibration>& calibrations;
  const std::vector<Method>& methods;
  const lab::ResultStore& store;
};

/// The tables: per setup, methods × lengths with intervals; methods against Dynamic NTK on the same prompts;
/// chosen heads against random ones; then what was chosen, and from how many plans.
[[nodiscard]] std::string tables(const Finished& run, Form form);

/// The scores at one length, as on the screen, for runs that go on to others. run.methods: of that length.
[[nodiscard]] std::string table_of_length(const Finished& run, std::size_t length);

/// Writes table.md, plans/*.json and the pictures into the run's folder, all or none; returns
/// their paths.
std::vector<std::filesystem::path> write_report(const Finished& run, lab::RunFolder& folder);

}  // namespace needle
