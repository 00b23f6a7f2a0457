// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/page/html.hpp"
#include "lab/page/markdown.hpp"
#include "lab/page/style.hpp"
#include "lab/report/cells.hpp"
#include "lab/report/chapters.hpp"
#include "lab/report/input.hpp"
#include "lab/report/needle_view.hpp"
#include "lab/temporary_folder.hpp"
#include "lab/xml.hpp"

using lab::test::TemporaryFolder;
using page::Sheet;
using report::Run;
using report::TestCell;

namespace {

const std::string needle_header =
    R"({"dope_lab_results":1,"configuration":{"program":"needle","model":{"layers":2,"training_length":100}}})"
    "\n";

std::filesystem::path written(const TemporaryFolder& folder, const std::string& bytes) {
  std::filesystem::create_directories(folder / "run");
  const auto file = folder / "run" / "results.jsonl";
  std::ofstream(file, std::ios::binary) << bytes;
  return file;
}

Run run_of(const std::string& bytes) {
  const TemporaryFolder folder;
  return report::read_run(written(folder, bytes));
}

std::string cell_line(const std::string& key, const std::string& cell) {
  return R"({"key":")" + key + R"(","cell":)" + cell + "}\n";
}

std::string test_line(const std::string& members) {
  return cell_line("test/100/original/50.0/plain",
                   R"({"method":"plain","setup":"original","length":100,"training_length":100,"depth":0.5)" +
                       members + "}");
}

TestCell test(const std::string& method, std::size_t length, const std::string& setup,
              const std::string& verdicts, double depth = 0.5) {
  TestCell cell;
  cell.method = method;
  cell.length = length;
  cell.training_length = 100;
  cell.setup = setup;
  cell.depth = depth;
  cell.verdicts = verdicts;
  cell.prompts = verdicts.size();
  cell.hits = static_cast<std::size_t>(std::count(verdicts.begin(), verdicts.end(), '1'));
  return cell;
}

std::vector<std::string> titles(const Sheet& sheet) {
  std::vector<std::string> names;
  for (const auto& column : sheet.columns)
    names.push_back(column.group.empty() ? column.title : column.group + "|" + column.title);
  return names;
}

}  // namespace

TEST_CASE("results are those of the folder, or else of the folders in it by name") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(static_cast<void>(report::find_results(folder / "nowhere")), dope::Error);
  for (const char* name : {"b", "a", "empty"}) std::filesystem::create_directories(folder / "runs" / name);
  CHECK_THROWS_AS(static_cast<void>(report::find_results(folder / "runs")), dope::Error);
  for (const char* name : {"b", "a"})
    std::ofstream(folder / "runs" / name / "results.jsonl") << needle_header;
  const auto found = report::find_results(folder / "runs");
  REQUIRE(found.size() == 2);
  CHECK(found[0] == folder / "runs" / "a" / "results.jsonl");
  CHECK(found[1] == folder / "runs" / "b" / "results.jsonl");
  std::ofstream(folder / "runs" / "results.jsonl") << needle_header;
  CHECK(report::find_results(folder / "runs") == std::vector{folder / "runs" / "results.jsonl"});
}

TEST_CASE("a run has its folder's name, program, configuration in order, and cells") {
  const Run run = run_of("{\"dope_lab_results\":1,\"configuration\":{\"program\":\"p\",\"z\":1,\"a\":2}}\n" +
                         cell_line("k/1", "{\"x\":1}") + cell_line("k/0", "{}") +
                         cell_line("k/1", "{\"x\":1}") + "{\"key\":\"cut");
  CHECK(run.name == "run");
  CHECK(run.program == "p");
  REQUIRE(run.cells.size() == 2);
  CHECK(run.cells[0].key == "k/1");
  CHECK(run.cells[1].key == "k/0");
  std::string order;
  for (const auto& [name, value] : run.configuration.items()) order += name + " ";
  CHECK(order == "program z a ");
}

TEST_CASE("what ResultStore would not have written is an error that names the line") {
  const auto refused = [](const std::string& bytes, const std::string& word) {
    CAPTURE(bytes);
    try {
      static_cast<void>(run_of(bytes));
      FAIL_CHECK("taken");
    } catch (const dope::Error& error) {
      CAPTURE(std::string(error.what()));
      CHECK(std::string(error.what()).find(word) != std::string::npos);
      CHECK(std::string(error.what()).find('\n') == std::string::npos);
    }
  };
  refused("", "empty");
  refused("\n", "line 1");
  refused("{}", "begin");
  refused("[1]\n", "line 1");
  refused("{\"dope_lab_results\":2,\"configuration\":{}}\n", "version");
  refused("{\"dope_lab_results\":1,\"configuration\":{}}\n", "program");
  refused("{\"dope_lab_results\":1,\"configuration\":{\"program\":7}}\n", "program");
  refused(needle_header + "{\"key\":1,\"cell\":{}}\n", "line 2");
  refused(needle_header + "{\"key\":\"k\",\"cell\":[]}\n", "line 2");
  refused(needle_header + "{\"key\":\"k\",\"cell\":{}}}\n", "line 2");
  refused(needle_header + "{\"key\":\"k\",\"cell\":{\"a\":1,\"a\":2}}\n", "twice");
  refused(needle_header + "{\"key\":\"k\",\"cell\":{\"a\":\"\xff\"}}\n", "line 2");
  refused(needle_header + cell_line("k", "{\"x\":1}") + cell_line("k", "{\"x\":2}"), "second cell");
  refused(needle_header + cell_line("k", std::string(100, '[') + std::string(100, ']')), "line 2");
}

TEST_CASE("cells of a known kind that say something impossible are errors; other kinds are passed over") {
  const auto cells = [](const std::string& lines) {
    return report::read_needle_cells(run_of(needle_header + lines));
  };
  CHECK(cells(test_line(R"(,"hits":1,"prompts":2,"verdicts":"01")")).tests.front().verdicts == "01");
  CHECK(cells(test_line(R"(,"hits":1,"prompts":2)")).tests.front().verdicts.empty());
  CHECK(cells(cell_line("calibration/100/0", "{\"hits\":\"x\"}")).tests.empty());
  const auto refused = [&](const std::string& line) {
    CAPTURE(line);
    CHECK_THROWS_AS(static_cast<void>(cells(line)), dope::Error);
  };
  refused(test_line(R"(,"hits":3,"prompts":2)"));
  refused(test_line(R"(,"hits":-1,"prompts":2)"));
  refused(test_line(R"(,"hits":0,"prompts":0)"));
  refused(test_line(R"(,"hits":1,"prompts":2,"verdicts":"11")"));
  refused(test_line(R"(,"hits":1,"prompts":2,"verdicts":"1x")"));
  refused(test_line(R"(,"hits":1,"prompts":2,"how":{"heads":[[0,5000]]})"));
  refused(test_line(R"(,"hits":1,"prompts":2,"how":{"heads":[[0]]})"));
  refused(test_line(R"(,"hits":1,"prompts":2,"how":7)"));
  refused(cell_line("heads/x", R"({"scores":{}})"));
  refused(cell_line("heads/100", R"({"scores":{"a":["1"]}})"));
  refused(cell_line("heads/100", R"({"scores":{"a":[1e999]}})"));
  const std::string baseline = R"("baseline":{"prompts":2,"hits":1,"log_probability":-1})";
  CHECK(cells(cell_line("sweep/100", R"({"length":100,)" + baseline + R"(,"plans":[]})")).sweeps.size() == 1);
  refused(cell_line("sweep/100", R"({"length":100,"plans":[]})"));
  refused(cell_line("sweep/100", R"({"length":100,)" + baseline + R"(,"plans":[7]})"));
  refused(cell_line("sweep/100",
                    R"({"length":100,)" + baseline +
                        R"(,"plans":[{"transform":"t","heads":[],"selectors":[],"prompts":1,"hits":0}]})"));
  const auto attention = [](const std::string& needle, const std::string& last) {
    return cell_line("attention/100",
                     R"({"length":100,"tokens":96,"needle":)" + needle +
                         R"(,"bins":2,"rows":[{"layer":0,"head":1,"selected_by":[],"last":)" + last +
                         R"(,"mean":[0.5,0.5]}]})");
  };
  CHECK(cells(attention("[10,20]", "[0.25,0.75]")).attentions.size() == 1);
  refused(attention("[20,20]", "[0.25,0.75]"));
  refused(attention("[10,97]", "[0.25,0.75]"));
  refused(attention("[10.5,20]", "[0.25,0.75]"));
  refused(attention("[10,20]", "[0.25]"));
  refused(attention("[10,20]", "[0.25,1.75]"));
  refused(attention("[10,20]", "[0.25,-0.1]"));
}

TEST_CASE("an indicator's text comes apart into stage, side, entropy and r") {
  const auto ranked = report::selection_of("post_ntk/key/truncated_mean(r=8)", "ascending", 3);
  CHECK(ranked.stage == "post_ntk");
  CHECK(ranked.side == "key");
  CHECK(ranked.entropy == "truncated_mean");
  CHECK(ranked.r == 8);
  CHECK(ranked.n == 3);
  const auto norm = report::selection_of("pre_ntk/both/spectral_norm(raw)", "descending", 1);
  CHECK(norm.entropy == "spectral_norm(raw)");
  CHECK(!norm.r);
  CHECK(report::selection_of("<b>(r=x)", "", 0).entropy == "<b>(r=x)");
}

TEST_CASE("columns stand in the paper's order: lengths ascend, noisy before original, insert before skip") {
  const auto sheet =
      report::paper_table({test("plain", 300, "original", "1"), test("plain", 300, "noisy", "0"),
                           test("plain", 150, "original", "1"), test("plain", 150, "noisy", "1")});
  CHECK(titles(sheet) ==
        std::vector<std::string>{"method", "heads chosen by|side", "heads chosen by|r", "heads chosen by|n",
                                 "heads chosen by|stage", "heads chosen by|order", "heads chosen by|entropy",
                                 "150|noisy", "150|original", "300 = 3L|noisy", "300 = 3L|original"});
  CHECK(report::setups_in_order({test("m", 1, "other", "1"), test("m", 1, "skip", "1"),
                                 test("m", 1, "insert", "1"), test("m", 1, "original", "1"),
                                 test("m", 1, "noisy", "1")}) ==
        std::vector<std::string>{"noisy", "original", "insert", "skip", "other"});
}

TEST_CASE("an entry sums the depths; a choice stands once where all lengths chose it, else for each length") {
  auto near = test("by_all", 100, "original", "1100", 0.0);
  auto far = test("by_all", 200, "original", "1000", 0.0);
  near.selection = report::selection_of("post_ntk/key/truncated_mean(r=8)", "ascending", 3);
  far.selection = report::selection_of("post_ntk/query/von_neumann", "ascending", 3);
  const auto sheet = report::paper_table(
      {near, test("by_all", 100, "original", "1111", 1.0), far, test("plain", 100, "original", "01", 0.0)});
  REQUIRE(sheet.rows.size() == 2);
  // Six of eight: Wilson's interval is 40.9 to 92.9 %.
  CHECK(sheet.rows[0] == std::vector<std::string>{"by_all", "key / query", "8 / all", "3", "post_ntk",
                                                  "ascending", "truncated_mean / von_neumann",
                                                  "75.0 [40.9, 92.9]", "25.0 [4.6, 69.9]"});
  CHECK(sheet.rows[1] == std::vector<std::string>{"plain", "", "", "", "", "", "", "50.0 [9.5, 90.5]", "–"});
}

TEST_CASE("the paired table counts prompts that one method alone answered, and corrects p by Holm") {
  // by_all: 7 won, none lost: p = 2/128. plain: 1 won, 1 lost: p = 1. Two comparisons: the lesser doubles.
  const auto sheet = report::paired_table(
      {test("plain", 100, "original", "10000001"), test("dynamic_ntk", 100, "original", "00000011", 0.5),
       test("by_all", 100, "original", "11111111", 0.5), test("dynamic_ntk", 100, "original", "0", 1.0),
       test("by_all", 100, "original", "1", 1.0), test("plain", 100, "original", "0", 1.0)});
  REQUIRE(sheet.rows.size() == 2);
  CHECK(sheet.rows[0] == std::vector<std::string>{"plain", "+1 −1 [p=1.000]"});
  CHECK(sheet.rows[1][1] == "+7 −0 [p=0.031]");
  // 10 won, none lost: p = 2/1024; 12: 2/4096, which no cell shows as 0.000.
  const auto alone = [](std::size_t won) {
    return report::paired_table({test("dynamic_ntk", 100, "original", std::string(won, '0')),
                                 test("by_all", 100, "original", std::string(won, '1'))})
        .rows.at(0)
        .at(1);
  };
  CHECK(alone(10) == "+10 −0 [p=0.002]");
  CHECK(alone(12) == "+12 −0 [p<0.001]");
  CHECK(report::paired_table({test("plain", 100, "original", "1")}).rows.empty());
  // Verdicts of another number of prompts are not paired; a method without any pair has no row.
  const auto unpaired =
      report::paired_table({test("plain", 100, "original", "10"), test("dynamic_ntk", 100, "original", "1"),
                            test("by_all", 100, "original", "1")});
  REQUIRE(unpaired.rows.size() == 1);
  CHECK(unpaired.rows[0] == std::vector<std::string>{"by_all", "+0 −0 [p=1.000]"});
}

TEST_CASE("a run under another scaling is held against that scaling's row, and says so") {
  const auto line = [](const std::string& method, const std::string& verdicts) {
    const auto hits = std::to_string(std::count(verdicts.begin(), verdicts.end(), '1'));
    return cell_line("test/100/original/50.0/" + method,
                     R"({"method":")" + method + R"(","setup":"original","length":100,"depth":0.5,"hits":)" +
                         hits + R"(,"prompts":3,"verdicts":")" + verdicts + R"("})");
  };
  const std::string trial = R"("prompts":4,"hits":1,"log_probability":-2.0)";
  const std::string cells =
      line("dynamic_ntk", "111") + line("llama3", "001") + line("by_all", "110") +
      cell_line("sweep/100",
                R"({"length":100,"baseline":{)" + trial +
                    R"(},"plans":[{"transform":"by_all","heads":[[0,1]],"selectors":[{"stage":"s",)"
                    R"("side":"key","entropy":"e","order":"ascending","n":1}],)" +
                    trial + "}]}") +
      cell_line("attention/100", R"({"length":100,"tokens":96,"needle":[10,20],"bins":1,"rows":[{"layer":0,)"
                                 R"("head":1,"selected_by":[],"last":[1.0],"mean":[1.0]}]})");
  const auto page = [&](const std::string& scaling) {
    const Run run =
        run_of(R"({"dope_lab_results":1,"configuration":{"program":"needle")" + scaling + "}}\n" + cells);
    return page::html_page(report::document_of({run}).document);
  };
  const std::string other = page(R"(,"scaling":"llama3")");
  for (const std::string said :
       {"Against llama3", "(llama3 alone)", "and llama3 without a plan", "under llama3 without a plan",
        "+2 −1 <span class=\"interval\">[p=1.000]</span>"}) {
    CAPTURE(said);
    CHECK(other.find(said) != std::string::npos);
  }
  CHECK(other.find("Dynamic NTK") == std::string::npos);
  const std::string usual = page("");
  CHECK(usual.find("Against Dynamic NTK") != std::string::npos);
  CHECK(usual.find("and llama3 without") == std::string::npos);
}

TEST_CASE("a control shows its draws' mean and standard deviation, summed over depths before") {
  // Of 3 draws on 4 prompts: 1 + 0, 1 + 1 and 2 + 1 hits: 25, 50 and 75 %.
  auto near = test("random by_all", 100, "original", "000000", 0.0);
  auto far = near;
  far.depth = 1.0;
  for (auto* cell : {&near, &far}) cell->verdicts.clear();
  near.draws = {1, 1, 2};
  far.draws = {0, 1, 1};
  near.hits = 4;
  far.hits = 2;
  CHECK(report::paper_table({near, far}).rows[0].back() == "50.0 ± 25.0");
  const auto draws = [](const std::string& list, const std::string& hits) {
    const std::string line = test_line(",\"hits\":" + hits + ",\"prompts\":4,\"draws\":" + list);
    return report::read_needle_cells(run_of(needle_header + line)).tests.front().draws;
  };
  CHECK(draws(R"(["01","11"])", "3") == std::vector<std::size_t>{1, 2});
  for (const char* list :
       {R"(["01","11","00"])", R"(["01","1"])", R"(["01","1x"])", R"(["01","10"])", "[1,2]", "[]", "7"}) {
    CAPTURE(list);
    CHECK_THROWS_AS(static_cast<void>(draws(list, "3")), dope::Error);
  }
}

TEST_CASE("prompts per entry counts a prompt once, however many draws of a control meet it") {
  const auto control = [](const std::string& method) {
    TestCell cell = test(method, 100, "original", std::string(12, '1'));
    cell.verdicts.clear();
    cell.draws = {3, 3, 3, 3};
    return cell;
  };
  const auto said = [](std::vector<TestCell> tests) {
    const auto sections = report::needle_sections({std::move(tests), {}, {}, {}}, {});
    const std::string& words = std::get<page::Paragraph>(sections.at(0).blocks.at(0)).text;
    const std::size_t at = words.find("prompts per entry");
    return words.substr(at, words.find('.', at) - at);
  };
  CHECK(said({test("plain", 100, "original", "101"), test("plain", 100, "noisy", "10"),
              control("random by_all")}) == "prompts per entry: 2 noisy, 3 original");
  CHECK(said({control("random by_all")}) == "prompts per entry: 3 original");
}

TEST_CASE("heads that no score selected are told by what chose them") {
  const Run run = run_of(needle_header + test_line(R"(,"hits":1,"prompts":1,"how":{"heads":[[0,1],[1,1]],)"
                                                   R"("chosen_by":"measured gain"})"));
  const auto sheet = report::paper_table(report::read_needle_cells(run).tests);
  CHECK(std::vector<std::string>(sheet.rows[0].begin(), sheet.rows[0].begin() + 7) ==
        std::vector<std::string>{"plain", "–", "–", "2", "–", "–", "measured gain"});
}

TEST_CASE("no text of a file becomes markup") {
  for (const std::string& hostile : lab::test::hostile_texts()) {
    CAPTURE(hostile);
    page::Document document{hostile, hostile, {{hostile, {}}}};
    Sheet sheet{
        hostile, {{hostile, hostile, false}, {hostile, hostile, true}}, {{hostile, hostile + " [1, 2]"}}};
    document.chapters[0].sections.push_back(
        {hostile,
         {page::Paragraph{hostile}, page::Heading{hostile}, page::Bullets{{hostile}},
          page::Preformatted{hostile}, sheet, page::Picture{"kind", "<svg></svg>", hostile, sheet},
          page::PictureFile{hostile, hostile, hostile}, page::Facts{hostile, {{hostile, hostile}}}}});
    auto plain = document;
    const std::string page = page::html_page(document);
    const auto count = [](const std::string& text, const std::string& part) {
      std::size_t found = 0;
      for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
      return found;
    };
    // One script, ours; and as many tags as with a harmless text.
    CHECK(count(page, "<script") == 1);
    CHECK(count(page, "alert(1)</script>") == 0);
    document = page::Document{"x", "x", {{"x", {}}}};
    sheet = {"x", {{"x", "x", false}, {"x", "x", true}}, {{"x", "x [1, 2]"}}};
    document.chapters[0].sections.push_back(
        {"x",
         {page::Paragraph{"x"}, page::Heading{"x"}, page::Bullets{{"x"}}, page::Preformatted{"x"}, sheet,
          page::Picture{"kind", "<svg></svg>", "x", sheet}, page::PictureFile{"x", "x", "x"},
          page::Facts{"x", {{"x", "x"}}}}});
    // An empty caption or group has no tags.
    if (!hostile.empty()) CHECK(count(page, "<") == count(page::html_page(document), "<"));
    const std::string text = page::markdown_page(plain);
    for (const std::string& line : {std::string("<script"), std::string("</svg"), std::string("<!--")}) {
      // In an indented block markup is code.
      std::size_t bare = 0;
      for (std::size_t at = text.find(line); at != std::string::npos; at = text.find(line, at + 1)) {
        const std::size_t start = text.rfind('\n', at) + 1;
        if (text.compare(start, 4, "    ") != 0) ++bare;
      }
      CHECK(bare == 0);
    }
  }
}

TEST_CASE("ids count, and the colour bars of two pictures are two") {
  const std::string svg =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\">"
      "<linearGradient id=\"scale\"></linearGradient><rect fill=\"url(#scale)\"/></svg>\n";
  page::Document document{
      "t", "i", {{"run", {{"s", {page::Picture{"a", svg, "c", {}}, page::Picture{"a", svg, "c", {}}}}}}}};
  const std::string page = page::html_page(document);
  for (const char* part : {"id=\"run-1\"", "href=\"#run-1-section-1\"", "id=\"run-1-section-1\"",
                           "id=\"figure-1-a\"", "id=\"figure-2-a\"", "id=\"scale-figure-1-a\"",
                           "\"url(#scale-figure-1-a)\"", "id=\"scale-figure-2-a\"", "Figure 2. c"}) {
    CAPTURE(part);
    CHECK(page.find(part) != std::string::npos);
  }
  CHECK(page.find("<?xml") == std::string::npos);
  CHECK(page.find("http://") == std::string::npos);
  CHECK(page.find("https://") == std::string::npos);
  CHECK(page == page::html_page(document));
}

TEST_CASE("a table.md becomes blocks; what it does not know stays text") {
  const auto blocks = page::blocks_of_markdown(
      "# Title\n\nTwo\nlines.\n\n| a | b |\n| --- | ---: |\n| x \\| y | 1 |\n| short |\n- one\n  more\n- "
      "two\n```\n<b>\n```\n"
      "| not a table\n");
  REQUIRE(blocks.size() == 6);
  CHECK(std::get<page::Heading>(blocks[0]).text == "Title");
  CHECK(std::get<page::Paragraph>(blocks[1]).text == "Two lines.");
  const auto& sheet = std::get<Sheet>(blocks[2]);
  CHECK(titles(sheet) == std::vector<std::string>{"a", "b"});
  CHECK(!sheet.columns[0].number);
  CHECK(sheet.columns[1].number);
  CHECK(sheet.rows == std::vector<std::vector<std::string>>{{"x | y", "1"}, {"short", ""}});
  CHECK(std::get<page::Bullets>(blocks[3]).items == std::vector<std::string>{"one more", "two"});
  CHECK(std::get<page::Preformatted>(blocks[4]).text == "<b>\n");
  CHECK(std::get<page::Paragraph>(blocks[5]).text == "| not a table");
  CHECK(page::blocks_of_markdown("").empty());
  CHECK_NOTHROW(static_cast<void>(page::blocks_of_markdown("|\n|-|\n|\n```")));
}

TEST_CASE("a program without a view shows its table.md; without one it is skipped with a note") {
  const TemporaryFolder folder;
  const std::string header = "{\"dope_lab_results\":1,\"configuration\":{\"program\":\"loom\"}}\n";
  const auto file = written(folder, header + cell_line("k", "{}"));
  const Run strange = report::read_run(file);
  CHECK_THROWS_AS(static_cast<void>(report::document_of({strange})), dope::Error);
  const Run known = run_of(needle_header + test_line(R"(,"hits":1,"prompts":2)"));
  const auto both = report::document_of({strange, known});
  REQUIRE(both.notes.size() == 1);
  CHECK(both.notes[0].find("'loom' is unknown") != std::string::npos);
  CHECK(both.document.chapters.size() == 2);
  std::ofstream(file.parent_path() / "table.md") << "| a |\n| --- |\n| 7 |\n";
  CHECK_THROWS_AS(static_cast<void>(report::document_of({strange})), dope::Error);  // no list of the run's
  std::ofstream(file.parent_path() / "run.json")
      << "{\"dope_lab_run\":1,\"program\":\"loom\",\"files\":[\"table.md\"]}";
  const auto shown = report::document_of({strange});
  CHECK(shown.notes.empty());
  CHECK(page::html_page(shown.document).find("<th scope=\"row\">7</th>") != std::string::npos);
}

TEST_CASE("a needle run has a section for every kind of cell it has, and none for others") {
  const auto sections = [](const std::string& lines) {
    const Run run = run_of(needle_header + lines);
    std::string names;
    for (const auto& section :
         report::needle_sections(report::read_needle_cells(run), report::needle_setting_of(run)))
      names += section.title + ";";
    return names;
  };
  const std::string plain = test_line(R"(,"hits":1,"prompts":2)");
  CHECK(sections(plain) == "Right answers;Accuracy against length;");
  const std::string chosen = cell_line(
      "test/100/original/0.0/by_all",
      R"({"method":"by_all","setup":"original","length":100,"depth":0.0,"hits":1,"prompts":1,"how":{"heads":[[1,0]],)"
      R"("indicator":"post_ntk/key/von_neumann","order":"ascending","n":1}})");
  CHECK(sections(plain + chosen) ==
        "Right answers;Accuracy against length;Accuracy by depth and length;Chosen heads;");
  const auto scores = [](const std::string& list) {
    return cell_line("heads/100", R"({"scores":{"post_ntk/key/von_neumann":)" + list + "}}");
  };
  CHECK(sections(plain + chosen + scores("[1,2,3,null]")) ==
        "Right answers;Accuracy against length;Accuracy by depth and length;Chosen heads;Scores of heads;");
  CHECK_THROWS_AS(static_cast<void>(sections(plain + chosen + scores("[1,2,3]"))), dope::Error);
  CHECK(sections(cell_line("attention/100",
                           R"({"length":100,"tokens":96,"needle":[10,20],"bins":1,"rows":[{"layer":0,)"
                           R"("head":1,"selected_by":[],"last":[1.0],"mean":[1.0]}]})")) ==
        "Attention of heads;");
  CHECK(sections("").empty());
}
