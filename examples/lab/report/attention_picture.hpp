// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lab/report/cells.hpp"

namespace report {

/// Attention of the cell's heads over positions, a row per head, selected ones first (Figure 2 of arXiv
/// 2511.09146): left the last token's, right the mean of many. The needle is marked
/// (page::PositionChart). scaling: the row of what the heads look under.
[[nodiscard]] std::string attention_svg(const AttentionCell& cell, std::string_view scaling = usual_scaling);

/// "mean of all tokens", or of how many.
[[nodiscard]] std::string mean_title(const AttentionCell& cell);

/// Share of attention in the bins that hold a token of [first, end): an upper bound of the needle's own,
/// since a bin may hold other tokens too.
[[nodiscard]] double share_at(const AttentionCell& cell, std::span<const double> shares, std::size_t first,
                              std::size_t end);

}  // namespace report
