// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "draw/svg.hpp"
#include "lab/page/html.hpp"
#include "lab/page/markdown.hpp"
#include "lab/png.hpp"
#include "lab/report/chapters.hpp"
#include "lab/report/picture_file.hpp"
#include "lab/temporary_folder.hpp"
#include "lab/xml.hpp"

using lab::test::TemporaryFolder;
using report::title_of_svg;

namespace {

const std::string open_svg = "<svg xmlns=\"http://www.w3.org/2000/svg\">";

std::string svg_with(const std::string& inside) { return open_svg + inside + "</svg>"; }

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// Words with one space between them.
std::string in_words(const std::string& text) {
  std::string out;
  std::string word;
  for (const char byte : text + " ") {
    if (byte != ' ' && byte != '\n' && byte != '\t' && byte != '\r') {
      word += byte;
    } else if (!word.empty()) {
      out += (out.empty() ? "" : " ") + word;
      word.clear();
    }
  }
  return out;
}

/// A run of a program without a view, in DIR/run.
report::Run strange_run(const TemporaryFolder& folder) {
  std::filesystem::create_directories(folder / "run");
  const auto file = folder / "run" / "results.jsonl";
  std::ofstream(file) << "{\"dope_lab_results\":1,\"configuration\":{\"program\":\"loom\"}}\n"
                         "{\"key\":\"k\",\"cell\":{}}\n";
  return report::read_run(file);
}

void write(const TemporaryFolder& folder, const std::string& name, const std::string& bytes) {
  std::ofstream(folder / "run" / name, std::ios::binary) << bytes;
}

}  // namespace

TEST_CASE("the title is that of the root, without references, in one line") {
  CHECK(title_of_svg(svg_with(""), "x").empty());
  CHECK(title_of_svg(svg_with("<title/><title>late</title>"), "x").empty());
  CHECK(title_of_svg(svg_with("<g><title>of a group</title></g><title>of all</title>"), "x") == "of all");
  CHECK(title_of_svg(svg_with("<title>\n a &lt;b&gt;\t&amp;amp; &#39;&#x2192;&#128512; </title>"), "x") ==
        "a <b> &amp; '→😀");
  CHECK(title_of_svg(svg_with("<title>a<![CDATA[<b>]]><!-- no --><tspan>c</tspan>d</title>"), "x") ==
        "a<b>d");
  CHECK(title_of_svg("\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a -->\n<svg  width = '1'\n"
                     "xmlns='http://www.w3.org/2000/svg'><title >t</title ></svg >\n<!-- b -->\n",
                     "x") == "t");
  // Whatever the lab's own pictures say comes back, where it can be said in XML.
  for (const std::string& text : lab::test::hostile_texts()) {
    CAPTURE(text);
    const std::string bytes = lab::Svg(10, 10, text, text).str();
    CHECK(title_of_svg(bytes, "x") == in_words(lab::test::xml_elements(bytes).at(1).text));
  }
}

TEST_CASE("what a browser would show as a broken picture is an error of one line that names the place") {
  const auto refused = [](const std::string& bytes, const std::string& word) {
    CAPTURE(bytes);
    try {
      static_cast<void>(title_of_svg(bytes, "picture 'x'"));
      FAIL_CHECK("taken");
    } catch (const dope::Error& error) {
      CAPTURE(std::string(error.what()));
      CHECK(error.where() == "picture 'x'");
      CHECK(error.given().find(word) != std::string::npos);
      CHECK(std::string(error.what()).find('\n') == std::string::npos);
    }
  };
  refused("", "no element");
  refused(" \n", "no element");
  refused("<!-- -->", "no element");
  refused("\x89PNG\r\n\x1a\n", "UTF-8");
  refused(svg_with(std::string(1, '\0')), "UTF-8");
  refused(svg_with("\xff"), "UTF-8");
  refused("not markup", "outside");
  refused("<html></html>", "'html'");
  refused("<svg></svg>", "namespace");
  refused("<svg xmlns=\"http://www.w3.org/1999/xhtml\"></svg>", "namespace");
  refused("<!DOCTYPE svg [<!ENTITY a \"b\">]>" + svg_with(""), "document type");
  refused("\n<?xml version=\"1.0\"?>" + svg_with(""), "not first");
  refused(open_svg, "no end of 'svg'");
  refused(open_svg + "<g></svg>", "'svg'");
  refused(svg_with("") + svg_with(""), "second root");
  refused(svg_with("") + "more", "outside");
  refused("<![CDATA[a]]>" + svg_with(""), "outside");
  refused(svg_with("</g>"), "'g'");
  refused(svg_with("<g"), "'g'");
  refused(svg_with("<g x></g>"), "'x'");
  refused(svg_with("<g x=1></g>"), "'x'");
  refused(svg_with("<g x='1'y='2'></g>"), "'g'");
  refused(svg_with("<g x='1' x='2'></g>"), "twice 'x'");
  refused(svg_with("<g x='<'></g>"), "'x'");
  refused(svg_with("<g x='1></g>"), "no '");
  refused(svg_with("< g></g>"), "no name");
  refused(svg_with("<!-- a -- b -->"), "comment");
  refused(svg_with("<!-- a"), "--");
  refused(svg_with("<![CDATA[ a"), "]]>");
  refused(svg_with("a ]]> b"), "]]>");
  refused(svg_with("a & b"), "&");
  refused(svg_with("&nbsp;"), "'nbsp'");
  for (const char* reference :
       {"#", "#x", "#0", "#xd800", "#x110000", "#99999999999", "#1", "#-5", "# 65", "", "x41"}) {
    CAPTURE(reference);
    refused(svg_with(std::string("<g x='&") + reference + ";'></g>"), "entity");
  }
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "<g>";
  refused(svg_with(deep), "in each other");
}

TEST_CASE(
    "pictures stand by name, with their bytes; a file that is none, or too large, is an error that names "
    "it") {
  const TemporaryFolder folder;
  static_cast<void>(strange_run(folder));
  CHECK(report::pictures_of(folder / "run", {}).empty());
  write(folder, "b.svg", svg_with("<title>B</title>"));
  write(folder, "a.svg", svg_with("<title> </title>"));
  write(folder, "c.png", "c");
  write(folder, "mine.svg", "no picture");  // of the user: not listed
  const std::vector<std::string> listed = {"b.svg", "table.md", "a.svg", "c.png", "gone.svg", "c.svg"};
  const auto pictures = report::pictures_of(folder / "run", listed);
  REQUIRE(pictures.size() == 2);
  CHECK(pictures[0].name == "a.svg");
  CHECK(pictures[0].title == "a.svg");
  CHECK(pictures[1].title == "B");
  CHECK(pictures[1].svg == svg_with("<title>B</title>"));
  for (const std::string& bytes :
       {std::string("c"), svg_with("<!--" + std::string(std::size_t{1} << 23, ' ') + "-->")}) {
    write(folder, "c.svg", bytes);
    try {
      static_cast<void>(report::pictures_of(folder / "run", listed));
      FAIL_CHECK("taken");
    } catch (const dope::Error& error) {
      CHECK(std::string(error.what()).find("c.svg") != std::string::npos);
    }
  }
}

TEST_CASE("a program without a view shows the pictures beside its results, after its tables") {
  const TemporaryFolder folder;
  const auto run = strange_run(folder);
  const std::string hostile = "</figcaption>\" onload=\"x <script>alert(1)</script> [a](b)";
  const std::string picture =
      svg_with("<title>" + lab::xml_escaped(hostile) + "</title><script>alert(2)</script>");
  write(folder, "b.svg", picture);
  write(folder, "a.svg", svg_with("<title>First</title>"));
  write(folder, "of_another_run.svg", picture);  // which run.json does not list
  CHECK_THROWS_AS(static_cast<void>(report::document_of({run})), dope::Error);
  const std::string list = "{\"dope_lab_run\":1,\"program\":\"loom\",\"files\":[\"b.svg\",\"a.svg\"";
  write(folder, "run.json", list + "]}");
  const auto alone = report::document_of({run});
  CHECK(alone.notes.empty());
  REQUIRE(alone.document.chapters.at(0).sections.size() == 2);
  CHECK(alone.document.chapters[0].sections[0].title == "Pictures");

  write(folder, "table.md", "words\n");
  CHECK(report::document_of({run}).document.chapters.at(0).sections.size() == 2);
  write(folder, "run.json", list + ",\"table.md\",\"c.svg\"]}");
  const auto both = report::document_of({run});
  REQUIRE(both.document.chapters.at(0).sections.size() == 3);
  CHECK(both.document.chapters[0].sections[0].title == "Tables");
  CHECK(both.document.chapters[0].sections[1].title == "Pictures");

  const std::string page = page::html_page(both.document);
  const std::string start = "<img src=\"data:image/svg+xml;base64,";
  CHECK(count_of(page, "<img ") == 2);
  REQUIRE(count_of(page, start) == 2);
  const std::size_t at = page.rfind(start) + start.size();
  CHECK(lab::test::base64_bytes(page.substr(at, page.find('"', at) - at)) == picture);
  CHECK(count_of(page, "<script") == 1);
  const std::string escaped = lab::xml_escaped(hostile);
  CHECK(count_of(page, "\" alt=\"" + escaped + "\">") == 1);
  CHECK(count_of(page, "<figcaption>Figure 2. " + escaped + "</figcaption>") == 1);
  CHECK(count_of(page, "<figcaption>Figure 1. First</figcaption>") == 1);

  const std::string words = page::markdown_page(both.document);
  CHECK(count_of(words, "Figure 1. First (picture: a.svg)\n") == 1);
  CHECK(count_of(words, "Figure 2. &lt;/figcaption&gt;") == 1);
  CHECK(count_of(words, "<") == 0);
  CHECK(count_of(words, "[a](b)") == 0);

  write(folder, "c.svg", "no picture");
  CHECK_THROWS_AS(static_cast<void>(report::document_of({run})), dope::Error);
}
