// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "draw/colour.hpp"

namespace lab {

/// A picture of pixels in a palette of at most 256 colours: pixels[row · width + column], row 0 on top.
struct Raster {
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<Rgb> palette;
  std::vector<std::uint8_t> pixels;
};

/// A pixel per value, row after row, on a colour scale from low to high; grey for not-a-number.
///
/// Throws dope::Error unless width · height values are given, at least one, none infinite, and low < high.
[[nodiscard]] Raster raster_of(std::span<const double> values, std::size_t width, std::size_t height,
                               double low, double high, ColourScale scale);

/// The raster as a PNG file (ISO/IEC 15948): 8 bits a pixel with a palette, rows unfiltered.
///
/// Law: the same raster gives the same bytes, with the same zlib. Throws dope::Error for no pixel, a side of
/// 2³¹ or more, a palette that is empty or above 256, and a pixel outside of it.
[[nodiscard]] std::string png_of(const Raster& raster);

/// RFC 4648, section 4, padded.
[[nodiscard]] std::string base64(std::string_view bytes);

/// "data:image/png;base64,…" of png_of.
[[nodiscard]] std::string data_address(const Raster& raster);

}  // namespace lab
