// SPDX-License-Identifier: MIT
#include "check.hpp"
#include "dope/core/error.hpp"
#include "export.hpp"
#include "lab/support/program.hpp"
#include "manifest.hpp"
#include "options.hpp"
#include "transformer/program_guard.hpp"
#include "transformer/stop.hpp"

namespace {

constexpr int error_status = 2;

int run(const vectors::Options& options) {
  if (options.command == vectors::Command::write) {
    const auto [cases, bytes] =
        vectors::export_vectors(options.folder, vectors::cases_of(options.angles),
                                {options.selection.tasks, options.angles}, reference::stop_if_asked);
    reference::print(dope::detail::text(cases, " cases, ", (bytes + 500'000) / 1'000'000, " MB, in ",
                                        options.folder.string(), '\n'));
    return 0;
  }
  const auto manifest = vectors::read_manifest(options.folder);
  const auto judged = vectors::check_vectors(options, manifest, vectors::cases_of(manifest.coverage.angles),
                                             reference::stop_if_asked);
  reference::print(judged.text());
  return judged.status();
}

}  // namespace

int main(int argc, char** argv) {
  return lab::run_command("vectors", argc, argv, vectors::parse_options, run, error_status);
}
