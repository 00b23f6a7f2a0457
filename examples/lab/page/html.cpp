// SPDX-License-Identifier: MIT
#include "lab/page/html.hpp"

#include <algorithm>
#include <cstddef>
#include <set>

#include "dope/core/error.hpp"
#include "draw/svg.hpp"
#include "lab/page/style.hpp"
#include "lab/support/raster.hpp"

namespace page {
namespace {

using dope::detail::text;

std::string escaped_html(std::string_view plain) { return lab::xml_escaped(plain); }

void replace_all(std::string& where, std::string_view from, std::string_view to) {
  std::size_t at = where.find(from);
  if (at == std::string::npos) return;
  std::string out;
  std::size_t done = 0;
  for (; at != std::string::npos; at = where.find(from, done)) {
    out.append(where, done, at - done).append(to);
    done = at + from.size();
  }
  where = out.append(where, done);
}

/// "45.5 [31.7, 59.9]" with the interval set back; words may break after an underscore.
std::string cell_html(const std::string& cell, bool number) {
  const std::size_t bracket = number ? cell.find(" [") : std::string::npos;
  if (bracket == std::string::npos || !cell.ends_with(']')) {
    std::string html = escaped_html(cell);
    replace_all(html, "_", "_<wbr>");
    return html;
  }
  return escaped_html(cell.substr(0, bracket)) + " <span class=\"interval\">" +
         escaped_html(cell.substr(bracket + 1)) + "</span>";
}

// Longer cells of text may break. Tables with more columns than these are printed smaller, or across.
constexpr std::size_t long_cell = 40;
constexpr std::size_t most_plain = 9;
constexpr std::size_t most_upright = 14;

std::string class_of_table(std::size_t columns) {
  return columns > most_upright ? "scroll wide" : columns > most_plain ? "scroll many" : "scroll";
}

std::string class_of_cell(const std::string& cell, bool number) {
  if (number) return " class=\"number\"";
  return cell.size() > long_cell ? " class=\"long\"" : "";
}

void require_word(std::string_view id) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
  if (id.empty() || id.find_first_not_of(letters) != std::string_view::npos)
    throw dope::Error("html_page", "id \"" + std::string(id) + "\"", "a word of letters, digits and hyphens");
}

/// All values that follow `opening` in the page, up to the next quote. A text has none: its quotes are
/// escaped.
std::vector<std::string_view> attributes_of(std::string_view page, std::string_view opening) {
  std::vector<std::string_view> values;
  for (std::size_t at = page.find(opening); at != std::string_view::npos; at = page.find(opening, at)) {
    at += opening.size();
    values.push_back(page.substr(at, page.find('"', at) - at));
  }
  return values;
}

void require_links(std::string_view page) {
  std::set<std::string_view> ids;
  for (const std::string_view id : attributes_of(page, " id=\"")) {
    if (!ids.insert(id).second)
      throw dope::Error("html_page", "id \"" + std::string(id) + "\" twice", "an id once");
  }
  for (const std::string_view target : attributes_of(page, " href=\"#")) {
    if (!ids.contains(target))
      throw dope::Error("html_page", "a link to \"" + std::string(target) + "\"", "an id of the page");
  }
}

class PageWriter {
 public:
  explicit PageWriter(const Document& document) {
    out_ =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'; script-src 'sha256-" +
        std::string(theme_script_sha256) +
        "'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n<title>" +
        escaped_html(document.title) + "</title>\n<style>\n" + style_sheet() +
        "</style>\n</head>\n<body>\n<div class=\"page\">\n<header>\n<div>\n<h1>" +
        escaped_html(document.title) + "</h1>\n<p>" + escaped_html(document.introduction) +
        "</p>\n</div>\n<button id=\"theme\" type=\"button\" hidden>Theme</button>\n</header>\n";
    contents(document);
    out_ += "<main>\n";
    for (std::size_t i = 0; i < document.chapters.size(); ++i)
      chapter(document.chapters[i], id_of(document.chapters[i], i));
    out_ += "</main>\n</div>\n<script>" + std::string(theme_script()) + "</script>\n</body>\n</html>\n";
  }

  [[nodiscard]] std::string page() const { return out_; }

 private:
  static std::string id_of(const Chapter& run, std::size_t index) {
    if (run.id.empty()) return text("run-", index + 1);
    require_word(run.id);
    return run.id;
  }
  static std::string id_of(const Section& section, const std::string& run, std::size_t index) {
    if (section.id.empty()) return text(run, "-section-", index + 1);
    require_word(section.id);
    return section.id;
  }

  void contents(const Document& document) {
    out_ += "<nav aria-labelledby=\"contents\">\n<h2 id=\"contents\">Contents</h2>\n<ul>\n";
    for (std::size_t i = 0; i < document.chapters.size(); ++i) {
      const Chapter& run = document.chapters[i];
      const std::string id = id_of(run, i);
      out_ += "<li><a href=\"#" + id + "\">" + escaped_html(run.title) + "</a>\n<ul>\n";
      for (std::size_t s = 0; s < run.sections.size(); ++s) {
        out_ += "<li><a href=\"#" + id_of(run.sections[s], id, s) + "\">" +
                escaped_html(run.sections[s].title) + "</a></li>\n";
      }
      out_ += "</ul>\n</li>\n";
    }
    out_ += "</ul>\n</nav>\n";
  }

  void chapter(const Chapter& run, const std::string& id) {
    out_ += "<section aria-labelledby=\"" + id + "\">\n<h2 id=\"" + id + "\">" + escaped_html(run.title) +
            "</h2>\n";
    for (std::size_t s = 0; s < run.sections.size(); ++s) {
      const std::string own = id_of(run.sections[s], id, s);
      out_ += "<section aria-labelledby=\"" + own + "\">\n<h3 id=\"" + own + "\">" +
              escaped_html(run.sections[s].title) + "</h3>\n";
      for (const Block& block : run.sections[s].blocks)
        std::visit([&](const auto& content) { write(content); }, block);
      out_ += "</section>\n";
    }
    if (!run.panels.empty()) {
      out_ += "<div class=\"panels\">\n";
      for (const Panel& one : run.panels) panel(one);
      out_ += "</div>\n";
    }
    out_ += "</section>\n";
  }

  void panel(const Panel& panel) {
    require_word(panel.id);
    const std::string title = panel.id + "-title";
    out_ += "<section class=\"panel\" id=\"" + panel.id + "\" aria-labelledby=\"" + title + "\">\n<h3 id=\"" +
            title + "\">" + escaped_html(panel.title) + "</h3>\n";
    for (const Block& block : panel.blocks) std::visit([&](const auto& content) { write(content); }, block);
    out_ += "</section>\n";
  }

  void write(const Paragraph& paragraph) { out_ += "<p>" + escaped_html(paragraph.text) + "</p>\n"; }
  void write(const Heading& heading) { out_ += "<h4>" + escaped_html(heading.text) + "</h4>\n"; }
  void write(const Preformatted& block) {
    out_ += "<pre tabindex=\"0\">" + escaped_html(block.text) + "</pre>\n";
  }
  void write(const Bullets& bullets) {
    out_ += "<ul>\n";
    for (const auto& item : bullets.items) out_ += "<li>" + escaped_html(item) + "</li>\n";
    out_ += "</ul>\n";
  }
  void write(const Gallery& gallery) {
    out_ += "<div class=\"gallery\">\n";
    for (const Picture& picture : gallery.pictures) write(picture);
    out_ += "</div>\n";
  }
  void write(const Links& links) {
    out_ += "<ul class=\"links\" aria-label=\"" + escaped_html(links.label) + "\">\n";
    for (const auto& [words, target] : links.items) {
      require_word(target);
      out_ += "<li><a href=\"#" + target + "\">" + escaped_html(words) + "</a></li>\n";
    }
    out_ += "</ul>\n";
  }
  void write(const Facts& facts) {
    out_ += "<details class=\"facts\">\n<summary>" + escaped_html(facts.summary) + "</summary>\n<dl>\n";
    for (const auto& [name, value] : facts.items)
      out_ += "<dt>" + escaped_html(name) + "</dt><dd>" + escaped_html(value) + "</dd>\n";
    out_ += "</dl>\n</details>\n";
  }

  void write(const Sheet& sheet) {
    out_ += "<div class=\"" + class_of_table(sheet.columns.size()) +
            "\" role=\"region\" tabindex=\"0\" aria-label=\"" +
            escaped_html(sheet.caption.empty() ? "Table" : sheet.caption) + "\">\n<table>\n";
    if (!sheet.caption.empty()) out_ += "<caption>" + escaped_html(sheet.caption) + "</caption>\n";
    head(sheet);
    out_ += "<tbody>\n";
    for (const auto& row : sheet.rows) {
      out_ += "<tr>";
      for (std::size_t i = 0; i < row.size(); ++i) {
        const bool number = sheet.columns.at(i).number;
        const std::string kind = i == 0 ? "th" : "td";
        out_ += "<" + kind + (i == 0 ? " scope=\"row\"" : "") + class_of_cell(row[i], number) + ">" +
                cell_html(row[i], number) + "</" + kind + ">";
      }
      out_ += "</tr>\n";
    }
    out_ += "</tbody>\n</table>\n</div>\n";
  }

  void head(const Sheet& sheet) {
    bool grouped = false;
    for (const auto& column : sheet.columns) grouped = grouped || !column.group.empty();
    out_ += "<thead>\n<tr>";
    std::string second;
    for (std::size_t i = 0; i < sheet.columns.size();) {
      const auto& column = sheet.columns[i];
      std::size_t end = i + 1;
      if (!column.group.empty()) {
        while (end < sheet.columns.size() && sheet.columns[end].group == column.group) ++end;
        out_ +=
            text("<th scope=\"colgroup\" colspan=\"", end - i, "\">") + escaped_html(column.group) + "</th>";
        for (std::size_t j = i; j < end; ++j) second += column_title(sheet.columns[j], "");
      } else {
        out_ += column_title(column, grouped ? " rowspan=\"2\"" : "");
      }
      i = end;
    }
    out_ += "</tr>\n";
    if (grouped) out_ += "<tr>" + second + "</tr>\n";
    out_ += "</thead>\n";
  }

  static std::string column_title(const Sheet::Column& column, const std::string& span) {
    return "<th scope=\"col\"" + span + (column.number ? " class=\"number\">" : ">") +
           escaped_html(column.title) + "</th>";
  }

  void write(const Picture& picture) {
    const std::string id = text("figure-", ++figures_, "-", picture.kind);
    open_figure(id, inline_svg(picture.svg, id), picture.caption);
    if (picture.values) {
      out_ += "<details class=\"values\">\n<summary>" + text("Figure ", figures_) + " as a table</summary>\n";
      write(*picture.values);
      out_ += "</details>\n";
    }
    out_ += "</figure>\n";
  }

  /// As an image: it has no part in the page's styles and ids, and the browser runs no script in it.
  void write(const PictureFile& file) {
    const std::string image = "<img src=\"data:image/svg+xml;base64," + lab::base64(file.svg) + "\" alt=\"" +
                              escaped_html(file.title) + "\">\n";
    open_figure(text("figure-", ++figures_, "-file"), image, file.title);
    out_ += "</figure>\n";
  }

  void open_figure(const std::string& id, const std::string& picture, const std::string& caption) {
    out_ += "<figure id=\"" + id +
            "\">\n<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"Picture\">\n" + picture +
            "</div>\n<figcaption>" + text("Figure ", figures_, ". ") + escaped_html(caption) +
            "</figcaption>\n";
  }

  std::string out_;
  std::size_t figures_ = 0;
};

}  // namespace

std::string inline_svg(std::string_view svg, std::string_view id) {
  std::string body(svg.substr(std::min(svg.find("<svg"), svg.size())));
  const std::string own = "scale-" + std::string(id);
  replace_all(body, " xmlns=\"http://www.w3.org/2000/svg\"", "");
  replace_all(body, "id=\"scale\"", "id=\"" + own + "\"");
  replace_all(body, "\"url(#scale)\"", "\"url(#" + own + ")\"");
  return body;
}

std::string html_page(const Document& document) {
  const std::string page = PageWriter(document).page();
  require_links(page);
  return page;
}

}  // namespace page
