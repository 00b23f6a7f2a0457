// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/spectral/band_gram.hpp"
#include "dope/spectral/spectrum.hpp"

// The six scores of a head, in nats, each a named choice with its conventions written out.
// λ₁ ≥ … ≥ λ_d eigenvalues of Σ = XᵀX, p_i = λ_i/Σ_j λ_j, ln natural, 0·ln 0 = 0. Numbers of
// equations are those of arXiv 2511.09146, v1 or v2.
//
//                              X → sX      X → XU, U orthogonal   range
//   von_neumann                invariant   invariant              [0, ln d], ≤ ln rank X
//   band_mean                  invariant   not (U must keep every band's plane)   [0, ln 2]
//   truncated_effective_rank   invariant   invariant              [1, r], ≤ rank X
//   truncated_mean             not         invariant              [−1/e, ∞)
//   uncomp                     invariant   invariant              [0, 1], to d·10⁻¹⁰ at both ends
//   spectral_norm raw          ·s²         invariant              (0, ∞)
//   spectral_norm trace_share  invariant   invariant              [1/d, 1], ≥ 1/rank X
//
// Ranges in brackets hold to the last bit: a sum that rounding carries past an end of what a spectrum can
// have is that end, which only brings it nearer. Those with rank X hold to rank_excess: where X has the rank
// k, rounding makes d − k eigenvalues of it that are not quite 0. Invariant to X → 2ᵏX: to the last bit,
// where X's largest entry stays in [2⁻⁴⁸⁰, 2⁴⁸⁰] (uncomp: to rounding, as rows are divided by norms).
//
// Worst error: that of the spectrum, propagated; the sums themselves add entropy_error(d), relative.

namespace dope {

/// H = −Σ p_i ln p_i over all d eigenvalues ("full" in the tables; v1 eq. 25 on the whole head).
struct VonNeumann {
  bool operator==(const VonNeumann&) const = default;
};

/// Mean over bands of the von Neumann entropy of each band's trace-normalised 2 × 2 Gram (v1 24–26).
struct BandMean {
  bool operator==(const BandMean&) const = default;
};

/// exp(−Σ_{i≤r} π_i ln π_i), π_i = λ_i/Σ_{j≤r} λ_j (v1 eq. 30). At r = 1 it is 1 for every head and
/// cannot rank; at r = d it is exp of von_neumann.
struct TruncatedEffectiveRank {
  std::size_t r = 0;
  bool operator==(const TruncatedEffectiveRank&) const = default;
};

/// (1/r) Σ_{i≤r} λ_i ln λ_i on the raw spectrum, with the sign printed (v2 eq. 11, 32). It grows with
/// each λ_i ≥ 1/e: there, amplification raises this score while it lowers the normalised ones.
struct TruncatedMean {
  std::size_t r = 0;
  bool operator==(const TruncatedMean&) const = default;
};

/// −Σ_{i≤r} s_i ln s_i / ln d, s_i = p_i + 10⁻¹⁰, of the covariance of rows that are centred by the
/// token mean and then normalised: GramOptions{token_mean, unit}. As in the code published with
/// arXiv 2410.03090: the divisor N cancels in p, 10⁻¹⁰·I is added after division by the trace and not
/// renormalised. At r = 1 it is not monotone in p₁: −p ln p peaks at 1/e.
struct Uncomp {
  std::size_t r = 0;
  bool operator==(const Uncomp&) const = default;
};

/// Relative error of −Σ p ln p of given eigenvalues, (d + 2)·2⁻⁵²: every share p is right to (d + 1)·2⁻⁵³, ln
/// p and their products to 3·2⁻⁵³, no term is below 0, and their sum adds d·2⁻⁵³.
constexpr double entropy_error(std::size_t width) noexcept {
  return (static_cast<double>(width) + 2.0) * 0x1p-52;
}

/// How far −Σ p ln p may pass ln k, k the rank of what was measured: (d − k)·ε·(1 − ln ε) +
/// entropy_error(d)·ln d.
///
/// ε is the error of one eigenvalue as a share of the trace. The d − k shares that should be 0 are then at
/// most ε each, η together, and an entropy is that of the two shares η, 1 − η, which is at most η·(1 − ln η),
/// and (1 − η)·ln k + η·ln(d − k) at most.
inline double rank_excess(std::size_t width, std::size_t rank, double share_error) noexcept {
  return static_cast<double>(width - rank) * share_error * (1.0 - std::log(share_error)) +
         entropy_error(width) * std::log(static_cast<double>(width));
}

enum class NormScale { raw, trace_share };

/// λ₁, or its scale-free form λ₁/trace (remark "r = 1" in v1 and v2).
struct SpectralNorm {
  NormScale scale = NormScale::raw;
  bool operator==(const SpectralNorm&) const = default;
};

using Entropy =
    std::variant<VonNeumann, BandMean, TruncatedEffectiveRank, TruncatedMean, Uncomp, SpectralNorm>;

namespace detail {

inline double minus_x_log_x(double x) noexcept { return x > 0.0 ? -x * std::log(x) : 0.0; }

inline void require_truncation(std::string_view where, std::size_t r, std::size_t width) {
  if (r == 0 || r > width) {
    fail(std::string(where), text("r = ", r), text("r from 1 to the width ", width));
  }
}

inline void require_spectrum(std::string_view where, const Spectrum& spectrum) {
  if (spectrum.values.empty() || !(spectrum.trace > 0.0)) {
    fail(std::string(where), text("a spectrum of ", spectrum.width(), " values, trace ", spectrum.trace),
         "a trace above 0");
  }
}

/// −Σ_{i<r} π_i ln π_i, π_i = λ_i/Σ_{j<r} λ_j, smallest first. ln π₁ comes from the other shares' sum,
/// so that a spike of any height leaves the entropy its digits. In [0, ln r] to the last bit.
inline double entropy_of_leading(const Spectrum& spectrum, std::size_t r) noexcept {
  double rest = 0.0;
  for (std::size_t i = r; i-- > 1;) rest += spectrum.values[i];
  const double total = rest + spectrum.values[0];
  double entropy = 0.0;
  for (std::size_t i = r; i-- > 1;) entropy += minus_x_log_x(spectrum.values[i] / total);
  entropy -= spectrum.values[0] / total * std::log1p(-rest / total);
  return (std::min)(entropy, std::log(static_cast<double>(r)));
}

/// Entropy of the two shares λ₁/t and λ₂/t; the larger share's logarithm from the smaller one.
inline double entropy_of_band(const BandGram& gram) noexcept {
  const double second = gram.smallest() / gram.trace();
  const double first = 1.0 - second;
  return (std::min)(minus_x_log_x(second) - first * std::log1p(-second), std::numbers::ln2);
}

}  // namespace detail

/// See VonNeumann. Shape: any width. Throws Error for an empty or zero spectrum, as all of these do.
[[nodiscard]] inline double von_neumann(const Spectrum& spectrum) {
  detail::require_spectrum("von_neumann", spectrum);
  return detail::entropy_of_leading(spectrum, spectrum.width());
}

/// See BandMean. Throws Error where a band holds no energy, or less than 2⁻⁹⁶⁰, naming it.
[[nodiscard]] inline double band_mean(const BandGrams& grams) {
  double sum = 0.0;
  for (std::size_t band = 0; band < grams.bands(); ++band) {
    detail::require_energy("band_mean", grams[band].trace(), detail::text("band ", band));
    sum += detail::entropy_of_band(grams[band]);
  }
  return (std::min)(sum / static_cast<double>(grams.bands()), std::numbers::ln2);
}

/// See TruncatedEffectiveRank. Precondition: 1 ≤ r ≤ d (checked: Error).
[[nodiscard]] inline double truncated_effective_rank(const Spectrum& spectrum, std::size_t r) {
  detail::require_spectrum("truncated_effective_rank", spectrum);
  detail::require_truncation("truncated_effective_rank", r, spectrum.width());
  return (std::min)(std::exp(detail::entropy_of_leading(spectrum, r)), static_cast<double>(r));
}

/// See TruncatedMean. Preconditions: 1 ≤ r ≤ d; a mean in double's range, as of λ₁ up to 2¹⁰¹⁴ (checked:
/// Error).
[[nodiscard]] inline double truncated_mean(const Spectrum& spectrum, std::size_t r) {
  detail::require_spectrum("truncated_mean", spectrum);
  detail::require_truncation("truncated_mean", r, spectrum.width());
  double sum = 0.0;
  for (std::size_t i = r; i-- > 0;) sum -= detail::minus_x_log_x(spectrum.values[i]) / static_cast<double>(r);
  if (!std::isfinite(sum)) {
    fail("truncated_mean", detail::text("a largest eigenvalue of ", spectrum.largest()),
         "eigenvalues up to 2^1014");
  }
  return sum;
}

/// What Uncomp adds to every share.
inline constexpr double uncomp_epsilon = 1e-10;

/// See Uncomp. The spectrum is that of a centred, then normalised Gram. Preconditions: 1 ≤ r ≤ d, d ≥ 2
/// (checked: Error).
[[nodiscard]] inline double uncomp(const Spectrum& spectrum, std::size_t r) {
  detail::require_spectrum("uncomp", spectrum);
  detail::require_truncation("uncomp", r, spectrum.width());
  if (spectrum.width() < 2) fail("uncomp", "width 1", "at least 2, for ln d");
  double entropy = 0.0;
  for (std::size_t i = r; i-- > 1;) entropy += detail::minus_x_log_x(spectrum.share(i) + uncomp_epsilon);
  double rest = 0.0;
  for (std::size_t i = spectrum.width(); i-- > 1;) rest += spectrum.values[i];
  const double beyond_one = uncomp_epsilon - rest / spectrum.trace;
  entropy -= (1.0 + beyond_one) * std::log1p(beyond_one);
  return entropy / std::log(static_cast<double>(spectrum.width()));
}

/// See SpectralNorm.
[[nodiscard]] inline double spectral_norm(const Spectrum& spectrum, NormScale scale) {
  detail::require_spectrum("spectral_norm", spectrum);
  if (scale == NormScale::raw) return spectrum.largest();
  return (std::max)(spectrum.share(0), 1.0 / static_cast<double>(spectrum.width()));
}

/// Everything a head's score may be taken from. `uncomp` is the spectrum of the centred, then
/// normalised rows; `bands` the 2 × 2 Grams. Absent where the entropy in use does not need it.
struct HeadSpectra {
  Spectrum head;
  std::optional<Spectrum> uncomp;
  std::optional<BandGrams> bands;
};

namespace detail {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

template <class Part>
const Part& require_part(const std::optional<Part>& part, std::string_view name) {
  if (!part) fail("evaluate", text("no ", name), text("HeadSpectra with its ", name));
  return *part;
}

}  // namespace detail

/// The entropy's name in programs and outputs, conventions included, e.g. "truncated_mean(r=8)".
/// Law: parse_entropy(name_of(e)) == e.
[[nodiscard]] inline std::string name_of(const Entropy& entropy) {
  static_assert(detail::alternatives<Entropy> == 6, "name_of(Entropy): every Entropy");
  static_assert(detail::alternatives<NormScale> == 2, "name_of(Entropy): every NormScale");
  return std::visit(
      detail::Overloaded{[](const VonNeumann&) { return std::string("von_neumann"); },
                         [](const BandMean&) { return std::string("band_mean"); },
                         [](const TruncatedEffectiveRank& e) {
                           return detail::text("truncated_effective_rank(r=", e.r, ")");
                         },
                         [](const TruncatedMean& e) { return detail::text("truncated_mean(r=", e.r, ")"); },
                         [](const Uncomp& e) { return detail::text("uncomp(r=", e.r, ")"); },
                         [](const SpectralNorm& e) {
                           return std::string(e.scale == NormScale::raw ? "spectral_norm(raw)"
                                                                        : "spectral_norm(trace_share)");
                         }},
      entropy);
}

/// The inverse of name_of. Throws Error on anything else.
[[nodiscard]] inline Entropy parse_entropy(std::string_view name) {
  static_assert(detail::alternatives<Entropy> == 6, "parse_entropy: every Entropy");
  if (name == "von_neumann") return VonNeumann{};
  if (name == "band_mean") return BandMean{};
  if (name == "spectral_norm(raw)") return SpectralNorm{NormScale::raw};
  if (name == "spectral_norm(trace_share)") return SpectralNorm{NormScale::trace_share};
  const auto open = name.find("(r=");
  if (open != std::string_view::npos && name.ends_with(')')) {
    const std::string_view head = name.substr(0, open);
    const std::string_view digits = name.substr(open + 3, name.size() - open - 4);
    std::size_t r = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), r);
    if (error == std::errc{} && end == digits.data() + digits.size()) {
      if (head == "truncated_effective_rank") return TruncatedEffectiveRank{r};
      if (head == "truncated_mean") return TruncatedMean{r};
      if (head == "uncomp") return Uncomp{r};
    }
  }
  fail("parse_entropy", std::string(name),
       "von_neumann, band_mean, truncated_effective_rank(r=N), truncated_mean(r=N), uncomp(r=N), "
       "spectral_norm(raw) or spectral_norm(trace_share)");
}

/// Throws Error where the choice gives every head the same score, or none: truncated effective rank at
/// r = 1, and r = 0.
inline void require_ranks(const Entropy& entropy) {
  static_assert(detail::alternatives<Entropy> == 6, "require_ranks: every Entropy");
  const auto positive = [&](std::size_t r) {
    if (r == 0) fail("require_ranks", name_of(entropy), "r of at least 1");
  };
  std::visit(detail::Overloaded{[](const auto&) {},
                                [&](const TruncatedEffectiveRank& e) {
                                  positive(e.r);
                                  if (e.r == 1) {
                                    fail("require_ranks", name_of(entropy),
                                         "r of at least 2: at r = 1 every head scores exactly 1");
                                  }
                                },
                                [&](const TruncatedMean& e) { positive(e.r); },
                                [&](const Uncomp& e) { positive(e.r); }},
             entropy);
}

/// The score of a head. Throws Error where require_ranks does, where r passes the width, where the
/// needed part is absent, or where that part is zero.
[[nodiscard]] inline double evaluate(const Entropy& entropy, const HeadSpectra& spectra) {
  require_ranks(entropy);
  return std::visit(
      detail::Overloaded{
          [&](const VonNeumann&) { return von_neumann(spectra.head); },
          [&](const BandMean&) { return band_mean(detail::require_part(spectra.bands, "band Grams")); },
          [&](const TruncatedEffectiveRank& e) { return truncated_effective_rank(spectra.head, e.r); },
          [&](const TruncatedMean& e) { return truncated_mean(spectra.head, e.r); },
          [&](const Uncomp& e) {
            return uncomp(detail::require_part(spectra.uncomp, "centred, normalised spectrum"), e.r);
          },
          [&](const SpectralNorm& e) { return spectral_norm(spectra.head, e.scale); }},
      entropy);
}

}  // namespace dope
