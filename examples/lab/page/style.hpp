// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace page {

/// The page's style sheet: light and dark by the reader's setting or the switch, phone width, print.
/// Pictures take the theme's colours in place of those of draw/chart.hpp.
[[nodiscard]] std::string style_sheet();

/// A picture drawn for a page as a file of its own: with the rules of its lines, in light colours.
///
/// Law: an SVG 1.1 document that needs nothing else. Throws dope::Error where there is no <svg …> element.
[[nodiscard]] std::string standalone_svg(std::string_view svg);

/// The theme switch, unfolding for print, and the SHA-256 of exactly these bytes, base64, for the content
/// security policy.
[[nodiscard]] std::string_view theme_script();
inline constexpr std::string_view theme_script_sha256 = "kgMxfVWAZbpNN/3cz1eQDKx4J53d2LEn3v4grJKjm8E=";

}  // namespace page
