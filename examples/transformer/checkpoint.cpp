// SPDX-License-Identifier: MIT
#include "transformer/checkpoint.hpp"

#include <system_error>
#include <utility>

#include "dope/core/error.hpp"
#include "transformer/checked_json.hpp"

namespace reference {
namespace {

using dope::detail::text;

constexpr std::size_t longest_index = 100'000'000;
constexpr std::string_view suffix = ".safetensors";

/// There at all, if only as a dangling link: what is wrong with it is said when it is opened.
bool present(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

void require_plain_name(const std::filesystem::path& index, std::string_view shard) {
  const bool plain = shard.size() > suffix.size() && shard.ends_with(suffix) && shard.front() != '.' &&
                     shard.find_first_of("/\\:") == std::string_view::npos;
  if (!plain) {
    throw dope::Error(index.string(), text("shard ", printable(shard)),
                      "the plain name of a .safetensors file in the same folder");
  }
}

}  // namespace

Checkpoint Checkpoint::open(const std::filesystem::path& folder) {
  Checkpoint checkpoint;
  if (const auto adapter = folder / "adapter_config.json"; present(adapter)) {
    throw dope::Error(adapter.string(), "an adapter beside the weights",
                      "weights that it is merged into, and no such file");
  }
  const auto single = folder / "model.safetensors";
  const auto index = folder / "model.safetensors.index.json";
  if (present(single)) {
    checkpoint.path_ = single;
    checkpoint.shards_.push_back(Safetensors::open(single));
    for (auto& name : checkpoint.shards_.front().names()) checkpoint.shard_of_.emplace(std::move(name), 0);
    return checkpoint;
  }
  if (!present(index)) {
    throw dope::Error(folder.string(), "neither model.safetensors nor model.safetensors.index.json",
                      "a folder with one of them");
  }

  checkpoint.path_ = index;
  const nlohmann::json object = read_object(index, longest_index);
  const auto map = object.find("weight_map");
  if (map == object.end() || !map->is_object() || map->empty()) {
    throw dope::Error(index.string(),
                      map == object.end() ? "no weight_map" : text("weight_map ", shown(*map)),
                      "a weight_map of at least one tensor");
  }
  std::map<std::string, std::size_t, std::less<>> opened;
  for (const auto& [name, file] : map->items()) {
    if (!file.is_string()) {
      throw dope::Error(index.string(), text("file ", shown(file), " for ", printable(name)), "a file name");
    }
    const auto& shard = file.get_ref<const std::string&>();
    require_plain_name(index, shard);
    const auto [position, fresh] = opened.emplace(shard, checkpoint.shards_.size());
    if (fresh) checkpoint.shards_.push_back(Safetensors::open(folder / shard));
    const Safetensors& holder = checkpoint.shards_[position->second];
    if (!holder.contains(name)) {
      throw dope::Error(holder.path().string(), text("no tensor ", printable(name)),
                        "what the index lists in this shard");
    }
    checkpoint.shard_of_.emplace(name, position->second);
  }
  for (std::size_t i = 0; i < checkpoint.shards_.size(); ++i) {
    for (const auto& name : checkpoint.shards_[i].names()) {
      const auto listed = checkpoint.shard_of_.find(name);
      if (listed == checkpoint.shard_of_.end() || listed->second != i) {
        throw dope::Error(checkpoint.shards_[i].path().string(), text("tensor ", printable(name)),
                          "only tensors that the index lists in this shard");
      }
    }
  }
  return checkpoint;
}

std::vector<std::string> Checkpoint::names() const {
  std::vector<std::string> names;
  for (const auto& [name, shard] : shard_of_) names.push_back(name);
  return names;
}

const Safetensors& Checkpoint::shard(std::string_view name) const {
  const auto found = shard_of_.find(name);
  if (found == shard_of_.end()) {
    throw dope::Error(path_.string(), text("no tensor ", printable(name)),
                      text("one of its ", shard_of_.size(), " tensors"));
  }
  return shards_[found->second];
}

const TensorView& Checkpoint::tensor(std::string_view name) const { return shard(name).tensor(name); }

const std::filesystem::path& Checkpoint::file_of(std::string_view name) const { return shard(name).path(); }

}  // namespace reference
