// SPDX-License-Identifier: MIT
// The file of spectrum --qk: what is accepted is written and read back the same.
#include <string>

#include "fuzz/target.hpp"
#include "lab/spectrum/source.hpp"
#include "transformer/atomic_file.hpp"

namespace {

void read(std::string_view bytes) {
  static const fuzz::Folder folder;
  spectrum::Options options;
  options.scaling = "dynamic_ntk";
  options.qk = folder.write("qk.safetensors", fuzz::safetensors_file(bytes));
  spectrum::Projections projections;
  if (!fuzz::reads([&] { projections = spectrum::projections_of(options); })) return;
  options.qk = folder.path() / "again.safetensors";
  reference::FileSet files;
  spectrum::add_projections(files, *options.qk, projections);
  files.keep();
  const auto again = spectrum::projections_of(options);
  fuzz::require(again.queries == projections.queries && again.keys == projections.keys &&
                    again.scaled.omega == projections.scaled.omega && again.length == projections.length &&
                    again.pairing == projections.pairing,
                "projections_of inverts add_projections");
}

}  // namespace

DOPE_FUZZ_TARGET(read)
