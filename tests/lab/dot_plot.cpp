// SPDX-License-Identifier: MIT
#include "lab/support/dot_plot.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "dope/core/error.hpp"
#include "lab/xml.hpp"

using lab::Dot;
using lab::DotPlot;

namespace {

DotPlot example(std::size_t rows, std::size_t panels) {
  DotPlot plot;
  plot.title = "Which measure?";
  plot.value_title = "rank correlation";
  plot.fill_title = "filled: significant";
  for (std::size_t i = 0; i < rows; ++i) plot.row_labels.push_back("measure " + std::to_string(i));
  for (std::size_t i = 0; i < panels; ++i) {
    plot.panels.push_back({"panel " + std::to_string(i), "note", {}});
    plot.panels.back().dots.assign(rows, {0.5, 0.0, 0.75, Dot::Fill::hollow});
  }
  return plot;
}

/// Discs of one fill, the legend's among them.
std::size_t discs(const std::vector<lab::test::XmlElement>& elements, const std::string& fill) {
  std::size_t count = 0;
  for (const auto& element : elements) {
    if (element.name != "path" || element.attributes.at("d").back() != 'z') continue;
    count += element.attributes.at("fill") == fill ? 1 : 0;
  }
  return count;
}

/// Where whiskers begin and end.
std::vector<std::pair<double, double>> whiskers(const std::vector<lab::test::XmlElement>& elements) {
  std::vector<std::pair<double, double>> found;
  for (const auto& element : elements) {
    if (element.name != "path") continue;
    const auto& data = element.attributes.at("d");
    const std::size_t end = data.find('H');
    if (end != std::string::npos)
      found.emplace_back(std::stod(data.substr(1)), std::stod(data.substr(end + 1)));
  }
  return found;
}

}  // namespace

TEST_CASE("a dot and a whisker for every row and panel, filled or not, and none where there is no value") {
  auto plot = example(5, 3);
  plot.panels[0].dots[1].fill = Dot::Fill::filled;
  plot.panels[2].dots[4].value = std::nan("");
  const auto elements = lab::test::xml_elements(lab::dot_plot_svg(plot));
  CHECK(discs(elements, "#ffffff") == 13);
  CHECK(discs(elements, "#3b528b") == 1 + 1);
  CHECK(whiskers(elements).size() == 14);
  CHECK(lab::test::count_texts(elements, "measure 4") == 1);
  CHECK(lab::test::count_texts(elements, "panel 2") == 1);
  CHECK(lab::test::count_texts(elements, "-1") == 3);
  CHECK(lab::test::count_texts(elements, "rank correlation") == 1);
  CHECK(lab::test::count_texts(elements, "filled: significant") == 1);
}

TEST_CASE("whiskers lie on the scale: linear, and cut at its ends") {
  auto plot = example(3, 1);
  plot.panels[0].dots = {{0.0, -1.0, 1.0, Dot::Fill::hollow},
                         {0.0, -0.5, 0.5, Dot::Fill::hollow},
                         {1.0, -7.0, 9.0, Dot::Fill::hollow}};
  const auto found = whiskers(lab::test::xml_elements(lab::dot_plot_svg(plot)));
  REQUIRE(found.size() == 3);
  constexpr double printed = 0.02;  // two decimals of a pixel, on both ends
  const double middle = 0.5 * (found[0].first + found[0].second);
  CHECK(std::abs(found[1].first - 0.5 * (found[0].first + middle)) < printed);
  CHECK(std::abs(found[1].second - 0.5 * (found[0].second + middle)) < printed);
  CHECK(found[2] == found[0]);
}

TEST_CASE("what cannot be drawn is an error") {
  const auto refused = [](const DotPlot& plot) {
    CHECK_THROWS_AS(static_cast<void>(lab::dot_plot_svg(plot)), dope::Error);
  };
  refused(example(0, 1));
  refused(example(1, 0));
  auto plot = example(2, 1);
  plot.panels[0].dots.pop_back();
  refused(plot);
  plot = example(2, 1);
  plot.panels[0].dots[0].value = 0.9;  // outside its interval
  refused(plot);
  plot = example(2, 1);
  plot.panels[0].dots[0] = {2.0, 1.0, 3.0, Dot::Fill::hollow};
  refused(plot);
  plot = example(2, 1);
  plot.high = plot.low;
  refused(plot);
}
