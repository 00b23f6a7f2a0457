// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "dope/rope/cos_sin_exact.hpp"
#include "lab/atlas/options.hpp"
#include "lab/atlas/picture.hpp"
#include "lab/atlas/report.hpp"
#include "lab/atlas/survey.hpp"
#include "lab/xml.hpp"

using atlas::Point;
using atlas::Survey;

namespace {

const Survey& whole_survey() {
  static const Survey survey =
      atlas::survey_of(atlas::bands_of(10000.0, 128), atlas::sampled_positions(atlas::farthest));
  return survey;
}

const atlas::Line& line_of(const Survey& survey, std::string_view name) {
  const auto* arithmetic = &atlas::arithmetic_named(name);
  return *std::find_if(survey.lines.begin(), survey.lines.end(),
                       [&](const auto& line) { return line.arithmetic == arithmetic; });
}

Point at(const Survey& survey, std::string_view name, std::int64_t position) {
  const auto found = std::lower_bound(survey.positions.begin(), survey.positions.end(), position);
  REQUIRE(found != survey.positions.end());
  REQUIRE(*found == position);
  return line_of(survey, name).points[static_cast<std::size_t>(found - survey.positions.begin())];
}

/// Chords of all bands at positions that never fall.
std::vector<double> chords(std::string_view name, const atlas::Bands& bands, std::int64_t position) {
  std::vector<atlas::Turn<double>> turns(bands.size());
  atlas::arithmetic_named(name).walk(bands)(position, turns);
  std::vector<double> result;
  for (std::size_t f = 0; f < bands.size(); ++f)
    result.push_back(chord(turns[f], atlas::truth_of(position, bands.omega[f])));
  return result;
}

atlas::Parsed parse(std::vector<const char*> words) {
  words.insert(words.begin(), "atlas");
  return atlas::parse_options(static_cast<int>(words.size()), words.data());
}

}  // namespace

TEST_CASE("the truth agrees with the library's exact angles, which it shares nothing with") {
  for (const double base : {10000.0, 500000.0, 1e9}) {
    const auto bands = atlas::bands_of(base, 64);
    for (const std::int64_t position : {0LL, 1LL, 4095LL, 131071LL, 1LL << 20}) {
      for (const double omega : bands.omega) {
        const auto truth = atlas::truth_of(position, omega);
        const auto exact = dope::detail::CosSinExact(omega)(position);
        CHECK(std::abs(static_cast<double>(truth.cos - exact.cos)) <= 0x1p-52);
        CHECK(std::abs(static_cast<double>(truth.sin - exact.sin)) <= 0x1p-52);
      }
    }
  }
}

TEST_CASE("the truth lies on the circle and turns with the position") {
  constexpr double rounding = 32.0 * static_cast<double>(std::numeric_limits<long double>::epsilon());
  for (const std::int64_t position : {3LL, 1000LL, 99991LL, 1048575LL}) {
    const auto z = atlas::truth_of(position, 0.875);
    const auto step = atlas::truth_of(1, 0.875);
    const auto next = atlas::truth_of(position + 1, 0.875);
    CHECK(std::abs(static_cast<double>(z.cos * z.cos + z.sin * z.sin - 1)) <= rounding);
    CHECK(std::abs(static_cast<double>(z.cos * step.cos - z.sin * step.sin - next.cos)) <= rounding);
    CHECK(std::abs(static_cast<double>(z.sin * step.cos + z.cos * step.sin - next.sin)) <= rounding);
  }
}

TEST_CASE("chord: 2 to the opposite direction, not-a-number for what is not finite") {
  CHECK(atlas::chord({-1.0, 0.0}, {}) == 2.0);
  CHECK(atlas::chord({1.0, 0.0}, {}) == 0.0);
  CHECK(std::isnan(atlas::chord({std::nan(""), 0.0}, {})));
  CHECK(std::isnan(atlas::chord({0.0, std::numeric_limits<double>::infinity()}, {})));
}

TEST_CASE("exact table: at most 2^-23 at every position and band") {
  for (const Point& point : line_of(whole_survey(), "exact_table").points) CHECK(point.chord <= 0x1p-23);
}

TEST_CASE("float products: at most |m·ω|·2^-23, and one rounding of cos and sin") {
  const auto bands = atlas::bands_of(10000.0, 128);
  for (const std::int64_t position : {1, 100, 4095, 32767, 131071, 1048573}) {
    const auto product = chords("float32_product", bands, position);
    const auto fast = chords("float32_fast_sine", bands, position);
    for (std::size_t f = 0; f < bands.size(); ++f) {
      const double angle = static_cast<double>(position) * bands.omega[f];
      CHECK(product[f] <= angle * 0x1p-23 + 0x1p-23);
      // One more relative error, of float 2π: below 2^-25.
      CHECK(fast[f] <= angle * 0x1p-22 + 0x1p-22);
    }
  }
}

TEST_CASE("powers in float: an error per band; powf: one of ω; a 16-bit angle: one rounding of it") {
  const auto bands = atlas::bands_of(10000.0, 128);
  for (const std::int64_t position : {1, 100, 4095, 32767}) {
    const auto powers = chords("float32_band_powers", bands, position);
    const auto powf = chords("float32_product_powf", bands, position);
    const auto bf16 = chords("bf16_angle", bands, position);
    const auto fp16 = chords("fp16_angle", bands, position);
    for (std::size_t f = 0; f < bands.size(); ++f) {
      const double angle = static_cast<double>(position) * bands.omega[f];
      CHECK(powers[f] <= angle * static_cast<double>(2 * f + 1) * 0x1p-23 + 0x1p-23);
      CHECK(powf[f] <= angle * 0x1p-20 + 0x1p-23);
      CHECK(bf16[f] <= angle * 0x1.001p-8 + 0x1p-23);
      CHECK(fp16[f] <= angle * 0x1.001p-11 + 0x1p-23);
    }
    CHECK(powers[8] > chords("float32_product", bands, position)[8]);
  }
}

TEST_CASE("steps: error grows with the number of steps, between its root and in proportion") {
  for (const char* name : {"float32_complex_steps", "float32_angle_sum"}) {
    double before = at(whole_survey(), name, 64).chord;
    for (std::int64_t position = 1024; position <= 16384; position *= 16) {
      const double now = at(whole_survey(), name, position).chord;
      CHECK(now >= 4.0 * before);
      // Angle sums also lose a bit with every octave of the angle.
      CHECK(now <= (std::string(name) == "float32_angle_sum" ? 16.0 * 64.0 : 32.0) * before);
      before = now;
    }
  }
}

TEST_CASE("a walk asked for few positions takes the same steps as one asked for many") {
  const auto bands = atlas::bands_of(10000.0, 32);
  const auto few = atlas::survey_of(bands, {100, 5000});
  const auto many = atlas::survey_of(bands, atlas::sampled_positions(5000));
  for (const auto& line : few.lines) {
    const Point last = at(many, line.arithmetic->name, 5000);
    CHECK(line.points[1].chord == last.chord);
    CHECK(line.points[1].band == last.band);
  }
}

TEST_CASE("16-bit cos and sin: one rounding, whatever the position") {
  for (const auto& [name, bits] : {std::pair{"bf16_cache", 8}, std::pair{"fp16_cache", 11}}) {
    for (const Point& point : line_of(whole_survey(), name).points) {
      CHECK(point.chord <= std::sqrt(2.0) * std::ldexp(1.0, -bits - 1));
      CHECK(point.chord >= std::ldexp(1.0, -bits - 3));
    }
  }
}

TEST_CASE("16-bit positions: right up to the last whole number of the format, then off by whole radians") {
  const auto bands = atlas::bands_of(10000.0, 128);
  CHECK(chords("bf16_positions", bands, 256) == chords("float32_product", bands, 256));
  CHECK(chords("fp16_positions", bands, 2048) == chords("float32_product", bands, 2048));
  const double one_radian = 2.0 * std::sin(0.5);
  CHECK(chords("bf16_positions", bands, 257)[0] == doctest::Approx(one_radian).epsilon(1e-6));
  CHECK(chords("fp16_positions", bands, 2049)[0] == doctest::Approx(one_radian).epsilon(1e-6));
  CHECK(chords("bf16_positions", bands, 131071)[0] == doctest::Approx(one_radian).epsilon(1e-6));
  CHECK(chords("bf16_positions", bands, 131072) == chords("float32_product", bands, 131072));
}

TEST_CASE("fp16 overflows from 65520 on, and the survey says so") {
  for (const char* name : {"fp16_positions", "fp16_angle"}) {
    CHECK(!std::isnan(chords(name, atlas::bands_of(10000.0, 128), 65519)[0]));
    CHECK(std::isnan(chords(name, atlas::bands_of(10000.0, 128), 65520)[0]));
    CHECK(std::isnan(at(whole_survey(), name, 131071).chord));
    CHECK(atlas::envelope_of(line_of(whole_survey(), name).points).size() < whole_survey().positions.size());
  }
}

TEST_CASE("no chord passes 2 by more than what rounding adds; every arithmetic is named once") {
  for (const auto& line : whole_survey().lines) {
    CHECK(&atlas::arithmetic_named(line.arithmetic->name) == line.arithmetic);
    CHECK(line.points.size() == whole_survey().positions.size());
    for (const Point& point : line.points) {
      CHECK(!(point.chord > 2.1));
      CHECK(point.band < 64);
    }
  }
}

TEST_CASE("the envelope never falls, and is the worst so far") {
  const std::vector<Point> points = {{0.5, 1}, {0.25, 0}, {0.75, 3}, {0.5, 2}};
  CHECK(atlas::envelope_of(points) == std::vector{0.5, 0.5, 0.75, 0.75});
  for (const auto& line : whole_survey().lines) {
    const auto envelope = atlas::envelope_of(line.points);
    CHECK(std::is_sorted(envelope.begin(), envelope.end()));
  }
}

TEST_CASE("positions: all small ones, ascending, each once, the special ones, the last one") {
  for (const std::int64_t last : {1, 2, 24, 1000, 131071, 1 << 20}) {
    const auto positions = atlas::sampled_positions(last);
    CHECK(positions.front() == 1);
    CHECK(positions.back() == last);
    CHECK(std::adjacent_find(positions.begin(), positions.end(), std::greater_equal<>()) == positions.end());
    for (const std::int64_t special : atlas::special_positions) {
      CHECK(std::binary_search(positions.begin(), positions.end(), special) == (special <= last));
    }
    for (std::int64_t small = 1; small <= std::min<std::int64_t>(24, last); ++small) {
      CHECK(std::binary_search(positions.begin(), positions.end(), small));
    }
  }
  CHECK_THROWS_AS((void)atlas::sampled_positions(0), dope::Error);
  CHECK_THROWS_AS((void)atlas::sampled_positions((1 << 20) + 1), dope::Error);
}

TEST_CASE("csv: a line per arithmetic and position, five fields, numbers whole") {
  const auto survey = atlas::survey_of(atlas::bands_of(10000.0, 8), {1, 100, 65535});
  std::istringstream csv(atlas::csv_of(survey));
  std::string text;
  std::getline(csv, text);
  CHECK(text == "arithmetic,position,chord,band,worst_so_far");
  for (const auto& line : survey.lines) {
    for (std::size_t i = 0; i < survey.positions.size(); ++i) {
      REQUIRE(std::getline(csv, text));
      CHECK(std::count(text.begin(), text.end(), ',') == 4);
      const std::string start =
          std::string(line.arithmetic->name) + "," + std::to_string(survey.positions[i]) + ",";
      REQUIRE(text.starts_with(start));
      const std::string rest = text.substr(start.size());
      if (std::isnan(line.points[i].chord)) {
        CHECK(rest == ",0,");
      } else {
        CHECK(std::stod(rest) == line.points[i].chord);
      }
    }
  }
  CHECK(!std::getline(csv, text));
}

TEST_CASE("table: a column for each special position and the last, overflow in a word") {
  const std::string text = atlas::table_of(whole_survey()).text();
  for (const std::int64_t position : atlas::special_positions)
    CHECK(text.find(' ' + std::to_string(position)) != std::string::npos);
  CHECK(text.find("overflow (0)") != std::string::npos);
  CHECK(atlas::chord_text(0.00441) == "4.4e-03");
  CHECK(atlas::chord_text(std::nan("")) == "overflow");
  CHECK(atlas::table_of(atlas::survey_of(atlas::bands_of(10000.0, 2), {1, 7})).text().find(" 7") !=
        std::string::npos);
}

TEST_CASE("picture: well-formed, a label per arithmetic inside the page and apart, same bytes each time") {
  for (const std::int64_t last : {1, 2, 5000, 1 << 20}) {
    const auto survey = atlas::survey_of(atlas::bands_of(10000.0, 128), atlas::sampled_positions(last));
    const std::string bytes = atlas::picture_of(survey);
    CHECK(bytes == atlas::picture_of(survey));
    CHECK(bytes.size() < 200'000);
    const auto elements = lab::test::xml_elements(bytes);
    const double width = std::stod(elements[0].attributes.at("width"));
    const double height = std::stod(elements[0].attributes.at("height"));
    std::vector<double> heights;
    for (const auto& element : elements) {
      if (element.name != "text") continue;
      CHECK(std::stod(element.attributes.at("x")) < width);
      CHECK(std::stod(element.attributes.at("y")) < height);
      for (const auto& line : survey.lines) {
        if (element.text.starts_with(line.arithmetic->label) && std::stod(element.attributes.at("x")) > 700.0)
          heights.push_back(std::stod(element.attributes.at("y")));
      }
    }
    std::sort(heights.begin(), heights.end());
    heights.erase(std::unique(heights.begin(), heights.end()), heights.end());
    CHECK(heights.size() == survey.lines.size());
    for (std::size_t i = 1; i < heights.size(); ++i) CHECK(heights[i] - heights[i - 1] >= 15.0);
    CHECK(lab::test::count_texts(elements, "131071") == (last > 131071 ? 1 : 0));
    CHECK(lab::test::count_texts(elements, "rounding to bf16") == 1);
    CHECK(lab::test::count_texts(elements, "rounding to float32") == 1);
  }
}

TEST_CASE("options: as given, and their defaults") {
  const auto given = parse({"--out", "here", "--base", "5e5", "--width", "64", "--positions", "4096"});
  REQUIRE(given.options);
  CHECK(given.options->out == "here");
  CHECK(given.options->base == 5e5);
  CHECK(given.options->width == 64);
  CHECK(given.options->positions == 4096);
  const auto standard = parse({});
  CHECK(standard.options->base == 10000.0);
  CHECK(standard.options->width == 128);
  CHECK(standard.options->positions == atlas::farthest);
  const auto help = parse({"--help"});
  CHECK(!help.options);
  for (const char* option : {"--out", "--base", "--width", "--positions"})
    CHECK(help.help.find(option) != std::string::npos);
}

TEST_CASE("options: anything else is one clear error") {
  const std::vector<std::vector<const char*>> bad = {
      {"--base", "1"},        {"--base", "0.5"},   {"--base", "nan"},          {"--base", "1e10"},
      {"--base", "ten"},      {"--width", "0"},    {"--width", "7"},           {"--width", "4098"},
      {"--width", "-2"},      {"--width", "12.5"}, {"--positions", "0"},       {"--positions", "-1"},
      {"--positions", "1e3"}, {"--out", ""},       {"--positions", "1048577"}, {"--positions"},
      {"--no-such-option"},   {"stray"},           {"--base", "10000x"}};
  for (const auto& words : bad) {
    CAPTURE(words.front());
    CAPTURE(words.back());
    try {
      (void)parse(words);
      FAIL("accepted");
    } catch (const dope::Error& error) {
      CHECK(!error.given().empty());
      CHECK(!error.expected().empty());
      CHECK(std::string(error.what()).find('\n') == std::string::npos);
    }
  }
}
