// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/conformance/case.hpp"

// manifest.json: all that a runner in another language needs to know.
//
//   { "format": "dope-conformance", "version": 1,
//     "tasks": [names of the tasks exported],
//     "angles": "both" | "exact" | "float32_product",   what rotations are held against
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
inline constexpr std::size_t largest_manifest = std::size_t{1} << 26;

/// What an export covers.
struct Coverage {
  std::vector<std::string> tasks;
  /// What rotations and transforms are held against; empty: the catalogue as it is, with cases of both.
  std::optional<dope::Angles> angles;
};

/// "both" for none, and its inverse. Throws dope::Error for another name.
[[nodiscard]] std::string_view name_of_angles(const std::optional<dope::Angles>& angles);
[[nodiscard]] std::optional<dope::Angles> angles_named(std::string_view name);

/// The cases of these angles, of all tasks.
[[nodiscard]] std::vector<dope::conformance::Case> cases_of(const std::optional<dope::Angles>& angles);

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
[[nodiscard]] std::string manifest_text(const Coverage& coverage, const std::vector<Json>& entries);

/// A manifest that was read.
struct Manifest {
  Coverage coverage;
  std::vector<nlohmann::json> entries;  // each has a name
};

/// Throws one dope::Error for a file that cannot be read, is not a manifest, or is one of another version.
[[nodiscard]] Manifest read_manifest(const std::filesystem::path& folder);

}  // namespace vectors
