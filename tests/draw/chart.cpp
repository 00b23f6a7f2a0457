// SPDX-License-Identifier: MIT
#include "draw/chart.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lab/xml.hpp"

TEST_CASE("figures") {
  CHECK(lab::figure(66.666, 0) == "67");
  CHECK(lab::figure(1.005, 2) == "1.00");
  CHECK(lab::figure(-0.001, 2) == "0.00");
  CHECK(lab::figure(-0.0, 0) == "0");
  CHECK(lab::figure(-6993.2, 2) == "-6993");
  CHECK(lab::figure(1234567.0, 2) == "1.23e+06");
  CHECK(lab::figure(std::nan(""), 2) == "–");
}

TEST_CASE("a scale of one value puts it in the middle") {
  CHECK(lab::share_between(3.0, 3.0, 3.0) == 0.5);
  CHECK(lab::share_between(1.0, 0.0, 4.0) == 0.25);
}

TEST_CASE("texts that do not fit shrink to 9 pixels, then end in an ellipsis, cut between characters") {
  const std::string letters = "größte Überlänge";
  for (double width = 0.0; width < 200.0; width += 1.0) {
    lab::Svg svg(200, 20, "", "");
    lab::fitted_text(svg, 0, 10, width, letters, 13.0, lab::Anchor::start, "#000000");
    const auto element = lab::test::xml_elements(svg.str()).back();
    const double size = std::stod(element.attributes.at("font-size"));
    CHECK(size <= 13.0);
    CHECK(size >= 9.0);
    CHECK(element.text.find("\xef\xbf\xbd") == std::string::npos);
    const std::size_t cut = element.text.find("…");
    CHECK(letters.starts_with(element.text.substr(0, cut)));
    std::size_t characters = 0;
    for (const char byte : element.text) characters += (static_cast<unsigned char>(byte) & 0xc0u) != 0x80u;
    if (characters > 1) CHECK(0.56 * size * static_cast<double>(characters) <= width + 1e-9);
    if (cut == std::string::npos) CHECK(element.text == letters);
    if (width > 0.56 * 13.0 * 16 + 1.0) CHECK(size == 13.0);
  }
}

TEST_CASE("figures of one grid share one size, or there are none") {
  const std::vector<double> values = {1.0, 100.0, std::nan("")};
  CHECK(lab::cell_style(60, 20, 0, 1, 0, values).letter_size == 12.0);
  const auto tight = lab::cell_style(20, 20, 0, 1, 0, values);
  CHECK(tight.letter_size < 12.0);
  CHECK(tight.letter_size >= 8.0);
  CHECK(lab::cell_style(16, 20, 0, 1, 0, values).letter_size == 0.0);
}

TEST_CASE("lines of a colour differ in their dashes") {
  std::set<std::string_view> colours(lab::line_colours.begin(), lab::line_colours.end());
  std::set<std::string_view> dashes(lab::line_dashes.begin(), lab::line_dashes.end());
  CHECK(colours.size() == lab::line_colours.size());
  CHECK(dashes.size() == lab::line_dashes.size());
}
