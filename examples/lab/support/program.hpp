// SPDX-License-Identifier: MIT
#pragma once

#include <omp.h>

#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <string_view>
#include <utility>

#include "lab/support/memory.hpp"
#include "transformer/stop.hpp"

namespace lab {

/// As shells report a program that Ctrl-C ended.
inline constexpr int interrupted_status = 130;

/// Thrown between cells, and inside long ones, once Ctrl-C was pressed.
using Interrupted = reference::Stopped;

/// main() of a program: the text of --help, or work(options); the exit status.
///
/// parse(argc, argv) gives options or that text; work returns the status. An exception is one line on
/// standard error, "NAME: …", and `failed`.
template <class Parse, class Work>
int run_command(std::string_view name, int argc, const char* const* argv, const Parse& parse,
                const Work& work, int failed = 1) {
  try {
    auto parsed = parse(argc, argv);
    if (!parsed.options) {
      std::cout << parsed.help;
      return 0;
    }
    return work(std::move(*parsed.options));
  } catch (const std::bad_alloc&) {
    std::cerr << name << ": " << out_of_memory() << '\n';
    return failed;
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return failed;
  }
}

/// main() of a program whose cells are kept: options, setting, run; the exit status.
///
/// make(options) gives the setting; Run(setting) has all(), which may throw Interrupted, and finished(), how
/// many `cells` (the word for them) are kept.
template <class Run, class Parse, class Make>
int run_program(std::string_view name, std::string_view cells, int argc, const char* const* argv,
                const Parse& parse, const Make& make) {
  return run_command(name, argc, argv, parse, [&](auto options) {
    if (options.threads > 0) omp_set_num_threads(options.threads);
    const auto setting = make(std::move(options));
    std::filesystem::create_directories(setting.options.out);
    Run run(setting);
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
