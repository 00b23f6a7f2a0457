// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "lab/report/document.hpp"

namespace report {

/// One HTML page that needs nothing else: style, script and pictures are in it, and its content security
/// policy forbids every request. Ids count (run-1, run-1-section-2, figure-3-KIND); no text makes one.
///
/// Law: the same document gives the same bytes; all texts are escaped.
[[nodiscard]] std::string html_page(const Document& document);

/// A picture's SVG as it stands in a page: no XML declaration, no namespace, the colour bar's id followed by
/// "-" and `id`, so that it is unique in the page.
[[nodiscard]] std::string inline_svg(std::string_view svg, std::string_view id);

}  // namespace report
