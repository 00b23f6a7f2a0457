// SPDX-License-Identifier: MIT
#include "lab/support/raster.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/png.hpp"

using lab::Raster;
using lab::Rgb;
using lab::test::base64_bytes;
using lab::test::Png;
using lab::test::read_png;

namespace {

/// A pattern that no row or column repeats at once.
Raster example(std::size_t width, std::size_t height, std::size_t colours) {
  Raster raster{width, height, {}, {}};
  for (std::size_t i = 0; i < colours; ++i) {
    raster.palette.push_back(
        {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(255 - i), static_cast<std::uint8_t>(7 * i)});
  }
  for (std::size_t i = 0; i < width * height; ++i)
    raster.pixels.push_back(static_cast<std::uint8_t>(i * i % colours));
  return raster;
}

}  // namespace

TEST_CASE("a picture reads back: sides, palette, every pixel; each chunk has its CRC") {
  for (const auto& [width, height, colours] :
       {std::array<std::size_t, 3>{1, 1, 1}, {3, 2, 5}, {256, 128, 256}, {1, 700, 2}}) {
    const Raster raster = example(width, height, colours);
    const Png png = read_png(lab::png_of(raster));
    CHECK(png.width == raster.width);
    CHECK(png.height == raster.height);
    REQUIRE(png.pixels.size() == raster.pixels.size());
    for (std::size_t i = 0; i < raster.pixels.size(); ++i)
      REQUIRE(png.pixels[i] == raster.palette[raster.pixels[i]]);
    CHECK(lab::png_of(raster) == lab::png_of(raster));
  }
}

TEST_CASE("values take the scale's colours from its low to its high end, clamped; not-a-number is grey") {
  const std::vector<double> values = {-1.0, 0.0, 1.0, std::nan(""), -7.0, 9.0};
  for (const auto scale : {lab::ColourScale::amount, lab::ColourScale::sign}) {
    const Png png = read_png(lab::png_of(lab::raster_of(values, 3, 2, -1.0, 1.0, scale)));
    CHECK(png.pixels[0] == lab::colour_at(scale, 0.0));
    CHECK(png.pixels[1] == lab::colour_at(scale, 0.5));
    CHECK(png.pixels[2] == lab::colour_at(scale, 1.0));
    CHECK(png.pixels[3] == Rgb{0xe6, 0xe6, 0xe6});
    CHECK(png.pixels[4] == lab::colour_at(scale, 0.0));
    CHECK(png.pixels[5] == lab::colour_at(scale, 1.0));
  }
}

TEST_CASE("base64: the examples of RFC 4648, and all bytes") {
  CHECK(lab::base64("") == "");
  CHECK(lab::base64("f") == "Zg==");
  CHECK(lab::base64("fo") == "Zm8=");
  CHECK(lab::base64("foo") == "Zm9v");
  CHECK(lab::base64("foob") == "Zm9vYg==");
  CHECK(lab::base64("fooba") == "Zm9vYmE=");
  CHECK(lab::base64("foobar") == "Zm9vYmFy");
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  CHECK(base64_bytes(lab::base64(bytes)) == bytes);
  const Raster raster = example(5, 4, 9);
  const std::string start = "data:image/png;base64,";
  CHECK(lab::data_address(raster).starts_with(start));
  CHECK(base64_bytes(lab::data_address(raster).substr(start.size())) == lab::png_of(raster));
}

TEST_CASE("what is no picture is an error") {
  const auto refused = [](auto change) {
    Raster raster = example(4, 3, 6);
    change(raster);
    CHECK_THROWS_AS(static_cast<void>(lab::png_of(raster)), dope::Error);
  };
  refused([](Raster& raster) { raster.pixels.pop_back(); });
  refused([](Raster& raster) { raster.height = 2; });
  refused([](Raster& raster) { raster.width = 0; });
  refused([](Raster& raster) { raster.palette.resize(4); });
  refused([](Raster& raster) { raster.palette.resize(257); });
  refused([](Raster& raster) { raster.palette.clear(); });
  const auto no_values = [](const std::vector<double>& values, std::size_t width, std::size_t height,
                            double low, double high) {
    CHECK_THROWS_AS(
        static_cast<void>(lab::raster_of(values, width, height, low, high, lab::ColourScale::amount)),
        dope::Error);
  };
  const double infinite = std::numeric_limits<double>::infinity();
  no_values({}, 1, 1, 0.0, 1.0);
  no_values({1.0}, 0, 1, 0.0, 1.0);
  no_values({1.0, 2.0, 3.0}, 2, 1, 0.0, 1.0);
  no_values({1.0}, 1, 1, 1.0, 1.0);
  no_values({1.0}, 1, 1, 0.0, infinite);
  no_values({infinite}, 1, 1, 0.0, 1.0);
}
