// SPDX-License-Identifier: MIT
#include "draw/colour.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "dope/core/error.hpp"

using lab::Rgb;

TEST_CASE("viridis: its ends, clamped outside, brighter all the way") {
  CHECK(lab::hex(lab::viridis(0.0)) == "#440154");
  CHECK(lab::hex(lab::viridis(0.5)) == "#21918c");
  CHECK(lab::hex(lab::viridis(1.0)) == "#fde725");
  CHECK(lab::viridis(-5.0) == lab::viridis(0.0));
  CHECK(lab::viridis(7.0) == lab::viridis(1.0));
  CHECK_THROWS_AS((void)lab::viridis(std::nan("")), dope::Error);
  constexpr double rounding = 2e-3;  // a channel rounded to 8 bits can take that much luminance away
  for (int i = 1; i <= 1000; ++i) {
    CHECK(lab::luminance(lab::viridis(i / 1000.0)) >
          lab::luminance(lab::viridis((i - 1) / 1000.0)) - rounding);
    if (i >= 20)
      CHECK(lab::luminance(lab::viridis(i / 1000.0)) > lab::luminance(lab::viridis((i - 20) / 1000.0)));
  }
}

TEST_CASE("blue to red: its ends and middle, clamped, brighter up to the middle and darker after it") {
  CHECK(lab::hex(lab::blue_red(0.0)) == "#053061");
  CHECK(lab::hex(lab::blue_red(0.5)) == "#f7f7f7");
  CHECK(lab::hex(lab::blue_red(1.0)) == "#67001f");
  CHECK(lab::blue_red(-5.0) == lab::blue_red(0.0));
  CHECK(lab::blue_red(7.0) == lab::blue_red(1.0));
  CHECK_THROWS_AS((void)lab::blue_red(std::nan("")), dope::Error);
  constexpr double rounding = 2e-3;  // as above
  for (int i = 1; i <= 500; ++i) {
    CHECK(lab::luminance(lab::blue_red(i / 1000.0)) >
          lab::luminance(lab::blue_red((i - 1) / 1000.0)) - rounding);
    CHECK(lab::luminance(lab::blue_red(1.0 - i / 1000.0)) >
          lab::luminance(lab::blue_red(1.0 - (i - 1) / 1000.0)) - rounding);
    // Of two signs neither is the other's colour: red outweighs blue on one side only.
    const Rgb low = lab::blue_red(0.45 * i / 500.0);
    const Rgb high = lab::blue_red(1.0 - 0.45 * i / 500.0);
    CHECK(low.blue > low.red);
    CHECK(high.red > high.blue);
  }
  CHECK(lab::colour_at(lab::ColourScale::amount, 0.25) == lab::viridis(0.25));
  CHECK(lab::colour_at(lab::ColourScale::sign, 0.25) == lab::blue_red(0.25));
}

TEST_CASE("luminance: black 0, white 1") {
  CHECK(lab::luminance(Rgb{}) == 0.0);
  CHECK(lab::luminance(Rgb{255, 255, 255}) == doctest::Approx(1.0));
}

TEST_CASE("ink has a contrast of at least 4.5 : 1, on any background") {
  for (int red = 0; red < 256; red += 15) {
    for (int green = 0; green < 256; green += 3) {
      for (int blue = 0; blue < 256; blue += 15) {
        const Rgb back{static_cast<std::uint8_t>(red), static_cast<std::uint8_t>(green),
                       static_cast<std::uint8_t>(blue)};
        const double one = lab::luminance(back) + 0.05;
        const double two = lab::luminance(lab::ink_on(back)) + 0.05;
        REQUIRE(std::max(one, two) / std::min(one, two) >= 4.5);
      }
    }
  }
}
