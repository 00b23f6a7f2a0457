// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dope/denoise/head.hpp"

namespace lab {

/// Scores of all heads, and which of them are selected.
///
/// values: layer after layer, `heads` each; not-a-number where there is none. head_title says which
/// heads they are; value_title names the score with its unit. links: none, or for each value the id in the
/// page that its cell leads to, empty where it leads nowhere. mark_title: empty where nothing can be
/// selected.
struct HeadMap {
  std::string title;
  std::string subtitle;
  std::string head_title = "query head";
  std::string value_title;
  std::string mark_title = "selected: denoised";
  std::size_t layers = 0;
  std::size_t heads = 0;
  std::vector<double> values;
  std::vector<dope::HeadId> selected;
  int decimals = 2;
  std::vector<std::string> links = {};
};

/// The layer × head picture as SVG. Colours run from the least to the greatest value. A selected head
/// has a dark and a light outline and a diamond in its corner, so that it shows without colour.
///
/// Throws dope::Error for no layers or heads, values or links that are not layers × heads, an infinite value,
/// or a selected head outside.
[[nodiscard]] std::string head_map_svg(const HeadMap& map);

}  // namespace lab
