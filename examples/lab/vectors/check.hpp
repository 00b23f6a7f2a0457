// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/conformance/case.hpp"
#include "manifest.hpp"
#include "options.hpp"

namespace vectors {

/// unusable: there is a file, and it is not one that can be judged.
enum class Outcome { passed, failed, unusable };

struct Result {
  std::string name;
  Outcome outcome = Outcome::passed;
  std::string text;  // the verdict's
};

/// What became of a runner's files, in the order of the manifest.
struct Judged {
  std::vector<Result> results;
  std::size_t left_out = 0;  // cases that the options leave out

  [[nodiscard]] std::size_t count(Outcome outcome) const noexcept;
  /// 0: all passed; 1: a case failed; 2: a file was unusable.
  [[nodiscard]] int status() const noexcept;
  /// A few lines per case that did not pass, and one that sums up.
  [[nodiscard]] std::string text() const;
};

/// The outputs of one case, in the order and with the names of `expected`.
///
/// Throws one dope::Error, naming file and tensor, for a file that is not whole, a tensor that is missing or
/// that nobody asked for, or another dtype or shape.
[[nodiscard]] std::vector<dope::conformance::Array> read_outputs(
    const std::filesystem::path& path, const dope::conformance::Case& one,
    const std::vector<dope::conformance::Array>& expected);

/// Judge OUT/NAME.safetensors of every case of options.folder's manifest that options.selection wants.
///
/// A case without a file has failed. `between` is called between cases, by any thread. Throws dope::Error
/// where the manifest cannot be read or is not of this catalogue, a selected name is no case of it, or there
/// is no folder of outputs.
[[nodiscard]] Judged check_vectors(const Options& options, const Manifest& manifest,
                                   const std::vector<dope::conformance::Case>& catalogue,
                                   const std::function<void()>& between);

}  // namespace vectors
