// SPDX-License-Identifier: MIT
#include <iostream>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/page/html.hpp"
#include "lab/page/markdown.hpp"
#include "lab/report/bounds.hpp"
#include "lab/report/chapters.hpp"
#include "lab/report/input.hpp"
#include "lab/report/options.hpp"
#include "lab/support/program.hpp"
#include "transformer/atomic_file.hpp"

namespace {

int run(const report::Options& options) {
  const auto& folder = options.folder;
  std::vector<report::Run> runs;
  const auto [files, further] = report::bounded(report::find_results(folder));
  for (const auto& file : files) runs.push_back(report::read_run(file));
  auto reported = report::document_of(runs);
  if (further > 0) {
    reported.notes.push_back(dope::detail::text(
        "left out: ", further, " further runs; a page shows the first ", report::most_runs, " by name"));
    reported.document.introduction += dope::detail::text(" Left out: ", further, " further runs; the first ",
                                                         report::most_runs, " by name are shown.");
  }
  const std::string page = page::html_page(reported.document);
  const std::string text = page::markdown_page(reported.document);
  reference::write_file_whole(folder / "report.html", page);
  reference::write_file_whole(folder / "report.md", text);
  for (const auto& note : reported.notes) std::cout << note << '\n';
  std::cout << (folder / "report.html").string() << '\n' << (folder / "report.md").string() << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return lab::run_command("report", argc, argv, report::parse_options, run); }
