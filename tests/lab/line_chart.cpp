// SPDX-License-Identifier: MIT
#include "lab/support/line_chart.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/xml.hpp"

using lab::LineChart;
using lab::LinePanel;

namespace {

LinePanel panel_of(std::size_t lines, std::size_t points) {
  LinePanel panel{"A panel", "across", "up", lab::AxisScale::linear, {{0.0, "zero"}, {10.0, "ten"}}, {}, {}};
  for (std::size_t i = 0; i < lines; ++i) {
    lab::ChartLine line{"line " + std::to_string(i), {}, {}, i, i / 8, lab::Weight::normal};
    for (std::size_t k = 0; k < points; ++k) {
      line.x.push_back(10.0 * static_cast<double>(k) / static_cast<double>(points));
      line.y.push_back(1.0 + 0.001 * static_cast<double>(i));
    }
    panel.lines.push_back(line);
  }
  return panel;
}

std::vector<lab::test::XmlElement> drawn(const LinePanel& panel) {
  return lab::test::xml_elements(lab::line_chart_svg({"Title", "subtitle", {panel}}));
}

/// The first place of a path, "M x y…".
std::pair<double, double> start_of(const std::string& path) {
  std::size_t used = 0;
  const double x = std::stod(path.substr(1), &used);
  return {x, std::stod(path.substr(1 + used))};
}

}  // namespace

TEST_CASE("every line is labelled inside the page, no two labels overlap, titles and ticks are there") {
  for (const std::size_t lines : {1u, 9u, 40u}) {
    const auto elements = drawn(panel_of(lines, 30));
    const double width = std::stod(elements[0].attributes.at("width"));
    const double height = std::stod(elements[0].attributes.at("height"));
    std::vector<double> heights;
    for (const auto& element : elements) {
      if (element.name != "text") continue;
      CHECK(std::stod(element.attributes.at("x")) < width);
      CHECK(std::stod(element.attributes.at("y")) < height);
      if (element.text.starts_with("line ")) heights.push_back(std::stod(element.attributes.at("y")));
    }
    REQUIRE(heights.size() == lines);
    std::sort(heights.begin(), heights.end());
    for (std::size_t i = 1; i < heights.size(); ++i) CHECK(heights[i] - heights[i - 1] >= 16.9);
    for (const char* text : {"Title", "subtitle", "A panel", "across", "up", "zero", "ten"}) {
      CAPTURE(text);
      CHECK(lab::test::count_texts(elements, text) == 1);
    }
  }
}

TEST_CASE("axes: powers of two that take in all values; one octave is one height apart") {
  auto panel = panel_of(3, 2);
  panel.x_scale = lab::AxisScale::log2;
  panel.x_ticks = {{1.0, "one"}, {2.0, "two"}, {8.0, "eight"}};
  const std::vector<double> values = {0.3, 0.6, 4.8};
  for (std::size_t i = 0; i < 3; ++i) {
    panel.lines[i].x = {1.0, 2.0};
    panel.lines[i].y = {values[i], values[i]};
  }
  const auto elements = drawn(panel);
  for (const char* tick : {"0.25", "0.5", "1", "2", "4", "8"}) {
    CAPTURE(tick);
    CHECK(lab::test::count_texts(elements, tick) == 1);
  }
  CHECK(lab::test::count_texts(elements, "16") == 0);
  std::vector<std::pair<double, double>> starts;
  std::vector<double> ends;
  for (const auto& element : elements) {
    if (element.name != "path" || !element.attributes.contains("stroke-linejoin")) continue;
    const std::string& path = element.attributes.at("d");
    const auto start = start_of(path);
    if (start.first > 700.0) continue;  // the key beside a label
    starts.push_back(start);
    ends.push_back(start_of(path.substr(path.find('L'))).first);
  }
  REQUIRE(starts.size() == 3);
  // 0.3 to 0.6 is one octave, 0.6 to 4.8 three; 1 to 2 is a third of the way to 8. Coordinates have 2
  // decimals.
  CHECK(std::abs(3.0 * (starts[0].second - starts[1].second) - (starts[1].second - starts[2].second)) < 0.05);
  for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(ends[i] - starts[i].first - 650.0 / 3.0) < 0.02);
}

TEST_CASE("few points are marked, many are not; a guide has its word; panels lie one below the other") {
  const auto marks = [](const LinePanel& panel) {
    const auto elements = drawn(panel);
    return std::count_if(elements.begin(), elements.end(), [](const auto& element) {
      return element.name == "path" && element.attributes.at("d").find("a3 3") != std::string::npos;
    });
  };
  CHECK(marks(panel_of(2, 5)) == 2);
  CHECK(marks(panel_of(2, 50)) == 0);
  auto guided = panel_of(1, 5);
  guided.guide = {4.0, "here"};
  CHECK(lab::test::count_texts(drawn(guided), "here") == 1);
  const auto one = lab::test::xml_elements(lab::line_chart_svg({"", "", {guided}}));
  const auto two = lab::test::xml_elements(lab::line_chart_svg({"", "", {guided, guided}}));
  CHECK(std::stod(two[0].attributes.at("height")) > 1.7 * std::stod(one[0].attributes.at("height")));
}

TEST_CASE("values of zero are drawn at the foot; equal ones too") {
  auto panel = panel_of(1, 3);
  panel.lines[0].y = {0.0, 1.0, 2.0};
  CHECK_NOTHROW(static_cast<void>(drawn(panel)));
  panel.lines[0].y = {1.0, 1.0, 1.0};
  CHECK_NOTHROW(static_cast<void>(drawn(panel)));
}

TEST_CASE("what cannot be drawn is an error") {
  const auto refused = [](auto change) {
    auto panel = panel_of(2, 3);
    change(panel);
    CHECK_THROWS_AS(static_cast<void>(lab::line_chart_svg({"", "", {panel}})), dope::Error);
  };
  refused([](LinePanel& panel) { panel.lines.clear(); });
  refused([](LinePanel& panel) { panel.x_ticks.pop_back(); });
  refused([](LinePanel& panel) { panel.x_scale = lab::AxisScale::log2; });  // a tick at 0
  refused([](LinePanel& panel) { panel.lines[1].y.pop_back(); });
  refused([](LinePanel& panel) { panel.lines[1] = {}; });
  refused([](LinePanel& panel) { panel.lines[1].y[0] = std::nan(""); });
  refused([](LinePanel& panel) { panel.lines[1].y[0] = INFINITY; });
  refused([](LinePanel& panel) { panel.lines[1].x[0] = 11.0; });
  refused([](LinePanel& panel) { panel.lines[1].x[0] = std::nan(""); });
}
