// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "lab/page/document.hpp"
#include "lab/report/input.hpp"

namespace report {

/// The report of some runs, a chapter each. A program without a view of its own shows the table.md and the
/// *.svg that its run.json lists (lab/support/run_folder.hpp); where there is none, `notes` says so, and so
/// does the chapter.
/// The page of it has at most most_page_bytes (bounds.hpp): what does not fit is left out, and said in its
/// place. Throws dope::Error for broken cells, a *.svg that is none, and where no run has anything to show.
struct Reported {
  page::Document document;
  std::vector<std::string> notes;
};
[[nodiscard]] Reported document_of(const std::vector<Run>& runs);

}  // namespace report
