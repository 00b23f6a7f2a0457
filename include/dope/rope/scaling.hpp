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

#include "dope/core/error.hpp"
#include "dope/rope/frequencies.hpp"

namespace dope {

// Frequency scalings. Throughout: b base, d rotated width, i band, ω_i = b^(−2i/d) native,
// L training length, ℓ length of the request, s factor, clamp to [0, 1]. All in double.

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
/// Preconditions: s ≥ 1, β_fast > β_slow > 0.
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
/// 10⁴, d = 128, L = 4096). Attention factor as Yarn.
struct YarnPaper {
  double factor = 1.0;
  double beta_fast = 32.0;
  double beta_slow = 1.0;
  std::optional<double> attention_factor = {};
  std::optional<double> mscale = {};
  std::optional<double> mscale_all_dim = {};
};

/// Llama 3.1: smooth = clamp((L·ω/2π − low)/(high − low)); ω' = (1 − smooth)·ω/s + smooth·ω.
/// Preconditions: s ≥ 1, high > low > 0. L is the original context (8192 there).
struct Llama3 {
  double factor = 8.0;
  double low_frequency_factor = 1.0;
  double high_frequency_factor = 4.0;
};

/// LongRoPE (arXiv 2402.13753): ω' = ω/f_i with f = long_factor for ℓ > L strictly, else
/// short_factor. Attention factor: as given, else √(1 + ln s/ln L) for s > 1, else 1, whatever ℓ.
/// Preconditions: both lists have d/2 positive entries; L ≥ 2.
struct LongRope {
  std::vector<double> short_factor = {};
  std::vector<double> long_factor = {};
  double factor = 1.0;
  std::optional<double> attention_factor = {};
};

/// Proportional RoPE (p-RoPE, arXiv 2410.06205): the first ⌊p·d/2⌋ bands turn with native ω, the
/// others have ω = 0. Unlike a partial rotary width, exponent and partner keep the full width d.
/// Precondition: 0 ≤ p ≤ 1.
struct Proportional {
  double fraction = 1.0;
};

using Scaling =
    std::variant<Unscaled, Linear, StaticNtk, DynamicNtk, Yarn, YarnPaper, Llama3, LongRope, Proportional>;

/// m(s, k) = 0.1·k·ln s + 1 for s > 1, else 1 (arXiv 2309.00071, eq. 22).
[[nodiscard]] inline double yarn_mscale(double factor, double k) noexcept {
  return factor > 1.0 ? std::fma(0.1 * k, std::log(factor), 1.0) : 1.0;
}

namespace detail {

inline void require_factor(std::string_view where, double factor) {
  if (!(factor >= 1.0) || !std::isfinite(factor)) {
    throw Error(std::string(where), text("factor ", factor), "a finite factor of at least 1");
  }
}

inline void require_ends(std::string_view where, double low, double high) {
  if (!(low > 0.0) || !(high > low) || !std::isfinite(high)) {
    throw Error(std::string(where), text("ends ", low, " and ", high), "0 < low end < high end, both finite");
  }
}

inline double require_positive(std::string_view where, double value) {
  if (!(value > 0.0) || !std::isfinite(value)) {
    throw Error(std::string(where), text(value), "a positive finite number");
  }
  return value;
}

inline double clamp01(double value) noexcept { return std::clamp(value, 0.0, 1.0); }

inline double turns_per_context(const RopeParameters& rope, double omega) noexcept {
  return static_cast<double>(rope.training_length) * omega / (2.0 * std::numbers::pi);
}

inline void rebase(const RopeParameters& rope, double stretch, Frequencies& frequencies) {
  if (rope.rotated_width == 2) {
    return;
  }
  const auto width = static_cast<double>(rope.rotated_width);
  const double base = rope.base * std::pow(stretch, width / (width - 2.0));
  if (!std::isfinite(base)) {
    throw Error("frequencies", text("NTK stretch ", stretch, " of base ", rope.base), "a finite scaled base");
  }
  native_frequencies(base, frequencies.omega);
}

/// ω' = (1 − kept)·ω/s + kept·ω, kept the share that keeps its frequency.
inline double blend(double omega, double factor, double kept) noexcept {
  return std::fma(kept, omega, (1.0 - kept) * omega / factor);
}

template <class AnyYarn>
double yarn_attention_factor(const AnyYarn& yarn) {
  if (yarn.attention_factor) {
    return require_positive("Yarn attention_factor", *yarn.attention_factor);
  }
  if (yarn.mscale.value_or(0.0) != 0.0 && yarn.mscale_all_dim.value_or(0.0) != 0.0) {
    return yarn_mscale(yarn.factor, *yarn.mscale) / yarn_mscale(yarn.factor, *yarn.mscale_all_dim);
  }
  return yarn_mscale(yarn.factor, 1.0);
}

struct Scale {
  const RopeParameters& rope;
  std::size_t length;
  Frequencies frequencies;

  void operator()(const Unscaled&) const noexcept {}

  void operator()(const Linear& linear) {
    require_factor("Linear", linear.factor);
    for (double& omega : frequencies.omega) omega /= linear.factor;
  }

  void operator()(const StaticNtk& ntk) {
    require_factor("StaticNtk", ntk.factor);
    rebase(rope, ntk.factor, frequencies);
  }

  void operator()(const DynamicNtk& ntk) {
    require_factor("DynamicNtk", ntk.factor);
    if (length <= rope.training_length) {
      return;
    }
    const double ratio = static_cast<double>(length) / static_cast<double>(rope.training_length);
    rebase(rope, std::fma(ntk.factor, ratio, 1.0 - ntk.factor), frequencies);
  }

  void operator()(const Yarn& yarn) {
    require_factor("Yarn", yarn.factor);
    require_ends("Yarn", yarn.beta_slow, yarn.beta_fast);
    const auto width = static_cast<double>(rope.rotated_width);
    const auto band_of = [&](double turns) {
      const double context = static_cast<double>(rope.training_length);
      return width * std::log(context / (2.0 * std::numbers::pi * turns)) / (2.0 * std::log(rope.base));
    };
    double low = band_of(yarn.beta_fast);
    double high = band_of(yarn.beta_slow);
    if (yarn.ramp_ends == RampEnds::whole_bands) {
      low = std::floor(low);
      high = std::ceil(high);
    }
    low = std::max(low, 0.0);
    high = std::min(high, width - 1.0);
    const double span = std::max(0.001, high - low);
    for (std::size_t band = 0; band < frequencies.bands(); ++band) {
      const double kept = 1.0 - clamp01((static_cast<double>(band) - low) / span);
      frequencies.omega[band] = blend(frequencies.omega[band], yarn.factor, kept);
    }
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
      throw Error(
          "LongRope",
          text(longrope.short_factor.size(), " short and ", longrope.long_factor.size(), " long factors"),
          text(rope.bands(), " of each, one per band"));
    }
    for (const auto* list : {&longrope.short_factor, &longrope.long_factor}) {
      for (const double factor : *list) require_positive("LongRope factor list", factor);
    }
    for (std::size_t band = 0; band < factors.size(); ++band) frequencies.omega[band] /= factors[band];
    if (longrope.attention_factor) {
      frequencies.attention_factor =
          require_positive("LongRope attention_factor", *longrope.attention_factor);
    } else if (require_positive("LongRope factor", longrope.factor) > 1.0) {
      if (rope.training_length < 2) {
        throw Error("LongRope", "training length 1", "at least 2 tokens, for ln L");
      }
      const double ratio = std::log(longrope.factor) / std::log(static_cast<double>(rope.training_length));
      frequencies.attention_factor = std::sqrt(1.0 + ratio);
    }
  }

  void operator()(const Proportional& proportional) {
    if (!(proportional.fraction >= 0.0 && proportional.fraction <= 1.0)) {
      throw Error("Proportional", text("fraction ", proportional.fraction), "a fraction in [0, 1]");
    }
    const double turning = std::floor(proportional.fraction * static_cast<double>(rope.bands()));
    for (std::size_t band = 0; band < frequencies.bands(); ++band) {
      if (static_cast<double>(band) >= turning) frequencies.omega[band] = 0.0;
    }
  }

 private:
  void ramp_in_turns(double factor, double low, double high) {
    for (double& omega : frequencies.omega) {
      omega = blend(omega, factor, clamp01((turns_per_context(rope, omega) - low) / (high - low)));
    }
  }
};

}  // namespace detail

/// Scaled frequencies of a request of `length` tokens.
///
/// length ℓ: the most tokens the request will ever hold, prompt and answer; it matters to DynamicNtk
/// and LongRope alone. Law: DynamicNtk is the identity for ℓ ≤ L; a factor of 1 is the identity for
/// Linear, StaticNtk, Yarn, YarnPaper and Llama3 (to one rounding). Worst error: a few ulp of double.
/// Throws Error where a precondition of `rope` or of the scaling fails.
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
