// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "dope/conformance.hpp"
#include "dope/core/noise.hpp"
#include "dope/rope/scaling.hpp"

// A rotation kernel as a porter would write it: loops, float arithmetic, its own angles. Right as it
// stands; each mistake is one change, made where `when` says. It shares no code with the judge.

namespace porter {

using dope::Frequencies;
using dope::Scaling;
using dope::conformance::Direction;
using dope::conformance::RotateCall;

enum class Mistake {
  none,
  pairing,
  sign,
  ahead,
  behind,
  twice,
  exponent_of_head,
  partner_of_head,
  slot,
  restart,
  wrap16,
  clamp,
  float_angle,
  half_angle,
  bfloat_angle,
  half_position,
  bfloat_position,
  half_cache,
  bfloat_cache,
  bfloat_frequency,
  narrow_products,
  truncate,
  tile,
  ignore_token_stride,
  ignore_head_stride,
  swap_strides,
  whole_vector_store,
  touch_tail,
  leave_tail,
  first_table,
  not_turned,
  no_scaling,
  paper_ramp,
  other_ends,
  no_end_clamp,
  long_original,
  mscale_first,
  no_attention,
  attention_twice,
  attention_on_cos,
  no_ntk_exponent,
  other_dynamic,
  stale_base,
  long_list_at_l,
  partial_for_proportional,
  multiply_factor,
  invert_ramp,
  forward_for_adjoint,
};

/// One place of the loop: what a condition may look at.
struct At {
  std::size_t bits = 32;  ///< of the storage type; 17 for bfloat16
  std::size_t token = 0;  ///< in the call
  std::size_t head = 0;
  std::size_t band = 0;
  std::size_t bands = 0;
  std::int64_t position = 0;
  bool strided = false;
  bool decode = false;  ///< a call of a single token
};

using When = std::function<bool(const At&)>;

template <class T>
constexpr std::size_t bits_of() {
  return std::same_as<T, dope::bfloat16> ? 17 : 8 * sizeof(T);
}

inline double to_half(double v) { return static_cast<double>(static_cast<float>(dope::float16(v))); }
inline double to_brain(double v) { return static_cast<double>(static_cast<float>(dope::bfloat16(v))); }

template <class T>
double to_storage(double v) {
  if constexpr (sizeof(T) == 2) return static_cast<double>(static_cast<float>(T(v)));
  return static_cast<double>(static_cast<T>(v));
}

struct Kernel {
  Mistake mistake = Mistake::none;
  When when = [](const At&) { return true; };
  std::int64_t slots_seen = 0;  ///< of the running request, for mistakes that count rows

  [[nodiscard]] bool is(Mistake m, const At& at) const { return mistake == m && when(at); }

  /// The frequencies it turns by, from the parameters of the call.
  template <class T, class P>
  [[nodiscard]] Frequencies frequencies(const RotateCall<T, P>& call, const At& at) const {
    if (call.frequencies.size() > 1) return call.frequencies[is(Mistake::first_table, at) ? 0 : at.head];
    dope::RopeParameters rope = call.rope;
    Scaling scaling = call.scaling;
    std::size_t length = call.length;
    if (is(Mistake::exponent_of_head, at)) rope.rotated_width = rope.head_width;
    if (is(Mistake::no_scaling, at)) scaling = dope::Unscaled{};
    if (is(Mistake::stale_base, at)) {
      length = static_cast<std::size_t>(std::max<std::int64_t>(0, call.positions.back())) + 1;
    }
    if (const auto* yarn = std::get_if<dope::Yarn>(&call.scaling)) {
      dope::Yarn other = *yarn;
      if (is(Mistake::paper_ramp, at)) {
        scaling = dope::YarnPaper{yarn->factor,           yarn->beta_fast, yarn->beta_slow,
                                  yarn->attention_factor, yarn->mscale,    yarn->mscale_all_dim};
      }
      if (is(Mistake::other_ends, at)) {
        other.ramp_ends = dope::RampEnds::fractional;
        scaling = other;
      }
      if (is(Mistake::mscale_first, at) && yarn->mscale) {
        other.attention_factor = dope::yarn_mscale(yarn->factor, *yarn->mscale);
        scaling = other;
      }
      if (is(Mistake::long_original, at)) {
        rope.training_length =
            static_cast<std::size_t>(static_cast<double>(rope.training_length) * yarn->factor);
      }
    }
    if (const auto* dynamic = std::get_if<dope::DynamicNtk>(&call.scaling); dynamic != nullptr) {
      if (is(Mistake::other_dynamic, at)) scaling = dope::DynamicNtk{dynamic->factor == 1.0 ? 2.0 : 1.0};
      if (is(Mistake::no_ntk_exponent, at) && length > rope.training_length) {
        const double ratio = static_cast<double>(length) / static_cast<double>(rope.training_length);
        rope.base *= dynamic->factor * ratio - (dynamic->factor - 1);
        scaling = dope::Unscaled{};
      }
    }
    if (std::holds_alternative<dope::LongRope>(call.scaling) && is(Mistake::long_list_at_l, at) &&
        length == rope.training_length) {
      ++length;
    }
    if (const auto* p = std::get_if<dope::Proportional>(&call.scaling);
        p != nullptr && is(Mistake::partial_for_proportional, at)) {
      rope.rotated_width =
          2 * static_cast<std::size_t>(p->fraction * static_cast<double>(call.rope.rotated_width / 2));
      scaling = dope::Unscaled{};
    }
    Frequencies result = dope::scaled_frequencies(rope, scaling, length);
    if (!is(Mistake::partial_for_proportional, at)) result.omega.resize(call.rope.bands());
    const Frequencies native = dope::native_frequencies(rope);
    if (const auto* linear = std::get_if<dope::Linear>(&call.scaling);
        linear != nullptr && is(Mistake::multiply_factor, at)) {
      for (std::size_t i = 0; i < result.bands(); ++i) result.omega[i] = native.omega[i] * linear->factor;
    }
    if (const auto* llama = std::get_if<dope::Llama3>(&call.scaling);
        llama != nullptr && is(Mistake::invert_ramp, at)) {
      for (std::size_t i = 0; i < result.bands(); ++i) {
        result.omega[i] = native.omega[i] + native.omega[i] / llama->factor - result.omega[i];
      }
    }
    if (const auto* yarn = std::get_if<dope::Yarn>(&call.scaling);
        yarn != nullptr && is(Mistake::no_end_clamp, at)) {
      const auto d = static_cast<double>(rope.rotated_width);
      const auto end = [&](double turns) {
        const double band =
            d * std::log(static_cast<double>(rope.training_length) / (2 * std::numbers::pi * turns)) /
            (2 * std::log(rope.base));
        return yarn->ramp_ends == dope::RampEnds::fractional ? std::pair{band, band}
                                                             : std::pair{std::floor(band), std::ceil(band)};
      };
      const double low = std::max(0.0, end(yarn->beta_fast).first);
      const double high = end(yarn->beta_slow).second;
      for (std::size_t i = 0; i < result.bands(); ++i) {
        const double share = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
        result.omega[i] = share * native.omega[i] / yarn->factor + (1 - share) * native.omega[i];
      }
    }
    if (is(Mistake::no_attention, at)) result.attention_factor = 1.0;
    if (is(Mistake::attention_twice, at)) result.attention_factor *= result.attention_factor;
    return result;
  }

  struct CosSin {
    double cos;
    double sin;
  };

  [[nodiscard]] CosSin turn(std::int64_t position, double omega, const At& at) const {
    double m = static_cast<double>(position);
    if (is(Mistake::half_position, at)) m = to_half(m);
    if (is(Mistake::bfloat_position, at)) m = to_brain(m);
    if (is(Mistake::bfloat_frequency, at)) omega = to_brain(omega);
    double angle = m * omega;
    if (is(Mistake::float_angle, at)) {
      angle = static_cast<double>(static_cast<float>(m) * static_cast<float>(omega));
    }
    if (is(Mistake::half_angle, at)) angle = to_half(angle);
    if (is(Mistake::bfloat_angle, at)) angle = to_brain(angle);
    CosSin t{std::cos(angle), std::sin(angle)};
    if (is(Mistake::half_cache, at)) t = {to_half(t.cos), to_half(t.sin)};
    if (is(Mistake::bfloat_cache, at)) t = {to_brain(t.cos), to_brain(t.sin)};
    if (is(Mistake::sign, at)) t.sin = -t.sin;
    return t;
  }

  template <class T, class P>
  void operator()(const RotateCall<T, P>& call) {
    const std::size_t width = call.from.width;
    const bool strided = call.from.token_stride != call.from.heads * width || call.from.head_stride != width;
    for (std::size_t token = 0; token < call.from.tokens; ++token) {
      for (std::size_t head = 0; head < call.from.heads; ++head) {
        At at{bits_of<T>(),         token, head, 0, call.rope.bands(), call.positions[token], strided,
              call.from.tokens == 1};
        turn_row(call, at);
      }
    }
  }

 private:
  template <class T, class P>
  void turn_row(const RotateCall<T, P>& call, At at) {
    const std::size_t width = call.from.width;
    std::size_t token_stride = call.from.token_stride;
    std::size_t head_stride = call.from.head_stride;
    if (is(Mistake::ignore_token_stride, at)) token_stride = call.from.heads * width;
    if (is(Mistake::ignore_head_stride, at)) head_stride = width;
    if (is(Mistake::swap_strides, at) && at.strided) {
      token_stride = width;
      head_stride = width * call.from.tokens;
    }
    const T* from = call.from.data + at.token * token_stride + at.head * head_stride;
    T* to = call.to.data + at.token * token_stride + at.head * head_stride;
    const std::vector<T> row(from, from + width);
    const Frequencies table = frequencies(call, at);
    const std::size_t rotated = 2 * table.bands();
    if (!is(Mistake::leave_tail, at))
      std::copy(row.begin() + static_cast<std::ptrdiff_t>(rotated), row.end(), to + rotated);
    if (is(Mistake::touch_tail, at) && rotated < width) to[rotated] = T{};
    for (at.band = 0; at.band < table.bands(); ++at.band) turn_band(call, at, table, row.data(), to);
    at.band = 0;
    if (is(Mistake::whole_vector_store, at) && at.strided && head_stride > width) to[width] = T{};
  }

  template <class T, class P>
  void turn_band(const RotateCall<T, P>& call, const At& at, const Frequencies& table, const T* row, T* to) {
    const std::size_t band = at.band;
    const std::size_t rotated = 2 * table.bands();
    std::int64_t m = at.position;
    if (is(Mistake::ahead, at)) m += 1;
    if (is(Mistake::behind, at)) m -= 1;
    if (is(Mistake::restart, at)) m = static_cast<std::int64_t>(at.token);
    if (is(Mistake::wrap16, at)) m &= 0xffff;
    if (is(Mistake::clamp, at))
      m = std::min<std::int64_t>(m, static_cast<std::int64_t>(call.rope.training_length) - 1);
    if (is(Mistake::twice, at)) m *= 2;
    bool half_split = call.pairing == dope::Pairing::half_split;
    if (is(Mistake::pairing, at)) half_split = !half_split;
    const std::size_t reach = is(Mistake::partner_of_head, at) ? call.from.width / 2 : rotated / 2;
    const std::size_t a = half_split ? band : 2 * band;
    const std::size_t b = half_split ? band + reach : 2 * band + 1;
    std::size_t band_a = band;
    std::size_t band_b = band;
    if (is(Mistake::tile, at)) {
      band_a = half_split ? a / 2 : a % table.bands();
      band_b = half_split ? b / 2 : b % table.bands();
    }
    const auto of = [&](std::size_t i) {
      CosSin t = turn(m, table.omega[i], at);
      t.cos *= table.attention_factor;
      t.sin *= is(Mistake::attention_on_cos, at) ? 1.0 : table.attention_factor;
      if (call.direction == Direction::adjoint && !is(Mistake::forward_for_adjoint, at)) t.sin = -t.sin;
      return t;
    };
    using C = dope::compute_t<T>;
    const CosSin ta = of(band_a);
    const CosSin tb = of(band_b);
    const auto c = static_cast<C>(row[a]);
    const auto d = static_cast<C>(row[b]);
    const auto product = [&](double factor, C x) {
      const C whole = static_cast<C>(factor) * x;
      return is(Mistake::narrow_products, at) ? static_cast<C>(to_storage<T>(static_cast<double>(whole)))
                                              : whole;
    };
    C first = product(ta.cos, c) - product(ta.sin, d);
    C second = product(tb.cos, d) + product(tb.sin, c);
    if (is(Mistake::not_turned, at)) {
      first = c;
      second = d;
    }
    to[a] = rounded<T>(first, at);
    to[b] = rounded<T>(second, at);
  }

  template <class T>
  [[nodiscard]] T rounded(dope::compute_t<T> value, const At& at) const {
    if constexpr (std::same_as<T, dope::bfloat16>) {
      if (is(Mistake::truncate, at)) {
        return T::from_bits(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16));
      }
    }
    return T(value);
  }
};

}  // namespace porter
