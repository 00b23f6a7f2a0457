// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lab/page/document.hpp"

namespace page {

/// The document as GitHub-flavoured Markdown. Pictures are given by caption and values, links left
/// out, and all panels shown. All texts are escaped: none becomes markup or HTML.
[[nodiscard]] std::string markdown_page(const Document& document);

/// The blocks of a table.md: headings, pipe tables, lists with "- ", fenced blocks; all else is paragraphs,
/// their text as it stands.
[[nodiscard]] std::vector<Block> blocks_of_markdown(std::string_view text);

}  // namespace page
