// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/conformance/case.hpp"

// manifest.json: all that a runner in another language needs to know.
//
//   { "format": "dope-conformance", "version": 1,
//     "tasks": [names of the tasks exported],
//     "conventions": {"…": "…"},
//     "cases": [ {"name", "task", "catches", "thread", "file",
//                 "inputs": [{"name", "dtype", "shape"}], "outputs": [{"name", "dtypes", "shape"}],
//                 "tolerance": {"relative", "per_angle", "reason"}, "attributes": {…}} ] }
//
// File "file" holds the tensors "input.NAME" and "expected.NAME".

namespace vectors {

using Json = nlohmann::ordered_json;

inline constexpr std::string_view manifest_format = "dope-conformance";
inline constexpr int manifest_version = 1;
inline constexpr std::string_view manifest_name = "manifest.json";
inline constexpr std::string_view cases_folder = "cases";

/// Names of all tasks, in the order of Task.
[[nodiscard]] std::vector<std::string_view> task_names();

/// "rotate, frequencies, …".
[[nodiscard]] std::string joined(const std::vector<std::string_view>& names);

/// What the task asks for, every choice by name. A 64-bit seed is a decimal string; what is not given (an
/// optional attention factor) is absent.
[[nodiscard]] Json attributes_of(const dope::conformance::Task& task);

/// The element types that an output may have, from narrow to wide.
[[nodiscard]] std::vector<dope::conformance::Element> elements_of(const dope::conformance::Array& expected,
                                                                  const dope::conformance::Task& task);

/// One entry of "cases".
[[nodiscard]] Json entry_of(const dope::conformance::Case& one,
                            const std::vector<dope::conformance::Array>& inputs,
                            const std::vector<dope::conformance::Array>& expected);

/// The whole text. Law: the same arguments give the same bytes, and doubles are read back to the last bit.
[[nodiscard]] std::string manifest_text(const std::vector<std::string>& tasks,
                                        const std::vector<Json>& entries);

/// A manifest that was read: which tasks it covers, and its cases.
struct Manifest {
  std::vector<std::string> tasks;
  std::vector<nlohmann::json> entries;  // each has a name
};

/// Throws one dope::Error for a file that cannot be read, is not a manifest, or is one of another version.
[[nodiscard]] Manifest read_manifest(const std::filesystem::path& folder);

}  // namespace vectors
