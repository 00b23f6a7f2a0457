// SPDX-License-Identifier: MIT
#pragma once

#include "port_cuda/device/noise.hpp"
#include "port_cuda/device/rotate.hpp"

namespace port {

/// What follows the rotation of a head.
enum class Finish { nothing, remove_bands, remove_all, replace, modulate };

/// What a plan asks of one head: which table turns it, what follows, and the σ of noise. noise_head is the
/// head index in the noise's counter: a query head for queries and own keys, a key head for shared keys.
struct HeadPlan {
  uint32_t table;
  Finish finish;
  uint32_t noise_head;
  double sigma;
};

/// One thread per (token, head, unit), in place: turns the unit and finishes it. A unit is a band, or a
/// channel past the rotated ones.
///
/// plans [heads]; entries [tables, tokens, 2, bands]; removed [bands], not 0 where remove_bands blanks the
/// pair. One rounding to T, after noise too.
template <class T>
struct Denoise {
  T* x;
  const HeadPlan* plans;
  const Compute<T>* entries;
  const uint8_t* removed;
  const int64_t* positions;
  size_t tokens;
  size_t heads;
  size_t width;
  size_t bands;
  size_t token_stride;
  size_t head_stride;
  Pairing pairing;
  NoiseSource source;

  PORT_BOTH size_t units() const { return width - bands; }
  PORT_BOTH size_t threads() const { return tokens * heads * units(); }

  PORT_BOTH void operator()(size_t thread) const {
    const size_t unit = thread % units();
    const size_t row = thread / units();
    const size_t head = row % heads;
    const size_t token = row / heads;
    const HeadPlan plan = plans[head];
    T* const channels = x + token * token_stride + head * head_stride;
    if (unit >= bands) {
      const size_t c = bands + unit;
      if (plan.finish == Finish::remove_all || plan.finish == Finish::replace ||
          plan.finish == Finish::modulate) {
        channels[c] = finished(plan, token, c, widen(channels[c]));
      }
      return;
    }
    const size_t a = first_channel(pairing, unit);
    const size_t b = second_channel(pairing, unit, bands);
    if (plan.finish == Finish::remove_bands && removed[unit] != 0) {
      channels[a] = channels[b] = narrow<T>(Compute<T>(0));
      return;
    }
    const Compute<T>* const entry = entries + (plan.table * tokens + token) * 2 * bands + unit;
    Compute<T> first = widen(channels[a]);
    Compute<T> second = widen(channels[b]);
    turn_pair(first, second, entry[0], entry[bands], Direction::forward);
    channels[a] = finished(plan, token, a, first);
    channels[b] = finished(plan, token, b, second);
  }

 private:
  PORT_BOTH T finished(const HeadPlan& plan, size_t token, size_t channel, Compute<T> value) const {
    if (plan.finish == Finish::remove_all) return narrow<T>(Compute<T>(0));
    if (plan.finish != Finish::replace && plan.finish != Finish::modulate) return narrow<T>(value);
    const Words words = noise_words(source, plan.noise_head, positions[token], channel / 4);
    const double noise = plan.sigma * normal_of(words, channel);
    return narrow<T>(plan.finish == Finish::replace ? noise : static_cast<double>(value) * noise);
  }
};

}  // namespace port
