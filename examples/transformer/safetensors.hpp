// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "transformer/atomic_file.hpp"
#include "transformer/mapped_file.hpp"
#include "transformer/tensor.hpp"

namespace reference {

/// One file in the safetensors format, memory-mapped:
///
///   8 bytes    N, little endian, the size of the header
///   N bytes    JSON object {NAME: {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {}}
///   the rest   the tensors' bytes; offsets count from here
///
/// The whole header is checked when the file is opened: N at most 100,000,000 and inside the file; valid
/// JSON without duplicate names; known dtypes; shape × dtype = end − begin without overflow; and the
/// tensors cover the data exactly, without hole, overlap or rest. One dope::Error says which file, what
/// was found and what was expected. Values are not looked at.
///
/// Copies share the map; a TensorView is valid as long as one copy, or map(), lives.
class Safetensors {
 public:
  static Safetensors open(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::vector<std::string> names() const;  // sorted
  [[nodiscard]] bool contains(std::string_view name) const { return tensors_.find(name) != tensors_.end(); }
  [[nodiscard]] const TensorView& tensor(std::string_view name) const;  // Error where there is none
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& metadata() const noexcept {
    return metadata_;
  }
  [[nodiscard]] std::shared_ptr<const void> map() const noexcept { return file_; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return file_->bytes(); }  // of the file

 private:
  std::filesystem::path path_;
  std::shared_ptr<const MappedFile> file_;
  std::map<std::string, TensorView, std::less<>> tensors_;
  std::map<std::string, std::string, std::less<>> metadata_;
};

struct NamedTensor {
  std::string name;
  TensorView tensor;
};

/// Write such a file, whole or not at all. Tensors are laid out widest dtype first, then by name, and the
/// data starts at a multiple of 8, so every tensor is aligned to its elements when mapped.
///
/// Law: open(path) gives back the same names, dtypes, shapes, bytes and metadata. A repeated name, the
/// name "__metadata__", or bytes that do not fit shape and dtype are an Error, before anything is written.
void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string, std::less<>>& metadata = {});

/// The same as one of several files.
void add_safetensors(FileSet& files, const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                     const std::map<std::string, std::string, std::less<>>& metadata = {});

}  // namespace reference
