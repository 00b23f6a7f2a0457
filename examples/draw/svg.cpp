// SPDX-License-Identifier: MIT
#include "draw/svg.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "dope/core/error.hpp"

namespace lab {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

bool is_xml_character(std::uint32_t code) {
  if (code < 0x20) return code == 0x9 || code == 0xa || code == 0xd;
  return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) && code != 0xfffe && code != 0xffff;
}

/// Length in bytes of the shortest-form UTF-8 character at the front of `text`, 0 where there is none.
std::size_t utf8_length(std::string_view text, std::uint32_t& code) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t lead = byte(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xc0 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf8 ? 4
                                           : 0;
  if (length == 0 || length > text.size()) return 0;
  code = length == 1 ? lead : lead & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return 0;
    code = (code << 6) | (byte(i) & 0x3fu);
  }
  constexpr std::array<std::uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  return code >= least[length] ? length : 0;
}

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::uint32_t code = 0;
    const std::size_t length = utf8_length(text, code);
    if (length == 0 || !is_xml_character(code)) {
      out += replacement;
    } else if (code == '&') {
      out += "&amp;";
    } else if (code == '<') {
      out += "&lt;";
    } else if (code == '>') {
      out += "&gt;";
    } else if (code == '"') {
      out += "&quot;";
    } else if (code == '\'') {
      out += "&#39;";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

bool is_xml_text(std::string_view bytes) {
  while (!bytes.empty()) {
    std::uint32_t code = 0;
    const std::size_t length = utf8_length(bytes, code);
    if (length == 0 || !is_xml_character(code)) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string coordinate(double value) {
  if (!std::isfinite(value)) {
    throw dope::Error("Svg", dope::detail::text("coordinate ", value), "a finite number");
  }
  std::array<char, 400> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed, 2);
  std::string text(digits.data(), end.ptr);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

Svg::Svg(double width, double height, std::string_view title, std::string_view description) {
  const std::string size_x = coordinate(width);
  const std::string size_y = coordinate(height);
  head_ =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" "
      "width=\"" +
      size_x + "\" height=\"" + size_y + "\" viewBox=\"0 0 " + size_x + " " + size_y + "\"";
  body_ = " font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n<title>" + xml_escaped(title) +
          "</title>\n<desc>" + xml_escaped(description) + "</desc>\n";
}

void Svg::element(std::string_view name, const Attributes& geometry, const Attributes& attributes) {
  body_ += "<" + std::string(name);
  for (const Attributes* list : {&geometry, &attributes}) {
    for (const auto& [key, value] : *list)
      body_ += " " + std::string(key) + "=\"" + xml_escaped(value) + "\"";
  }
}

void Svg::rect(double x, double y, double width, double height, const Attributes& attributes) {
  element("rect",
          {{"x", coordinate(x)},
           {"y", coordinate(y)},
           {"width", coordinate(width)},
           {"height", coordinate(height)}},
          attributes);
  body_ += "/>\n";
}

void Svg::path(std::string_view data, const Attributes& attributes) {
  element("path", {{"d", std::string(data)}}, attributes);
  body_ += "/>\n";
}

void Svg::text(double x, double y, std::string_view content, const Attributes& attributes) {
  element("text", {{"x", coordinate(x)}, {"y", coordinate(y)}}, attributes);
  body_ += ">" + xml_escaped(content) + "</text>\n";
}

void Svg::gradient(std::string_view id, const std::vector<std::string>& colours) {
  element("linearGradient", {{"id", std::string(id)}}, {});
  body_ += ">\n";
  for (std::size_t i = 0; i < colours.size(); ++i) {
    const double last = colours.size() > 1 ? static_cast<double>(colours.size() - 1) : 1.0;
    const double share = static_cast<double>(i) / last;
    element("stop", {{"offset", coordinate(100.0 * share) + "%"}, {"stop-color", colours[i]}}, {});
    body_ += "/>\n";
  }
  body_ += "</linearGradient>\n";
}

void Svg::link(std::string_view target, std::string_view label, const std::function<void()>& content) {
  linked_ = true;
  element("a", {{"href", "#" + std::string(target)}, {"aria-label", std::string(label)}}, {});
  body_ += ">\n<title>" + xml_escaped(label) + "</title>\n";
  content();
  body_ += "</a>\n";
}

void Svg::image(double x, double y, double width, double height, std::string_view address,
                const Attributes& attributes) {
  element("image",
          {{"x", coordinate(x)},
           {"y", coordinate(y)},
           {"width", coordinate(width)},
           {"height", coordinate(height)},
           {"preserveAspectRatio", "none"},
           {"image-rendering", "pixelated"},
           {"href", std::string(address)}},
          attributes);
  body_ += "/>\n";
}

std::string Svg::str() const {
  return head_ + (linked_ ? " role=\"group\"" : " role=\"img\"") + body_ + "</svg>\n";
}

}  // namespace lab
