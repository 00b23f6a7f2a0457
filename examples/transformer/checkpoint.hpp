// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "transformer/safetensors.hpp"

namespace reference {

/// The tensors of a model folder: `model.safetensors`, or where that is absent the shards that
/// `model.safetensors.index.json` lists under "weight_map" {NAME: FILE}.
///
/// A shard is a plain file name in the same folder: anything with a separator, an absolute path or ".."
/// is refused. Index and shards must agree exactly: a listed tensor that its shard lacks, and a tensor
/// in a shard that the index puts elsewhere or nowhere, are Errors. So is an `adapter_config.json` in the
/// folder, for the model is then another one than its weights.
class Checkpoint {
 public:
  static Checkpoint open(const std::filesystem::path& folder);

  [[nodiscard]] std::vector<std::string> names() const;  // sorted
  [[nodiscard]] bool contains(std::string_view name) const { return shard_of_.find(name) != shard_of_.end(); }
  [[nodiscard]] const TensorView& tensor(std::string_view name) const;  // Error where there is none
  [[nodiscard]] const std::filesystem::path& file_of(std::string_view name) const;  // the shard that holds it
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }  // the file or the index
  [[nodiscard]] const std::vector<Safetensors>& shards() const noexcept { return shards_; }

 private:
  [[nodiscard]] const Safetensors& shard(std::string_view name) const;

  std::filesystem::path path_;
  std::vector<Safetensors> shards_;
  std::map<std::string, std::size_t, std::less<>> shard_of_;
};

}  // namespace reference
