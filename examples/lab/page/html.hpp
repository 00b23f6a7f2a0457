// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "lab/page/document.hpp"

namespace page {

/// One HTML page that needs nothing else: style, script and pictures are in it, and its content security
/// policy forbids every request. Ids are given, or count (run-1, run-1-section-2, figure-3-KIND); no text
/// makes one.
///
/// Laws: the same document gives the same bytes; all texts are escaped; every link within the page leads
/// somewhere. Throws dope::Error for an id that is there twice or is not a word, and a link to none.
[[nodiscard]] std::string html_page(const Document& document);

/// A picture's SVG as it stands in a page: no XML declaration, no namespace, the colour bar's id followed by
/// "-" and `id`, so that it is unique in the page.
[[nodiscard]] std::string inline_svg(std::string_view svg, std::string_view id);

}  // namespace page
