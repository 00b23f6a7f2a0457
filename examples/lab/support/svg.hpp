// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lab {

/// Text as XML 1.0 character data, fit for attributes too: & < > " ' become entities; bytes that are no
/// UTF-8 and characters that XML forbids become U+FFFD; tab, line feed and carriage return stay.
[[nodiscard]] std::string xml_escaped(std::string_view text);

/// A coordinate: at most two decimals, no exponent, no trailing zeros, never "-0"; the same in every
/// locale. Throws dope::Error for a number that is not finite.
[[nodiscard]] std::string coordinate(double value);

/// Writes one SVG 1.1 picture, element after element. Units: CSS pixels, y downwards.
///
/// Law: str() is well-formed XML whatever the texts, and the same bytes for the same calls.
class Svg {
 public:
  using Attributes = std::vector<std::pair<std::string_view, std::string>>;

  /// `title` and `description` are for readers that cannot see the picture.
  Svg(double width, double height, std::string_view title, std::string_view description);

  void rect(double x, double y, double width, double height, const Attributes& attributes);
  void path(std::string_view data, const Attributes& attributes);
  void text(double x, double y, std::string_view content, const Attributes& attributes);

  /// A left-to-right gradient of evenly spaced colours, used as fill "url(#id)".
  void gradient(std::string_view id, const std::vector<std::string>& colours);

  [[nodiscard]] std::string str() const;

 private:
  void element(std::string_view name, const Attributes& geometry, const Attributes& attributes);

  std::string body_;
};

}  // namespace lab
