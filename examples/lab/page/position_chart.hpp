// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace page {

/// How a row is filled.
enum class Fill { strong, faint };

/// Shares of something over positions, in bins: a list per column of the chart.
struct PositionRow {
  std::string title;
  std::vector<std::string> notes;  // at most two, below the title
  Fill fill = Fill::strong;
  std::vector<std::vector<double>> shares;
};

/// Rows of areas over token positions, on a logarithmic scale from least_share to 1; lesser shares lie on the
/// floor. A dotted line shows an equal share for every bin. marked: tokens [first, end), drawn as a band with
/// a triangle above it, at least three pixels wide.
struct PositionChart {
  std::string title;
  std::string subtitle;
  std::vector<std::pair<Fill, std::string>> fills;  // the legend's
  std::string mark_title;
  std::size_t tokens = 0;
  std::vector<double> edges;  // of the bins, in tokens: 0 first, `tokens` last
  std::optional<std::pair<std::size_t, std::size_t>> marked;
  std::vector<std::string> columns;
  std::vector<PositionRow> rows;
};

inline constexpr double least_share = 1e-5;

/// The picture as SVG; its areas have classes that style.hpp colours. Throws dope::Error for no token, fewer
/// than two edges, columns other than two, a row without a list per column or a share per bin, or a mark past
/// the tokens.
[[nodiscard]] std::string position_chart_svg(const PositionChart& chart);

}  // namespace page
