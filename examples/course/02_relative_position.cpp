// SPDX-License-Identifier: MIT
// [program]
#include <cstdio>
#include <dope/rope.hpp>
#include <numeric>
#include <vector>

#include "course/support/plot.hpp"

/// A score between a query at m and a key at n depends on m - n alone.
course::Picture lesson() {
  constexpr std::size_t tokens = 24;
  const dope::RopeParameters rope{
      .base = 10000.0, .head_width = 16, .rotated_width = 16, .training_length = 64};
  const auto frequencies = dope::native_frequencies(rope);

  // The same query and the same key at every position: whatever differs, position did it.
  const std::vector<double> content(16, 0.25);
  const auto score = [&](std::int64_t m, std::int64_t n) {
    std::vector<double> q = content;
    std::vector<double> k = content;
    dope::rotate(dope::dense_head(q.data(), 1, 16), dope::RotationTable<double>(frequencies, m, 1).view(),
                 dope::Pairing::half_split);
    dope::rotate(dope::dense_head(k.data(), 1, 16), dope::RotationTable<double>(frequencies, n, 1).view(),
                 dope::Pairing::half_split);
    return std::inner_product(q.begin(), q.end(), k.begin(), 0.0);
  };

  std::printf("distance   keys at 0   at 1000   at 1000000\n");
  for (const std::int64_t distance : {0, 1, 2, 4, 8, 16}) {
    std::printf("%8d", static_cast<int>(distance));
    for (const std::int64_t at : {0, 1000, 1000000}) std::printf("   %7.4f", score(at + distance, at));
    std::printf("\n");
  }
  std::printf("One row, one number: where the two stand does not matter, only how far apart they are.\n");

  course::Map map{
      .title = "Equal contents: every diagonal has one value",
      .subtitle = "score of one query and one key, each at 24 positions; 16 channels, base 10,000",
      .x_title = "position of the key (tokens)",
      .y_title = "position of the query (tokens)",
      .value_title = "score (no unit)",
      .rows = {},
      .low = 0.4,
      .high = 1.0,
      .decimals = 2};
  for (std::size_t m = 0; m < tokens; ++m) {
    auto& row = map.rows.emplace_back();
    for (std::size_t n = 0; n < tokens; ++n)
      row.push_back(score(static_cast<std::int64_t>(m), static_cast<std::int64_t>(n)));
  }
  return map;
}

int main(int argc, char** argv) { return course::run(argc, argv, lesson); }
// [/program]
