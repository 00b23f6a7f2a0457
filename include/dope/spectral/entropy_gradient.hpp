// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/core/view.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/spectral/band_gram.hpp"
#include "dope/spectral/checked.hpp"
#include "dope/spectral/entropy.hpp"
#include "dope/spectral/gram.hpp"
#include "dope/spectral/matrix.hpp"
#include "dope/spectral/spectrum.hpp"

// dH/dX of every entropy of entropy.hpp, X the rows of a head, tokens × width.
//
// Through the Gram: H(Σ) = f(λ₁ … λ_d) has dH/dΣ = V diag(∂f/∂λ_i) Vᵀ (Lewis 1996, "Derivatives of
// spectral functions"), and Σ = YᵀY gives dH/dY = 2·Y·dH/dΣ. Y is X but for centring and row scaling, whose
// chain rule, with c_t = x_t − μ, y_t = c_t/‖c_t‖ and u_t = (1 − y_t y_tᵀ)(dH/dy_t)/‖c_t‖, is
//
//   rows unit, not centred   dH/dx_t = u_t, μ = 0
//   centred, rows unit       dH/dx_t = u_t − (1/N) Σ_s u_s
//   centred only             dH/dx_t = dH/dy_t: Σ_t y_t = 0, so that the mean's own term vanishes
//
// Slopes ∂f/∂λ_i; p_i = λ_i/t, t = Σ_j λ_j; π_i = λ_i/T, T = Σ_{j≤r} λ_j; slopes past r are 0 where none
// is given:
//
//   von_neumann                 −(ln p_i + H)/t
//   band_mean                   the same for each band's 2 × 2 Gram, divided by the number of bands
//   truncated_effective_rank    −ρ (ln π_i + ln ρ)/T, i ≤ r
//   truncated_mean              (ln λ_i + 1)/r, i ≤ r
//   uncomp                      (1[i ≤ r] h_i − Σ_{j≤r} h_j p_j)/t, h_i = −(ln(p_i + 10⁻¹⁰) + 1)/ln d
//   spectral_norm raw           1[i = 1]
//   spectral_norm trace_share   (1[i = 1] − p₁)/t
//
// Where it does not exist, an Error says so:
//   a tie at the cut      λ_r = λ_{r+1} (r = 1 for spectral_norm) where the slope jumps between them: which
//                         direction counts would be arbitrary. Where both slopes are equal (a flat head
//                         under truncated_effective_rank) or both eigenvalues are 0, it exists.
//   a zero row            under RowScaling::unit: H itself jumps, as the row has no direction.
//   a band of no energy   under band_mean, as its entropy.
// Ties wholly within or wholly outside of the first r are no obstacle: slopes there are equal, and the sum
// over the tied directions does not depend on their basis.
//
// λ_i = 0: −p ln p has an infinite slope in Σ, not in X: X v_i = 0 and √λ·ln λ → 0. The logarithm is taken
// of λ_i or the resolution ε·λ₁, whichever is larger, so that dH/dΣ is finite and dH/dX exact.
//
// By Accumulation: resolution ε, and the gap λ_r − λ_{r+1} up to which eigenvalues count as tied:
//
//   float_blocks        2⁻²³        2⁻¹⁶·λ₁
//   double_blocks       d·2⁻⁵²      2⁻³⁶·λ₁
//   triangular_factor   (d·2⁻⁵²)²   2⁻³⁶·√(λ₁λ_r)
//
// Worst error of dH/dX, of its scale max|∂f/∂λ_i|·σ₁: √ε, from eigenvalues near ε·λ₁ (measured for σ from 1
// to 10⁻⁹, d = 32: 3·10⁻⁶, 6·10⁻¹⁰, 2·10⁻¹⁶); about d·2⁻⁵² where all eigenvalues are of a size; and near a
// tie at the cut ε·λ₁/(λ_r − λ_{r+1}) more. Range: |x| ≤ 2⁴⁸⁰, ‖X‖² ≥ 2⁻⁹⁶⁰,
// and where rows are scaled, ‖x_t − μ‖ ≥ 2⁻⁴⁸⁰; else an Error.

namespace dope {

/// Which channels belong to which band, for band_mean.
struct BandLayout {
  Pairing pairing = Pairing::half_split;
  std::size_t bands = 0;
  bool operator==(const BandLayout&) const = default;
};

namespace detail {

/// ∂f/∂λ_i in the spectrum's order.
struct Slopes {
  std::vector<double> values;
  std::size_t cut = 0;     // the slope may jump behind this many; the width where it cannot
  double cut_terms = 0.0;  // sum of the magnitudes of the terms of the jump
};

/// What the eigenvalues of a Gram, as multiples of λ₁, are known to.
inline double resolution(Accumulation accumulation, std::size_t width) noexcept {
  const double in_double = static_cast<double>(width) * 0x1p-52;
  if (accumulation == Accumulation::float_blocks) return 0x1p-23;
  return accumulation == Accumulation::double_blocks ? in_double : in_double * in_double;
}

/// Those of −Σ_{i≤r} π_i ln π_i, times `factor`; `floor` is the resolution.
inline Slopes slopes_of_leading(const Spectrum& spectrum, std::size_t r, double factor, double floor) {
  Slopes slopes{std::vector<double>(spectrum.width(), 0.0), r, 0.0};
  double rest = 0.0;
  for (std::size_t i = r; i-- > 1;) rest += spectrum.values[i];
  const double total = rest + spectrum.values[0];
  const double entropy = entropy_of_leading(spectrum, r);
  for (std::size_t i = 0; i < r; ++i) {
    const double log_share =
        i == 0 ? std::log1p(-rest / total)
               : std::log((std::max)(spectrum.values[i] / total, floor * (spectrum.largest() / total)));
    slopes.values[i] = -factor * (log_share + entropy) / total;
    slopes.cut_terms = factor * (std::abs(log_share) + entropy) / total;
  }
  return slopes;
}

inline Slopes slopes_of(const TruncatedMean& entropy, const Spectrum& spectrum, double floor) {
  Slopes slopes{std::vector<double>(spectrum.width(), 0.0), entropy.r, 0.0};
  for (std::size_t i = 0; i < entropy.r; ++i) {
    const double log_value = std::log((std::max)(spectrum.values[i], floor * spectrum.largest()));
    slopes.values[i] = (log_value + 1.0) / static_cast<double>(entropy.r);
    slopes.cut_terms = (std::abs(log_value) + 1.0) / static_cast<double>(entropy.r);
  }
  return slopes;
}

inline Slopes slopes_of(const Uncomp& entropy, const Spectrum& spectrum) {
  if (spectrum.width() < 2) fail("gram_gradient", "uncomp at width 1", "at least 2, for ln d");
  Slopes slopes{std::vector<double>(spectrum.width(), 0.0), entropy.r, 0.0};
  const double unit = std::log(static_cast<double>(spectrum.width()));
  double mean = 0.0;
  for (std::size_t i = 0; i < entropy.r; ++i) {
    const double log_share = std::log(spectrum.share(i) + uncomp_epsilon);
    slopes.values[i] = -(log_share + 1.0) / (unit * spectrum.trace);
    slopes.cut_terms = (std::abs(log_share) + 1.0) / (unit * spectrum.trace);
    mean += slopes.values[i] * spectrum.share(i);
  }
  for (double& value : slopes.values) value -= mean;
  return slopes;
}

inline Slopes slopes_of(const SpectralNorm& entropy, const Spectrum& spectrum) {
  if (entropy.scale == NormScale::raw) {
    Slopes slopes{std::vector<double>(spectrum.width(), 0.0), 1, 1.0};
    slopes.values[0] = 1.0;
    return slopes;
  }
  Slopes slopes{std::vector<double>(spectrum.width(), -spectrum.share(0) / spectrum.trace), 1,
                1.0 / spectrum.trace};
  double rest = 0.0;
  for (std::size_t i = spectrum.width(); i-- > 1;) rest += spectrum.values[i];
  slopes.values[0] = rest / spectrum.trace / spectrum.trace;
  return slopes;
}

/// Throws Error where the slope jumps at a tie.
inline void require_slopes(const Entropy& entropy, const Slopes& slopes, const Spectrum& spectrum,
                           Accumulation accumulation) {
  const std::size_t r = slopes.cut;
  if (r >= spectrum.width()) return;
  const double last = spectrum.values[r - 1];
  const double next = spectrum.values[r];
  double tie = 0x1p-36 * spectrum.largest();
  if (accumulation == Accumulation::float_blocks) tie = 0x1p-16 * spectrum.largest();
  if (accumulation == Accumulation::triangular_factor)
    tie = 0x1p-36 * std::sqrt(spectrum.largest()) * std::sqrt(last);
  const bool tied = last - next <= tie;
  const bool zero = last <= resolution(accumulation, spectrum.width()) * spectrum.largest();
  const bool jumps = std::abs(slopes.values[r - 1] - slopes.values[r]) > 0x1p-36 * slopes.cut_terms;
  if (tied && !zero && jumps) {
    fail("gram_gradient",
         text(name_of(entropy), " where eigenvalues ", r, " and ", r + 1, " are ", shortest(last), " and ",
              shortest(next)),
         text("a gap of more than ", shortest(tie), ": at a tie there is no gradient"));
  }
}

/// d/dB of −tr(B̃ ln B̃), B̃ = B/tr B, added to the band's block of `gradient` times `factor`.
///
/// p₁ − p₂ = m and B̃ = (1 + m·S)/2 give −((ln p₁p₂ + 2H)·1 + ln(p₁/p₂)·S)/(2·tr B), S free of m → 0.
inline void add_band_gradient(const BandGram& gram, double factor, ChannelPair pair, double floor,
                              Matrix& gradient) {
  const double trace = gram.trace();
  const double second = gram.smallest() / trace;
  const double xx_yy = (gram.xx - gram.yy) / trace;
  const double xy = 2.0 * gram.xy / trace;
  const double apart = std::hypot(xx_yy, xy);
  const double log_first = std::log1p(-second);
  const double log_second = std::log((std::max)(second, floor));
  const double over_apart = apart > 0x1p-20 ? (log_first - log_second) / apart : 2.0;
  const double even = log_first + log_second + 2.0 * entropy_of_band(gram);
  const double scale = -0.5 * factor / trace;
  const auto a = static_cast<Eigen::Index>(pair.first);
  const auto b = static_cast<Eigen::Index>(pair.second);
  gradient(a, a) += scale * (even + over_apart * xx_yy);
  gradient(b, b) += scale * (even - over_apart * xx_yy);
  gradient(a, b) += scale * over_apart * xy;
  gradient(b, a) += scale * over_apart * xy;
}

template <std::same_as<Gram> AGram>
[[nodiscard]] Matrix band_mean_gradient(const AGram& gram, const std::optional<BandLayout>& layout) {
  if (!layout) fail("gram_gradient", "band_mean without bands", "their layout");
  const BandGrams grams = band_grams_of(gram, layout->pairing, layout->bands);
  static_cast<void>(band_mean(grams));  // names a band of no energy
  const auto size = static_cast<Eigen::Index>(gram.width());
  Matrix gradient = Matrix::Zero(size, size);
  const double floor =
      gram.options().accumulation == Accumulation::float_blocks ? 0x1p-23 : 0x1p-51;  // of a band's trace
  for (std::size_t band = 0; band < grams.bands(); ++band) {
    add_band_gradient(grams[band], 1.0 / static_cast<double>(grams.bands()),
                      channels_of(layout->pairing, band, 2 * grams.bands()), floor, gradient);
  }
  return gradient;
}

template <class T>
concept GradientScalar = std::same_as<T, float> || std::same_as<T, double>;

}  // namespace detail

static_assert(detail::alternatives<Entropy> == 6, "gram_gradient: every Entropy");

/// G = dH/dΣ, width × width, symmetric: H(Σ + E) = H(Σ) + tr(G·E) + o(‖E‖) for symmetric E within the range
/// of Σ. Units: those of H by those of Σ. `layout` is needed for band_mean alone.
///
/// Preconditions (checked: Error): those of `evaluate`; for uncomp a Gram of centred, then normalised rows;
/// under RowScaling::unit no zero row; no jump at a tie.
///
/// Laws: tr(G·Σ) = 0 for the entropies invariant to scaling, λ₁ for spectral_norm(raw) and
/// H + (1/r) Σ_{i≤r} λ_i for truncated_mean; G(QᵀΣQ) = Qᵀ G(Σ) Q, Q orthogonal (all but band_mean).
template <std::same_as<Gram> AGram>
[[nodiscard]] Matrix gram_gradient(const Entropy& entropy, const AGram& gram,
                                   const std::optional<BandLayout>& layout = std::nullopt) {
  require_ranks(entropy);
  const GramOptions& options = gram.options();
  if (std::holds_alternative<Uncomp>(entropy) &&
      (options.centring != Centring::token_mean || options.rows != RowScaling::unit)) {
    fail("gram_gradient", name_of(entropy) + " of other rows", "centred, then normalised rows");
  }
  if (gram.zero_rows() > 0) {
    fail("gram_gradient", detail::text(gram.zero_rows(), " zero rows under RowScaling::unit"),
         "none: the direction of a zero row jumps");
  }
  detail::require_tokens(gram, "gram_gradient");
  if (std::holds_alternative<BandMean>(entropy)) return detail::band_mean_gradient(gram, layout);

  const Eigensystem system = eigensystem_of(gram);
  const Spectrum& spectrum = system.spectrum;
  const double floor = detail::resolution(options.accumulation, gram.width());
  const auto checked = [&](const auto& truncated) {
    detail::require_truncation("gram_gradient", truncated.r, spectrum.width());
    return truncated;
  };
  const detail::Slopes slopes =
      std::visit(detail::Overloaded{
                     [&](const VonNeumann&) {
                       return detail::slopes_of_leading(spectrum, spectrum.width(), 1.0, floor);
                     },
                     [&](const BandMean&) { return detail::Slopes{}; },
                     [&](const TruncatedEffectiveRank& e) {
                       const double rank = truncated_effective_rank(spectrum, checked(e).r);
                       return detail::slopes_of_leading(spectrum, e.r, rank, floor);
                     },
                     [&](const TruncatedMean& e) { return detail::slopes_of(checked(e), spectrum, floor); },
                     [&](const Uncomp& e) { return detail::slopes_of(checked(e), spectrum); },
                     [&](const SpectralNorm& e) { return detail::slopes_of(e, spectrum); }},
                 entropy);
  detail::require_slopes(entropy, slopes, spectrum, options.accumulation);
  const Eigen::Map<const Eigen::VectorXd> diagonal(slopes.values.data(), system.vectors.cols());
  const Matrix gradient = system.vectors * diagonal.asDiagonal() * system.vectors.transpose();
  return 0.5 * (gradient + gradient.transpose());
}

/// dH/dX, row by row, from dH/dΣ: the last pass over the tokens, in memory that does not grow with N.
///
/// Centred, then normalised rows need one pass more, `add` over every token, before the first `write`: the
/// mean's own term. Law: rows written part by part are those written at once, to rounding.
class RowGradient {
 public:
  /// `of_gram` is dH/dΣ of the Gram of all tokens, whose options and mean are taken over. Precondition:
  /// width × width, and a centre handed to that Gram is its tokens' mean (shape checked: Error).
  template <std::same_as<Gram> AGram>
  RowGradient(Matrix of_gram, const AGram& gram)
      : of_gram_(std::move(of_gram)),
        unit_(gram.options().rows == RowScaling::unit),
        needed_(unit_ && gram.options().centring == Centring::token_mean ? gram.tokens() : 0),
        centre_(gram.mean()),
        sum_(Eigen::VectorXd::Zero(centre_.size())) {
    if (of_gram_.rows() != centre_.size() || of_gram_.cols() != centre_.size()) {
      fail("RowGradient", detail::text("a matrix of ", of_gram_.rows(), " x ", of_gram_.cols()),
           detail::text("dH/dΣ at width ", gram.width()));
    }
  }

  /// The pass for the mean's term; of no effect where there is none. Throws Error as Gram::add does.
  template <Readable T>
  void add(HeadView<T> rows) {
    require("RowGradient::add", rows);
    if (needed_ == 0) return;
    for_each_block(rows, [&](const Block& block, std::size_t) { sum_ += block.colwise().sum().transpose(); });
    added_ += rows.tokens;
  }

  /// Writes dH/dx_t for every token of `rows`, float or double, to the same token of `to`, which may be the
  /// same memory. Throws Error on another shape, on non-finite input and where tokens have not been added;
  /// then nothing is written. Values past the range of float become infinite.
  template <Readable T, detail::GradientScalar Out>
  void write(HeadView<T> rows, HeadView<Out> to) const {
    require("RowGradient::write", rows);
    detail::require_rows("RowGradient::write", to, rows.width);
    if (to.tokens != rows.tokens)
      fail("RowGradient::write", detail::text(to.tokens, " rows to write"),
           detail::text(rows.tokens, " as there are tokens"));
    if (added_ != needed_)
      fail("RowGradient::write", detail::text(added_, " tokens added"), detail::text("all ", needed_));
    const Eigen::RowVectorXd mean = sum_.transpose() / static_cast<double>(std::max<std::size_t>(needed_, 1));
    for_each_block(rows, [&](Block& block, std::size_t first) {
      block.rowwise() -= mean;
      for (Eigen::Index row = 0; row < block.rows(); ++row) {
        Out* out = to.row(first + static_cast<std::size_t>(row));
        for (Eigen::Index channel = 0; channel < block.cols(); ++channel)
          out[channel] = static_cast<Out>(block(row, channel));
      }
    });
  }

 private:
  using Block = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  static constexpr std::size_t block_tokens = 256;

  template <Readable T>
  [[nodiscard]] Eigen::RowVectorXd centred(HeadView<T> rows, std::size_t token) const {
    Eigen::RowVectorXd row(centre_.size());
    for (Eigen::Index channel = 0; channel < row.size(); ++channel)
      row[channel] = static_cast<double>(rows.row(token)[channel]);
    return row - centre_.transpose();
  }

  template <Readable T>
  void require(std::string_view where, HeadView<T> rows) const {
    detail::checked_peak(where, rows, static_cast<std::size_t>(centre_.size()));
    for (std::size_t token = 0; unit_ && token < rows.tokens; ++token) {
      const double norm = centred(rows, token).stableNorm();
      if (norm < detail::smallest_magnitude) {
        fail(std::string(where), detail::text("a row of norm ", norm, " at token ", token),
             "a norm of at least 2^-480: the gradient grows as its inverse");
      }
    }
  }

  /// use(dH/dY or u_t of at most block_tokens rows, the first one's token).
  template <Readable T, class Use>
  void for_each_block(HeadView<T> rows, Use use) const {
    for (std::size_t first = 0; first < rows.tokens; first += block_tokens) {
      const std::size_t count = (std::min)(block_tokens, rows.tokens - first);
      Block points(static_cast<Eigen::Index>(count), centre_.size());
      Eigen::VectorXd norms = Eigen::VectorXd::Ones(points.rows());
      for (Eigen::Index row = 0; row < points.rows(); ++row) {
        points.row(row) = centred(rows, first + static_cast<std::size_t>(row));
        if (unit_) norms[row] = points.row(row).stableNorm();
        points.row(row) /= norms[row];
      }
      Block gradients = 2.0 * points * of_gram_;
      for (Eigen::Index row = 0; unit_ && row < points.rows(); ++row) {
        gradients.row(row) -= gradients.row(row).dot(points.row(row)) * points.row(row);
        gradients.row(row) /= norms[row];
      }
      use(gradients, first);
    }
  }

  Matrix of_gram_;
  bool unit_;
  std::size_t needed_;  // tokens that must be added before the first is written
  Eigen::VectorXd centre_;
  Eigen::VectorXd sum_;
  std::size_t added_ = 0;
};

/// dH/dX of a head in memory as a whole, tokens × width, into `to`: two passes over the rows, four for
/// uncomp. Rows enter raw; for uncomp centred, then normalised. Errors as for gram_gradient and
/// RowGradient; then nothing is written.
///
/// Laws: ⟨dH/dX, X⟩ = 0 for the entropies invariant to scaling, 2H for spectral_norm(raw) and
/// 2H + (2/r) Σ_{i≤r} λ_i for truncated_mean; G(XQ) = G(X)·Q, Q orthogonal (not band_mean);
/// G(QX) = Q·G(X) (not uncomp); rows of uncomp's gradient sum to 0.
template <Readable T, detail::GradientScalar Out>
void entropy_gradient(const Entropy& entropy, HeadView<T> rows, HeadView<Out> to,
                      const std::optional<BandLayout>& layout = std::nullopt,
                      Accumulation accumulation = Accumulation::double_blocks) {
  const bool even = std::holds_alternative<Uncomp>(entropy);
  const Gram gram = gram_of(rows, {even ? Centring::token_mean : Centring::none,
                                   even ? RowScaling::unit : RowScaling::none, accumulation});
  RowGradient gradient(gram_gradient(entropy, gram, layout), gram);
  gradient.add(rows);
  gradient.write(rows, to);
}

}  // namespace dope
