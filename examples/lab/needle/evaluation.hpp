// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "calibration.hpp"
#include "setting.hpp"

namespace needle {

/// A row of the table at one length. Where there are several schedules (the random control), test prompt i
/// runs under schedule i mod their number.
struct Method {
  std::string name;
  std::vector<reference::Schedule> schedules;
  lab::ResultStore::Json description;  // scaling, transform, heads, how they were chosen
};

/// All methods of a length, in the order of the table.
[[nodiscard]] std::vector<Method> methods_of(const Setting& setting, const Calibration& calibration);

/// "test/4096/noisy/0.3/by_parts".
[[nodiscard]] std::string test_key(const Setting& setting, std::size_t length, Setup setup,
                                   std::size_t depth_index, const std::string& method);

/// One test prompt under all methods: whether each answered it.
[[nodiscard]] std::vector<lab::Verdict> answer_test(const Setting& setting,
                                                    const std::vector<Method>& methods, std::size_t length,
                                                    Setup setup, std::size_t depth_index,
                                                    std::size_t prompt_index);

/// The finished cell of one method: verdicts[i] belongs to test prompt i.
[[nodiscard]] lab::ResultStore::Json test_cell(const Setting& setting, const Method& method,
                                               std::size_t length, Setup setup, std::size_t depth_index,
                                               const std::vector<lab::Verdict>& verdicts);

}  // namespace needle
