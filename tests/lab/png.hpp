// SPDX-License-Identifier: MIT
#pragma once

#include <zlib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "draw/colour.hpp"

namespace lab::test {

struct Png {
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<Rgb> pixels;
};

/// CRC-32 of ISO/IEC 15948, bit by bit.
inline std::uint32_t plain_crc(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1u) != 0 ? 0xedb88320u ^ (crc >> 1) : crc >> 1;
  }
  return ~crc;
}

/// A strict reader of 8-bit palette pictures with unfiltered rows: IHDR, PLTE, IDAT, IEND. Throws
/// std::runtime_error for anything else, and for a wrong CRC.
inline Png read_png(std::string_view bytes) {
  const auto demand = [](bool truth, const char* what) {
    if (!truth) throw std::runtime_error(what);
  };
  const auto number = [&](std::size_t at) {
    demand(at + 4 <= bytes.size(), "cut short");
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value * 256 + static_cast<unsigned char>(bytes[at + i]);
    return value;
  };
  demand(bytes.substr(0, 8) == std::string_view("\x89PNG\r\n\x1a\n", 8), "no signature");
  std::vector<std::string_view> parts;
  std::size_t at = 8;
  for (const std::string_view type : {"IHDR", "PLTE", "IDAT", "IEND"}) {
    const std::size_t size = number(at);
    demand(at + 12 + size <= bytes.size(), "cut short");
    demand(bytes.substr(at + 4, 4) == type, "another chunk");
    demand(number(at + 8 + size) == plain_crc(bytes.substr(at + 4, 4 + size)), "a wrong CRC");
    parts.push_back(bytes.substr(at + 8, size));
    at += 12 + size;
  }
  demand(at == bytes.size(), "something after the end");
  demand(parts[0].size() == 13 && parts[0].substr(8) == std::string_view("\x08\x03\x00\x00\x00", 5),
         "another kind of picture");
  demand(!parts[1].empty() && parts[1].size() % 3 == 0 && parts[1].size() <= 768, "no palette");
  demand(parts[3].empty(), "an end with data");
  Png png;
  png.width = number(16);
  png.height = number(20);
  std::vector<unsigned char> rows((png.width + 1) * png.height + 1);
  uLongf size = static_cast<uLongf>(rows.size());
  demand(uncompress(rows.data(), &size, reinterpret_cast<const Bytef*>(parts[2].data()),
                    static_cast<uLong>(parts[2].size())) == Z_OK,
         "data that do not inflate");
  demand(size + 1 == rows.size(), "another number of bytes");
  for (std::size_t row = 0; row < png.height; ++row) {
    demand(rows[row * (png.width + 1)] == 0, "a filter");
    for (std::size_t column = 0; column < png.width; ++column) {
      const std::size_t entry = 3 * std::size_t{rows[row * (png.width + 1) + 1 + column]};
      demand(entry < parts[1].size(), "a pixel outside the palette");
      const auto channel = [&](std::size_t i) { return static_cast<std::uint8_t>(parts[1][entry + i]); };
      png.pixels.push_back({channel(0), channel(1), channel(2)});
    }
  }
  return png;
}

/// The bytes of padded base64, letter by letter. Throws std::runtime_error for another letter.
inline std::string base64_bytes(std::string_view text) {
  const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bits;
  for (const char letter : text) {
    if (letter == '=') continue;
    const std::size_t value = letters.find(letter);
    if (value == std::string::npos) throw std::runtime_error("no base64");
    for (int bit = 5; bit >= 0; --bit) bits += (value >> bit & 1u) != 0 ? '1' : '0';
  }
  std::string bytes;
  for (std::size_t i = 0; i + 8 <= bits.size(); i += 8) {
    unsigned value = 0;
    for (std::size_t bit = 0; bit < 8; ++bit) value = 2 * value + (bits[i + bit] == '1' ? 1u : 0u);
    bytes += static_cast<char>(value);
  }
  return bytes;
}

}  // namespace lab::test
