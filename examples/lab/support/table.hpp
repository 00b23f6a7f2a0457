// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace lab {

enum class Align { left, right };

struct Column {
  std::string title;
  Align align = Align::left;
};

/// One table, shown in two ways. Cells are UTF-8; a code point counts as one column of the screen.
class Table {
 public:
  /// Throws dope::Error for no columns.
  explicit Table(std::vector<Column> columns);

  /// Throws dope::Error unless there is one cell per column.
  void add_row(std::vector<std::string> cells);

  /// Aligned text: titles, a rule, the rows; two spaces between columns, none at the end of a line.
  /// Line breaks in cells become spaces.
  [[nodiscard]] std::string text() const;

  /// GitHub-flavoured Markdown, aligned as source too. In cells `|` is escaped, line breaks become
  /// spaces; other markup stays markup.
  [[nodiscard]] std::string markdown() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace lab
