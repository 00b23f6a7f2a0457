// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dope/conformance/oracle_frequencies.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/table.hpp"

// Rotation from its definition, one pair at a time, in long double. It shares no code with rope/.

namespace dope::conformance::oracle {

struct Turned {
  Real cos = 1;
  Real sin = 0;
};

/// cos and sin of m·ω. The product is two doubles, exactly; the small one turns the large one's cos and
/// sin a little further. Error: 2⁻⁶¹ where long double has 64 bits, 2⁻⁵¹ where it is a double.
[[nodiscard]] inline Turned exact_turn(std::int64_t position, double omega) {
  const auto m = static_cast<double>(position);
  const double high = m * omega;
  const double low = std::fma(m, omega, -high);
  const Real c = std::cos(Real(high));
  const Real s = std::sin(Real(high));
  const Real dc = std::cos(Real(low));
  const Real ds = std::sin(Real(low));
  return {c * dc - s * ds, s * dc + c * ds};
}

/// Of the float fl32(m)·fl32(ω), rounded to float.
[[nodiscard]] inline Turned float32_turn(std::int64_t position, double omega) {
  const float angle = static_cast<float>(position) * static_cast<float>(omega);
  return {std::cos(Real(angle)), std::sin(Real(angle))};
}

[[nodiscard]] inline Turned turn(Angles angles, std::int64_t position, double omega) {
  return angles == Angles::exact ? exact_turn(position, omega) : float32_turn(position, omega);
}

/// Channels of a band: the pair list of the two pairings, written out.
struct Pair {
  std::size_t first = 0;
  std::size_t second = 0;
};

[[nodiscard]] inline Pair pair_of(Pairing pairing, std::size_t band, std::size_t rotated_width) {
  if (pairing == Pairing::interleaved) return {2 * band, 2 * band + 1};
  return {band, band + rotated_width / 2};
}

/// cos and sin of every band at one position, times the attention factor; of −θ for the adjoint.
[[nodiscard]] inline std::vector<Turned> turns_of(const Frequencies& table, std::int64_t position,
                                                  Angles angles, Direction direction) {
  std::vector<Turned> turns;
  for (const double omega : table.omega) {
    Turned turned = turn(angles, position, omega);
    turned.cos *= Real(table.attention_factor);
    turned.sin *=
        direction == Direction::forward ? Real(table.attention_factor) : -Real(table.attention_factor);
    turns.push_back(turned);
  }
  return turns;
}

/// One row turned; channels past the bands pass through.
[[nodiscard]] inline std::vector<double> turned_row(std::span<const double> row,
                                                    const std::vector<Turned>& turns, Pairing pairing) {
  std::vector<double> result(row.begin(), row.end());
  for (std::size_t band = 0; band < turns.size(); ++band) {
    const Pair at = pair_of(pairing, band, 2 * turns.size());
    const Real x1 = row[at.first];
    const Real x2 = row[at.second];
    result[at.first] = static_cast<double>(turns[band].cos * x1 - turns[band].sin * x2);
    result[at.second] = static_cast<double>(turns[band].sin * x1 + turns[band].cos * x2);
  }
  return result;
}

[[nodiscard]] inline std::vector<double> rotated_row(std::span<const double> row, std::int64_t position,
                                                     const Frequencies& table, Pairing pairing, Angles angles,
                                                     Direction direction) {
  return turned_row(row, turns_of(table, position, angles, direction), pairing);
}

/// The whole buffer of a rotation: rows turned, guards as they were.
[[nodiscard]] inline std::vector<double> rotated_buffer(const RotateTask& task, std::span<const double> x) {
  const std::vector<Frequencies> tables = tables_of(task);
  std::vector<double> y(x.begin(), x.end());
  for (std::size_t token = 0; token < task.tokens(); ++token) {
    std::vector<std::vector<Turned>> turns;
    for (const Frequencies& table : tables) {
      turns.push_back(turns_of(table, task.positions[token], task.angles, task.direction));
    }
    for (std::size_t head = 0; head < task.heads; ++head) {
      const std::size_t at = token * task.token_stride + head * task.head_stride;
      const auto row =
          turned_row(x.subspan(at, task.width()), turns[turns.size() == 1 ? 0 : head], task.pairing);
      for (std::size_t c = 0; c < row.size(); ++c) y[at + c] = row[c];
    }
  }
  return y;
}

}  // namespace dope::conformance::oracle
