// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "dope/conformance/case.hpp"
#include "manifest.hpp"

namespace vectors {

struct Exported {
  std::size_t cases = 0;
  std::uintmax_t bytes = 0;  // of all files
};

/// Write manifest.json and cases/NAME.safetensors of all cases of these tasks (none: all tasks), whole or not
/// at all: into the folder ".NAME.new" beside `folder`, which is then put in its place. One export of a
/// folder runs at a time; what a killed one left there is cleared by the next, never what anything else left.
///
/// Law: the same catalogue gives the same bytes, whatever the number of threads. `between` is called between
/// cases, by any thread; what it throws ends the export and leaves `folder` as it was. Throws dope::Error
/// where `folder` holds anything but an earlier export, and where writing fails.
Exported export_vectors(const std::filesystem::path& folder,
                        const std::vector<dope::conformance::Case>& catalogue, const Coverage& coverage,
                        const std::function<void()>& between);

}  // namespace vectors
