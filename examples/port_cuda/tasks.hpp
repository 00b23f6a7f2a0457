// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "port_cuda/case_file.hpp"
#include "port_cuda/engine.hpp"
#include "transformer/tensor.hpp"

namespace port {

/// A tensor of a case's results.
struct Output {
  std::string name;
  reference::Dtype dtype;
  reference::Shape shape;
  Bytes bytes;
};

/// The tasks that this runner has kernels for.
[[nodiscard]] std::span<const std::string_view> known_tasks();

/// One case, run by the engine. Throws dope::Error for a case that does not fit together, and what the
/// engine throws. Precondition: `task` is a known one.
[[nodiscard]] std::vector<Output> run_case(std::string_view task, const CaseFile& file, Engine& engine);

}  // namespace port
