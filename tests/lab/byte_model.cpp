// SPDX-License-Identifier: MIT
// A model whose tokens are not what the programs take them for answers nothing right, and answers all the
// same: it must not be taken.
#include "lab/support/byte_model.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>

#include "lab/support/fingerprint.hpp"
#include "transformer/atomic_file.hpp"
#include "transformer/tiny_checkpoint.hpp"

namespace {

using Text = std::string;
using reference::Tokens;

struct Outcome {
  Text error;  // empty where the model was taken
  Text notes;
};

Outcome load(const std::filesystem::path& folder, Tokens declared) {
  std::ostringstream notes;
  try {
    static_cast<void>(lab::load_byte_model(folder, declared, notes));
  } catch (const dope::Error& error) {
    return {error.what(), notes.str()};
  }
  return {{}, notes.str()};
}

/// config.json of a miniature with these lines more.
void write_config(const std::filesystem::path& folder, const test::TinyCheckpoint& tiny, const Text& more,
                  const Text& bos = "256") {
  Text text = test::config_text(tiny);
  const Text sound = "\"bos_token_id\": 1";
  text.replace(text.find(sound), sound.size(), "\"bos_token_id\": " + bos);
  text.insert(text.rfind('}'), more);
  reference::write_file_whole(folder / "config.json", text);
}

constexpr auto declared = ", \"dope_tokens\": \"bytes\"";

bool says(const Text& text, std::string_view words) { return text.find(words) != Text::npos; }

}  // namespace

TEST_CASE("bytes must be declared, in the file or by the user; a large vocabulary is no word for it") {
  const test::TemporaryFolder folder;
  // As Llama 3 has it, but narrow.
  const test::TinyCheckpoint tiny{.layers = 1,
                                  .hidden = 4,
                                  .intermediate = 4,
                                  .query_heads = 1,
                                  .key_heads = 1,
                                  .head_width = 4,
                                  .vocabulary = 128256};
  test::write_tiny_checkpoint(folder.path(), tiny);
  write_config(folder.path(), tiny, "", "128000");
  auto refused = load(folder.path(), Tokens::unknown);
  CHECK(says(refused.error, (folder.path() / "config.json").string()));
  CHECK(says(refused.error, "a vocabulary of 128256"));
  CHECK(says(refused.error, "--bytes"));
  CHECK(refused.notes.empty());
  reference::write_file_whole(folder.path() / "tokenizer.json", Text("{}"));
  CHECK(says(load(folder.path(), Tokens::unknown).error, "tokenizer.json beside it"));
  const auto taken = load(folder.path(), Tokens::bytes);
  CHECK(taken.error.empty());
  CHECK(says(taken.notes, "not used, as tokens are bytes: 'tokenizer.json'\n"));
  write_config(folder.path(), tiny, declared, "128000");
  CHECK(load(folder.path(), Tokens::unknown).error.empty());
}

TEST_CASE("refused before the weights are read, which may be large") {
  const test::TemporaryFolder folder;
  reference::write_file_whole(folder.path() / "config.json", test::config_text({.vocabulary = 128256}));
  CHECK(says(load(folder.path(), Tokens::unknown).error, "a vocabulary of 128256"));
}

TEST_CASE("256 bytes and a start token must fit, and the start token is no byte") {
  const test::TemporaryFolder folder;
  for (const std::size_t vocabulary : {2u, 255u, 256u}) {
    const test::TinyCheckpoint tiny{.vocabulary = vocabulary};
    write_config(folder.path(), tiny, declared, "1");
    CHECK(says(load(folder.path(), Tokens::unknown).error, "at least 257"));
  }
  const test::TinyCheckpoint tiny{.vocabulary = 257};
  test::write_tiny_checkpoint(folder.path(), tiny);
  for (const char* bos : {"0", "1", "255"}) {
    write_config(folder.path(), tiny, declared, bos);
    CHECK(
        says(load(folder.path(), Tokens::unknown).error, Text("bos_token_id ") + bos + ", which is a byte"));
  }
  write_config(folder.path(), tiny, declared, "null");
  CHECK(says(load(folder.path(), Tokens::unknown).error, "no bos_token_id"));
  write_config(folder.path(), tiny, declared, "257");
  CHECK(says(load(folder.path(), Tokens::unknown).error, "bos_token_id 257"));
  write_config(folder.path(), tiny, declared, "256");
  CHECK(load(folder.path(), Tokens::unknown).error.empty());
  // Where Llama's own start token, 1, stands in, it is a byte.
  Text text = test::config_text(tiny);
  text.replace(text.find("\"bos_token_id\": 1,"), 18, "\"dope_tokens\": \"bytes\",");
  reference::write_file_whole(folder.path() / "config.json", text);
  CHECK(says(load(folder.path(), Tokens::unknown).error, "bos_token_id 1, which is a byte"));
}

TEST_CASE(
    "what nothing used and what stood in for it are said once, a line each; a file without it says nothing") {
  CHECK(load(test::source_folder() / "examples" / "model", Tokens::unknown).notes.empty());
  const test::TemporaryFolder folder;
  const test::TinyCheckpoint tiny{.vocabulary = 257,
                                  .head = reference::OutputHead::tied,
                                  .stored_head = test::StoredHead::repeated,
                                  .rope_scaling = R"({"type": "yarn", "factor": 2.0, "finetuned": true})"};
  test::write_tiny_checkpoint(folder.path(), tiny);
  write_config(folder.path(), tiny, Text(declared) + ", \"use_cache\": true, \"wild\\u001b[2J\": 1");
  const auto taken = load(folder.path(), Tokens::unknown);
  CHECK(taken.error.empty());
  const Text file = (folder.path() / "config.json").string();
  CHECK(taken.notes ==
        file +
            ": not given, so the architecture's own value: 'original_max_position_embeddings 32', "
            "'beta_fast 32', 'beta_slow 1'\n" +
            file + ": keys not used: 'rope_scaling.finetuned', 'use_cache', 'wild\\x1b[2J'\n" +
            folder.path().string() + ": tensors not used: 'lm_head.weight'\n");
  Text many;
  for (int i = 0; i < 2000; ++i) many += ", \"note_" + std::to_string(i) + "\": 1";
  write_config(folder.path(), tiny, Text(declared) + many);
  const auto notes = load(folder.path(), Tokens::unknown).notes;
  CHECK(says(notes, " more\n"));
  CHECK(notes.size() < 6000);
}
