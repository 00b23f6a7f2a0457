// SPDX-License-Identifier: MIT
// examples/lab/page: what of it tests/lab/report*.cpp do not ask.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/page/axis.hpp"
#include "lab/page/document.hpp"
#include "lab/page/html.hpp"
#include "lab/page/markdown.hpp"
#include "lab/page/panel_chart.hpp"
#include "lab/page/position_chart.hpp"
#include "lab/page/style.hpp"
#include "lab/page_reader.hpp"
#include "lab/xml.hpp"

using lab::test::count_texts;
using lab::test::xml_elements;
using lab::test::XmlElement;

namespace {

// Coordinates have two decimals.
constexpr double written = 0.011;

page::Document two_panels() {
  const std::string svg =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\">"
      "<a href=\"#head-2\"><rect/></a></svg>\n";
  const page::Picture picture{"kind", svg, "caption", {}};
  page::Chapter chapter{"Heads", {{"Maps", {page::Gallery{{picture, picture}}}, "maps"}}, {}, "heads"};
  for (const char* id : {"head-1", "head-2"}) {
    chapter.panels.push_back(
        {id,
         std::string("Title of ") + id,
         {page::Links{"Other heads", {{"first", "head-1"}, {"maps", "maps"}, {"all", "heads"}}}, picture}});
  }
  return {"title", "introduction", {chapter}};
}

std::vector<XmlElement> of_class(const std::vector<XmlElement>& elements, const std::string& name) {
  std::vector<XmlElement> found;
  for (const auto& element : elements) {
    const auto style = element.attributes.find("class");
    if (style != element.attributes.end() && style->second == name) found.push_back(element);
  }
  return found;
}

page::ScatterChart scatter() {
  page::ScatterChart chart;
  chart.diagonal_title = "equal";
  chart.legend = {{page::Look::main, "one"}, {page::Look::second, "two"}, {page::Look::reference, "three"}};
  page::ScatterPanel panel{"panel", "note", page::decades_over(std::vector<double>{0.1, 100.0}, 5), {}};
  for (const auto look : {page::Look::main, page::Look::second, page::Look::reference})
    panel.series.push_back({look, {{-1.0, 2.0}, {0.5, 0.5}}});
  chart.panels = {panel, panel};
  return chart;
}

}  // namespace

TEST_CASE(
    "given ids stand in the page, figures count on through galleries and panels, all links lead somewhere") {
  const std::string page = page::html_page(two_panels());
  const auto read = lab::test::read_page(page);
  CHECK(read.unbalanced == "");
  for (const char* id : {"heads", "maps", "head-1", "head-2", "head-1-title", "figure-1-kind",
                         "figure-2-kind", "figure-3-kind", "figure-4-kind"}) {
    CAPTURE(id);
    CHECK(read.ids.count(id) == 1);
  }
  for (const std::string& target : read.targets) {
    CAPTURE(target);
    CHECK(read.ids.count(target) == 1);
  }
  // Contents 2, pictures 4, and three links in each of two panels.
  CHECK(read.targets.size() == 2 + 4 + 2 * 3);
  CHECK(page == page::html_page(two_panels()));
}

TEST_CASE("an id twice, a link to nowhere and an id that is no word are errors") {
  const auto refused = [](auto change) {
    auto document = two_panels();
    change(document.chapters[0]);
    CHECK_THROWS_AS(static_cast<void>(page::html_page(document)), dope::Error);
  };
  refused([](page::Chapter& chapter) { chapter.panels[1].id = "maps"; });
  refused([](page::Chapter& chapter) { chapter.panels[1].id = "head-3"; });
  refused([](page::Chapter& chapter) { chapter.panels[0].id = ""; });
  refused([](page::Chapter& chapter) { chapter.panels[0].id = "a b"; });
  refused([](page::Chapter& chapter) { chapter.id = "a\""; });
  refused([](page::Chapter& chapter) { chapter.sections[0].id = "#"; });
  refused([](page::Chapter& chapter) {
    std::get<page::Links>(chapter.panels[0].blocks[0]).items[0].target = "x";
  });
}

TEST_CASE("ids are words, wherever they stand") {
  for (const char* id : {"a b", "a\"", "ä", "a<b", "a_b"}) {
    CAPTURE(id);
    CHECK_THROWS_AS(static_cast<void>(page::html_page({"t", "i", {{"c", {{"s", {}, id}}}}})), dope::Error);
    CHECK_THROWS_AS(static_cast<void>(page::html_page({"t", "i", {{"c", {}, {}, id}}})), dope::Error);
    CHECK_THROWS_AS(static_cast<void>(page::html_page({"t", "i", {{"c", {}, {{id, "p", {}}}}}})),
                    dope::Error);
  }
  CHECK_NOTHROW(static_cast<void>(page::html_page({"t", "i", {{"c", {{"s", {}, "Head-1"}}}}})));
}

TEST_CASE("in galleries, links and panels too no text becomes markup") {
  const auto of = [](const std::string& words) {
    auto document = two_panels();
    auto& chapter = document.chapters[0];
    std::get<page::Gallery>(chapter.sections[0].blocks[0]).pictures[0].caption = words;
    auto& panel = chapter.panels[0];
    panel.title = words;
    auto& links = std::get<page::Links>(panel.blocks[0]);
    links.label = links.items[0].text = words;
    return document;
  };
  const auto tags = [](const std::string& page) { return std::count(page.begin(), page.end(), '<'); };
  const auto expected = tags(page::html_page(of("x")));
  for (const std::string& words : lab::test::hostile_texts()) {
    CAPTURE(words);
    const std::string page = page::html_page(of(words));
    CHECK(tags(page) == expected);
    CHECK(lab::test::read_page(page).unbalanced == "");
  }
  const std::string text = page::markdown_page(two_panels());
  for (const char* words : {"### Title of head-1", "### Title of head-2", "Figure 4. caption"}) {
    CAPTURE(words);
    CHECK(text.find(words) != std::string::npos);
  }
  CHECK(text.find("Other heads") == std::string::npos);
}

TEST_CASE("decades cover all values with whole powers, in logarithms") {
  for (const auto& values : {std::vector<double>{0.5, 3.0}, {1e-7, 20.0}, {10.0, 10.0}, {1e-30, 1e30}}) {
    CAPTURE(values[0]);
    const auto axis = page::decades_over(values, 5);
    CHECK(std::pow(10.0, axis.low) <= values[0] * (1.0 + 1e-12));
    CHECK(std::pow(10.0, axis.high) >= values[1] * (1.0 - 1e-12));
    CHECK(axis.low == std::round(axis.low));
    CHECK(axis.ticks.front().at == axis.low);
    CHECK(axis.ticks.size() >= 2);
    CHECK(axis.ticks.size() <= 6);
  }
  std::string labels;
  for (const auto& tick : page::decades_over(std::vector<double>{1e-3, 1e4}, 10).ticks)
    labels += tick.label + " ";
  CHECK(labels == "10⁻³ 0.01 0.1 1 10 100 1000 10⁴ ");
  CHECK(page::decades_over(std::vector<double>{1e12}, 1).ticks.front().label == "10¹²");
  const std::vector<double> none = {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()};
  CHECK(page::decades_over(none, 5).low == 0.0);
  CHECK(page::decades_over(none, 5).high == 1.0);
}

TEST_CASE("points of a scatter chart lie on the axis that both directions share, the diagonal beside them") {
  const auto elements = xml_elements(page::scatter_chart_svg(scatter()));
  CHECK(of_class(elements, "points-main").size() == 2);
  CHECK(of_class(elements, "dot-second").size() == 2 + 1);  // and in the legend
  CHECK(of_class(elements, "dot-reference").size() == 2 + 1);
  const auto lines = of_class(elements, "reference");
  REQUIRE(lines.size() == 2 + 1);
  double x0 = 0.0, y0 = 0.0, x1 = 0.0, y1 = 0.0;
  REQUIRE(std::sscanf(lines[1].attributes.at("d").c_str(), "M%lf %lfL%lf %lf", &x0, &y0, &x1, &y1) == 4);
  CHECK(std::abs((x1 - x0) - (y0 - y1)) < 2 * written);  // a square
  // (-1, 2) is the upper left corner, (0.5, 0.5) the middle.
  double ax = 0.0, ay = 0.0, bx = 0.0, by = 0.0;
  REQUIRE(std::sscanf(of_class(elements, "points-main")[0].attributes.at("d").c_str(), "M%lf %lfh0M%lf %lfh0",
                      &ax, &ay, &bx, &by) == 4);
  CHECK(std::abs(ax - x0) < written);
  CHECK(std::abs(ay - y1) < written);
  CHECK(std::abs(bx - 0.5 * (x0 + x1)) < written);
  CHECK(std::abs(by - 0.5 * (y0 + y1)) < written);
  CHECK(count_texts(elements, "equal") == 1);

  auto chart = scatter();
  chart.panels[0].series[0].points[0].y = 2.1;
  CHECK_THROWS_AS(static_cast<void>(page::scatter_chart_svg(chart)), dope::Error);
  chart = scatter();
  chart.panels[0].series[0].points[0].x = std::nan("");
  CHECK_THROWS_AS(static_cast<void>(page::scatter_chart_svg(chart)), dope::Error);
  chart = scatter();
  chart.panels[1].axis.ticks.clear();
  CHECK_THROWS_AS(static_cast<void>(page::scatter_chart_svg(chart)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(page::scatter_chart_svg({})), dope::Error);
  chart = scatter();
  chart.panels[1].series.clear();
  CHECK_NOTHROW(static_cast<void>(page::scatter_chart_svg(chart)));
}

TEST_CASE("a guide stands at its place in every panel; a series without marks has none") {
  page::PanelChart chart;
  chart.x = {0.0, 2.0, {{0.0, "a"}, {2.0, "c"}}};
  chart.y = page::percent_axis(4);
  const page::Series plain{
      page::Look::main, {{0.0, 50.0, 50.0, 50.0}, {2.0, 100.0, 100.0, 100.0}}, page::Marks::none};
  chart.panels = {{"panel", "note", {plain}}, {"panel", "note", {plain}}};
  chart.guides = {{0.5, "L"}, {2.0, "N"}};
  const auto elements = xml_elements(page::panel_chart_svg(chart));
  CHECK(of_class(elements, "dot-main").empty());
  CHECK(of_class(elements, "main").size() == 2);
  CHECK(count_texts(elements, "L") == 2);
  CHECK(count_texts(elements, "N") == 2);
  const auto guides = of_class(elements, "uniform");
  REQUIRE(guides.size() == 4);
  const auto place = [](const XmlElement& element) {
    return std::stod(element.attributes.at("d").substr(1));
  };
  const auto line = of_class(elements, "main")[0].attributes.at("d");
  const double low = std::stod(line.substr(1));
  const double high = std::stod(line.substr(line.find('L') + 1));
  CHECK(std::abs(place(guides[0]) - (low + 0.25 * (high - low))) < written);
  CHECK(std::abs(place(guides[1]) - high) < written);
}

TEST_CASE("a position chart draws bins where they lie, however wide, and no mark where there is none") {
  page::PositionChart chart;
  chart.tokens = 100;
  chart.edges = {0.0, 10.0, 100.0};
  chart.columns = {"one", "two"};
  chart.rows = {{"row", {"note"}, page::Fill::faint, {{1.0, 0.0}, {0.5, 0.5}}}};
  const auto elements = xml_elements(page::position_chart_svg(chart));
  CHECK(of_class(elements, "needle-band").empty());
  CHECK(of_class(elements, "needle-mark").empty());
  CHECK(of_class(elements, "area-selected").empty());
  const auto frame = of_class(elements, "frame").front();
  const auto area = of_class(elements, "area-kept").front().attributes.at("d");
  const double left = std::stod(frame.attributes.at("x"));
  const double width = std::stod(frame.attributes.at("width"));
  CHECK(std::abs(std::stod(area.substr(area.find('H') + 1)) - (left + 0.1 * width)) < written);
  const auto refused = [&](auto change) {
    auto broken = chart;
    change(broken);
    CHECK_THROWS_AS(static_cast<void>(page::position_chart_svg(broken)), dope::Error);
  };
  refused([](page::PositionChart& broken) { broken.tokens = 0; });
  refused([](page::PositionChart& broken) { broken.edges = {0.0}; });
  refused([](page::PositionChart& broken) { broken.columns.pop_back(); });
  refused([](page::PositionChart& broken) { broken.rows[0].shares[1].pop_back(); });
  refused([](page::PositionChart& broken) { broken.rows[0].shares.pop_back(); });
  refused([](page::PositionChart& broken) { broken.rows[0].notes.resize(3); });
  refused([](page::PositionChart& broken) { broken.marked = {{90, 101}}; });
  refused([](page::PositionChart& broken) { broken.marked = {{7, 7}}; });
}

TEST_CASE("a picture as a file of its own has the rules of its lines and leans on nothing") {
  page::PanelChart chart;
  chart.title = "title";
  chart.x = {0.0, 1.0, {{0.0, "0"}, {1.0, "1"}}};
  chart.y = chart.x;
  chart.panels = {{"panel", "", {{page::Look::second, {{0.0, 0.0, 0.0, 0.0}, {1.0, 1.0, 1.0, 1.0}}}}}};
  const std::string svg = page::panel_chart_svg(chart);
  const std::string alone = page::standalone_svg(svg);
  const auto elements = xml_elements(alone);
  CHECK(elements.size() == xml_elements(svg).size() + 1);
  CHECK(alone.find("var(") == std::string::npos);
  CHECK(alone.find("figure") == std::string::npos);
  CHECK(alone.find(".second{stroke:#b34700;") != std::string::npos);
  CHECK(alone.find("http", alone.find("<style>")) == std::string::npos);
  CHECK_THROWS_AS(static_cast<void>(page::standalone_svg("<p>")), dope::Error);
}
