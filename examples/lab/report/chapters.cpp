// SPDX-License-Identifier: MIT
#include "lab/report/chapters.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "dope/core/error.hpp"
#include "lab/page/markdown.hpp"
#include "lab/report/bounds.hpp"
#include "lab/report/cells.hpp"
#include "lab/report/needle_view.hpp"
#include "lab/report/picture_file.hpp"
#include "lab/support/run_folder.hpp"
#include "transformer/checked_json.hpp"
#include "transformer/stop.hpp"

namespace report {
namespace {

constexpr std::size_t largest_table = std::size_t{1} << 24;
constexpr std::size_t most_facts = 200;
constexpr std::size_t longest_fact = 2000;  // bytes

// Of report.html, for what stands around the chapters.
constexpr std::size_t frame_bytes = 100'000;

/// At most longest_fact bytes, whole characters, and how many more there are.
std::string shortened(std::string words) {
  if (words.size() <= longest_fact) return words;
  std::size_t end = longest_fact;
  while (end > 0 && (static_cast<unsigned char>(words[end]) & 0xc0u) == 0x80u) --end;
  return words.substr(0, end) + dope::detail::text(" … and ", words.size() - end, " more bytes");
}

std::string value_text(const nlohmann::ordered_json& value) {
  return shortened(value.is_string() ? value.get<std::string>() : value.dump());
}

/// All entries; those of an object in the configuration one by one, as "model, layers".
page::Facts facts_of(const Run& run) {
  page::Facts facts{"Configuration and conventions",
                    {{"results", run.name + "/" + run.file.filename().string()}}};
  std::size_t further = 0;
  const auto add = [&](const std::string& name, const nlohmann::ordered_json& value) {
    if (facts.items.size() < most_facts) {
      facts.items.emplace_back(shortened(name), value_text(value));
    } else {
      ++further;
    }
  };
  for (const auto& [name, value] : run.configuration.items()) {
    if (!value.is_object()) {
      add(name, value);
      continue;
    }
    for (const auto& [part, inner] : value.items()) add(name + ", " + part, inner);
  }
  if (further > 0) facts.items.emplace_back("left out", dope::detail::text(further, " further entries"));
  return facts;
}

std::string program_title(const Run& run) {
  if (run.program != "needle") return run.program;
  return needle_setting_of(run).shots ? "many shots" : "needle in a haystack";
}

}  // namespace

Reported document_of(const std::vector<Run>& runs) {
  Reported reported;
  reported.document.title = "Lab report";
  reported.document.introduction =
      runs.size() == 1 ? "One run."
                       : dope::detail::text(runs.size(), " runs, in the order of their folders.");
  bool shown = false;
  std::size_t left = most_page_bytes - frame_bytes;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    reference::stop_if_asked();
    const Run& run = runs[i];
    page::Chapter chapter{run.name + ": " + program_title(run), {}};
    const auto table = run.file.parent_path() / "table.md";
    std::error_code ignored;
    if (run.program == "needle") {
      chapter.sections = needle_sections(read_needle_cells(run), needle_setting_of(run));
    } else {
      const auto files = lab::files_of_run(table.parent_path(), run.program);
      const bool listed = std::find(files.begin(), files.end(), "table.md") != files.end();
      if (listed && std::filesystem::is_regular_file(table, ignored)) {
        chapter.sections.push_back(
            {"Tables", page::blocks_of_markdown(reference::read_text(table, largest_table))});
      }
      page::Section pictures{"Pictures", {}};
      for (auto& picture : pictures_of(table.parent_path(), files))
        pictures.blocks.emplace_back(std::move(picture));
      if (!pictures.blocks.empty()) chapter.sections.push_back(std::move(pictures));
    }
    if (chapter.sections.empty()) {
      const std::string why =
          run.program == "needle"
              ? "no finished cell that a report shows"
              : "program " + reference::printable(run.program) +
                    " is unknown to this report and its run.json lists no table.md or picture";
      reported.notes.push_back(reference::printable(run.file.string()) + " skipped: " + why);
      chapter.sections.push_back({"Nothing to show", {page::Paragraph{"Skipped: " + why + "."}}});
    } else {
      shown = true;
    }
    chapter.sections.push_back({"Configuration", {facts_of(run)}});
    // Runs share what is left equally; what one does not need goes to those after it.
    left -= std::min(left, fit(chapter, left / (runs.size() - i)));
    reported.document.chapters.push_back(std::move(chapter));
  }
  if (!shown)
    throw dope::Error("report", reported.notes.front(), "results of at least one run that can be shown");
  return reported;
}

}  // namespace report
