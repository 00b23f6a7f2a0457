// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace report {

// What a report says, apart from how it is written. All texts are plain: a writer escapes them.

struct Paragraph {
  std::string text;
};

struct Heading {
  std::string text;
};

struct Bullets {
  std::vector<std::string> items;
};

struct Preformatted {
  std::string text;
};

/// A table. Columns beside each other with one group (not empty) stand under a common title.
struct Sheet {
  struct Column {
    std::string group;
    std::string title;
    bool number = false;
  };
  std::string caption;
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // a cell per column; the first names the row
};

/// A picture, lab/support's or one like them: SVG 1.1 with its XML declaration. `kind` is a word of ours,
/// for the id. The sheet has the picture's values as text.
struct Picture {
  std::string kind;
  std::string svg;
  std::string caption;
  std::optional<Sheet> values;
};

/// Names and values that are folded away at first.
struct Facts {
  std::string summary;
  std::vector<std::pair<std::string, std::string>> items;
};

using Block = std::variant<Paragraph, Heading, Bullets, Preformatted, Sheet, Picture, Facts>;

struct Section {
  std::string title;
  std::vector<Block> blocks;
};

/// One run of a program.
struct Chapter {
  std::string title;
  std::vector<Section> sections;
};

struct Document {
  std::string title;
  std::string introduction;
  std::vector<Chapter> chapters;
};

}  // namespace report
