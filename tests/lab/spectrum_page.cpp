// SPDX-License-Identifier: MIT
// examples/lab/spectrum: its page, of a small survey of noise with planted directions.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <numbers>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/page/html.hpp"
#include "lab/page_reader.hpp"
#include "lab/png.hpp"
#include "lab/spectrum/page.hpp"
#include "lab/spectrum/pictures.hpp"
#include "lab/spectrum/ranking.hpp"
#include "lab/xml.hpp"

namespace {

using dope::Side;
using dope::Stage;
using spectrum::Projections;
using spectrum::Survey;

constexpr std::size_t layers = 2;
constexpr std::size_t query_heads = 4;
constexpr std::size_t key_heads = 2;
constexpr std::size_t width = 8;
constexpr std::size_t tokens = 60;

/// Noise in which every head leans, more and more, on one direction.
Projections leaning() {
  Projections from;
  from.shape = {layers, query_heads, key_heads, width, width};
  from.tokens = tokens;
  from.length = tokens;
  from.training_length = 20;
  from.base = 1000.0;
  from.native = dope::native_frequencies(dope::RopeParameters{1000.0, width, width, 20});
  from.scaled = from.native;
  from.scaling = "none";
  from.origin = "noise";
  from.needle = spectrum::TokenRange{30, 33};
  std::mt19937 engine(5);
  std::normal_distribution<float> normal;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    for (const std::size_t heads : {query_heads, key_heads}) {
      auto& rows = (heads == query_heads ? from.queries : from.keys).emplace_back(tokens * heads * width);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::size_t head = i / width % heads;
        rows[i] = normal(engine);
        if (i % width == 3 || i % width == 7) rows[i] += 4.0f * static_cast<float>(layer + head + 1);
      }
    }
  }
  return from;
}

const Survey& surveyed() {
  static const Survey survey = spectrum::survey_of(leaning(), {});
  return survey;
}

std::vector<const page::Picture*> pictures_of(const page::Document& document) {
  std::vector<const page::Picture*> pictures;
  const auto collect = [&](const std::vector<page::Block>& blocks) {
    for (const auto& block : blocks) {
      if (const auto* picture = std::get_if<page::Picture>(&block)) pictures.push_back(picture);
      if (const auto* gallery = std::get_if<page::Gallery>(&block)) {
        for (const auto& picture : gallery->pictures) pictures.push_back(&picture);
      }
    }
  };
  for (const auto& chapter : document.chapters) {
    for (const auto& section : chapter.sections) collect(section.blocks);
    for (const auto& panel : chapter.panels) collect(panel.blocks);
  }
  return pictures;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

lab::test::Png image_of(const std::string& address) {
  const std::string start = "data:image/png;base64,";
  REQUIRE(address.starts_with(start));
  return lab::test::read_png(lab::test::base64_bytes(address.substr(start.size())));
}

}  // namespace

TEST_CASE(
    "the page is whole: balanced, every link leads somewhere, every figure there, the same bytes again") {
  const auto from = leaning();
  const std::string page = spectrum::html_of(from, surveyed());
  const auto read = lab::test::read_page(page);
  CHECK(read.unbalanced == "");
  for (const std::string& target : read.targets) {
    CAPTURE(target);
    CHECK(read.ids.count(target) == 1);
  }
  const auto kinds = [&](const std::string& kind) {
    return std::count_if(read.ids.begin(), read.ids.end(), [&](const std::string& id) {
      return id.starts_with("figure-") && id.ends_with("-" + kind);
    });
  };
  constexpr auto heads = static_cast<std::ptrdiff_t>(layers * query_heads);
  CHECK(kinds("head-map") == 11);  // four of both sides, sinks, entropy, retrieval
  for (const char* kind : {"band-energy", "cone-angles", "bounds"}) CHECK(kinds(kind) == 1);
  for (const char* kind : {"eigenvalues", "cumulative-energy", "attention", "magnitudes", "cosines"}) {
    CAPTURE(kind);
    CHECK(kinds(kind) == heads);
  }
  for (std::size_t layer = 0; layer < layers; ++layer) {
    for (std::size_t head = 0; head < query_heads; ++head)
      CHECK(read.ids.count("head-" + std::to_string(layer) + "-" + std::to_string(head)) == 1);
  }
  CHECK(read.images.size() == 2 + static_cast<std::size_t>(heads) * (4 + 2));
  CHECK(page == spectrum::html_of(from, surveyed()));
  CHECK(page.find("http:") == std::string::npos);
  CHECK(page.find("https:") == std::string::npos);
}

TEST_CASE("every picture is well-formed, with a title; nothing in it is not a number") {
  const auto document = spectrum::document_of(leaning(), surveyed());
  for (const auto* picture : pictures_of(document)) {
    CAPTURE(picture->kind);
    const auto elements = lab::test::xml_elements(picture->svg);
    CHECK(elements.at(1).name == "title");
    CHECK(!elements.at(1).text.empty());
    CHECK(!picture->caption.empty());
    CHECK(picture->svg.find("nan") == std::string::npos);
  }
}

TEST_CASE("hostile texts leave the page's tags alone") {
  auto from = leaning();
  const auto tags = [](const std::string& page) { return count(page, "<"); };
  const std::size_t expected = tags(spectrum::html_of(from, surveyed(), 1));
  for (const std::string& words : lab::test::hostile_texts()) {
    CAPTURE(words);
    from.origin = from.scaling = words;
    const std::string page = spectrum::html_of(from, surveyed(), 1);
    CHECK(tags(page) == expected);
    CHECK(lab::test::read_page(page).unbalanced == "");
  }
}

TEST_CASE("where heads are many, those whose key has the lowest entropy have a panel, and the page says so") {
  const auto& survey = surveyed();
  // Slow and plain: −Σ p ln p of every key head's eigenvalues.
  const auto entropy = [&](dope::HeadId id) {
    double sum = 0.0;
    const auto& values = survey.head(id.layer, Side::key, id.head / 2, Stage::post_ntk).spectra.head.values;
    double trace = 0.0;
    for (const double value : values) trace += value;
    for (const double value : values) sum -= value > 0.0 ? value / trace * std::log(value / trace) : 0.0;
    return sum;
  };
  for (const std::size_t most : {1u, 3u, 5u}) {
    const auto heads = spectrum::heads_with_panels(survey, most);
    REQUIRE(heads.size() == most);
    CHECK(std::is_sorted(heads.begin(), heads.end()));
    for (std::size_t i = 0; i < layers * query_heads; ++i) {
      const dope::HeadId id{i / query_heads, i % query_heads};
      if (std::find(heads.begin(), heads.end(), id) != heads.end()) continue;
      for (const dope::HeadId& shown : heads) CHECK(entropy(shown) <= entropy(id) + 1e-9);
    }
    const std::string page = spectrum::html_of(leaning(), survey, most);
    CHECK(count(page, "<section class=\"panel\"") == most);
    CHECK(count(page, "Of 8 query heads only the " + std::to_string(most)) == 1);
    // Links from pictures: seven maps of query heads; four of key heads, whose first reader must have a
    // panel.
    std::size_t keys = 0;
    for (const dope::HeadId& id : heads) keys += id.head % 2 == 0 ? 1 : 0;
    CHECK(count(page, "\" aria-label=\"layer ") == 7 * most + 4 * keys);
  }
  CHECK(spectrum::heads_with_panels(survey, 64).size() == layers * query_heads);
  CHECK(count(spectrum::html_of(leaning(), survey), "query heads only") == 0);
}

TEST_CASE("a panel leads to its neighbours among the panels and back to the maps, above and below") {
  const auto panels = spectrum::document_of(leaning(), surveyed(), 3).chapters.back().panels;
  REQUIRE(panels.size() == 3);
  for (std::size_t i = 0; i < panels.size(); ++i) {
    std::vector<std::string> expected;
    if (i > 0) expected.push_back(panels[i - 1].id);
    expected.push_back("maps");
    if (i + 1 < panels.size()) expected.push_back(panels[i + 1].id);
    for (const auto& block : {panels[i].blocks.front(), panels[i].blocks.back()}) {
      std::vector<std::string> targets;
      for (const auto& link : std::get<page::Links>(block).items) targets.push_back(link.target);
      CHECK(targets == expected);
    }
  }
}

TEST_CASE("a map's cell is the head's number and leads to the head") {
  const auto document = spectrum::document_of(leaning(), surveyed());
  const auto pictures = pictures_of(document);
  const auto map_of = [&](const std::string& title) -> const page::Picture& {
    for (const auto* picture : pictures) {
      if (lab::test::xml_elements(picture->svg).at(1).text == title) return *picture;
    }
    FAIL("no picture of this title");
    return *pictures.front();
  };
  const auto labels = [&](const std::string& title) {
    std::map<std::string, std::string> found;
    for (const auto& element : lab::test::xml_elements(map_of(title).svg)) {
      if (element.name == "a") found[element.attributes.at("aria-label")] = element.attributes.at("href");
    }
    return found;
  };
  const auto two = [](double value) {
    char words[32];
    std::snprintf(words, sizeof words, "%.2f", value);
    return std::string(words);
  };
  const auto keys = labels("Effective rank, keys");
  CHECK(keys.size() == layers * key_heads);
  const auto entropies = labels("Von Neumann entropy, keys");
  const auto& head = surveyed().head(1, Side::key, 1, Stage::post_ntk);
  REQUIRE(entropies.count("layer 1, key head 1: " + two(std::log(head.effective_rank))) == 1);
  CHECK(entropies.at("layer 1, key head 1: " + two(std::log(head.effective_rank))) == "#head-1-2");
  const auto attention = labels("Attention entropy");
  CHECK(attention.size() == layers * query_heads);
  CHECK(attention.count("layer 0, query head 3: " + two(surveyed().attention[3].entropy)) == 1);
}

TEST_CASE("the maps of one head are pixels of its numbers") {
  const auto& survey = surveyed();
  const auto picture = spectrum::cosines(leaning(), survey, 1, 2);
  std::vector<lab::test::Png> images;
  for (const auto& element : lab::test::xml_elements(picture.svg)) {
    if (element.name == "image") images.push_back(image_of(element.attributes.at("href")));
  }
  REQUIRE(images.size() == 2);
  const auto& cosines = survey.map(1, Side::key, 1).cosines;
  REQUIRE(images[1].width == survey.map_tokens.size());
  REQUIRE(images[1].height == width);
  for (std::size_t token = 0; token < survey.map_tokens.size(); ++token) {
    for (std::size_t i = 0; i < width; ++i) {
      const double value = cosines[token * width + i];
      const auto shade = static_cast<double>(std::lround((value + 1.0) / 2.0 * 254.0)) / 254.0;
      REQUIRE(images[1].pixels[i * images[1].width + token] == lab::blue_red(shade));
    }
  }
}

TEST_CASE("a broken bound is counted as a violation, in words and in the table") {
  Survey survey = surveyed();
  CHECK(count(spectrum::html_of(leaning(), survey, 1), " claims here 0 are violated") == 1);
  for (auto& head : survey.heads) {
    if (head.layer != 0 || head.side != Side::query || head.head != 1 || head.stage != Stage::post_ntk)
      continue;
    head.bands[3].largest_eigenvalue_bound = 2.0 * head.bands[3].largest_eigenvalue;
  }
  CHECK(count(spectrum::html_of(leaning(), survey, 1), " claims here 1 is violated") == 1);
}

TEST_CASE("a score that is not a number, and no cone anywhere, leave a page") {
  Survey survey = surveyed();
  for (auto& head : survey.heads) {
    head.entropies.assign(head.entropies.size(), std::numeric_limits<double>::quiet_NaN());
    head.spectra.uncomp.reset();
    for (auto& band : head.bands) {
      band.cone_half_angle = std::numbers::pi;
      band.largest_eigenvalue_bound = band.coherent_sum_bound = 0.0;
    }
  }
  for (auto& scores : survey.scores) {
    for (auto& band : scores.bands) band.largest_singular_value_bound = 0.0;
  }
  const std::string page = spectrum::html_of(leaning(), survey, 1);
  CHECK(lab::test::read_page(page).unbalanced == "");
  CHECK(count(page, "no band is in a cone") == 5);
  CHECK(count(page, "cannot rank: ") >= 4 * survey.entropies.size());
  CHECK(count(page, "nan") == 0);
}

TEST_CASE("without a needle there is no retrieval and no mark of it") {
  auto from = leaning();
  from.needle.reset();
  const Survey survey = spectrum::survey_of(from, {});
  const std::string page = spectrum::html_of(from, survey, 1);
  CHECK(count(page, "Retrieval score") == 0);
  CHECK(count(page, "needle-band\"") == 0);
}

TEST_CASE("numbers of a table: so many digits, exponents only far from one") {
  CHECK(spectrum::significant(0.0, 3) == "0");
  CHECK(spectrum::significant(1234.56, 3) == "1235");
  CHECK(spectrum::significant(12.345, 3) == "12.3");
  CHECK(spectrum::significant(0.0012345, 3) == "0.00123");
  CHECK(spectrum::significant(-0.5, 2) == "-0.50");
  CHECK(spectrum::significant(0.00012345, 3) == "1.23e-04");
  CHECK(spectrum::significant(1234567.0, 3) == "1.23e+06");
  CHECK(spectrum::significant(std::numeric_limits<double>::infinity(), 3) == "∞");
  CHECK(spectrum::significant(std::nan(""), 3) == "–");
}

TEST_CASE("a wavelength's place among the bands is by its logarithm") {
  const double turn = 2.0 * std::numbers::pi;
  const std::vector<double> omega = {turn / 10.0, turn / 100.0, turn / 10000.0, 0.0};
  constexpr double rounding = 1e-12;
  CHECK(std::abs(spectrum::band_position(omega, 10.0).value() - 0.0) < rounding);
  CHECK(std::abs(spectrum::band_position(omega, 1000.0).value() - 1.5) < rounding);
  CHECK(std::abs(spectrum::band_position(omega, 9999.999).value() - 2.0) < 1e-6);
  CHECK(!spectrum::band_position(omega, 9.0));
  CHECK(!spectrum::band_position(omega, 10001.0));
  CHECK(!spectrum::band_position(std::vector<double>{0.0, 0.0}, 9.0));
}
