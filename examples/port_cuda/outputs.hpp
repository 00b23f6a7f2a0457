// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "port_cuda/engine.hpp"

namespace port {

/// OUT/NAME.safetensors for every case of these tasks, computed by the engine; how many.
///
/// All are written or none, and none changed: what throws (a broken case, an engine, a full disk,
/// reference::stop_flag) leaves `out` as it was. Precondition: names are distinct, as read_cases gives them.
std::size_t write_outputs(const std::filesystem::path& folder, std::span<const nlohmann::json> cases,
                          std::span<const std::string> tasks, Engine& engine,
                          const std::filesystem::path& out);

}  // namespace port
