// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace page {

// What a page says, apart from how it is written. All texts are plain: a writer escapes them.

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

/// A picture, lab/support's or one like them: SVG with its XML declaration. `kind` is a word of ours,
/// for the id. The sheet has the picture's values as text.
struct Picture {
  std::string kind;
  std::string svg;
  std::string caption;
  std::optional<Sheet> values;
};

/// A picture that another program left, in its own colours; nothing in it runs or asks for anything. svg: an
/// SVG document, which the page holds as it is.
struct PictureFile {
  std::string name;  // of the file
  std::string title;
  std::string svg;
};

/// Names and values that are folded away at first.
struct Facts {
  std::string summary;
  std::vector<std::pair<std::string, std::string>> items;
};

/// Pictures side by side where there is room.
struct Gallery {
  std::vector<Picture> pictures;
};

/// A line of links to ids of the page. label: what they are, for readers who cannot see where they stand.
struct Links {
  struct Link {
    std::string text;
    std::string target;
  };
  std::string label;
  std::vector<Link> items;
};

using Block = std::variant<Paragraph, Heading, Bullets, Preformatted, Sheet, Picture, PictureFile, Facts,
                           Gallery, Links>;

// An id is a word of ours, of letters, digits and hyphens; where it is empty the writer counts one.

struct Section {
  std::string title;
  std::vector<Block> blocks;
  std::string id = {};
};

/// One of several contents for the same place. Of a chapter's panels the page shows the one that its address
/// names, by the panel's id or that of a figure in it, or else the first; on paper too, the others are not
/// there.
struct Panel {
  std::string id;
  std::string title;
  std::vector<Block> blocks;
};

/// One run of a program, or one part of what there is to say. The panels follow the sections.
struct Chapter {
  std::string title;
  std::vector<Section> sections;
  std::vector<Panel> panels = {};
  std::string id = {};
};

struct Document {
  std::string title;
  std::string introduction;
  std::vector<Chapter> chapters;
};

}  // namespace page
