// SPDX-License-Identifier: MIT
// manifest.json of exported vectors, as the judge reads it.
#include <string>
#include <vector>

#include "fuzz/target.hpp"
#include "lab/vectors/check.hpp"

namespace {

void read(std::string_view bytes) {
  static const fuzz::Folder folder;
  static const std::vector<dope::conformance::Case> catalogue = [] {
    auto all = vectors::cases_of(dope::Angles::exact);
    all.resize(2);
    return all;
  }();
  folder.write(vectors::manifest_name, bytes);
  fuzz::reads([&] {
    const auto manifest = vectors::read_manifest(folder.path());
    vectors::Options options;
    options.command = vectors::Command::judge;
    options.folder = folder.path();
    options.outputs = folder.path();  // without a file: every case fails, none is computed
    options.selection.skip = {};
    const auto judged = vectors::check_vectors(options, manifest, catalogue, [] {});
    fuzz::require(judged.status() != 0, "cases without a file do not pass");
  });
}

}  // namespace

DOPE_FUZZ_TARGET(read)
