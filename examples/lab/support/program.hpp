// SPDX-License-Identifier: MIT
#pragma once

#include <omp.h>

#include <exception>
#include <filesystem>
#include <iostream>
#include <string_view>
#include <utility>

namespace lab {

/// As shells report a program that Ctrl-C ended.
inline constexpr int interrupted_status = 130;

/// Thrown between cells once Ctrl-C was pressed.
struct Interrupted {};

/// main() of a lab program: options, setting, run; the exit status.
///
/// parse(argc, argv) gives options or the text of --help; make(options) the setting; Run(setting) has all(),
/// which may throw Interrupted, and finished(), how many `cells` (the word for them) are kept. Any other
/// exception is one line on standard error, "NAME: …", and status 1.
template <class Run, class Parse, class Make>
int run_program(std::string_view name, std::string_view cells, int argc, const char* const* argv,
                const Parse& parse, const Make& make) {
  try {
    auto parsed = parse(argc, argv);
    if (!parsed.options) {
      std::cout << parsed.help;
      return 0;
    }
    if (parsed.options->threads > 0) omp_set_num_threads(parsed.options->threads);
    const auto setting = make(std::move(*parsed.options));
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
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return 1;
  }
}

}  // namespace lab
