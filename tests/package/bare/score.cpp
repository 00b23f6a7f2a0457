// SPDX-License-Identifier: MIT
#include "score.hpp"

#include <cstddef>
#include <dope/rope.hpp>
#include <span>
#include <vector>

double score(std::int64_t query_position, std::int64_t key_position) {
  const dope::RopeParameters rope{.head_width = 4, .rotated_width = 4, .training_length = 512};
  const std::vector<std::int64_t> positions = {query_position, key_position};
  const dope::RotationTable<double> table(dope::native_frequencies(rope), std::span(positions));
  std::vector<double> rows = {1, 2, 3, 4, 4, 3, 2, 1};
  dope::rotate(dope::dense_head(rows.data(), 2, 4), table.view(), dope::Pairing::half_split);
  double sum = 0.0;
  for (std::size_t channel = 0; channel < 4; ++channel) sum += rows[channel] * rows[4 + channel];
  return sum;
}
