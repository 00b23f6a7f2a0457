// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "denoise/cases.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"
#include "dope/denoise/head.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/pairing.hpp"

/// A layer's q and k as a tap hands them out, and what they are after rotation, slowly.
namespace tapped {

using Real = long double;
using Rows = std::vector<std::vector<Real>>;

template <dope::Scalar T>
struct Layer {
  std::size_t tokens;
  dope::AttentionShape shape;
  std::vector<T> q;
  std::vector<T> k;

  Layer(const dope::AttentionShape& of, std::size_t count, std::uint64_t seed)
      : tokens(count),
        shape(of),
        q(cases::values<T>(count * of.query_heads * of.head_width, 2 * seed)),
        k(cases::values<T>(count * of.key_heads * of.head_width, 2 * seed + 1)) {
    // Channels of unequal size and a mean away from zero: heads that centring and rotation change.
    const auto shape_up = [&](std::vector<T>& x, double shift) {
      for (std::size_t i = 0; i < x.size(); ++i) {
        const std::size_t channel = i % of.head_width;
        const std::size_t unit = i / of.head_width;
        const double size = 1.0 / (1.0 + static_cast<double>(channel + unit % 3));
        x[i] = static_cast<T>(size * (static_cast<double>(x[i]) + shift));
      }
    };
    shape_up(q, 0.5);
    shape_up(k, -0.75);
  }

  dope::HeadsView<const T> queries() const {
    return dope::token_major(q.data(), tokens, shape.query_heads, shape.head_width);
  }
  dope::HeadsView<const T> keys() const {
    return dope::token_major(k.data(), tokens, shape.key_heads, shape.head_width);
  }
};

/// Rows of one head in long double, rotated by the definition, cos and sin of long double angles.
template <dope::Scalar T>
Rows rotated(dope::HeadsView<const T> heads, std::size_t head, const dope::Frequencies* frequencies,
             dope::Pairing pairing, std::int64_t first) {
  Rows rows(heads.tokens, std::vector<Real>(heads.width));
  for (std::size_t t = 0; t < heads.tokens; ++t) {
    for (std::size_t c = 0; c < heads.width; ++c) {
      rows[t][c] = static_cast<Real>(
          static_cast<double>(heads.data[t * heads.token_stride + head * heads.head_stride + c]));
    }
    if (frequencies == nullptr) continue;
    const std::size_t bands = frequencies->omega.size();
    for (std::size_t f = 0; f < bands; ++f) {
      const bool apart = pairing == dope::Pairing::half_split;
      Real& x = rows[t][apart ? f : 2 * f];
      Real& y = rows[t][apart ? f + bands : 2 * f + 1];
      const Real angle =
          static_cast<Real>(first + static_cast<std::int64_t>(t)) * static_cast<Real>(frequencies->omega[f]);
      const Real c = std::cos(angle) * static_cast<Real>(frequencies->attention_factor);
      const Real s = std::sin(angle) * static_cast<Real>(frequencies->attention_factor);
      const Real turned = c * x - s * y;
      y = c * y + s * x;
      x = turned;
    }
  }
  return rows;
}

}  // namespace tapped
