// SPDX-License-Identifier: MIT
#include "lab/support/fingerprint.hpp"

#include <doctest/doctest.h>

#include <string>

#include "transformer/cases.hpp"

TEST_CASE("FNV-1a of 64 bits, against the vectors of its authors") {
  CHECK(lab::fingerprint("") == "cbf29ce484222325");
  CHECK(lab::fingerprint("a") == "af63dc4c8601ec8c");
  CHECK(lab::fingerprint("foobar") == "85944171f73967e8");
}

TEST_CASE("a model's identity changes with its weights and its config") {
  const auto identity = [](std::uint64_t seed, double base) {
    const test::TemporaryFolder folder;
    test::TinyCheckpoint tiny;
    tiny.seed = seed;
    tiny.rope_base = base;
    test::write_tiny_checkpoint(folder.path(), tiny);
    return lab::identity_of(reference::Model::load(folder.path()), folder.path());
  };
  const auto one = identity(1, 10000.0);
  CHECK(one == identity(1, 10000.0));
  CHECK(one.at("layers") == 2);
  CHECK(one.at("training_length") == 32);
  const auto other_weights = identity(2, 10000.0);
  CHECK(one.at("config") == other_weights.at("config"));
  CHECK(one.at("embedding") != other_weights.at("embedding"));
  CHECK(one.at("last_layer") != other_weights.at("last_layer"));
  CHECK(one.at("config") != identity(1, 500.0).at("config"));
}
