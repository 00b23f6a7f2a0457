// SPDX-License-Identifier: MIT
// A safetensors file: opened, its tensors read, and written again where it was accepted.
#include "transformer/safetensors.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "fuzz/target.hpp"
#include "transformer/checked_json.hpp"

namespace {

void require_same(const reference::Safetensors& a, const reference::Safetensors& b) {
  fuzz::require(a.names() == b.names() && a.metadata() == b.metadata(), "a written file has the same names");
  for (const auto& name : a.names()) {
    const auto& x = a.tensor(name);
    const auto& y = b.tensor(name);
    fuzz::require(x.dtype == y.dtype && x.shape == y.shape && std::ranges::equal(x.bytes, y.bytes),
                  "a written file has the same tensors");
  }
}

void read(std::string_view bytes) {
  static const fuzz::Folder folder;
  const auto path = folder.write("a.safetensors", fuzz::safetensors_file(bytes));
  std::optional<reference::Safetensors> file;
  if (!fuzz::reads([&] { file = reference::Safetensors::open(path); })) return;
  std::vector<reference::NamedTensor> tensors;
  for (const auto& name : file->names()) {
    const auto& tensor = file->tensor(name);
    fuzz::require(reference::bytes_of(tensor.shape, tensor.dtype) == tensor.bytes.size(),
                  "a tensor's bytes fit its shape");
    tensors.push_back({name, tensor});
    fuzz::reads([&] { static_cast<void>(reference::floats_of(tensor, reference::printable(name))); });
    fuzz::reads([&] { static_cast<void>(reference::integers_of(tensor, reference::printable(name))); });
  }
  const auto copy = folder.path() / "b.safetensors";
  reference::write_safetensors(copy, tensors, file->metadata());
  require_same(*file, reference::Safetensors::open(copy));
}

}  // namespace

DOPE_FUZZ_TARGET(read)
