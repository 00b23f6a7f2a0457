// SPDX-License-Identifier: MIT
// model.safetensors.index.json beside two shards: a.safetensors with "x" and "y", b.safetensors with "z".
#include <array>
#include <span>
#include <string>
#include <vector>

#include "fuzz/target.hpp"
#include "transformer/checkpoint.hpp"

namespace {

struct Shards {
  fuzz::Folder folder;

  Shards() {
    static constexpr std::array<float, 2> values{1.0f, 2.0f};
    const reference::TensorView tensor{reference::Dtype::f32, {2}, std::as_bytes(std::span(values))};
    const reference::NamedTensor first[] = {{"x", tensor}, {"y", tensor}};
    const reference::NamedTensor second[] = {{"z", tensor}};
    reference::write_safetensors(folder.path() / "a.safetensors", first);
    reference::write_safetensors(folder.path() / "b.safetensors", second);
  }
};

void read(std::string_view bytes) {
  static const Shards shards;
  shards.folder.write("model.safetensors.index.json", bytes);
  fuzz::reads([&] {
    const auto checkpoint = reference::Checkpoint::open(shards.folder.path());
    for (const auto& name : checkpoint.names()) {
      fuzz::require(checkpoint.tensor(name).elements() == 2, "an accepted index has the shards' tensors");
      fuzz::require(checkpoint.file_of(name).parent_path() == shards.folder.path(),
                    "a shard lies in the index's folder");
    }
  });
}

}  // namespace

DOPE_FUZZ_TARGET(read)
