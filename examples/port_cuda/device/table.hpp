// SPDX-License-Identifier: MIT
#pragma once

#include "port_cuda/device/both.hpp"

namespace port {

enum class Angles { exact, float32_product };

struct CosSin {
  double cos;
  double sin;
};

/// Of the real product m·ω, for |m| ≤ 2⁵³ and |m·ω| ≤ 2⁶³.
///
/// m·ω = angle + rest without error, by a fused multiply-add; e^{i(angle + rest)} = e^{i·angle}·e^{i·rest}.
/// Worst error: 2⁻⁵¹. Angle 0 gives exactly (1, 0).
PORT_BOTH CosSin exact_turn(int64_t position, double omega) {
  const double m = static_cast<double>(position);
  const double angle = m * omega;
  const double rest = fma(m, omega, -angle);
  double c = 0, s = 0, c_rest = 0, s_rest = 0;
  cos_sin(angle, c, s);
  cos_sin(rest, c_rest, s_rest);
  return {fma(c, c_rest, -(s * s_rest)), fma(s, c_rest, c * s_rest)};
}

/// Of the float fl(fl(m)·fl(ω)).
PORT_BOTH CosSin float32_turn(int64_t position, double omega) {
  const float angle = static_cast<float>(position) * static_cast<float>(omega);
  double c = 0, s = 0;
  cos_sin(static_cast<double>(angle), c, s);
  return {c, s};
}

/// One thread per (table, token, band): cos and sin of m·ω, times the attention factor, in type C.
///
/// positions [tokens]; omega [tables, bands]; attention_factor [tables];
/// entries [tables, tokens, 2, bands]: a row holds all cos, then all sin.
template <class C, class P>
struct FillTable {
  const P* positions;
  const double* omega;
  const double* attention_factor;
  C* entries;
  size_t tables;
  size_t tokens;
  size_t bands;
  Angles angles;

  PORT_BOTH size_t threads() const { return tables * tokens * bands; }

  PORT_BOTH void operator()(size_t thread) const {
    const size_t band = thread % bands;
    const size_t row = thread / bands;
    const size_t table = row / tokens;
    const int64_t position = static_cast<int64_t>(positions[row % tokens]);
    const double w = omega[table * bands + band];
    const CosSin turn = angles == Angles::exact ? exact_turn(position, w) : float32_turn(position, w);
    C* const entry = entries + row * 2 * bands + band;
    entry[0] = static_cast<C>(turn.cos * attention_factor[table]);
    entry[bands] = static_cast<C>(turn.sin * attention_factor[table]);
  }
};

}  // namespace port
