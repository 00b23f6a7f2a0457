// SPDX-License-Identifier: MIT
// results.jsonl as a run that goes on reads it: what is accepted is accepted again, with the same cells.
#include <string>

#include "fuzz/target.hpp"
#include "lab/support/store.hpp"

namespace {

using lab::ResultStore;

void read(std::string_view bytes) {
  static const fuzz::Folder folder;
  static const ResultStore::Json configuration = {{"program", "needle"}, {"seed", 1}};
  const auto path = folder.write("results.jsonl", bytes);
  std::size_t cells = 0;
  const bool accepted = fuzz::reads([&] {
    const ResultStore store(path, configuration, ResultStore::Existing::resume);
    cells = store.size();
  });
  if (!accepted) return;
  fuzz::require(fuzz::reads([&] {
                  ResultStore store(path, configuration, ResultStore::Existing::resume);
                  fuzz::require(store.size() == cells, "results opened again have the same cells");
                }),
                "results that were opened can be opened again");
}

}  // namespace

DOPE_FUZZ_TARGET(read)
