// SPDX-License-Identifier: MIT
#include "port_cuda/outputs.hpp"

#include <algorithm>
#include <vector>

#include "port_cuda/case_file.hpp"
#include "port_cuda/tasks.hpp"
#include "transformer/atomic_file.hpp"
#include "transformer/safetensors.hpp"
#include "transformer/stop.hpp"

namespace port {

std::size_t write_outputs(const std::filesystem::path& folder, std::span<const nlohmann::json> cases,
                          std::span<const std::string> tasks, Engine& engine,
                          const std::filesystem::path& out) {
  reference::FileSet files;
  std::size_t done = 0;
  for (const auto& entry : cases) {
    reference::stop_if_asked();
    const auto task = entry.at("task").get<std::string>();
    if (std::find(tasks.begin(), tasks.end(), task) == tasks.end()) continue;
    const CaseFile file(folder, entry);
    const auto outputs = run_case(task, file, engine);
    std::vector<reference::NamedTensor> tensors;
    for (const Output& output : outputs)
      tensors.push_back({output.name, {output.dtype, output.shape, output.bytes}});
    reference::add_safetensors(files, out / (entry.at("name").get<std::string>() + ".safetensors"), tensors);
    ++done;
  }
  reference::stop_if_asked();
  files.keep();
  return done;
}

}  // namespace port
