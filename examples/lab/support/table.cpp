// SPDX-License-Identifier: MIT
#include "lab/support/table.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "dope/core/error.hpp"

namespace lab {
namespace {

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0u) != 0x80u;
  }));
}

std::string one_line(std::string text) {
  for (char& byte : text) {
    if (byte == '\n' || byte == '\r' || byte == '\t') byte = ' ';
  }
  return text;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char byte : one_line(text)) {
    if (byte == '|') out += '\\';
    out += byte;
  }
  return out;
}

std::string padded(const std::string& cell, std::size_t width, Align align) {
  const std::string gap(width - width_of(cell), ' ');
  return align == Align::left ? cell + gap : gap + cell;
}

std::vector<std::size_t> widths_of(const std::vector<std::vector<std::string>>& lines, std::size_t least) {
  std::vector<std::size_t> widths(lines.front().size(), least);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width_of(line[i]));
  }
  return widths;
}

/// Titles and rows, each cell passed through `shape`.
template <class Shape>
std::vector<std::vector<std::string>> lines_of(const std::vector<Column>& columns,
                                               const std::vector<std::vector<std::string>>& rows,
                                               Shape shape) {
  std::vector<std::vector<std::string>> lines(1);
  for (const auto& column : columns) lines.front().push_back(shape(column.title));
  for (const auto& row : rows) {
    auto& line = lines.emplace_back();
    for (const auto& cell : row) line.push_back(shape(cell));
  }
  return lines;
}

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
  if (columns_.empty()) {
    throw dope::Error("Table", "no columns", "at least one");
  }
}

void Table::add_row(std::vector<std::string> cells) {
  if (cells.size() != columns_.size()) {
    throw dope::Error("Table::add_row", dope::detail::text(cells.size(), " cells"),
                      dope::detail::text(columns_.size(), ", one per column"));
  }
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  const auto lines = lines_of(columns_, rows_, one_line);
  const auto widths = widths_of(lines, 1);
  std::string out;
  for (std::size_t row = 0; row < lines.size(); ++row) {
    std::string line;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (i > 0) line += "  ";
      line += padded(lines[row][i], widths[i], columns_[i].align);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
    if (row == 0) {
      for (std::size_t i = 0; i < widths.size(); ++i)
        out += (i > 0 ? "  " : "") + std::string(widths[i], '-');
      out += "\n";
    }
  }
  return out;
}

std::string Table::markdown() const {
  const auto lines = lines_of(columns_, rows_, escaped);
  const auto widths = widths_of(lines, 3);
  std::string out;
  for (std::size_t row = 0; row < lines.size(); ++row) {
    for (std::size_t i = 0; i < widths.size(); ++i)
      out += "| " + padded(lines[row][i], widths[i], columns_[i].align) + " ";
    out += "|\n";
    if (row == 0) {
      for (std::size_t i = 0; i < widths.size(); ++i) {
        const std::string dashes(widths[i] - 1, '-');
        out += columns_[i].align == Align::left ? "| " + dashes + "- " : "| " + dashes + ": ";
      }
      out += "|\n";
    }
  }
  return out;
}

}  // namespace lab
