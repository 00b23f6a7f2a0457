// SPDX-License-Identifier: MIT
#include "lab/support/fingerprint.hpp"

#include <cstdint>

#include "lab/support/files.hpp"

namespace lab {

std::string fingerprint(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::byte byte : bytes) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3u;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 0; i < 16; ++i) text[i] = digits[(hash >> (60 - 4 * i)) & 15u];
  return text;
}

std::string fingerprint(std::string_view text) { return fingerprint(std::as_bytes(std::span(text))); }

ResultStore::Json identity_of(const reference::Model& model, const std::filesystem::path& folder) {
  const auto& weights = model.weights();
  return {{"config", fingerprint(read_file_whole(folder / "config.json"))},
          {"embedding", fingerprint(std::as_bytes(weights.embedding.values()))},
          {"last_layer", fingerprint(std::as_bytes(weights.layers.back().down.values()))},
          {"layers", model.config().layers},
          {"training_length", model.config().training_length}};
}

}  // namespace lab
