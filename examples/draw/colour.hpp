// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace lab {

struct Rgb {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  bool operator==(const Rgb&) const = default;
};

/// "#rrggbb".
[[nodiscard]] std::string hex(Rgb colour);

/// Relative luminance of WCAG 2.1, 0 (black) to 1 (white).
[[nodiscard]] double luminance(Rgb colour);

/// The viridis scale, dark violet at 0 to yellow at 1: nine anchors, linear in sRGB between them.
///
/// Law: luminance never falls, so the scale reads in grey and with any colour blindness. t is clamped
/// to [0, 1]; not-a-number throws dope::Error.
[[nodiscard]] Rgb viridis(double t);

/// A diverging scale, dark blue at 0 over near white at 0.5 to dark red at 1: ColorBrewer's RdBu, which
/// colour-blind eyes tell apart, eleven anchors, linear in sRGB between them.
///
/// Law: luminance never falls up to 0.5 and never rises after it. t as for viridis.
[[nodiscard]] Rgb blue_red(double t);

/// viridis for amounts, blue_red for what is signed.
enum class ColourScale { amount, sign };
[[nodiscard]] Rgb colour_at(ColourScale scale, double t);

/// Black or white, whichever has more contrast on `background`: at least 4.5 : 1 on any.
[[nodiscard]] Rgb ink_on(Rgb background);

}  // namespace lab
