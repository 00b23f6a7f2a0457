// SPDX-License-Identifier: MIT
#include "lab/atlas/report.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <vector>

#include "dope/denoise/transform_text.hpp"

namespace atlas {

std::string chord_text(double chord) {
  if (std::isnan(chord)) return "overflow";
  std::array<char, 64> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), chord, std::chars_format::scientific, 1);
  return {digits.data(), end.ptr};
}

lab::Table table_of(const Survey& survey) {
  std::vector<std::size_t> columns;
  std::vector<lab::Column> titles = {{"arithmetic", lab::Align::left}};
  for (std::size_t i = 0; i < survey.positions.size(); ++i) {
    const std::int64_t position = survey.positions[i];
    const bool special = std::find(std::begin(special_positions), std::end(special_positions), position) !=
                         std::end(special_positions);
    if (position != 1024 && !special && i + 1 != survey.positions.size()) continue;
    columns.push_back(i);
    titles.push_back({std::to_string(position), lab::Align::right});
  }
  lab::Table table(titles);
  for (const Line& line : survey.lines) {
    std::vector<std::string> cells = {std::string(line.arithmetic->label)};
    for (const std::size_t i : columns) {
      const Point& point = line.points[i];
      cells.push_back(chord_text(point.chord) + " (" + std::to_string(point.band) + ")");
    }
    table.add_row(std::move(cells));
  }
  return table;
}

std::string csv_of(const Survey& survey) {
  std::string csv = "arithmetic,position,chord,band,worst_so_far\n";
  for (const Line& line : survey.lines) {
    const auto envelope = envelope_of(line.points);
    for (std::size_t i = 0; i < survey.positions.size(); ++i) {
      const Point& point = line.points[i];
      csv += std::string(line.arithmetic->name) + "," + std::to_string(survey.positions[i]) + ",";
      if (!std::isnan(point.chord)) csv += dope::detail::shortest(point.chord);
      csv += "," + std::to_string(point.band) + ",";
      if (i < envelope.size()) csv += dope::detail::shortest(envelope[i]);
      csv += "\n";
    }
  }
  return csv;
}

}  // namespace atlas
