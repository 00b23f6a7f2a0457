// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lab::test {

/// What a page holds, read tag by tag. unbalanced: what is wrong with its tags first, or nothing.
struct PageParts {
  std::multiset<std::string> ids;
  std::vector<std::string> targets;  // of links within the page
  std::vector<std::string> images;   // addresses
  std::string unbalanced;
};

/// Reads HTML whose attributes stand in double quotes. Script and style hold no tag.
inline PageParts read_page(std::string_view page) {
  PageParts parts;
  std::vector<std::string> open;
  const auto attribute = [](std::string_view tag, std::string_view name) -> std::string {
    const std::string opening = " " + std::string(name) + "=\"";
    const std::size_t at = tag.find(opening);
    if (at == std::string_view::npos) return "";
    const std::size_t from = at + opening.size();
    return std::string(tag.substr(from, tag.find('"', from) - from));
  };
  for (std::size_t at = page.find('<'); at != std::string_view::npos; at = page.find('<', at + 1)) {
    const std::string inside = open.empty() ? "" : open.back();
    if ((inside == "script" || inside == "style") && page.substr(at + 1, 1) != "/") continue;
    bool quoted = false;
    std::size_t end = at;
    while (end < page.size() && (quoted || page[end] != '>')) {
      if (page[end] == '"') quoted = !quoted;
      ++end;
    }
    if (end == page.size()) {
      parts.unbalanced = "a tag without an end";
      return parts;
    }
    const std::string_view tag = page.substr(at + 1, end - at - 1);
    if (tag.starts_with("!")) continue;
    if (tag.starts_with("/")) {
      if (open.empty() || open.back() != tag.substr(1)) {
        parts.unbalanced =
            "</" + std::string(tag.substr(1)) + "> in " + (open.empty() ? "nothing" : open.back());
        return parts;
      }
      open.pop_back();
      continue;
    }
    const std::string name(tag.substr(0, std::min(tag.find(' '), tag.size())));
    if (const auto id = attribute(tag, "id"); !id.empty()) parts.ids.insert(id);
    const auto address = attribute(tag, "href");
    if (name == "a" && address.starts_with("#")) parts.targets.push_back(address.substr(1));
    if (name == "image") parts.images.push_back(address);
    const bool without_end = name == "meta" || name == "link" || name == "wbr" || tag.ends_with("/");
    if (!without_end) open.push_back(name);
  }
  if (!open.empty()) parts.unbalanced = "<" + open.back() + "> is not closed";
  return parts;
}

}  // namespace lab::test
