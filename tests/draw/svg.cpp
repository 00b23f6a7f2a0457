// SPDX-License-Identifier: MIT
#include "draw/svg.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>

#include "dope/core/error.hpp"
#include "lab/xml.hpp"

using lab::Svg;

namespace {

/// Strict UTF-8, checked byte by byte.
bool is_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xc2 && lead < 0xe0 ? 2
                               : lead >= 0xe0 && lead < 0xf0 ? 3
                               : lead >= 0xf0 && lead < 0xf5 ? 4
                                                             : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if (next < 0x80 || next > 0xbf) return false;
      if (k == 1 && ((lead == 0xe0 && next < 0xa0) || (lead == 0xed && next > 0x9f) ||
                     (lead == 0xf0 && next < 0x90) || (lead == 0xf4 && next > 0x8f)))
        return false;
    }
    i += length;
  }
  return true;
}

}  // namespace

TEST_CASE("text of XML is text that escaping leaves readable") {
  for (const std::string& text : lab::test::hostile_texts()) {
    CAPTURE(text);
    const bool forbidden = text.find_first_of(std::string("\0\x01\x02\x1b", 4)) != std::string::npos ||
                           text.find("\xef\xbf\xbf") != std::string::npos;
    CHECK(lab::is_xml_text(text) == (is_utf8(text) && !forbidden));
  }
}

TEST_CASE("every text is escaped: well-formed, UTF-8, and good texts read back") {
  for (const std::string& text : lab::test::hostile_texts()) {
    CAPTURE(text);
    Svg svg(100, 50, text, text);
    svg.text(1, 2, text, {{"class", text}});
    svg.path(text, {});
    const std::string bytes = svg.str();
    CHECK(is_utf8(bytes));
    const auto elements = lab::test::xml_elements(bytes);
    REQUIRE(elements.size() == 5);
    const bool clean = is_utf8(text) &&
                       text.find_first_of(std::string("\0\x01\x02\x1b", 4)) == std::string::npos &&
                       text.find("\xef\xbf\xbf") == std::string::npos;
    if (clean) {
      CHECK(elements[1].text == text);
      CHECK(elements[3].text == text);
      CHECK(elements[3].attributes.at("class") == text);
    } else {
      CHECK(elements[3].text.find("\xef\xbf\xbd") != std::string::npos);
    }
  }
}

TEST_CASE("each bad byte or forbidden character becomes one U+FFFD, the rest stays") {
  const std::string bad = "\xef\xbf\xbd";
  CHECK(lab::xml_escaped("a\xff"
                         "b") == "a" + bad + "b");
  CHECK(lab::xml_escaped("a\xc3") == "a" + bad);
  CHECK(lab::xml_escaped("\xc3(\xe2\x82<") == bad + "(" + bad + bad + "&lt;");
  CHECK(lab::xml_escaped("\xc0\xaf") == bad + bad);
  CHECK(lab::xml_escaped(std::string("\0", 1)) == bad);
  CHECK(lab::xml_escaped("\xef\xbf\xbe") == bad);
  CHECK(lab::xml_escaped("\xc2\x80\xef\xbf\xbd\xf4\x8f\xbf\xbf") == "\xc2\x80\xef\xbf\xbd\xf4\x8f\xbf\xbf");
  CHECK(lab::xml_escaped("<&>\"'") == "&lt;&amp;&gt;&quot;&#39;");
}

TEST_CASE("coordinates: two decimals, no exponent, no -0, finite") {
  CHECK(lab::coordinate(0.0) == "0");
  CHECK(lab::coordinate(-0.001) == "0");
  CHECK(lab::coordinate(12.5) == "12.5");
  CHECK(lab::coordinate(100.0) == "100");
  CHECK(lab::coordinate(-3.14159) == "-3.14");
  CHECK(lab::coordinate(1e7) == "10000000");
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_AS((void)lab::coordinate(bad), dope::Error);
    Svg svg(10, 10, "", "");
    CHECK_THROWS_AS(svg.rect(0, 0, bad, 1, {}), dope::Error);
  }
}

TEST_CASE("elements carry their geometry") {
  Svg svg(120, 80, "title", "description");
  svg.rect(1, 2, 3, 4, {{"fill", "#fff"}});
  svg.gradient("scale", {"#000000", "#777777", "#ffffff"});
  const auto elements = lab::test::xml_elements(svg.str());
  CHECK(elements[0].name == "svg");
  CHECK(elements[0].attributes.at("viewBox") == "0 0 120 80");
  CHECK(elements[0].attributes.at("role") == "img");
  CHECK(elements[3].attributes ==
        std::map<std::string, std::string>{
            {"x", "1"}, {"y", "2"}, {"width", "3"}, {"height", "4"}, {"fill", "#fff"}});
  CHECK(elements[4].name == "linearGradient");
  CHECK(elements[6].attributes.at("offset") == "50%");
  CHECK(elements[7].attributes.at("offset") == "100%");
}

TEST_CASE("a link holds what is drawn in it, says where it leads, and is no part of one image") {
  Svg svg(120, 80, "title", "description");
  CHECK(svg.str().find("role=\"img\"") != std::string::npos);
  svg.link("head-2-5", "layer 2 <5>", [&] { svg.rect(1, 2, 3, 4, {}); });
  svg.rect(5, 6, 7, 8, {});
  const std::string bytes = svg.str();
  CHECK(bytes.find("role=\"img\"") == std::string::npos);
  const auto elements = lab::test::xml_elements(bytes);
  CHECK(elements[0].attributes.at("role") == "group");
  CHECK(elements[3].name == "a");
  CHECK(elements[3].attributes.at("href") == "#head-2-5");
  CHECK(elements[3].attributes.at("aria-label") == "layer 2 <5>");
  CHECK(elements[4].name == "title");
  CHECK(elements[4].text == "layer 2 <5>");
  CHECK(bytes.find("</a>") > bytes.find("x=\"1\""));
  CHECK(bytes.find("</a>") < bytes.find("x=\"5\""));
}

TEST_CASE("an image fills its box with sharp pixels") {
  Svg svg(120, 80, "title", "description");
  svg.image(1, 2, 3, 4, "data:image/png;base64,AA==", {{"class", "x"}});
  const auto image = lab::test::xml_elements(svg.str())[3];
  CHECK(image.name == "image");
  CHECK(image.attributes == std::map<std::string, std::string>{{"x", "1"},
                                                               {"y", "2"},
                                                               {"width", "3"},
                                                               {"height", "4"},
                                                               {"preserveAspectRatio", "none"},
                                                               {"image-rendering", "pixelated"},
                                                               {"href", "data:image/png;base64,AA=="},
                                                               {"class", "x"}});
}

TEST_CASE("the reader of these tests refuses what is not well-formed") {
  const std::string head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  CHECK_NOTHROW(lab::test::xml_elements(head + "<a><b c=\"1\"/>t</a>\n"));
  for (const std::string body : {"<a>", "<a></b>", "<a b=\"1\" b=\"2\"/>", "<a>&nope;</a>", "<a>\x01</a>",
                                 "<a/><a/>", "<a b=\"<\"/>", "<a b=1/>", "<a>></a>", "<a></a>x"}) {
    CAPTURE(body);
    CHECK_THROWS_AS(lab::test::xml_elements(head + body + "\n"), std::runtime_error);
  }
}
