// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/core/ieee.hpp"
#include "dope/rope/double_double.hpp"
#include "dope/rope/frequencies.hpp"

namespace dope {

// Frequency scalings. Throughout: b base, d rotated width, i band, ω_i = b^(−2i/d) native,
// L training length, ℓ length of the request, s factor, clamp to [0, 1]. Formulas hold for the real numbers
// that the parameters are; the result is rounded once.

/// ω unchanged.
struct Unscaled {};

/// Positional Interpolation (arXiv 2306.15595, eq. 4): ω' = ω/s. Precondition: s ≥ 1.
struct Linear {
  double factor = 1.0;
};

/// NTK-aware (arXiv 2309.00071, eq. 13 with 14): ω' = b'^(−2i/d), b' = b·s^(d/(d−2)). Precondition:
/// s ≥ 1. At d = 2 the only band has ω = 1 under every base.
struct StaticNtk {
  double factor = 1.0;
};

/// Dynamic NTK: b' = b·(s·max(ℓ, L)/L − (s − 1))^(d/(d−2)).
///
/// s = 1 gives α = ℓ/L for ℓ > L, the form DoPE uses with ℓ the target length of the request; s > 1
/// is Hugging Face's form. Law: the identity for ℓ ≤ L. Precondition: s ≥ 1. One request keeps one
/// ℓ: no cached key may be rotated under another base.
struct DynamicNtk {
  double factor = 1.0;
};

/// How YaRN's ramp ends are taken: rounded outwards to whole bands (⌊lo⌋, ⌈hi⌉), or left fractional
/// (`truncate: false`).
enum class RampEnds { whole_bands, fractional };

/// YaRN as the field's code computes it (the YaRN repository, Hugging Face, ggml).
///
/// c(r) = d·ln(L/(2πr)) / (2 ln b); lo = max(0, ⌊c(β_fast)⌋), hi = min(d − 1, ⌈c(β_slow)⌉);
/// γ_i = 1 − clamp((i − lo)/max(0.001, hi − lo)); ω' = (1 − γ)·ω/s + γ·ω.
/// Attention factor, in Hugging Face's order: attention_factor if given; else m(s, mscale)/
/// m(s, mscale_all_dim) if both are given and non-zero; else m(s, 1), with m = yarn_mscale.
/// Preconditions: s ≥ 1, β_fast ≥ β_slow > 0, the attention factor positive. The field's code takes c(r) in
/// double: its ends can differ where c(r) is within 10⁻¹³·d of a whole number.
struct Yarn {
  double factor = 1.0;
  double beta_fast = 32.0;
  double beta_slow = 1.0;
  RampEnds ramp_ends = RampEnds::whole_bands;
  std::optional<double> attention_factor = {};
  std::optional<double> mscale = {};
  std::optional<double> mscale_all_dim = {};
};

/// YaRN as its paper prints it (arXiv 2309.00071, eqs. 17–20, NTK-by-parts): the ramp is linear in
/// turns per context, γ_i = clamp((L·ω_i/2π − β_slow)/(β_fast − β_slow)); ω' = (1 − γ)·ω/s + γ·ω.
///
/// Yarn's frequencies are higher by up to a factor that grows with s: 1.7 at s = 4, 5.1 at s = 64 (b =
/// 10⁴, d = 128, L = 4096). Attention factor and preconditions as Yarn; β_fast = β_slow is a step there.
struct YarnPaper {
  double factor = 1.0;
  double beta_fast = 32.0;
  double beta_slow = 1.0;
  std::optional<double> attention_factor = {};
  std::optional<double> mscale = {};
  std::optional<double> mscale_all_dim = {};
};

/// Llama 3.1: smooth = clamp((L·ω/2π − low)/(high − low)); ω' = (1 − smooth)·ω/s + smooth·ω.
/// Preconditions: s ≥ 1, high ≥ low > 0; high = low is a step there. L is the original context (8192 there).
struct Llama3 {
  double factor = 8.0;
  double low_frequency_factor = 1.0;
  double high_frequency_factor = 4.0;
};

/// LongRoPE (arXiv 2402.13753): ω' = ω/f_i with f = long_factor for ℓ > L strictly, else
/// short_factor. Attention factor: as given, else √(1 + ln s/ln L) for s > 1, else 1, whatever ℓ.
/// Preconditions: both lists have d/2 positive entries; s > 0; L ≥ 2 where s > 1.
struct LongRope {
  std::vector<double> short_factor = {};
  std::vector<double> long_factor = {};
  double factor = 1.0;
  std::optional<double> attention_factor = {};
};

/// Proportional RoPE (p-RoPE, arXiv 2410.06205): the first ⌊p·d/2⌋ bands (the product in double, as the
/// field's code takes it) turn with native ω, the others have ω = 0. Unlike a partial rotary width, exponent
/// and partner keep the full width d. Precondition: 0 ≤ p ≤ 1.
struct Proportional {
  double fraction = 1.0;
};

using Scaling =
    std::variant<Unscaled, Linear, StaticNtk, DynamicNtk, Yarn, YarnPaper, Llama3, LongRope, Proportional>;

namespace detail {

/// m(s, k), not rounded.
inline DoubleDouble wide_mscale(double factor, double k) noexcept {
  if (!(factor > 1.0)) return 1.0;
  return DoubleDouble::product(k, 1.0) * log(DoubleDouble(factor)) / DoubleDouble(10.0) + DoubleDouble(1.0);
}

}  // namespace detail

/// m(s, k) = 0.1·k·ln s + 1 for s > 1, else 1 (arXiv 2309.00071, eq. 22).
[[nodiscard]] inline double yarn_mscale(double factor, double k) noexcept {
  return detail::wide_mscale(factor, k).high;
}

namespace detail {

inline void require_factor(std::string_view where, double factor) {
  if (!(factor >= 1.0) || !std::isfinite(factor)) {
    fail(std::string(where), text("factor ", factor), "a finite factor of at least 1");
  }
}

inline void require_ends(std::string_view where, double low, double high) {
  if (!(low > 0.0) || !(high >= low) || !std::isfinite(high)) {
    fail(std::string(where), text("ends ", low, " and ", high), "0 < low end <= high end, both finite");
  }
}

inline double require_positive(std::string_view where, double value) {
  if (!(value > 0.0) || !std::isfinite(value)) {
    fail(std::string(where), text(value), "a positive finite number");
  }
  return value;
}

inline DoubleDouble clamp01(DoubleDouble value) noexcept {
  if (value < DoubleDouble(0.0)) return 0.0;
  return value < DoubleDouble(1.0) ? value : DoubleDouble(1.0);
}

template <class AnyYarn>
double yarn_attention_factor(const AnyYarn& yarn) {
  for (const auto& mscale : {yarn.mscale, yarn.mscale_all_dim}) {
    if (!std::isfinite(mscale.value_or(0.0))) {
      fail("Yarn mscale, mscale_all_dim", text(*mscale), "finite numbers");
    }
  }
  if (yarn.attention_factor) {
    return require_positive("Yarn attention_factor", *yarn.attention_factor);
  }
  const auto made = [&] {
    if (yarn.mscale.value_or(0.0) != 0.0 && yarn.mscale_all_dim.value_or(0.0) != 0.0) {
      return wide_mscale(yarn.factor, *yarn.mscale) / wide_mscale(yarn.factor, *yarn.mscale_all_dim);
    }
    return wide_mscale(yarn.factor, 1.0);
  };
  return require_positive("Yarn attention factor, of mscale and mscale_all_dim", made().high);
}

struct Scale {
  static_assert(detail::alternatives<Scaling> == 9, "scaled_frequencies: every Scaling");
  static_assert(detail::alternatives<RampEnds> == 2, "scaled_frequencies: every RampEnds");
  const RopeParameters& rope;
  std::size_t length;
  Frequencies frequencies;  // native at first

  void operator()(const Unscaled&) const noexcept {}

  void operator()(const Linear& linear) {
    require_factor("Linear", linear.factor);
    fill([&](std::size_t, DoubleDouble omega) { return omega / linear.factor; });
  }

  void operator()(const StaticNtk& ntk) {
    require_factor("StaticNtk", ntk.factor);
    rebase(ntk.factor);
  }

  void operator()(const DynamicNtk& ntk) {
    require_factor("DynamicNtk", ntk.factor);
    if (length <= rope.training_length) {
      return;
    }
    const DoubleDouble excess = DoubleDouble::of(length - rope.training_length) / training_length();
    rebase(excess * ntk.factor + 1.0);
  }

  void operator()(const Yarn& yarn) {
    require_factor("Yarn", yarn.factor);
    require_ends("Yarn", yarn.beta_slow, yarn.beta_fast);
    const DoubleDouble bands_per_fold = DoubleDouble::of(rope.bands()) / log(DoubleDouble(rope.base));
    const auto band_of = [&](double turns) {
      return bands_per_fold * log(training_length() / (two_pi * turns));
    };
    DoubleDouble low = band_of(yarn.beta_fast);
    DoubleDouble high = band_of(yarn.beta_slow);
    if (yarn.ramp_ends == RampEnds::whole_bands) {
      low = floor(low);
      high = -floor(-high);
    }
    const DoubleDouble last = static_cast<double>(rope.rotated_width - 1);
    if (low < 0.0) low = 0.0;
    if (last < high) high = last;
    DoubleDouble span = high - low;
    if (span < 0.001) span = 0.001;
    // 1 − (i − lo)/span would subtract nearly equal numbers in a second place.
    const DoubleDouble end = low + span;
    fill([&](std::size_t band, DoubleDouble omega) {
      return blend(omega, yarn.factor, clamp01((end - static_cast<double>(band)) / span));
    });
    frequencies.attention_factor = yarn_attention_factor(yarn);
  }

  void operator()(const YarnPaper& yarn) {
    require_factor("YarnPaper", yarn.factor);
    require_ends("YarnPaper", yarn.beta_slow, yarn.beta_fast);
    ramp_in_turns(yarn.factor, yarn.beta_slow, yarn.beta_fast);
    frequencies.attention_factor = yarn_attention_factor(yarn);
  }

  void operator()(const Llama3& llama) {
    require_factor("Llama3", llama.factor);
    require_ends("Llama3", llama.low_frequency_factor, llama.high_frequency_factor);
    ramp_in_turns(llama.factor, llama.low_frequency_factor, llama.high_frequency_factor);
  }

  void operator()(const LongRope& longrope) {
    const auto& factors = length > rope.training_length ? longrope.long_factor : longrope.short_factor;
    if (longrope.short_factor.size() != rope.bands() || longrope.long_factor.size() != rope.bands()) {
      fail("LongRope",
           text(longrope.short_factor.size(), " short and ", longrope.long_factor.size(), " long factors"),
           text(rope.bands(), " of each, one per band"));
    }
    for (const auto* list : {&longrope.short_factor, &longrope.long_factor}) {
      for (const double factor : *list) require_positive("LongRope factor list", factor);
    }
    require_positive("LongRope factor", longrope.factor);
    fill([&](std::size_t band, DoubleDouble omega) { return omega / factors[band]; });
    if (longrope.attention_factor) {
      frequencies.attention_factor =
          require_positive("LongRope attention_factor", *longrope.attention_factor);
    } else if (longrope.factor > 1.0) {
      if (rope.training_length < 2) {
        fail("LongRope", "training length 1", "at least 2 tokens, for ln L");
      }
      const DoubleDouble ratio = log(DoubleDouble(longrope.factor)) / log(training_length());
      frequencies.attention_factor = sqrt(ratio + 1.0).high;
    }
  }

  void operator()(const Proportional& proportional) {
    if (!(proportional.fraction >= 0.0 && proportional.fraction <= 1.0)) {
      fail("Proportional", text("fraction ", proportional.fraction), "a fraction in [0, 1]");
    }
    const double turning = std::floor(proportional.fraction * static_cast<double>(rope.bands()));
    for (std::size_t band = 0; band < frequencies.bands(); ++band) {
      if (static_cast<double>(band) >= turning) frequencies.omega[band] = 0.0;
    }
  }

 private:
  [[nodiscard]] DoubleDouble training_length() const noexcept {
    return DoubleDouble::of(rope.training_length);
  }

  /// ω' of every band by scaled(band, native ω).
  template <class Scaled>
  void fill(Scaled scaled) {
    const DoubleDouble ratio = native_ratio(rope.base, rope.bands());
    DoubleDouble omega(1.0);
    for (std::size_t band = 0; band < frequencies.bands(); ++band) {
      const double rounded = scaled(band, omega).high;
      if (!std::isfinite(rounded)) {
        fail("scaled_frequencies", text("parameters that make frequency ", rounded, " of band ", band),
             "parameters of finite frequencies");
      }
      frequencies.omega[band] = rounded;
      omega = omega * ratio;
    }
  }

  /// ω' = b'^(−2i/d) = (b^(−2/d)·t^(−2/(d − 2)))^i with b' = b·t^(d/(d − 2)).
  void rebase(DoubleDouble stretch) {
    if (rope.rotated_width == 2) {
      return;
    }
    const auto width = static_cast<double>(rope.rotated_width);
    if (!std::isfinite(rope.base * std::pow(stretch.high, width / (width - 2.0)))) {
      fail("frequencies", text("NTK stretch ", stretch.high, " of base ", rope.base), "a finite scaled base");
    }
    const DoubleDouble native = log(DoubleDouble(rope.base)) / DoubleDouble::of(rope.bands());
    const DoubleDouble ratio = exp(-(native + log(stretch) / DoubleDouble::of(rope.bands() - 1)));
    DoubleDouble omega(1.0);
    for (double& rounded : frequencies.omega) {
      rounded = omega.high;
      omega = omega * ratio;
    }
  }

  /// ω' = (1 − kept)·ω/s + kept·ω, kept the share that keeps its frequency.
  static DoubleDouble blend(DoubleDouble omega, double factor, DoubleDouble kept) noexcept {
    return omega * (kept + (DoubleDouble(1.0) - kept) / factor);
  }

  void ramp_in_turns(double factor, double low, double high) {
    const DoubleDouble turns_per_radian = training_length() / two_pi;
    const DoubleDouble span = DoubleDouble::sum(high, -low);
    fill([&](std::size_t, DoubleDouble omega) {
      const DoubleDouble beyond = omega * turns_per_radian - low;
      if (high == low) return blend(omega, factor, beyond < 0.0 ? 0.0 : 1.0);
      return blend(omega, factor, clamp01(beyond / span));
    });
  }
};

}  // namespace detail

/// Scaled frequencies of a request of `length` tokens.
///
/// length ℓ: the most tokens the request will ever hold, prompt and answer; it matters to DynamicNtk
/// and LongRope alone. Laws, bit for bit: DynamicNtk is the identity for ℓ ≤ L; a factor of 1 is the identity
/// for Linear, StaticNtk, Yarn, YarnPaper and Llama3. Worst error: frequency_ulps.
/// Throws Error where a precondition of `rope` or of the scaling fails, or a frequency is not finite.
[[nodiscard]] inline Frequencies scaled_frequencies(const RopeParameters& rope, const Scaling& scaling,
                                                    std::size_t length) {
  detail::Scale scale{rope, length, native_frequencies(rope)};
  std::visit(scale, scaling);
  return std::move(scale.frequencies);
}

/// The scaling's name in programs and outputs.
[[nodiscard]] inline std::string_view name_of(const Scaling& scaling) noexcept {
  constexpr std::string_view names[] = {"unscaled",   "linear", "static_ntk", "dynamic_ntk", "yarn",
                                        "yarn_paper", "llama3", "longrope",   "proportional"};
  static_assert(std::size(names) == std::variant_size_v<Scaling>);
  return names[scaling.index()];
}

}  // namespace dope
