// SPDX-License-Identifier: MIT
#include "lab/support/raster_map.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/png.hpp"
#include "lab/xml.hpp"

using lab::RasterMap;
using lab::test::count_texts;
using lab::test::xml_elements;

namespace {

RasterMap example(std::size_t rows, std::size_t columns) {
  RasterMap map;
  map.title = "Energy";
  map.rows = rows;
  map.columns = columns;
  map.row_ticks = {{0.5, "row"}};
  map.column_ticks = {{0.5, "first"}, {static_cast<double>(columns) - 0.5, "last"}};
  map.marks = {{0.25 * static_cast<double>(columns), "L"}, {0.75 * static_cast<double>(columns), "N"}};
  lab::RasterPanel panel{"queries", "note", {}};
  for (std::size_t i = 0; i < rows * columns; ++i)
    panel.values.push_back(static_cast<double>(i) / static_cast<double>(rows * columns));
  map.panels = {panel, panel};
  map.panels[1].title = "keys";
  return map;
}

double number(const lab::test::XmlElement& element, const char* name) {
  return std::stod(element.attributes.at(name));
}

}  // namespace

TEST_CASE("a panel is one image with a pixel per value, however many there are") {
  const auto map = example(128, 200);
  const auto elements = xml_elements(lab::raster_map_svg(map));
  CHECK(elements.size() < 80);
  std::size_t images = 0;
  for (const auto& element : elements) {
    if (element.name != "image") continue;
    const std::string start = "data:image/png;base64,";
    REQUIRE(element.attributes.at("href").starts_with(start));
    const auto png =
        lab::test::read_png(lab::test::base64_bytes(element.attributes.at("href").substr(start.size())));
    CHECK(png.width == 200);
    CHECK(png.height == 128);
    CHECK(png.pixels.front() == lab::viridis(0.0));
    // Of 255 shades the one next to the value.
    const double value = map.panels[images].values[100 * 200 + 7];
    CHECK(png.pixels[100 * 200 + 7] == lab::viridis(std::round(value * 254.0) / 254.0));
    ++images;
  }
  CHECK(images == 2);
  for (const char* words : {"queries", "keys", "row"}) CHECK(count_texts(elements, words) == 1);
  for (const char* words : {"first", "last", "L", "N"}) CHECK(count_texts(elements, words) == 2);
}

TEST_CASE("few cells have their figures printed, in an ink that shows; many have none") {
  auto map = example(4, 8);
  map.panels_per_line = 1;
  map.decimals = 3;
  const auto elements = xml_elements(lab::raster_map_svg(map));
  CHECK(count_texts(elements, "0.031") == 2);  // the second cell of both panels, 1/32
  CHECK(count_texts(elements, "0.969") == 2);
  // 0.031 stands in the second column of the first row of its panel's image.
  lab::test::XmlElement image;
  for (const auto& element : elements) {
    if (element.name == "image") image = element;
    if (element.name != "text" || element.text != "0.031") continue;
    const double column = number(image, "width") / 8.0;
    CHECK(std::abs(number(element, "x") - (number(image, "x") + 1.5 * column)) < 0.011);
    CHECK(number(element, "y") > number(image, "y"));
    CHECK(number(element, "y") < number(image, "y") + number(image, "height") / 4.0);
  }
  CHECK(count_texts(xml_elements(lab::raster_map_svg(example(60, 8))), "0.5") == 1);  // the scale's tick
}

TEST_CASE("a mark stands above its column") {
  auto map = example(10, 40);
  map.panels.pop_back();
  const auto elements = xml_elements(lab::raster_map_svg(map));
  double left = 0.0;
  double width = 0.0;
  double top = 0.0;
  std::vector<std::string> marks;
  for (const auto& element : elements) {
    if (element.name == "image") {
      left = number(element, "x");
      width = number(element, "width");
      top = number(element, "y");
    }
    const auto style = element.attributes.find("class");
    if (style != element.attributes.end() && style->second == "needle-mark")
      marks.push_back(element.attributes.at("d"));
  }
  REQUIRE(marks.size() == 2);
  constexpr double written = 0.011;  // two decimals
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(std::abs(std::stod(marks[i].substr(1)) - (left + width * (i == 0 ? 0.25 : 0.75))) < written);
    CHECK(std::stod(marks[i].substr(marks[i].find(' '))) < top);
  }
}

TEST_CASE("hostile texts leave the picture well-formed; broken input is an error") {
  for (const std::string& words : lab::test::hostile_texts()) {
    auto map = example(3, 5);
    map.title = map.subtitle = map.row_title = map.column_title = map.value_title = words;
    map.panels[0].title = map.panels[0].note = map.row_ticks[0].label = map.column_ticks[0].label =
        map.marks[0].label = words;
    CHECK_NOTHROW(xml_elements(lab::raster_map_svg(map)));
  }
  const auto refused = [](auto change) {
    auto map = example(3, 5);
    change(map);
    CHECK_THROWS_AS(static_cast<void>(lab::raster_map_svg(map)), dope::Error);
  };
  refused([](RasterMap& map) { map.rows = 0; });
  refused([](RasterMap& map) { map.panels.clear(); });
  refused([](RasterMap& map) { map.panels_per_line = 0; });
  refused([](RasterMap& map) { map.panels[1].values.pop_back(); });
  refused([](RasterMap& map) { map.panels[1].values[3] = std::numeric_limits<double>::infinity(); });
  refused([](RasterMap& map) { map.high = map.low; });
}
