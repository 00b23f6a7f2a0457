// SPDX-License-Identifier: MIT
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
#include "transformer/folder_lock.hpp"
#include "transformer/program_guard.hpp"
#include "transformer/stop.hpp"

namespace {

int run(const report::Options& options) {
  const auto& folder = options.folder;
  const auto [chosen, further] = report::bounded(report::find_results(folder));
  const reference::FolderLock lock(folder, "report", "");
  std::vector<report::Run> runs;
  for (const auto& file : chosen) runs.push_back(report::read_run(file));
  auto reported = report::document_of(runs);
  if (further > 0) {
    reported.notes.push_back(dope::detail::text(
        "left out: ", further, " further runs; a page shows the first ", report::most_runs, " by name"));
    reported.document.introduction += dope::detail::text(" Left out: ", further, " further runs; the first ",
                                                         report::most_runs, " by name are shown.");
  }
  reference::FileSet files;
  files.add(folder / "report.html", page::html_page(reported.document));
  files.add(folder / "report.md", page::markdown_page(reported.document));
  reference::stop_if_asked();
  files.keep();
  std::string said;
  for (const auto& note : reported.notes) said += note + "\n";
  reference::print(said + (folder / "report.html").string() + "\n" + (folder / "report.md").string() + "\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return lab::run_command("report", argc, argv, report::parse_options, run); }
