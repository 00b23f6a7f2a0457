// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cxxopts.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/support/command_line.hpp"
#include "lab/support/options_parser.hpp"
#include "lab/support/program.hpp"
#include "port_cuda/case_file.hpp"
#include "port_cuda/engine.hpp"
#include "port_cuda/outputs.hpp"
#include "port_cuda/tasks.hpp"
#include "transformer/folder_lock.hpp"
#include "transformer/program_guard.hpp"

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

struct Parsed {
  std::optional<Options> options;
  std::string help;
};

Options read(const cxxopts::ParseResult& result) {
  const auto folders = result.count("folders") != 0 ? result["folders"].as<std::vector<std::string>>()
                                                    : std::vector<std::string>{};
  if (folders.size() != 2 || folders[0].empty() || folders[1].empty()) {
    throw dope::Error("command line", dope::detail::text(folders.size(), " folders"),
                      "DIR and OUT; see --help");
  }
  Options options{folders[0], folders[1], lab::split(result["tasks"].as<std::string>(), ','),
                  result.count("host") != 0};
  const auto& known = port::known_tasks();
  for (const auto& task : options.tasks) {
    if (std::find(known.begin(), known.end(), task) == known.end())
      throw dope::Error("--tasks", '"' + task + '"', "some of rotate, denoise, gram, noise");
  }
  return options;
}

Parsed parse(int argc, const char* const* argv) {
  cxxopts::Options parser(
      program,
      "Compute the cases of an exported conformance kit with the CUDA kernels of this folder.\n\n"
      "    vectors export DIR && port_cuda DIR OUT\n"
      "    vectors check DIR --outputs OUT --tasks rotate,denoise,gram,noise\n\n"
      "Writes OUT/NAME.safetensors for every case of these tasks: all of them or, after an error or Ctrl-C, "
      "none.\n");
  parser.positional_help("DIR OUT");
  parser.add_options()("tasks", "Some of rotate, denoise, gram, noise",
                       cxxopts::value<std::string>()->default_value("rotate,denoise,gram,noise"), "LIST")(
      "host", "Run the kernels' bodies in a loop on the CPU (port_cuda_host always does)")(
      "help", "This text")("folders", "", cxxopts::value<std::vector<std::string>>());
  parser.parse_positional({"folders"});
  return lab::parse_command_line<Parsed>(parser, {}, argc, argv, read, "DIR and OUT");
}

std::unique_ptr<port::Engine> engine_for([[maybe_unused]] const Options& options) {
#if defined(PORT_WITH_CUDA)
  if (!options.host) return port::make_cuda_engine();
#endif
  return port::make_host_engine();
}

int run(const Options& options) {
  const auto cases = port::read_cases(options.folder);
  const auto engine = engine_for(options);
  const reference::FolderLock lock(options.out, program, "OUT");
  const auto done = port::write_outputs(options.folder, cases, options.tasks, *engine, options.out);
  reference::print(
      dope::detail::text(done, " of ", cases.size(), " cases computed, in ", options.out.string(), '\n'));
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return lab::run_command(program, argc, argv, parse, run); }
