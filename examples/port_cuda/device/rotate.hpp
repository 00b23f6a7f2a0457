// SPDX-License-Identifier: MIT
#pragma once

#include "port_cuda/device/storage.hpp"

namespace port {

enum class Pairing { interleaved, half_split };
enum class Direction { forward, adjoint };

/// The channels of a band: (2f, 2f + 1), or (f, f + bands).
PORT_BOTH size_t first_channel(Pairing pairing, size_t band) {
  return pairing == Pairing::interleaved ? 2 * band : band;
}
PORT_BOTH size_t second_channel(Pairing pairing, size_t band, size_t bands) {
  return pairing == Pairing::interleaved ? 2 * band + 1 : band + bands;
}

/// (x₁, x₂) ← (c·x₁ − s·x₂, c·x₂ + s·x₁); the adjoint has −s. Each channel: one product rounded, the other
/// fused onto it. Where s is 0 the partner is not touched, so that ±0, infinities and NaN stay in their
/// place.
template <class C>
PORT_BOTH void turn_pair(C& first, C& second, C c, C s, Direction direction) {
  const C x = first;
  const C y = second;
  first = c * x;
  second = c * y;
  if (s == C(0)) return;
  const C up = direction == Direction::forward ? s : -s;
  first = fma(-up, y, first);
  second = fma(up, x, second);
}

/// One thread per (token, head, unit): a unit is a band, or a channel past the rotated ones, which is copied
/// where `to` is other memory than `from`.
///
/// Element (t, h, c) lies at t·token_stride + h·head_stride + c, in `from` and in `to`. Nothing else is read
/// or written. entries [tables, tokens, 2, bands]; head h takes table h, or 0 where there is one.
template <class T>
struct Rotate {
  const T* from;
  T* to;
  const Compute<T>* entries;
  size_t tables;
  size_t tokens;
  size_t heads;
  size_t width;
  size_t bands;
  size_t token_stride;
  size_t head_stride;
  Pairing pairing;
  Direction direction;

  PORT_BOTH size_t units() const { return from == to ? bands : width - bands; }
  PORT_BOTH size_t threads() const { return tokens * heads * units(); }

  PORT_BOTH void operator()(size_t thread) const {
    const size_t unit = thread % units();
    const size_t row = thread / units();
    const size_t head = row % heads;
    const size_t token = row / heads;
    const size_t at = token * token_stride + head * head_stride;
    if (unit >= bands) {
      to[at + bands + unit] = from[at + bands + unit];
      return;
    }
    const Compute<T>* const entry = entries + ((tables == 1 ? 0 : head) * tokens + token) * 2 * bands + unit;
    const size_t a = at + first_channel(pairing, unit);
    const size_t b = at + second_channel(pairing, unit, bands);
    Compute<T> x = widen(from[a]);
    Compute<T> y = widen(from[b]);
    turn_pair(x, y, entry[0], entry[bands], direction);
    to[a] = narrow<T>(x);
    to[b] = narrow<T>(y);
  }
};

}  // namespace port
