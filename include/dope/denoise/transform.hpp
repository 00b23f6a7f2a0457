// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string_view>
#include <variant>
#include <vector>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/core/ieee.hpp"
#include "dope/denoise/names.hpp"
#include "dope/rope/frequencies.hpp"

namespace dope {

// What a selected head loses (arXiv 2511.09146, §4.3 of v1, §3.4 of v2). Every reading of the text
// is a named choice; the defaults are the ones its prose and Figure 1 support.

/// The low bands lose their positional encoding: those with ω ≤ 2π/L, a wavelength of at least the
/// training length L (v1 32–33, v2 13).
struct ByParts {
  /// identity: the pair stays, unrotated (Figure 1: cos → 1, sin → 0). remove: the pair is 0 in q and k
  /// and adds nothing to a score (v1 34, v2 14–15, with the polarity of the prose).
  enum class Reading { identity, remove };
  /// Which ω is held against 2π/L: the model's own, or the request's scaled one.
  enum class Threshold { native, scaled };

  Reading reading = Reading::identity;
  Threshold threshold = Threshold::native;
  bool operator==(const ByParts&) const = default;
};

/// The whole head loses its positional encoding.
struct ByAll {
  /// identity: ω = 0 in every band, NoPE for this head ("rather than completely zeroing out the
  /// head"). remove: q = k = 0, so that the head attends uniformly (v1 35, v2 16 as printed).
  enum class Reading { identity, remove };

  Reading reading = Reading::identity;
  bool operator==(const ByAll&) const = default;
};

/// Noise in the place of, or on, the rotated q and k of the head, all head-width channels of it.
///
/// ε are the standard normals of normal_row, keyed by (seed, layer, head, side, position).
struct ByGaussian {
  /// replace: q, k become σ·ε (v1 36–37). modulate: each entry of the rotated q, k is multiplied by
  /// σ·ε (v2 17, with the mask's polarity mended).
  enum class Reading { replace, modulate };
  /// fixed: σ = `sigma`. matched: σ is the standard deviation of what is replaced (v1 §4.3), measured
  /// in calibration per head and side and kept in the plan; it has no meaning for a factor, so
  /// not with modulate, and `sigma` is not used.
  enum class Spread { fixed, matched };

  Reading reading = Reading::replace;
  Spread spread = Spread::fixed;
  double sigma = 1.0;
  std::uint64_t seed = 42;
  bool operator==(const ByGaussian&) const = default;
};

using Transform = std::variant<ByParts, ByAll, ByGaussian>;

/// Throws Error where σ is negative or not finite, or modulate is asked for with matched σ.
inline void validate(const Transform& transform) {
  static_assert(detail::alternatives<Transform> == 3, "validate(Transform): every Transform");
  static_assert(detail::alternatives<ByGaussian::Reading> == 2,
                "validate(Transform): every ByGaussian::Reading");
  static_assert(detail::alternatives<ByGaussian::Spread> == 2,
                "validate(Transform): every ByGaussian::Spread");
  const auto* noise = std::get_if<ByGaussian>(&transform);
  if (noise == nullptr) return;
  if (!(noise->sigma >= 0.0) || !std::isfinite(noise->sigma)) {
    fail("ByGaussian", detail::text("sigma ", noise->sigma), "a finite sigma of at least 0");
  }
  if (noise->reading == ByGaussian::Reading::modulate && noise->spread == ByGaussian::Spread::matched) {
    fail("ByGaussian", "modulate with a matched spread", "a fixed sigma: a factor replaces nothing");
  }
}

namespace detail {

inline void require_alike(const Frequencies& native, const Frequencies& scaled, std::size_t training_length) {
  if (native.bands() != scaled.bands() || native.bands() == 0) {
    fail("low_bands", text(native.bands(), " native and ", scaled.bands(), " scaled frequencies"),
         "equally many, at least one");
  }
  if (training_length == 0) fail("low_bands", "training length 0", "at least 1 token");
  for (const Frequencies* frequencies : {&native, &scaled}) {
    for (std::size_t band = 0; band < frequencies->bands(); ++band) {
      const double omega = frequencies->omega[band];
      if (!(omega >= 0.0) || !std::isfinite(omega)) {
        fail("low_bands", text("frequency ", omega, " in band ", band), "finite frequencies of at least 0");
      }
    }
  }
}

}  // namespace detail

/// The bands with ω ≤ 2π/L, ascending.
///
/// `remove` on a low band that does not turn in the first place (scaled ω = 0, as Proportional leaves
/// it) has no meaning, since there is no position to lose: Error. `identity` leaves such a band as it is.
[[nodiscard]] inline std::vector<std::size_t> low_bands(const ByParts& parts, const Frequencies& native,
                                                        const Frequencies& scaled,
                                                        std::size_t training_length) {
  detail::require_alike(native, scaled, training_length);
  static_assert(detail::alternatives<ByParts::Reading> == 2, "low_bands: every ByParts::Reading");
  static_assert(detail::alternatives<ByParts::Threshold> == 2, "low_bands: every ByParts::Threshold");
  const Frequencies& judged = parts.threshold == ByParts::Threshold::native ? native : scaled;
  const double highest = 2.0 * std::numbers::pi / static_cast<double>(training_length);
  std::vector<std::size_t> low;
  for (std::size_t band = 0; band < judged.bands(); ++band) {
    if (judged.omega[band] > highest) continue;
    if (parts.reading == ByParts::Reading::remove && scaled.omega[band] == 0.0) {
      fail("low_bands", detail::text("by parts, remove, over band ", band, " that does not turn"),
           "a scaling that turns every low band, or the reading identity");
    }
    low.push_back(band);
  }
  return low;
}

/// The frequency table of a denoised head: the scaled one, with ω = 0 where the position is lost.
///
/// By Gaussian leaves it as it is. The attention factor stays: a head without positions keeps the
/// temperature of its model. Laws: by parts never changes a band above 2π/L; by all is NoPE.
/// Precondition: equally many bands, frequencies finite and ≥ 0, L ≥ 1 (Error).
[[nodiscard]] inline Frequencies denoised_frequencies(const Transform& transform, const Frequencies& native,
                                                      const Frequencies& scaled,
                                                      std::size_t training_length) {
  validate(transform);
  detail::require_alike(native, scaled, training_length);
  static_assert(detail::alternatives<Transform> == 3, "denoised_frequencies: every Transform");
  Frequencies denoised = scaled;
  if (const auto* parts = std::get_if<ByParts>(&transform)) {
    for (const std::size_t band : low_bands(*parts, native, scaled, training_length))
      denoised.omega[band] = 0.0;
  } else if (std::holds_alternative<ByAll>(transform)) {
    denoised.omega.assign(scaled.bands(), 0.0);
  }
  return denoised;
}

namespace detail {

template <>
struct EnumNames<ByParts::Reading> {
  static constexpr std::string_view what = "reading of by_parts";
  static constexpr std::array<std::string_view, 2> names = {"identity", "remove"};
};
template <>
struct EnumNames<ByParts::Threshold> {
  static constexpr std::string_view what = "threshold of by_parts";
  static constexpr std::array<std::string_view, 2> names = {"native", "scaled"};
};
template <>
struct EnumNames<ByAll::Reading> {
  static constexpr std::string_view what = "reading of by_all";
  static constexpr std::array<std::string_view, 2> names = {"identity", "remove"};
};
template <>
struct EnumNames<ByGaussian::Reading> {
  static constexpr std::string_view what = "reading of by_gaussian";
  static constexpr std::array<std::string_view, 2> names = {"replace", "modulate"};
};
template <>
struct EnumNames<ByGaussian::Spread> {
  static constexpr std::string_view what = "spread of by_gaussian";
  static constexpr std::array<std::string_view, 2> names = {"fixed", "matched"};
};

}  // namespace detail
}  // namespace dope
