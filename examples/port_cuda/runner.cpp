// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cxxopts.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/support/options_parser.hpp"
#include "port_cuda/case_file.hpp"
#include "port_cuda/engine.hpp"
#include "port_cuda/tasks.hpp"
#include "transformer/folder_lock.hpp"
#include "transformer/program_guard.hpp"
#include "transformer/safetensors.hpp"

// Computes the cases of an exported conformance kit with the kernels of this folder. Built twice: with CUDA,
// and without (PORT_WITH_CUDA not defined), where the CPU runs the same bodies.

namespace {

#if defined(PORT_WITH_CUDA)
constexpr const char* program = "port_cuda";
#else
constexpr const char* program = "port_cuda_host";
#endif

struct Options {
  std::filesystem::path folder;
  std::filesystem::path out;
  std::vector<std::string> tasks;
  bool host = false;
};

/// The options, or an empty folder where --help was asked for and printed.
Options parse(int argc, const char* const* argv) {
  cxxopts::Options parser(
      program,
      "Compute the cases of an exported conformance kit with the CUDA kernels of this folder.\n\n"
      "    vectors export DIR && port_cuda DIR OUT\n"
      "    vectors check DIR --outputs OUT --tasks rotate,denoise,gram,noise\n\n"
      "Writes OUT/NAME.safetensors for every case of these tasks.\n");
  parser.positional_help("DIR OUT");
  parser.add_options()("tasks", "Some of rotate, denoise, gram, noise",
                       cxxopts::value<std::string>()->default_value("rotate,denoise,gram,noise"), "LIST")(
      "host", "Run the kernels' bodies in a loop on the CPU (port_cuda_host always does)")(
      "help", "This text")("folders", "", cxxopts::value<std::vector<std::string>>());
  parser.parse_positional({"folders"});
  try {
    lab::require_short_options(argc, argv);
    const auto result = parser.parse(argc, argv);
    if (result.count("help") != 0) {
      reference::print(parser.help());
      return {};
    }
    const auto folders = result.count("folders") != 0 ? result["folders"].as<std::vector<std::string>>()
                                                      : std::vector<std::string>{};
    if (folders.size() != 2 || folders[0].empty() || folders[1].empty()) {
      throw dope::Error("command line", dope::detail::text(folders.size(), " folders"),
                        "DIR and OUT; see --help");
    }
    Options options{folders[0], folders[1], {}, result.count("host") != 0};
    const auto& known = port::known_tasks();
    std::string list = result["tasks"].as<std::string>() + ",";
    for (std::size_t end = 0; (end = list.find(',')) != std::string::npos; list.erase(0, end + 1)) {
      options.tasks.push_back(list.substr(0, end));
      if (std::find(known.begin(), known.end(), options.tasks.back()) == known.end()) {
        throw dope::Error("--tasks", '"' + options.tasks.back() + '"',
                          "some of rotate, denoise, gram, noise");
      }
    }
    return options;
  } catch (const dope::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw dope::Error("command line", error.what(), "options as --help lists them");
  }
}

std::unique_ptr<port::Engine> engine_for([[maybe_unused]] const Options& options) {
#if defined(PORT_WITH_CUDA)
  if (!options.host) return port::make_cuda_engine();
#endif
  return port::make_host_engine();
}

void write(const std::filesystem::path& path, const std::vector<port::Output>& outputs) {
  std::vector<reference::NamedTensor> tensors;
  for (const auto& output : outputs)
    tensors.push_back({output.name, {output.dtype, output.shape, output.bytes}});
  reference::write_safetensors(path, tensors);
}

void run(const Options& options) {
  const auto cases = port::read_cases(options.folder);
  const auto engine = engine_for(options);
  const reference::FolderLock lock(options.out, program, "OUT");
  std::size_t done = 0;
  for (const auto& entry : cases) {
    const std::string task = entry.at("task").get<std::string>();
    if (std::find(options.tasks.begin(), options.tasks.end(), task) == options.tasks.end()) continue;
    const port::CaseFile file(options.folder, entry);
    write(options.out / (entry.at("name").get<std::string>() + ".safetensors"),
          port::run_case(task, file, *engine));
    ++done;
  }
  reference::print(
      dope::detail::text(done, " of ", cases.size(), " cases computed, in ", options.out.string(), '\n'));
}

}  // namespace

int main(int argc, char** argv) {
  return reference::guarded(program, 1, [&] {
    const Options options = parse(argc, argv);
    if (!options.folder.empty()) run(options);
    return 0;
  });
}
