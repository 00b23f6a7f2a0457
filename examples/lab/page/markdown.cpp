// SPDX-License-Identifier: MIT
#include "lab/page/markdown.hpp"

#include <algorithm>
#include <cstddef>

#include "dope/core/error.hpp"
#include "lab/support/table.hpp"

namespace page {
namespace {

/// Plain text with all that Markdown or HTML would take for markup escaped; `|` is left to lab::Table.
std::string escaped_markdown(std::string_view plain) {
  std::string out;
  for (const char byte : plain) {
    if (byte == '<') {
      out += "&lt;";
    } else if (byte == '>') {
      out += "&gt;";
    } else if (byte == '&') {
      out += "&amp;";
    } else if (byte == '\n' || byte == '\r' || byte == '\t') {
      out += ' ';
    } else if (static_cast<unsigned char>(byte) < 0x20) {
      out += "?";
    } else {
      if (byte == '\\' || byte == '`' || byte == '*' || byte == '[' || byte == ']' || byte == '#')
        out += '\\';
      out += byte;
    }
  }
  return out;
}

/// In cells brackets hold intervals; without a parenthesis after them they link nowhere.
std::string escaped_cell(std::string_view plain) {
  const std::string escaped = escaped_markdown(plain);
  if (plain.find("](") != std::string_view::npos || plain.find("][") != std::string_view::npos)
    return escaped;
  std::string out;
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    const bool of_bracket =
        escaped[i] == '\\' && i + 1 < escaped.size() && (escaped[i + 1] == '[' || escaped[i + 1] == ']');
    if (!of_bracket) out += escaped[i];
  }
  return out;
}

std::string sheet_markdown(const Sheet& sheet) {
  std::vector<lab::Column> columns;
  for (const auto& column : sheet.columns) {
    const std::string title = column.group.empty() ? column.title : column.group + ", " + column.title;
    columns.push_back({escaped_cell(title), column.number ? lab::Align::right : lab::Align::left});
  }
  lab::Table table(columns);
  for (const auto& row : sheet.rows) {
    std::vector<std::string> cells;
    for (const auto& cell : row) cells.push_back(escaped_cell(cell));
    table.add_row(std::move(cells));
  }
  const std::string caption = sheet.caption.empty() ? "" : escaped_markdown(sheet.caption) + "\n\n";
  return caption + table.markdown() + "\n";
}

struct MarkdownWriter {
  std::string out;
  std::size_t figures = 0;

  void operator()(const Paragraph& paragraph) { out += escaped_markdown(paragraph.text) + "\n\n"; }
  void operator()(const Heading& heading) { out += "#### " + escaped_markdown(heading.text) + "\n\n"; }
  void operator()(const Bullets& bullets) {
    for (const auto& item : bullets.items) out += "- " + escaped_markdown(item) + "\n";
    out += "\n";
  }
  void operator()(const Preformatted& block) {
    std::size_t from = 0;
    while (from <= block.text.size()) {
      const std::size_t end = std::min(block.text.find('\n', from), block.text.size());
      out += "    " + block.text.substr(from, end - from) + "\n";
      from = end + 1;
    }
    out += "\n";
  }
  void operator()(const Sheet& sheet) { out += sheet_markdown(sheet); }
  void operator()(const Picture& picture) {
    out += dope::detail::text("Figure ", ++figures, ". ") + escaped_markdown(picture.caption) + "\n\n";
    if (picture.values) out += sheet_markdown(*picture.values);
  }
  void operator()(const PictureFile& file) {
    out += dope::detail::text("Figure ", ++figures, ". ") + escaped_markdown(file.title) +
           " (picture: " + escaped_markdown(file.name) + ")\n\n";
  }
  void operator()(const Gallery& gallery) {
    for (const Picture& picture : gallery.pictures) (*this)(picture);
  }
  void operator()(const Links&) {}  // lead to ids, which only a page has
  void operator()(const Facts& facts) {
    out += escaped_markdown(facts.summary) + ":\n\n";
    for (const auto& [name, value] : facts.items)
      out += "- " + escaped_markdown(name) + ": " + escaped_markdown(value) + "\n";
    out += "\n";
  }
};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Cells of "| a | b \| c |".
std::vector<std::string> cells_of_line(std::string_view line) {
  line = trimmed(line);
  if (line.starts_with('|')) line.remove_prefix(1);
  std::vector<std::string> cells;
  std::string cell;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += line[++i];
    } else if (line[i] == '|') {
      cells.emplace_back(trimmed(cell));
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  if (!trimmed(cell).empty()) cells.emplace_back(trimmed(cell));
  return cells;
}

bool is_rule(std::string_view line) {
  return line.starts_with('|') && line.find('-') != std::string_view::npos &&
         line.find_first_not_of("|-: ") == std::string_view::npos;
}

// Of a table that a file holds.
constexpr std::size_t most_columns = 64;
constexpr std::size_t most_rows = 500;

/// The table whose titles and rule are the first two lines; what is missing in a row is empty. At most
/// most_rows rows and most_columns columns; its caption says so.
Sheet sheet_of_lines(std::vector<std::string_view> lines) {
  Sheet sheet;
  auto titles = cells_of_line(lines[0]);
  if (titles.size() > most_columns)
    sheet.caption =
        dope::detail::text("Columns: the first ", most_columns, " of ", titles.size(), " are shown. ");
  if (lines.size() - 2 > most_rows)
    sheet.caption +=
        dope::detail::text("Rows: the first ", most_rows, " of ", lines.size() - 2, " are shown.");
  titles.resize(std::min(titles.size(), most_columns));
  lines.resize(std::min(lines.size(), most_rows + 2));
  const auto rules = cells_of_line(lines[1]);
  for (std::size_t i = 0; i < titles.size(); ++i)
    sheet.columns.push_back({"", titles[i], i < rules.size() && rules[i].ends_with(':')});
  for (std::size_t i = 2; i < lines.size(); ++i) {
    auto row = cells_of_line(lines[i]);
    row.resize(titles.size());
    sheet.rows.push_back(std::move(row));
  }
  return sheet;
}

}  // namespace

std::string markdown_page(const Document& document) {
  MarkdownWriter writer;
  writer.out =
      "# " + escaped_markdown(document.title) + "\n\n" + escaped_markdown(document.introduction) + "\n\n";
  for (const Chapter& run : document.chapters) {
    writer.out += "## " + escaped_markdown(run.title) + "\n\n";
    for (const Section& section : run.sections) {
      writer.out += "### " + escaped_markdown(section.title) + "\n\n";
      for (const Block& block : section.blocks) std::visit(writer, block);
    }
    for (const Panel& panel : run.panels) {
      writer.out += "### " + escaped_markdown(panel.title) + "\n\n";
      for (const Block& block : panel.blocks) std::visit(writer, block);
    }
  }
  while (writer.out.ends_with("\n\n")) writer.out.pop_back();
  return writer.out;
}

std::vector<Block> blocks_of_markdown(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(trimmed(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const auto at = [&](std::size_t i) { return i < lines.size() ? lines[i] : std::string_view{}; };
  const auto starts_block = [&](std::size_t i) {
    return at(i).empty() || at(i).starts_with('#') || at(i).starts_with("- ") || at(i).starts_with("```") ||
           (at(i).starts_with('|') && is_rule(at(i + 1)));
  };
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < lines.size();) {
    if (lines[i].empty()) {
      ++i;
    } else if (lines[i].starts_with('#')) {
      const std::size_t hashes = std::min(lines[i].find_first_not_of('#'), lines[i].size());
      blocks.emplace_back(Heading{std::string(trimmed(lines[i++].substr(hashes)))});
    } else if (lines[i].starts_with("```")) {
      std::string block;
      for (++i; i < lines.size() && !lines[i].starts_with("```"); ++i) block += std::string(lines[i]) + "\n";
      blocks.emplace_back(Preformatted{block});
      ++i;
    } else if (lines[i].starts_with('|') && is_rule(at(i + 1))) {
      std::vector<std::string_view> table;
      while (at(i).starts_with('|')) table.push_back(lines[i++]);
      blocks.emplace_back(sheet_of_lines(table));
    } else if (lines[i].starts_with("- ")) {
      Bullets bullets;
      while (at(i).starts_with("- ")) {
        std::string item(trimmed(lines[i++].substr(2)));
        while (i < lines.size() && !starts_block(i)) item += " " + std::string(lines[i++]);
        bullets.items.push_back(std::move(item));
      }
      blocks.emplace_back(std::move(bullets));
    } else {
      std::string paragraph(lines[i++]);
      while (i < lines.size() && !starts_block(i)) paragraph += " " + std::string(lines[i++]);
      blocks.emplace_back(Paragraph{std::move(paragraph)});
    }
  }
  return blocks;
}

}  // namespace page
