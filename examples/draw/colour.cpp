// SPDX-License-Identifier: MIT
#include "draw/colour.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>

#include "dope/core/error.hpp"

namespace lab {
namespace {

constexpr std::array<Rgb, 9> viridis_anchors = {{{0x44, 0x01, 0x54},
                                                 {0x47, 0x2d, 0x7b},
                                                 {0x3b, 0x52, 0x8b},
                                                 {0x2c, 0x72, 0x8e},
                                                 {0x21, 0x91, 0x8c},
                                                 {0x28, 0xae, 0x80},
                                                 {0x5e, 0xc9, 0x62},
                                                 {0xad, 0xdc, 0x30},
                                                 {0xfd, 0xe7, 0x25}}};

constexpr std::array<Rgb, 11> blue_red_anchors = {{{0x05, 0x30, 0x61},
                                                   {0x21, 0x66, 0xac},
                                                   {0x43, 0x93, 0xc3},
                                                   {0x92, 0xc5, 0xde},
                                                   {0xd1, 0xe5, 0xf0},
                                                   {0xf7, 0xf7, 0xf7},
                                                   {0xfd, 0xdb, 0xc7},
                                                   {0xf4, 0xa5, 0x82},
                                                   {0xd6, 0x60, 0x4d},
                                                   {0xb2, 0x18, 0x2b},
                                                   {0x67, 0x00, 0x1f}}};

double linear(std::uint8_t channel) {
  const double value = channel / 255.0;
  return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}

std::uint8_t between(std::uint8_t from, std::uint8_t to, double share) {
  return static_cast<std::uint8_t>(std::lround(from + (to - from) * share));
}

/// The colour at t of a scale of evenly spaced anchors.
Rgb along(std::string_view scale, std::span<const Rgb> anchors, double t) {
  if (std::isnan(t)) {
    throw dope::Error(std::string(scale), "not a number", "a number");
  }
  const double at = std::clamp(t, 0.0, 1.0) * static_cast<double>(anchors.size() - 1);
  const std::size_t below = std::min(static_cast<std::size_t>(at), anchors.size() - 2);
  const double share = at - static_cast<double>(below);
  const Rgb from = anchors[below];
  const Rgb to = anchors[below + 1];
  return {between(from.red, to.red, share), between(from.green, to.green, share),
          between(from.blue, to.blue, share)};
}

}  // namespace

std::string hex(Rgb colour) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text = "#";
  for (const std::uint8_t channel : {colour.red, colour.green, colour.blue}) {
    text += digits[channel >> 4];
    text += digits[channel & 15];
  }
  return text;
}

double luminance(Rgb colour) {
  return 0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue);
}

Rgb viridis(double t) { return along("viridis", viridis_anchors, t); }

Rgb blue_red(double t) { return along("blue_red", blue_red_anchors, t); }

Rgb colour_at(ColourScale scale, double t) { return scale == ColourScale::amount ? viridis(t) : blue_red(t); }

Rgb ink_on(Rgb background) {
  constexpr Rgb dark{0x00, 0x00, 0x00};
  constexpr Rgb light{0xff, 0xff, 0xff};
  const double on_dark = (luminance(background) + 0.05) / (luminance(dark) + 0.05);
  const double on_light = 1.05 / (luminance(background) + 0.05);
  return on_dark >= on_light ? dark : light;
}

}  // namespace lab
