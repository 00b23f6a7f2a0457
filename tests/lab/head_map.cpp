// SPDX-License-Identifier: MIT
#include "lab/support/head_map.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/xml.hpp"

using lab::HeadMap;

namespace {

HeadMap example(std::size_t layers, std::size_t heads) {
  HeadMap map;
  map.title = "Entropy";
  map.value_title = "von Neumann entropy (nats)";
  map.layers = layers;
  map.heads = heads;
  for (std::size_t i = 0; i < layers * heads; ++i) map.values.push_back(1.5);
  return map;
}

std::size_t diamonds(const std::vector<lab::test::XmlElement>& elements) {
  std::size_t count = 0;
  for (const auto& element : elements) {
    if (element.name == "path" && element.attributes.at("d").back() == 'z') ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("a figure per head, labels for layers and heads, a title and a legend") {
  const auto elements = lab::test::xml_elements(lab::head_map_svg(example(4, 8)));
  CHECK(lab::test::count_texts(elements, "1.50") == 32 + 5);  // cells and ticks
  CHECK(lab::test::count_texts(elements, "7") == 1);
  CHECK(lab::test::count_texts(elements, "3") == 2);
  CHECK(lab::test::count_texts(elements, "layer") == 1);
  CHECK(lab::test::count_texts(elements, "query head") == 1);
  CHECK(lab::test::count_texts(elements, "von Neumann entropy (nats)") == 1);
  CHECK(lab::test::count_texts(elements, "selected: denoised") == 1);
}

TEST_CASE("every selected head has a diamond and two outlines inside its own cell") {
  for (const std::size_t side : {4u, 32u}) {
    auto map = example(side, side);
    const auto plain = lab::test::xml_elements(lab::head_map_svg(map));
    CHECK(diamonds(plain) == 1);  // the legend's
    map.selected = {{0, 1}, {side - 1, side - 1}};
    const auto marked = lab::test::xml_elements(lab::head_map_svg(map));
    CHECK(diamonds(marked) == 3);
    CHECK(marked.size() == plain.size() + 2 * 3);

    // The first outline lies in the cell of layer 0, head 1: the second value cell.
    const auto number = [](const lab::test::XmlElement& element, const char* key) {
      return std::stod(element.attributes.at(key));
    };
    const lab::test::XmlElement* cell = nullptr;
    const lab::test::XmlElement* outline = nullptr;
    std::size_t cells = 0;
    for (const auto& element : marked) {
      if (element.name != "rect" || !element.attributes.contains("stroke")) continue;
      if (element.attributes.at("fill") != "none" && ++cells == 2) cell = &element;
      if (element.attributes.at("fill") == "none" && outline == nullptr) outline = &element;
    }
    REQUIRE(cell != nullptr);
    REQUIRE(outline != nullptr);
    CHECK(number(*outline, "x") >= number(*cell, "x"));
    CHECK(number(*outline, "y") >= number(*cell, "y"));
    CHECK(number(*outline, "x") + number(*outline, "width") <= number(*cell, "x") + number(*cell, "width"));
    CHECK(number(*outline, "y") + number(*outline, "height") <= number(*cell, "y") + number(*cell, "height"));
  }
}

TEST_CASE("a cell with a link leads there and says what it shows; one without does not") {
  auto map = example(2, 3);
  map.links = {"head-0-0", "", "head-0-2", "", "", ""};
  map.values[2] = 0.25;
  const auto elements = lab::test::xml_elements(lab::head_map_svg(map));
  std::vector<std::string> links;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (elements[i].name != "a") continue;
    links.push_back(elements[i].attributes.at("href") + " " + elements[i].attributes.at("aria-label"));
    CHECK(elements[i + 2].name == "rect");
    CHECK(elements[i + 3].name == "text");
  }
  CHECK(links == std::vector<std::string>{"#head-0-0 layer 0, query head 0: 1.50",
                                          "#head-0-2 layer 0, query head 2: 0.25"});
}

TEST_CASE("where nothing can be selected there is no legend of it") {
  auto map = example(2, 3);
  map.mark_title = "";
  CHECK(diamonds(lab::test::xml_elements(lab::head_map_svg(map))) == 0);
}

TEST_CASE("colours run from the least to the greatest value; all missing is no error") {
  auto map = example(1, 3);
  map.values = {-3.0, 5.0, std::nan("")};
  const std::string bytes = lab::head_map_svg(map);
  CHECK(bytes.find("fill=\"#440154\"") != std::string::npos);
  CHECK(bytes.find("fill=\"#fde725\"") != std::string::npos);
  map.values.assign(3, std::nan(""));
  CHECK_NOTHROW(lab::test::xml_elements(lab::head_map_svg(map)));
}

TEST_CASE("hostile texts leave the picture well-formed") {
  for (const std::string& text : lab::test::hostile_texts()) {
    auto map = example(2, 2);
    map.title = map.subtitle = map.head_title = map.value_title = map.mark_title = text;
    map.links.assign(4, text);
    CHECK_NOTHROW(lab::test::xml_elements(lab::head_map_svg(map)));
  }
}

TEST_CASE("broken input is an error") {
  const auto throws = [](auto change) {
    auto map = example(2, 3);
    change(map);
    CHECK_THROWS_AS((void)lab::head_map_svg(map), dope::Error);
  };
  throws([](HeadMap& map) { map.layers = 0; });
  throws([](HeadMap& map) { map.values.pop_back(); });
  throws([](HeadMap& map) { map.links = {"head-0-0"}; });
  throws([](HeadMap& map) { map.values[2] = -std::numeric_limits<double>::infinity(); });
  throws([](HeadMap& map) { map.selected = {{2, 0}}; });
  throws([](HeadMap& map) { map.selected = {{0, 3}}; });
}
