// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dope/denoise/head.hpp"
#include "lab/page/document.hpp"
#include "lab/spectrum/projections.hpp"
#include "lab/spectrum/survey.hpp"

namespace spectrum {

/// The query heads that get a panel, by layer and head: all, or where they are more than `most`, those whose
/// key has the lowest von Neumann entropy at post_ntk; on a tie the first by layer and head.
[[nodiscard]] std::vector<dope::HeadId> heads_with_panels(const Survey& survey, std::size_t most);

/// What the page says: what was read, maps of heads, bands, bounds, rankings, and a panel "head-LAYER-HEAD"
/// per query head, of at most `most_panels`.
[[nodiscard]] page::Document document_of(const Projections& projections, const Survey& survey,
                                         std::size_t most_panels = 64);

/// The page: page::html_page of document_of.
[[nodiscard]] std::string html_of(const Projections& projections, const Survey& survey,
                                  std::size_t most_panels = 64);

}  // namespace spectrum
