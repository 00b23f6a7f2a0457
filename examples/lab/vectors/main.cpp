// SPDX-License-Identifier: MIT
#include <exception>
#include <iostream>

#include "check.hpp"
#include "dope/core/error.hpp"
#include "export.hpp"
#include "lab/support/interrupt.hpp"
#include "manifest.hpp"
#include "options.hpp"

namespace {

/// As shells report a program that Ctrl-C ended.
constexpr int interrupted_status = 130;
constexpr int error_status = 2;

/// Thrown between cases once Ctrl-C was pressed.
struct Interrupted {};

int run(int argc, const char* const* argv) {
  const auto parsed = vectors::parse_options(argc, argv);
  if (!parsed.options) {
    std::cout << parsed.help;
    return 0;
  }
  const auto& options = *parsed.options;
  const lab::Interrupt interrupt;
  const auto between = [&] {
    if (interrupt.raised()) throw Interrupted{};
  };
  if (options.command == vectors::Command::write) {
    const auto [cases, bytes] = vectors::export_vectors(options.folder, vectors::cases_of(options.angles),
                                                        {options.selection.tasks, options.angles}, between);
    std::cout << cases << " cases, " << (bytes + 500'000) / 1'000'000 << " MB, in " << options.folder.string()
              << '\n';
    return 0;
  }
  const auto manifest = vectors::read_manifest(options.folder);
  const auto judged =
      vectors::check_vectors(options, manifest, vectors::cases_of(manifest.coverage.angles), between);
  std::cout << judged.text();
  return judged.status();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Interrupted&) {
    std::cerr << "vectors: interrupted\n";
    return interrupted_status;
  } catch (const std::exception& error) {
    std::cerr << "vectors: " << error.what() << '\n';
    return error_status;
  }
}
