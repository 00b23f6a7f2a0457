// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dope/denoise/head.hpp"
#include "lab/page/document.hpp"
#include "lab/report/cells.hpp"

// How much of a run a page shows: what a person can look at. Whatever is left out is said.

namespace report {

/// Of one input: all results.jsonl, and the table.md and *.svg that are shown. More is refused by name.
inline constexpr std::size_t most_input_bytes = 64'000'000;

/// Of report.html, and of report.md.
inline constexpr std::size_t most_page_bytes = 10'000'000;

inline constexpr std::size_t most_runs = 32;                // the first by name
inline constexpr std::size_t most_lengths = 12;             // evenly spaced, first and last among them
inline constexpr std::size_t most_methods = 24;             // the first in the file, and what they stand on
inline constexpr std::size_t most_setups = 6;               // the first in the paper's order
inline constexpr std::size_t most_depths = 21;              // of a picture: evenly spaced
inline constexpr std::size_t most_sweeps = 6;               // evenly spaced lengths
inline constexpr std::size_t most_transforms = 9;           // of a sweep: the first
inline constexpr std::size_t most_values = 32;              // of n, r, entropy, ...: evenly spaced
inline constexpr std::size_t most_head_maps = 24;           // the first
inline constexpr std::size_t most_heads_on_a_map = 8192;    // a larger map has no picture
inline constexpr std::size_t most_attentions = 6;           // evenly spaced lengths
inline constexpr std::size_t most_attention_rows = 48;      // selected heads first
inline constexpr std::size_t most_attention_bins = 24'576;  // of a picture's rows together
inline constexpr std::size_t most_listed_heads = 48;        // of a list in a table

/// `most` of 0 … count − 1, evenly spaced, the first and the last among them; all where there are fewer.
[[nodiscard]] inline std::vector<std::size_t> evenly(std::size_t count, std::size_t most) {
  std::vector<std::size_t> chosen(std::min(count, most));
  for (std::size_t i = 0; i < chosen.size(); ++i)
    chosen[i] = count <= most ? i : i * (count - 1) / (most - 1);
  return chosen;
}

/// The elements of `all` at evenly(all.size(), most).
template <class Value>
[[nodiscard]] std::vector<Value> some_of(const std::vector<Value>& all, std::size_t most) {
  std::vector<Value> chosen;
  for (const std::size_t at : evenly(all.size(), most)) chosen.push_back(all[at]);
  return chosen;
}

/// "0.1 2.7 …" of at most most_listed_heads heads, and how many more there are.
[[nodiscard]] std::string list_of_heads(const std::vector<dope::HeadId>& heads);

/// The cells that a page shows, and of the others a sentence for each kind. All depths of a shown method
/// stay: its figures are over all of them. scaling: the row that is shown whatever its place.
struct Shown {
  NeedleCells cells;
  std::vector<std::string> left_out;
};
[[nodiscard]] Shown shown_of(const NeedleCells& cells, std::string_view scaling);

/// The most bytes that a block takes in report.html or in report.md.
[[nodiscard]] std::size_t cost_of(const page::Block& block);

/// Leaves out the blocks of a chapter that do not fit into `bytes`, in their order; a paragraph in their
/// place says how many and how large. Returns what the chapter takes then, its titles counted.
std::size_t fit(page::Chapter& chapter, std::size_t bytes);

}  // namespace report
