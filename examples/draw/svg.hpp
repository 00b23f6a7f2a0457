// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lab {

/// Text as XML 1.0 character data, fit for attributes too: & < > " ' become entities; bytes that are no
/// UTF-8 and characters that XML forbids become U+FFFD; tab, line feed and carriage return stay.
[[nodiscard]] std::string xml_escaped(std::string_view text);

/// Whether bytes are UTF-8 of characters that XML 1.0 allows.
[[nodiscard]] bool is_xml_text(std::string_view bytes);

/// A coordinate: at most two decimals, no exponent, no trailing zeros, never "-0"; the same in every
/// locale. Throws dope::Error for a number that is not finite.
[[nodiscard]] std::string coordinate(double value);

/// Writes one SVG picture, element after element: SVG 1.1, but for link and image, whose href is SVG 2's.
/// Units: CSS pixels, y downwards.
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

  /// What `content` writes becomes a link to the id `target` of the page that the picture stands in; `label`
  /// says where it leads. Readers that cannot see the picture then meet its parts, in place of one image.
  void link(std::string_view target, std::string_view label, const std::function<void()>& content);

  /// A picture of pixels from a data: address, stretched to the box, its pixels with sharp edges.
  void image(double x, double y, double width, double height, std::string_view address,
             const Attributes& attributes);

  [[nodiscard]] std::string str() const;

 private:
  void element(std::string_view name, const Attributes& geometry, const Attributes& attributes);

  std::string head_;  // all before the root's role
  std::string body_;
  bool linked_ = false;
};

}  // namespace lab
