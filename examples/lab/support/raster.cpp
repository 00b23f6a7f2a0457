// SPDX-License-Identifier: MIT
#include "lab/support/raster.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "dope/core/error.hpp"
#include "draw/chart.hpp"

namespace lab {
namespace {

constexpr std::size_t shades = 255;  // of the scale; the colour after them is for not-a-number
constexpr std::size_t largest_side = (std::size_t{1} << 31) - 1;

/// Four bytes, the most significant first.
std::string big_endian(std::size_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xffu);
  return bytes;
}

const Bytef* bytes_of(const std::string& text) { return reinterpret_cast<const Bytef*>(text.data()); }

/// Length, type, data, and the CRC-32 of type and data.
std::string chunk(std::string_view type, const std::string& data) {
  const std::string checked = std::string(type) + data;
  return big_endian(data.size()) + checked +
         big_endian(crc32(0, bytes_of(checked), static_cast<uInt>(checked.size())));
}

std::string deflated(const std::string& bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  std::string out(size, '\0');
  const int status = compress2(reinterpret_cast<Bytef*>(out.data()), &size, bytes_of(bytes),
                               static_cast<uLong>(bytes.size()), Z_BEST_COMPRESSION);
  if (status != Z_OK) throw dope::Error("png_of", dope::detail::text("zlib's status ", status), "memory");
  out.resize(size);
  return out;
}

void check(const Raster& raster) {
  if (raster.width == 0 || raster.height == 0 || raster.width > largest_side ||
      raster.height > largest_side || raster.pixels.size() / raster.width != raster.height ||
      raster.pixels.size() % raster.width != 0) {
    throw dope::Error(
        "png_of",
        dope::detail::text(raster.pixels.size(), " pixels for ", raster.width, " by ", raster.height),
        "as many as width times height, at least one");
  }
  if (raster.palette.empty() || raster.palette.size() > 256 ||
      std::any_of(raster.pixels.begin(), raster.pixels.end(),
                  [&](std::uint8_t pixel) { return pixel >= raster.palette.size(); })) {
    throw dope::Error("png_of", dope::detail::text("a palette of ", raster.palette.size(), " colours"),
                      "1 to 256, and no pixel outside of them");
  }
}

}  // namespace

Raster raster_of(std::span<const double> values, std::size_t width, std::size_t height, double low,
                 double high, ColourScale scale) {
  if (values.empty() || width == 0 || values.size() / width != height || values.size() % width != 0 ||
      !std::isfinite(low) || !std::isfinite(high) || !(low < high) ||
      std::any_of(values.begin(), values.end(), [](double value) { return std::isinf(value); })) {
    throw dope::Error("raster_of",
                      dope::detail::text(values.size(), " values for ", width, " by ", height,
                                         ", on a scale from ", low, " to ", high),
                      "finite values, as many as width times height, at least one, and the low end first");
  }
  Raster raster{width, height, {}, {}};
  for (std::size_t i = 0; i < shades; ++i)
    raster.palette.push_back(colour_at(scale, static_cast<double>(i) / static_cast<double>(shades - 1)));
  raster.palette.push_back(empty_rgb);
  raster.pixels.reserve(values.size());
  for (const double value : values) {
    const double share = std::clamp(share_between(value, low, high), 0.0, 1.0);
    raster.pixels.push_back(static_cast<std::uint8_t>(
        std::isnan(value) ? shades
                          : static_cast<std::size_t>(std::lround(share * static_cast<double>(shades - 1)))));
  }
  return raster;
}

std::string png_of(const Raster& raster) {
  check(raster);
  constexpr std::string_view depth_8_palette("\x08\x03\x00\x00\x00", 5);
  std::string palette;
  for (const Rgb& colour : raster.palette) {
    for (const std::uint8_t channel : {colour.red, colour.green, colour.blue})
      palette += static_cast<char>(channel);
  }
  std::string rows;
  rows.reserve((raster.width + 1) * raster.height);
  for (std::size_t row = 0; row < raster.height; ++row) {
    rows += '\0';  // no filter
    for (std::size_t column = 0; column < raster.width; ++column)
      rows += static_cast<char>(raster.pixels[row * raster.width + column]);
  }
  return "\x89PNG\r\n\x1a\n" +
         chunk("IHDR", big_endian(raster.width) + big_endian(raster.height) + std::string(depth_8_palette)) +
         chunk("PLTE", palette) + chunk("IDAT", deflated(rows)) + chunk("IEND", "");
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(bytes.size() - i, 3);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += k <= count ? letters[group >> (18 - 6 * k) & 63u] : '=';
  }
  return out;
}

std::string data_address(const Raster& raster) { return "data:image/png;base64," + base64(png_of(raster)); }

}  // namespace lab
