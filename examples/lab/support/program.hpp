// SPDX-License-Identifier: MIT
#pragma once

#include <omp.h>

#include <filesystem>
#include <iostream>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lab/support/interrupt.hpp"
#include "lab/support/memory.hpp"
#include "lab/support/run_folder.hpp"
#include "lab/support/store.hpp"
#include "transformer/linear.hpp"
#include "transformer/program_guard.hpp"
#include "transformer/stop.hpp"

namespace lab {

/// As shells report a program that Ctrl-C ended.
inline constexpr int interrupted_status = 130;

/// Thrown by reference::stop_if_asked between steps of the work, and inside long ones, once Ctrl-C was
/// pressed.
using Interrupted = reference::Stopped;

/// The files that a run wrote, a line each, and that of its results last.
inline void print_paths(std::vector<std::filesystem::path> paths, const std::filesystem::path& results) {
  std::string lines;
  paths.push_back(results);
  for (const auto& path : paths) lines += path.string() + "\n";
  reference::print(lines);
}

/// main() of a program: the text of --help, or work(options); the exit status.
///
/// parse(argc, argv) gives options or that text; work returns the status. What goes wrong is one line on
/// standard error, "NAME: …", and `failed` (reference::guarded). Ctrl-C, or SIGTERM, is interrupted_status:
/// work ends at its next reference::stop_if_asked, before it has written anything.
template <class Parse, class Work>
int run_command(std::string_view name, int argc, const char* const* argv, const Parse& parse,
                const Work& work, int failed = 1) {
  return reference::guarded(name, failed, [&] {
    auto parsed = parse(argc, argv);
    if (!parsed.options) {
      reference::print(parsed.help);
      return 0;
    }
    const Interrupt interrupt;
    try {
      return work(std::move(*parsed.options));
    } catch (const Interrupted&) {
      std::cerr << name << ": interrupted; nothing was written\n";
      return interrupted_status;
    } catch (const std::bad_alloc&) {
      throw std::runtime_error(out_of_memory());
    }
  });
}

/// main() of a program whose cells are kept: options, folder, setting, run; the exit status.
///
/// make(options) gives the setting; Run(setting, folder) has all(), which may throw Interrupted, and
/// finished(), how many `cells` (the word for them) are kept. The folder is the run's until its end; under
/// --fresh it is cleared of what an earlier run of the program wrote.
template <class Run, class Parse, class Make>
int run_program(std::string_view name, std::string_view cells, int argc, const char* const* argv,
                const Parse& parse, const Make& make) {
  return run_command(name, argc, argv, parse, [&](auto options) {
    if (options.threads > 0) omp_set_num_threads(options.threads);
    reference::require_kernels();
    RunFolder folder(options.out, name);
    for (const auto& input : options.inputs()) folder.spare(input);
    const auto setting = make(std::move(options));
    const bool fresh = setting.options.existing == ResultStore::Existing::replace;
    Run run(setting, folder);
    if (fresh) folder.clear();  // not before the store is taken: a run that is refused changes nothing
    try {
      run.all();
    } catch (const Interrupted&) {
      std::cerr << "\ninterrupted: " << run.finished() << " finished " << cells
                << " are kept; the same command goes on from them\n";
      return interrupted_status;
    }
    return 0;
  });
}

}  // namespace lab
