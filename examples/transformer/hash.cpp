// SPDX-License-Identifier: MIT
#include "transformer/hash.hpp"

// In this file whole: compiled for the processor that the rest is compiled for, and nothing to link.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <new>

#include "transformer/stop.hpp"

namespace reference {
namespace {

std::string text_of(const XXH128_hash_t& hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : canonical.digest) text += {digits[byte >> 4], digits[byte & 15]};
  return text;
}

/// Eight bytes of a length, the lowest first.
std::array<unsigned char, 8> bytes_of(std::uint64_t length) {
  std::array<unsigned char, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(length >> (8 * i));
  return bytes;
}

}  // namespace

std::string hash_of(std::span<const std::byte> bytes) {
  return text_of(XXH3_128bits(bytes.data(), bytes.size()));
}

std::string hash_of(std::string_view text) { return hash_of(std::as_bytes(std::span(text))); }

std::string hash_of(std::span<const std::span<const std::byte>> runs) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  if (state == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(state.get());
  constexpr std::size_t step = std::size_t{1} << 26;  // bytes
  for (const auto run : runs) {
    const auto length = bytes_of(run.size());
    XXH3_128bits_update(state.get(), length.data(), length.size());
    for (std::size_t at = 0; at < run.size(); at += step) {
      stop_if_asked();
      const auto part = run.subspan(at, std::min(step, run.size() - at));
      XXH3_128bits_update(state.get(), part.data(), part.size());
    }
  }
  return text_of(XXH3_128bits_digest(state.get()));
}

}  // namespace reference
