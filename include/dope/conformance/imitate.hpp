// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "dope/conformance/case.hpp"
#include "dope/conformance/oracle_rotation.hpp"

// A rotation kernel whose parts can be replaced, one by one, by a mistake.

namespace dope::conformance::detail {

using oracle::Real;
using oracle::Turned;

/// How a kernel turns a row, each part replaceable. The defaults are a right kernel's.
struct Habits {
  std::function<Turned(std::int64_t, double)> turn = oracle::exact_turn;
  /// Channels of a band of a head of width D, d of it rotated.
  std::function<oracle::Pair(Pairing, std::size_t band, std::size_t d, std::size_t width)> pair =
      [](Pairing pairing, std::size_t band, std::size_t d, std::size_t) {
        return oracle::pair_of(pairing, band, d);
      };
  /// The bands whose cos and sin the first and the second channel get.
  std::function<oracle::Pair(Pairing, std::size_t band, std::size_t bands)> bands =
      [](Pairing, std::size_t band, std::size_t) {
        return oracle::Pair{band, band};
      };
  std::function<Real(Real)> product = [](Real value) { return value; };
  std::function<double(double)> store = [](double value) { return value; };
  Real cos_factor = 1;  ///< over the attention factor
  Real sin_factor = 1;
};

inline std::vector<double> imitate(const RotateTask& task, std::span<const double> x, const Habits& habits) {
  const std::vector<Frequencies> tables = oracle::tables_of(task);
  const std::size_t bands = tables.front().omega.size();
  std::vector<double> y(x.begin(), x.end());
  for (std::size_t token = 0; token < task.tokens(); ++token) {
    std::vector<std::vector<Turned>> turns;
    for (const Frequencies& table : tables) {
      std::vector<Turned>& turned = turns.emplace_back();
      for (const double omega : table.omega) {
        Turned t = habits.turn(task.positions[token], omega);
        t.cos *= Real(table.attention_factor) * habits.cos_factor;
        t.sin *= Real(table.attention_factor) * habits.sin_factor;
        if (task.direction == Direction::adjoint) t.sin = -t.sin;
        turned.push_back(t);
      }
    }
    for (std::size_t head = 0; head < task.heads; ++head) {
      const std::size_t at = token * task.token_stride + head * task.head_stride;
      const std::vector<Turned>& turned = turns[turns.size() == 1 ? 0 : head];
      for (std::size_t band = 0; band < bands; ++band) {
        const oracle::Pair to = habits.pair(task.pairing, band, 2 * bands, task.width());
        const oracle::Pair from = habits.bands(task.pairing, band, bands);
        const Real x1 = x[at + to.first];
        const Real x2 = x[at + to.second];
        const auto& times = habits.product;
        y[at + to.first] = habits.store(
            static_cast<double>(times(turned[from.first].cos * x1) - times(turned[from.first].sin * x2)));
        y[at + to.second] = habits.store(
            static_cast<double>(times(turned[from.second].sin * x1) + times(turned[from.second].cos * x2)));
      }
    }
  }
  return y;
}

}  // namespace dope::conformance::detail
