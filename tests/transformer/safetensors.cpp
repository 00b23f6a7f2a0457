// SPDX-License-Identifier: MIT
#include "transformer/safetensors.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "dope/core.hpp"
#include "transformer/atomic_file.hpp"
#include "transformer/tiny_checkpoint.hpp"

using reference::Dtype;
using reference::Safetensors;

namespace {

using Text = std::string;

/// The file format by hand: length, header, data.
Text file_of(const Text& header, std::size_t data_bytes) {
  Text file(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, 8);
  file += header;
  for (std::size_t i = 0; i < data_bytes; ++i) file += static_cast<char>(i);
  return file;
}

/// Whether opening `bytes` throws an Error that names the file and contains `words`.
bool refuses(const Text& bytes, const Text& words) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  std::ofstream(path, std::ios::binary) << bytes;  // plainly: a sync each would take seconds in all
  try {
    static_cast<void>(Safetensors::open(path));
  } catch (const dope::Error& error) {
    INFO(error.what());
    const Text what = error.what();
    const bool told = what.find("x.safetensors") != Text::npos && what.find(words) != Text::npos;
    CHECK(told);
    return told;
  }
  return false;
}

Text replaced(Text text, const Text& from, const Text& to) {
  const auto at = text.find(from);
  REQUIRE(at != Text::npos);
  return text.replace(at, from.size(), to);
}

const Text tensor_a = R"("a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]})";
const Text tensor_b = R"("b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]})";
const Text sound = "{" + tensor_a + "," + tensor_b + "}";

std::size_t files_in(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) count += entry.exists() ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("what is written is what is read, for every dtype and for empty tensors") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "all.safetensors";
  std::vector<test::OwnedTensor> tensors;
  for (int d = 0; d <= static_cast<int>(Dtype::f64); ++d) {
    const auto dtype = static_cast<Dtype>(d);
    CHECK(reference::dtype_named(reference::name_of(dtype)) == dtype);
    for (const reference::Shape& shape : {reference::Shape{}, {0}, {3}, {2, 0, 5}, {2, 3, 5}}) {
      std::vector<std::byte> bytes(reference::bytes_of(shape, dtype).value());
      for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(i * 7 + tensors.size());
      tensors.push_back({"tensor \"" + std::to_string(tensors.size()) + "\" \xc3\xa9", dtype, shape, bytes});
    }
  }
  std::vector<reference::NamedTensor> views;
  for (const auto& tensor : tensors) views.push_back(tensor.view());
  reference::write_safetensors(path, views, {{"format", "pt"}, {"", "\n\""}});

  const auto file = Safetensors::open(path);
  CHECK(file.names().size() == tensors.size());
  CHECK(file.metadata().size() == 2);
  CHECK(file.metadata().at("") == "\n\"");
  for (const auto& tensor : tensors) {
    const auto& view = file.tensor(tensor.name);
    CHECK(view.dtype == tensor.dtype);
    CHECK(view.shape == tensor.shape);
    CHECK(std::equal(view.bytes.begin(), view.bytes.end(), tensor.bytes.begin(), tensor.bytes.end()));
    CHECK(reinterpret_cast<std::uintptr_t>(view.bytes.data()) % reference::width_of(view.dtype) == 0);
  }
  CHECK_THROWS_AS(static_cast<void>(file.tensor("absent")), dope::Error);
  CHECK_FALSE(file.contains("absent"));
}

TEST_CASE("a view outlives every copy of the file but the last, and the map does not outlive that") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  reference::write_file_whole(path, file_of(sound, 32));
  const auto mapped = [&] {
    std::ifstream maps("/proc/self/maps");
    return Text(std::istreambuf_iterator<char>(maps), {}).find(path.string()) != Text::npos;
  };
  std::shared_ptr<const void> map;
  std::span<const std::byte> bytes;
  {
    const auto file = Safetensors::open(path);
    bytes = file.tensor("b").bytes;
    map = file.map();
  }
  CHECK(bytes[0] == std::byte{24});
  CHECK(mapped());
  map.reset();
  CHECK_FALSE(mapped());
}

TEST_CASE("every broken header is one Error that names the file") {
  {
    const test::TemporaryFolder folder;
    reference::write_file_whole(folder.path() / "x.safetensors", file_of(sound, 32));
    CHECK(Safetensors::open(folder.path() / "x.safetensors").names().size() == 2);
    reference::write_file_whole(folder.path() / "x.safetensors", file_of("{}", 0));
    CHECK(Safetensors::open(folder.path() / "x.safetensors").names().empty());
  }
  const auto with = [](const Text& from, const Text& to) { return file_of(replaced(sound, from, to), 32); };
  const auto header_length = [](std::uint64_t length) {
    Text file = file_of(sound, 32);
    std::memcpy(file.data(), &length, 8);
    return file;
  };
  SUBCASE("length") {
    CHECK(refuses("", "0 bytes"));
    CHECK(refuses("1234567", "7 bytes"));
    CHECK(refuses(header_length(0), "start with {"));
    CHECK(refuses(header_length(sound.size() + 33), "inside the file"));
    CHECK(refuses(header_length(100'000'001), "inside the file"));
    for (int bit = 20; bit < 64; ++bit)
      CHECK(refuses(header_length(std::uint64_t{1} << bit), "inside the file"));
    CHECK(refuses(header_length(std::numeric_limits<std::uint64_t>::max()), "inside the file"));
  }
  SUBCASE("JSON") {
    CHECK(refuses(file_of("[]", 0), "start with {"));
    CHECK(refuses(file_of(" {}", 0), "start with {"));
    CHECK(refuses(file_of("{\"a\":}", 0), "valid JSON"));
    CHECK(refuses(file_of("{} {}", 0), "valid JSON"));
    CHECK(refuses(file_of(Text("{}\0\0", 4), 0), "NUL"));
    CHECK(refuses(file_of("{\"\xff\":1}", 0), "valid JSON"));
    CHECK(refuses(with("\"b\"", "\"a\""), "'a' twice"));
    CHECK(refuses(with("\"b\"", "\"\\u0061\""), "'a' twice"));
    CHECK(refuses(with("\"dtype\":\"BF16\"", "\"dtype\":\"BF16\",\"dtype\":\"F16\""), "'dtype' twice"));
    CHECK(refuses(file_of("{\"a\":" + Text(100000, '['), 0), "nested"));
    CHECK(refuses(file_of("{\"a\":" + Text(100, '[') + Text(100, ']') + "}", 0), "nested"));
  }
  SUBCASE("entry") {
    CHECK(refuses(with(tensor_b, R"("b":[])"), "an array of 0"));
    CHECK(refuses(with(tensor_b, R"("b":null)"), "null"));
    CHECK(refuses(with(R"("dtype":"BF16",)", ""), "no dtype"));
    CHECK(refuses(with(R"(,"shape":[4])", ""), "no shape"));
    CHECK(refuses(with(R"(,"data_offsets":[24,32])", ""), "no data_offsets"));
    CHECK(refuses(with(R"("shape":[4])", R"("shape":[4],"strides":[1])"), "4 fields"));
    CHECK(refuses(with("BF16", "BF17"), "dtype 'BF17'"));
    CHECK(refuses(with("BF16", "bf16"), "dtype 'bf16'"));
    CHECK(refuses(with("\"BF16\"", "16"), "dtype 16"));
    CHECK(refuses(with("\"b\"", "\"\\u001b[2J\""), "'\\x1b[2J'") ==
          false);                                                      // an escape is data, not an error
    CHECK(refuses(with(tensor_b, "\"\\u001b[2J\":1"), "'\\x1b[2J'"));  // and never reaches a terminal
  }
  SUBCASE("shape") {
    CHECK(refuses(with("[4]", "4"), "shape 4"));
    CHECK(refuses(with("[4]", "[-4]"), "shape with -4"));
    CHECK(refuses(with("[4]", "[4.0]"), "shape with 4.0"));
    CHECK(refuses(with("[4]", "[\"4\"]"), "shape with '4'"));
    CHECK(refuses(with("[4]", "[5]"), "10 bytes"));
    CHECK(refuses(with("[4]", "[]"), "2 bytes"));
    CHECK(refuses(with("BF16", "F32"), "16 bytes"));
    CHECK(refuses(with("[4]", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,4]"), "at most 16"));
    // Products that wrap to 8 bytes, and extents beyond 64 bits.
    CHECK(refuses(with("[4]", "[4294967296,4294967296,4]"), "64 bits"));
    CHECK(refuses(with("[4]", "[9223372036854775812]"), "64 bits"));
    CHECK(refuses(with("[4]", "[6148914691236517206,6]"), "64 bits"));
    CHECK(refuses(with("[4]", "[18446744073709551616]"), "2^64"));
    CHECK(refuses(with("[4]", "[1e3]"), "shape with 1000"));
  }
  SUBCASE("offsets") {
    CHECK(refuses(with("[24,32]", "{}"), "an array of begin and end"));
    CHECK(refuses(with("[24,32]", "[24]"), "an array of begin and end"));
    CHECK(refuses(with("[24,32]", "[24,32,40]"), "an array of begin and end"));
    CHECK(refuses(with("[24,32]", "[32,24]"), "begin <= end"));
    CHECK(refuses(with("[24,32]", "[-8,0]"), "-8"));
    CHECK(refuses(with("[24,32]", "[24,40]"), "begin <= end"));
    CHECK(refuses(with("[24,32]", "[18446744073709551608,18446744073709551615]"), "begin <= end"));
    CHECK(refuses(with("[24,32]", "[20,28]"), "overlapping"));
    CHECK(refuses(with("[24,32]", "[0,8]"), "data_offsets"));
    CHECK(refuses(file_of(sound, 33), "where the last tensor ends"));
    CHECK(refuses(file_of(sound, 31), "begin <= end"));
    CHECK(refuses(file_of(replaced(sound, "[24,32]", "[25,33]"), 33), "a hole"));
    CHECK(refuses(file_of("{}", 1), "where the last tensor ends"));
    CHECK(refuses(file_of("{" + tensor_a + R"(,"z":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}})", 24),
                  "z"));
  }
  SUBCASE("metadata") {
    CHECK(refuses(file_of(R"({"__metadata__":[]})", 0), "__metadata__"));
    CHECK(refuses(file_of(R"({"__metadata__":{"k":1}})", 0), "'k' 1"));
    CHECK(refuses(file_of(R"({"__metadata__":{"k":"1","k":"2"}})", 0), "'k' twice"));
  }
}

TEST_CASE("a header beyond the format's limit is refused even where the file is that long") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  Text start = file_of("{", 0);
  const std::uint64_t length = 100'000'001;
  std::memcpy(start.data(), &length, 8);
  std::ofstream(path, std::ios::binary) << start;
  std::filesystem::resize_file(path, 8 + length);  // a hole: takes no room
  try {
    static_cast<void>(Safetensors::open(path));
    FAIL("opened");
  } catch (const dope::Error& error) {
    CHECK(error.expected() == "a header inside the file, at most 100000000 bytes");
  }
}

TEST_CASE("a file cut at any length, or with any byte changed, opens or is an Error") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  const Text whole = file_of(R"({"__metadata__":{"format":"pt"},)" + sound.substr(1), 32);
  std::size_t opened = 0;
  std::size_t refused = 0;
  const auto attempt = [&](const Text& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    try {
      const auto file = Safetensors::open(path);
      std::size_t sum = 0;
      for (const auto& name : file.names()) {
        for (const std::byte byte : file.tensor(name).bytes) sum += std::to_integer<std::size_t>(byte);
      }
      opened += sum < whole.size() * 256 ? 1 : 0;
    } catch (const dope::Error& error) {
      CHECK(Text(error.what()).find("x.safetensors") != Text::npos);
      ++refused;
    }
  };
  for (std::size_t length = 0; length < whole.size(); ++length) attempt(whole.substr(0, length));
  CHECK(opened == 0);
  CHECK(refused == whole.size());

  std::uint64_t state = 1;
  std::size_t tries = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int change = 0; change < 10; ++change, ++tries) {
      Text bytes = whole;
      state = state * 6364136223846793005U + 1442695040888963407U;
      bytes[at] = change < 8 ? static_cast<char>(bytes[at] ^ (1 << change)) : static_cast<char>(state >> 56);
      attempt(bytes);
    }
  }
  CHECK(opened + refused == whole.size() + tries);
  CHECK(opened >= 32 * 10);  // changed data is not an error
}

TEST_CASE("what is not a regular file is an Error, and a link to one is followed") {
  const test::TemporaryFolder folder;
  const auto real = folder.path() / "blob";
  const auto link = folder.path() / "link.safetensors";
  reference::write_file_whole(real, file_of(sound, 32));
  std::filesystem::create_symlink("blob", link);
  CHECK(Safetensors::open(link).contains("a"));
  const auto not_regular = [](const std::filesystem::path& path) {
    try {
      static_cast<void>(Safetensors::open(path));
    } catch (const dope::Error& error) {
      return error.expected() == "a regular file";
    }
    return false;
  };
  const auto pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(not_regular(folder.path()));
  CHECK(not_regular("/dev/zero"));
  CHECK(not_regular(pipe));  // and does not wait for a writer
  CHECK_THROWS_AS(Safetensors::open(folder.path() / "absent"), dope::Error);
  std::filesystem::create_symlink("nowhere", folder.path() / "dangling");
  CHECK_THROWS_AS(Safetensors::open(folder.path() / "dangling"), dope::Error);
  std::filesystem::create_symlink("circle", folder.path() / "circle");
  CHECK_THROWS_AS(Safetensors::open(folder.path() / "circle"), dope::Error);
}

TEST_CASE("writing refuses what reading would, before a file exists") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  const std::vector<std::byte> four(4);
  using Tensors = std::vector<reference::NamedTensor>;
  const auto refused = [&](const Tensors& tensors) {
    CHECK_THROWS_AS(reference::write_safetensors(path, tensors), dope::Error);
    CHECK(files_in(folder.path()) == 0);
  };
  refused(Tensors{{"a", {Dtype::f32, {2}, four}}});
  refused(Tensors{{"a", {Dtype::f32, {std::size_t{1} << 63, 2}, {}}}});
  refused(Tensors{{"a", {Dtype::f32, {1}, four}}, {"a", {Dtype::f16, {2}, four}}});
  refused(Tensors{{"__metadata__", {Dtype::f32, {1}, four}}});
  refused(Tensors{{"\xff", {Dtype::f32, {1}, four}}});
}

TEST_CASE("the embedded model's tensors are what they were when it was trained") {
  const auto file = Safetensors::open(test::source_folder() / "examples" / "model" / "model.safetensors");
  CHECK(file.names().size() == 39);
  CHECK(file.metadata().at("format") == "pt");
  CHECK(file.tensor("lm_head.weight").shape == reference::Shape{264, 128});
  CHECK(file.tensor("model.layers.3.mlp.down_proj.weight").shape == reference::Shape{128, 384});
  CHECK(file.tensor("model.layers.0.self_attn.k_proj.weight").shape == reference::Shape{128, 128});
  std::size_t elements = 0;
  for (const auto& name : file.names()) {
    CHECK(file.tensor(name).dtype == Dtype::f32);
    elements += file.tensor(name).elements();
  }
  CHECK(elements == 1'051'776);
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, 64 bits
  for (const std::byte byte : file.tensor("model.layers.2.self_attn.q_proj.weight").bytes) {
    hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
  }
  CHECK(hash == 0xf437c2ea9dc79f1);
}
