// SPDX-License-Identifier: MIT
// The report's page, from any results.jsonl that is accepted.
#include <string>

#include "fuzz/target.hpp"
#include "lab/page/html.hpp"
#include "lab/page/markdown.hpp"
#include "lab/report/chapters.hpp"
#include "lab/report/input.hpp"

namespace {

void read(std::string_view bytes) {
  static const fuzz::Folder folder;
  const auto path = folder.write("results.jsonl", bytes);
  fuzz::reads([&] {
    const auto reported = report::document_of({report::read_run(path)});
    constexpr std::size_t largest = 10'000'000;
    fuzz::require(page::html_page(reported.document).size() <= largest, "a page of at most 10 MB");
    fuzz::require(page::markdown_page(reported.document).size() <= largest, "tables of at most 10 MB");
  });
}

}  // namespace

DOPE_FUZZ_TARGET(read)
