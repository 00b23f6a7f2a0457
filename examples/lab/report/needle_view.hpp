// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lab/page/document.hpp"
#include "lab/report/cells.hpp"

namespace report {

/// lab::length_text; the number alone where the training length is 0, unknown.
[[nodiscard]] std::string length_label(std::size_t length, std::size_t training_length);

/// Distinct names in the order of the paper's columns: noisy before original; then insert, skip, others.
[[nodiscard]] std::vector<std::string> setups_in_order(const std::vector<TestCell>& tests);

/// Right answers per method over all depths, in the paper's column order: method | side, r, n, stage, order
/// | for each length, ascending, noisy then original. Where lengths chose otherwise, their choices stand in
/// the order of the lengths with " / " between.
[[nodiscard]] page::Sheet paper_table(const std::vector<TestCell>& tests);

/// Every method against the row `scaling` on the same prompts, columns as in paper_table: won, lost, exact p
/// of McNemar's test after Holm over the table. A method without verdicts to compare has no row; without the
/// row there is none.
[[nodiscard]] page::Sheet paired_table(const std::vector<TestCell>& tests,
                                       std::string_view scaling = usual_scaling);

/// What a needle run's tables and pictures need of its configuration.
struct NeedleSetting {
  std::string scaling{usual_scaling};  // the row that heads are denoised under, and held against
  bool shots = false;
  bool key_heads = false;  // heads are chosen per key head
  std::size_t layers = 0;  // 0: unknown, no maps of heads
};

[[nodiscard]] NeedleSetting needle_setting_of(const Run& run);

/// All that a needle run has to show, without its configuration; of very many cells what a person can look
/// at (bounds.hpp), and what is left out. A kind of cell that is absent has no section. Throws dope::Error
/// where scores do not fit the layers.
[[nodiscard]] std::vector<page::Section> needle_sections(const NeedleCells& cells,
                                                         const NeedleSetting& setting);

}  // namespace report
