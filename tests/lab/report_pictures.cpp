// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/page/axis.hpp"
#include "lab/page/panel_chart.hpp"
#include "lab/report/attention_picture.hpp"
#include "lab/xml.hpp"

using lab::test::xml_elements;
using lab::test::XmlElement;
using page::Look;
using page::PanelChart;
using report::AttentionCell;

namespace {

// Coordinates have two decimals.
constexpr double written = 0.011;

std::vector<XmlElement> of_class(const std::vector<XmlElement>& elements, const std::string& name) {
  std::vector<XmlElement> found;
  for (const auto& element : elements) {
    const auto style = element.attributes.find("class");
    if (style != element.attributes.end() && style->second == name) found.push_back(element);
  }
  return found;
}

double number(const XmlElement& element, const std::string& name) {
  return std::stod(element.attributes.at(name));
}

AttentionCell attention(std::size_t tokens, std::size_t first, std::size_t end) {
  AttentionCell cell;
  cell.length = cell.tokens = cell.mean_of = tokens;
  cell.needle_first = first;
  cell.needle_end = end;
  cell.bins = 4;
  cell.rows = {{{0, 3}, {}, {0.1, 0.2, 0.3, 0.4}, {0.25, 0.25, 0.25, 0.25}},
               {{1, 2}, {"by_all", "by_parts"}, {1.0, 0.0, 0.0, 0.0}, {0.7, 0.1, 0.1, 0.1}}};
  return cell;
}

PanelChart chart() {
  PanelChart lines;
  lines.x = {0.0, 2.0, {{0.0, "a"}, {1.0, "b"}, {2.0, "c"}}};
  lines.y = page::percent_axis(4);
  lines.panels = {{"panel", "note", {{Look::main, {{0.0, 50.0, 40.0, 60.0}, {2.0, 100.0, 90.0, 100.0}}}}}};
  return lines;
}

}  // namespace

TEST_CASE("the needle is marked at its tokens in every row and column, selected heads first") {
  const auto elements = xml_elements(report::attention_svg(attention(1000, 250, 300)));
  const auto frames = of_class(elements, "frame");
  const auto bands = of_class(elements, "needle-band");
  REQUIRE(frames.size() == 4);
  REQUIRE(bands.size() == 4);
  CHECK(of_class(elements, "needle-mark").size() == 4 + 1);  // and in the legend
  for (std::size_t i = 0; i < 4; ++i) {
    const double left = number(frames[i], "x");
    const double width = number(frames[i], "width");
    CHECK(std::abs(number(bands[i], "x") - (left + 0.25 * width)) < written);
    CHECK(std::abs(number(bands[i], "width") - 0.05 * width) < written);
    CHECK(number(bands[i], "y") == number(frames[i], "y"));
  }
  std::vector<std::string> heads;
  for (const auto& element : elements) {
    if (element.text.starts_with("layer ")) heads.push_back(element.text);
  }
  CHECK(heads == std::vector<std::string>{"layer 1, head 2", "layer 0, head 3"});
  CHECK(lab::test::count_texts(elements, "by_all, by_parts") == 1);
  CHECK(lab::test::count_texts(elements, "kept") == 1);
  CHECK(lab::test::count_texts(elements, "mean of all tokens") == 1);
  CHECK(of_class(elements, "area-selected").size() == 2 + 1);
  CHECK(of_class(elements, "area-kept").size() == 2 + 1);
}

TEST_CASE("a needle of one token can be seen, also at either end") {
  for (const std::size_t first : {0u, 50000u, 99999u}) {
    const auto elements = xml_elements(report::attention_svg(attention(100000, first, first + 1)));
    const auto frame = of_class(elements, "frame").front();
    const auto band = of_class(elements, "needle-band").front();
    CHECK(number(band, "width") >= 3.0);
    CHECK(number(band, "x") >= number(frame, "x") - written);
    CHECK(number(band, "x") + number(band, "width") <= number(frame, "x") + number(frame, "width") + written);
  }
}

TEST_CASE("shares stand on a logarithmic scale: all of it at the top, none on the floor") {
  const auto elements = xml_elements(report::attention_svg(attention(1000, 250, 300)));
  const auto frame = of_class(elements, "frame").front();
  const double top = number(frame, "y");
  const double bottom = top + number(frame, "height");
  // The first drawn head's last token: 1, 0, 0, 0. "M x bottom V.. H.. V.. H.. ..."
  const std::string path = of_class(elements, "area-selected")[1].attributes.at("d");
  std::vector<double> heights;
  for (std::size_t at = path.find('V'); at != std::string::npos; at = path.find('V', at + 1))
    heights.push_back(std::stod(path.substr(at + 1)));
  REQUIRE(heights.size() == 5);
  CHECK(std::abs(heights[0] - top) < written);
  for (std::size_t i = 1; i < 5; ++i) CHECK(std::abs(heights[i] - bottom) < written);
  const double step = std::stod(path.substr(path.find('H') + 1)) - number(frame, "x");
  CHECK(std::abs(step - 0.25 * number(frame, "width")) < written);
}

TEST_CASE("the share at a place is that of all bins it touches") {
  const auto cell = attention(1000, 0, 1);
  const auto& last = cell.rows[0].last;
  const auto close = [](double a, double b) { return std::abs(a - b) < 1e-12; };
  CHECK(close(report::share_at(cell, last, 250, 500), 0.2));
  CHECK(close(report::share_at(cell, last, 249, 501), 0.6));
  CHECK(close(report::share_at(cell, last, 0, 1000), 1.0));
  CHECK(close(report::share_at(cell, last, 999, 1000), 0.4));
}

TEST_CASE("an axis covers its values with round ticks") {
  for (const auto& values :
       {std::vector<double>{-1.37, -0.21}, {0.001, 0.0017}, {5.0, 5.0}, {-1e6, 1e6}, {0.0, 1.0}}) {
    const auto axis = page::axis_over(values, 4);
    CAPTURE(values[0]);
    CHECK(axis.low <= values[0]);
    CHECK(axis.high >= values[1]);
    CHECK(axis.ticks.size() >= 2);
    CHECK(axis.ticks.size() <= 7);
    CHECK(axis.ticks.front().at == axis.low);
    CHECK(std::abs(axis.ticks.back().at - axis.high) <= 1e-9 * std::max(1.0, std::abs(axis.high)));
  }
  CHECK(page::axis_over({}, 4).ticks.size() == 2);
  const std::vector<double> broken = {std::nan(""), std::numeric_limits<double>::infinity(), 2.0, 3.0};
  CHECK(page::axis_over(broken, 2).low == 2.0);
  std::string labels;
  for (const auto& tick : page::axis_over(std::vector<double>{-1.5, 0.0}, 3).ticks)
    labels += tick.label + " ";
  CHECK(labels == "-1.5 -1.0 -0.5 0.0 ");
}

TEST_CASE(
    "a line goes through its points, with a whisker for each interval and a gap where there is no value") {
  auto lines = chart();
  const auto elements = xml_elements(page::panel_chart_svg(lines));
  CHECK(of_class(elements, "main").size() == 1);
  CHECK(of_class(elements, "whisker-main").size() == 2);
  CHECK(of_class(elements, "dot-main").size() == 2);
  // 50 % lies midway between the lines of 0 and 100 %.
  const auto grid = of_class(elements, "grid");
  REQUIRE(grid.size() == 5);
  const auto height_of = [](const std::string& path) { return std::stod(path.substr(path.find(' ') + 1)); };
  const double floor = height_of(grid.front().attributes.at("d"));
  const double ceiling = height_of(grid.back().attributes.at("d"));
  const std::string path = of_class(elements, "main").front().attributes.at("d");
  CHECK(std::abs(height_of(path) - 0.5 * (floor + ceiling)) < written);
  CHECK(std::abs(std::stod(path.substr(path.find(' ', path.find('L')) + 1)) - ceiling) < written);

  lines.panels[0].series[0].points.insert(lines.panels[0].series[0].points.begin() + 1,
                                          {1.0, std::nan(""), 0.0, 0.0});
  const auto gap = of_class(xml_elements(page::panel_chart_svg(lines)), "main").front().attributes.at("d");
  CHECK(std::count(gap.begin(), gap.end(), 'M') == 2);
  CHECK(std::count(gap.begin(), gap.end(), 'L') == 0);
}

TEST_CASE("hostile texts leave the pictures well-formed; charts of nothing are errors") {
  for (const std::string& text : lab::test::hostile_texts()) {
    auto lines = chart();
    lines.title = lines.subtitle = lines.x_title = lines.y_title = lines.panels[0].title =
        lines.panels[0].note = text;
    lines.legend = {{Look::second, text}};
    lines.x.ticks[0].label = text;
    CHECK_NOTHROW(static_cast<void>(xml_elements(page::panel_chart_svg(lines))));
    page::DotChart dots;
    dots.title = dots.subtitle = dots.x_title = text;
    dots.x = page::percent_axis(2);
    dots.panel_titles = {text};
    dots.references = {std::nan("")};
    dots.legend = {{Look::main, text}, {Look::second, text}};
    dots.rows = {{text, true, {}}, {text, false, {1.0, std::nan("")}}};
    const auto elements = xml_elements(page::dot_chart_svg(dots));
    CHECK(of_class(elements, "dot-main").size() == 2);
    CHECK(of_class(elements, "dot-second").size() == 1);
    auto cell = attention(1000, 250, 300);
    cell.rows[0].selected_by = {text};
    CHECK_NOTHROW(static_cast<void>(xml_elements(report::attention_svg(cell))));
  }
  auto lines = chart();
  lines.panels.clear();
  CHECK_THROWS_AS(static_cast<void>(page::panel_chart_svg(lines)), dope::Error);
  lines = chart();
  lines.x.ticks.clear();
  CHECK_THROWS_AS(static_cast<void>(page::panel_chart_svg(lines)), dope::Error);
  lines = chart();
  lines.y.high = lines.y.low;
  CHECK_THROWS_AS(static_cast<void>(page::panel_chart_svg(lines)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(page::dot_chart_svg({})), dope::Error);
}
