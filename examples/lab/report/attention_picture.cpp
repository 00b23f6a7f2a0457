// SPDX-License-Identifier: MIT
#include "lab/report/attention_picture.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "dope/core/error.hpp"
#include "draw/chart.hpp"
#include "lab/page/position_chart.hpp"

namespace report {
namespace {

/// Boundary of bin b, in tokens.
double boundary(const AttentionCell& cell, std::size_t bin) {
  return static_cast<double>(cell.tokens) * static_cast<double>(bin) / static_cast<double>(cell.bins);
}

std::string joined_names(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

}  // namespace

std::string mean_title(const AttentionCell& cell) {
  return cell.mean_of == cell.tokens ? "mean of all tokens"
                                     : dope::detail::text("mean of ", cell.mean_of, " tokens");
}

double share_at(const AttentionCell& cell, std::span<const double> shares, std::size_t first,
                std::size_t end) {
  double sum = 0.0;
  for (std::size_t bin = 0; bin < cell.bins; ++bin) {
    if (boundary(cell, bin) < static_cast<double>(end) &&
        boundary(cell, bin + 1) > static_cast<double>(first))
      sum += shares[bin];
  }
  return sum;
}

std::string attention_svg(const AttentionCell& cell, std::string_view scaling) {
  std::vector<const AttentionRow*> rows;
  for (const auto& row : cell.rows) rows.push_back(&row);
  std::stable_partition(rows.begin(), rows.end(),
                        [](const AttentionRow* row) { return !row->selected_by.empty(); });

  page::PositionChart chart;
  chart.title = "Attention of selected and kept heads";
  chart.subtitle =
      dope::detail::text(cell.tokens, " tokens, needle at ", cell.needle_first, " to ", cell.needle_end - 1,
                         "; share of attention per bin of ",
                         lab::figure(static_cast<double>(cell.tokens) / static_cast<double>(cell.bins), 1),
                         " tokens, logarithmic; ", scaling_title(scaling), " without a plan");
  chart.fills = {{page::Fill::strong, "selected head"}, {page::Fill::faint, "kept head"}};
  chart.mark_title = "needle";
  chart.tokens = cell.tokens;
  for (std::size_t bin = 0; bin <= cell.bins; ++bin) chart.edges.push_back(boundary(cell, bin));
  chart.marked = std::pair{cell.needle_first, cell.needle_end};
  chart.columns = {"last token", mean_title(cell)};
  for (const AttentionRow* row : rows) {
    const bool selected = !row->selected_by.empty();
    page::PositionRow& drawn = chart.rows.emplace_back();
    drawn.title = dope::detail::text("layer ", row->head.layer, ", head ", row->head.head);
    drawn.notes = {selected ? "selected by" : "kept"};
    if (selected) drawn.notes.push_back(joined_names(row->selected_by));
    drawn.fill = selected ? page::Fill::strong : page::Fill::faint;
    drawn.shares = {row->last, row->mean};
  }
  return page::position_chart_svg(chart);
}

}  // namespace report
