// SPDX-License-Identifier: MIT
#include "transformer/checkpoint.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "transformer/atomic_file.hpp"
#include "transformer/tiny_checkpoint.hpp"

namespace {

using Text = std::string;

Text contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Text replaced(Text text, const Text& from, const Text& to) {
  const auto at = text.find(from);
  REQUIRE(at != Text::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("shards are one checkpoint, and index and shards agree exactly") {
  const test::TinyCheckpoint tiny{.shards = 3};
  const auto tensors = test::tensors_of(tiny);
  const test::TemporaryFolder folder;
  const auto index = folder.path() / "model.safetensors.index.json";
  CHECK_THROWS_AS(reference::Checkpoint::open(folder.path()), dope::Error);
  test::write_tensors(folder.path(), tensors, tiny.shards);
  const Text sound_index = contents(index);
  const auto checkpoint = reference::Checkpoint::open(folder.path());
  CHECK(checkpoint.names().size() == tensors.size());
  CHECK(checkpoint.shards().size() == 3);
  for (const auto& tensor : tensors) {
    const auto& view = checkpoint.tensor(tensor.name);
    CHECK(std::equal(view.bytes.begin(), view.bytes.end(), tensor.bytes.begin(), tensor.bytes.end()));
  }
  CHECK_THROWS_AS(static_cast<void>(checkpoint.tensor("absent")), dope::Error);

  const auto refuses_index = [&](const Text& text, const Text& words) {
    reference::write_file_whole(index, text);
    try {
      static_cast<void>(reference::Checkpoint::open(folder.path()));
    } catch (const dope::Error& error) {
      INFO(error.what());
      CHECK(Text(error.what()).find(words) != Text::npos);
      return Text(error.what()).find(words) != Text::npos;
    }
    return false;
  };
  const Text first = "model-1-of-3.safetensors";
  for (const Text& hostile : std::vector<Text>{Text("../") + first, "/etc/" + first, "./" + first, "..",
                                               "a/../" + first, "", "/dev/zero", ".safetensors",
                                               "..safetensors", "C:\\\\" + first, "model-1-of-3.bin"}) {
    CAPTURE(hostile);
    CHECK(refuses_index(replaced(sound_index, first, hostile), "the plain name"));
  }
  CHECK(refuses_index(replaced(sound_index, first, "other.safetensors"), "other.safetensors"));
  CHECK(refuses_index(replaced(sound_index, first, "model-2-of-3.safetensors"), "lists in this shard"));
  CHECK(refuses_index(replaced(sound_index, "\"" + first + "\"", "1"), "a file name"));
  CHECK(
      refuses_index(replaced(sound_index, "model.norm.weight", "model.other.weight"), "model.other.weight"));
  CHECK(
      refuses_index(replaced(sound_index, "model.norm.weight", "lm_head.weight"), "'lm_head.weight' twice"));
  CHECK(refuses_index(replaced(sound_index, "weight_map", "weights"), "no weight_map"));
  CHECK(refuses_index(R"({"weight_map":{}})", "weight_map"));
  CHECK(refuses_index(R"({"weight_map":[]})", "weight_map"));
  CHECK(refuses_index("[]", "a JSON object"));
  CHECK(refuses_index("", "valid JSON"));
  const auto line = sound_index.find("    \"model.norm.weight\"");
  const Text unlisted = sound_index.substr(0, line) + sound_index.substr(sound_index.find('\n', line) + 1);
  CHECK(refuses_index(unlisted, "'model.norm.weight'"));

  const auto adapter = folder.path() / "adapter_config.json";
  reference::write_file_whole(adapter, Text("{}"));
  CHECK(refuses_index(sound_index, "adapter_config.json"));
  std::filesystem::remove(adapter);

  // A single file goes before an index.
  test::write_tensors(folder.path(), tensors, 1);
  CHECK(reference::Checkpoint::open(folder.path()).shards().size() == 1);
}
