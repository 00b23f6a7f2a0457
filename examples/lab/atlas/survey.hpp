// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lab/atlas/arithmetic.hpp"

namespace atlas {

/// The last position that can be asked for.
inline constexpr std::int64_t farthest = std::int64_t{1} << 20;

/// Positions that engines are known to go wrong at, or just before.
inline constexpr std::int64_t special_positions[] = {4095, 8191, 32767, 65535, 131071, 131072, farthest};

/// 1 … last: all up to 24, then 24 to the octave, the special ones, and the last. Ascending, each once.
/// Throws dope::Error unless 1 ≤ last ≤ farthest.
[[nodiscard]] std::vector<std::int64_t> sampled_positions(std::int64_t last);

/// The worst band at one position. Where any band is not finite, chord is not-a-number.
struct Point {
  double chord = 0.0;
  std::size_t band = 0;
};

/// points[i] belongs to positions[i].
struct Line {
  const Arithmetic* arithmetic = nullptr;
  std::vector<Point> points;
};

struct Survey {
  Bands bands;
  std::vector<std::int64_t> positions;
  std::vector<Line> lines;
};

/// Every arithmetic at every position, worst over bands. The result does not depend on the number of
/// threads.
[[nodiscard]] Survey survey_of(const Bands& bands, std::vector<std::int64_t> positions);

/// The worst chord so far: result[i] = max of points[0 … i]. Stops short of the first position that is
/// not finite, and has no entries from there on.
[[nodiscard]] std::vector<double> envelope_of(std::span<const Point> points);

}  // namespace atlas
