// SPDX-License-Identifier: MIT
#include "lab/support/heat_map.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "dope/core/error.hpp"
#include "lab/xml.hpp"

using lab::HeatMap;

namespace {

HeatMap example(std::size_t rows, std::size_t columns, std::size_t panels) {
  HeatMap map;
  map.title = "Needle";
  map.subtitle = "three prompts a cell";
  for (std::size_t i = 0; i < rows; ++i) map.row_labels.push_back("r" + std::to_string(i));
  for (std::size_t i = 0; i < columns; ++i) map.column_labels.push_back("c" + std::to_string(i));
  for (std::size_t i = 0; i < panels; ++i) {
    map.panels.push_back({"method " + std::to_string(i), "note", std::vector<double>(rows * columns, 37.0)});
  }
  return map;
}

}  // namespace

TEST_CASE("a panel per method, a figure per cell, a label per row and column, axes with units, a legend") {
  for (const std::size_t panels : {1u, 3u, 4u, 7u, 14u}) {
    for (const std::size_t columns : {1u, 3u, 6u}) {
      const auto map = example(11, columns, panels);
      const std::string bytes = lab::heat_map_svg(map);
      const auto elements = lab::test::xml_elements(bytes);
      CHECK(lab::test::count_texts(elements, "37") == panels * 11 * columns);
      CHECK(lab::test::count_texts(elements, "r10") == (panels + 3) / 4);
      CHECK(lab::test::count_texts(elements, "c0") == panels);
      CHECK(lab::test::count_texts(elements, "method 0") == 1);
      CHECK(lab::test::count_texts(elements, "needle depth (%)") == (panels + 3) / 4);
      CHECK(lab::test::count_texts(elements, "length (tokens)") == 1);
      CHECK(lab::test::count_texts(elements, "exact match (%)") == 1);
      CHECK(bytes == lab::heat_map_svg(map));
    }
  }
}

TEST_CASE("everything lies on the page, which has its own background") {
  const auto elements = lab::test::xml_elements(lab::heat_map_svg(example(11, 3, 7)));
  const double width = std::stod(elements[0].attributes.at("width"));
  const double height = std::stod(elements[0].attributes.at("height"));
  CHECK(elements[3].name == "rect");
  CHECK(elements[3].attributes.at("width") == elements[0].attributes.at("width"));
  CHECK(elements[3].attributes.at("fill") == "#ffffff");
  for (const auto& element : elements) {
    if (element.name != "rect" && element.name != "text") continue;
    const double x = std::stod(element.attributes.at("x"));
    const double y = std::stod(element.attributes.at("y"));
    CHECK(x >= 0.0);
    CHECK(y >= 0.0);
    CHECK(x + (element.name == "rect" ? std::stod(element.attributes.at("width")) : 0.0) <= width);
    CHECK(y + (element.name == "rect" ? std::stod(element.attributes.at("height")) : 0.0) <= height);
  }
}

TEST_CASE("titles, panels, axis title and legend follow each other without overlap") {
  for (const std::size_t panels : {1u, 7u}) {
    const auto elements = lab::test::xml_elements(lab::heat_map_svg(example(11, 3, panels)));
    double reached = 0.0;
    for (const std::string text : {"Needle", "three prompts a cell", "method 0", "note", "r0", "r10", "c2",
                                   "length (tokens)", "exact match (%)", "100"}) {
      CAPTURE(text);
      double lowest = 0.0;
      for (const auto& element : elements) {
        if (element.name == "text" && element.text == text && lowest == 0.0) {
          lowest = std::stod(element.attributes.at("y"));
        }
      }
      CHECK(lowest >= reached + 10.0);
      reached = lowest;
    }
    const auto last = std::find_if(elements.rbegin(), elements.rend(),
                                   [](const auto& element) { return element.text == "c2"; });
    const auto axis = std::find_if(elements.begin(), elements.end(),
                                   [](const auto& element) { return element.text == "length (tokens)"; });
    REQUIRE(last != elements.rend());
    REQUIRE(axis != elements.end());
    CHECK(std::stod(axis->attributes.at("y")) >= std::stod(last->attributes.at("y")) + 10.0);
  }
}

TEST_CASE("a value has the scale's colour; a missing one a grey cell and a dash") {
  auto map = example(1, 3, 1);
  map.panels[0].values = {0.0, 100.0, std::nan("")};
  const std::string bytes = lab::heat_map_svg(map);
  CHECK(bytes.find("fill=\"#440154\"") != std::string::npos);
  CHECK(bytes.find("fill=\"#fde725\"") != std::string::npos);
  CHECK(bytes.find("fill=\"#e6e6e6\"") != std::string::npos);
  CHECK(lab::test::count_texts(lab::test::xml_elements(bytes), "–") == 1);
}

TEST_CASE("hostile texts everywhere leave the picture well-formed") {
  for (const std::string& text : lab::test::hostile_texts()) {
    auto map = example(2, 2, 2);
    map.title = map.subtitle = map.row_title = map.column_title = map.value_title = text;
    map.row_labels[0] = map.column_labels[1] = map.panels[0].title = map.panels[1].note = text;
    CHECK_NOTHROW(lab::test::xml_elements(lab::heat_map_svg(map)));
  }
}

TEST_CASE("broken input is an error") {
  const auto throws = [](auto change) {
    auto map = example(2, 3, 2);
    change(map);
    CHECK_THROWS_AS((void)lab::heat_map_svg(map), dope::Error);
  };
  throws([](HeatMap& map) { map.row_labels.clear(); });
  throws([](HeatMap& map) { map.column_labels.push_back("more"); });
  throws([](HeatMap& map) { map.panels.clear(); });
  throws([](HeatMap& map) { map.panels_per_line = 0; });
  throws([](HeatMap& map) { map.panels[1].values.pop_back(); });
  throws([](HeatMap& map) { map.panels[0].values[0] = std::numeric_limits<double>::infinity(); });
  throws([](HeatMap& map) { map.high = map.low; });
  throws([](HeatMap& map) { map.high = std::nan(""); });
}
