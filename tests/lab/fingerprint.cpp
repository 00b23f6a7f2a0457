// SPDX-License-Identifier: MIT
// A run goes on from its cells only where everything that decides them is the same, to the last byte.
#include "lab/support/fingerprint.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "lab/support/store.hpp"
#include "transformer/atomic_file.hpp"
#include "transformer/cases.hpp"
#include "transformer/linear.hpp"

namespace {

using Json = lab::ResultStore::Json;

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Json identity(const std::filesystem::path& folder) {
  return lab::identity_of(reference::Model::load(folder));
}

Json identity(const test::TinyCheckpoint& tiny) {
  const test::TemporaryFolder folder;
  test::write_tiny_checkpoint(folder.path(), tiny);
  return identity(folder.path());
}

}  // namespace

TEST_CASE("a fingerprint is XXH3 of 128 bits") {
  CHECK(lab::fingerprint("") == "99aa06d3014798d86001c324468d497f");
  CHECK(lab::fingerprint("foobar") == "3c9e102628997f44ac87b0b131c6992d");
}

TEST_CASE("equal files give one identity, another config another one of the config alone") {
  const auto one = identity(test::TinyCheckpoint{});
  CHECK(one == identity(test::TinyCheckpoint{}));
  CHECK(one.at("layers") == 2);
  CHECK(one.at("training_length") == 32);
  const auto other = identity(test::TinyCheckpoint{.rope_base = 500.0});
  CHECK(one.at("weights") == other.at("weights"));
  CHECK(one.at("config") != other.at("config"));
}

TEST_CASE("one changed byte in any tensor, of any dtype and in any shard, is another model") {
  for (const auto dtype : {reference::Dtype::f32, reference::Dtype::bf16}) {
    for (const std::size_t shards : std::vector<std::size_t>{1, 3}) {
      const test::TinyCheckpoint tiny{.dtype = dtype, .shards = shards};
      const test::TemporaryFolder folder;
      test::write_tiny_checkpoint(folder.path(), tiny);
      const auto whole = identity(folder.path());
      auto tensors = test::tensors_of(tiny);
      for (auto& tensor : tensors) {
        CAPTURE(tensor.name);
        // The lowest bit of the first and of the last value: the smallest change there is.
        for (const std::size_t at :
             {std::size_t{0}, tensor.bytes.size() - (dtype == reference::Dtype::f32 ? 4 : 2)}) {
          tensor.bytes[at] ^= std::byte{1};
          test::write_tensors(folder.path(), tensors, shards);
          const auto changed = identity(folder.path());
          CHECK(changed.at("weights") != whole.at("weights"));
          CHECK(changed.at("config") == whole.at("config"));
          tensor.bytes[at] ^= std::byte{1};
        }
      }
      test::write_tensors(folder.path(), tensors, shards);
      CHECK(identity(folder.path()) == whole);
    }
  }
}

TEST_CASE("a store with cells of other weights is refused, and the message says that it is the weights") {
  const test::TemporaryFolder folder;
  const auto configuration = [](const test::TinyCheckpoint& tiny) {
    return Json{{"program", "test"}, {"model", identity(tiny)}, {"kernels", reference::kernels_in_force()}};
  };
  const auto path = folder.path() / "results.jsonl";
  {
    lab::ResultStore store(path, configuration({}), lab::ResultStore::Existing::resume);
    store.append("cell", {{"x", 1}});
  }
  CHECK(lab::ResultStore(path, configuration({}), lab::ResultStore::Existing::resume).find("cell") !=
        nullptr);
  const auto before = contents(path);
  try {
    lab::ResultStore(path, configuration({.seed = 2}), lab::ResultStore::Existing::resume);
    FAIL("cells of other weights were taken");
  } catch (const dope::Error& error) {
    CHECK(std::string(error.what()).find("/model/weights ") != std::string::npos);
  }
  CHECK(contents(path) == before);
  auto other = configuration({});
  other["kernels"] = "another";
  try {
    lab::ResultStore(path, other, lab::ResultStore::Existing::resume);
    FAIL("cells of other kernels were taken");
  } catch (const dope::Error& error) {
    CHECK(std::string(error.what()).find("/kernels ") != std::string::npos);
  }
}

TEST_CASE("the kernels in force are BLIS's and the vectors compiled for") {
  const std::string kernels = reference::kernels_in_force();
  const std::string blis(reference::blis_architecture());
  CHECK_FALSE(blis.empty());
  CHECK(kernels.starts_with(blis + ", "));
  CHECK(kernels.size() > blis.size() + 2);
}
