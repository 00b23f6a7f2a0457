// SPDX-License-Identifier: MIT
#include "dope/spectral/entropy_gradient.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "spectral/oracle.hpp"

namespace {

using dope::Accumulation;
using dope::BandLayout;
using dope::Centring;
using dope::Entropy;
using dope::GramOptions;
using dope::NormScale;
using dope::Pairing;
using dope::RowScaling;
using oracle::Matrix;
using oracle::Real;

/// Of the largest entry of the gradient. Five-point differences in long double with the step below are right
/// to 10⁻¹² or so, the gradient in double to d·2⁻⁵² over the gaps of these spectra.
constexpr double agreement = 1e-10;
/// Where an eigenvalue is 0: h² ln h stays of the term λ ln λ, λ ~ h².
constexpr double agreement_of_low_rank = 1e-7;
/// Of rounding the rows to storage, and of two ways to the same gradient.
constexpr double rounding = 1e-11;
constexpr Real step = 1e-5L;
constexpr Real step_of_low_rank = 1e-6L;

/// The entropies that exist at this width, r from 1 (2) to the width.
std::vector<Entropy> entropies(std::size_t width) {
  std::vector<Entropy> all = {dope::VonNeumann{}, dope::SpectralNorm{NormScale::raw},
                              dope::SpectralNorm{NormScale::trace_share}};
  if (width % 2 == 0) all.emplace_back(dope::BandMean{});
  for (std::size_t r = 1; r <= width; r = r < 3 ? r + 1 : std::max(r + 1, std::min(2 * r, width))) {
    if (r > 1) all.emplace_back(dope::TruncatedEffectiveRank{r});
    all.emplace_back(dope::TruncatedMean{r});
    if (width > 1) all.emplace_back(dope::Uncomp{r});
  }
  return all;
}

GramOptions rows_for(const Entropy& entropy) {
  if (std::holds_alternative<dope::Uncomp>(entropy)) return {Centring::token_mean, RowScaling::unit, {}};
  return {Centring::none, RowScaling::none, {}};
}

/// Column `c` of the pair of channels of band `band`.
std::size_t channel(const BandLayout& layout, std::size_t band, std::size_t c) {
  return layout.pairing == Pairing::interleaved ? 2 * band + c : band + c * layout.bands;
}

Real entropy_oracle(const Entropy& entropy, Matrix x, const GramOptions& options, const BandLayout& layout) {
  if (options.centring == Centring::token_mean) x = oracle::centred(x);
  if (options.rows == RowScaling::unit) x = oracle::normalised(x);
  if (std::holds_alternative<dope::BandMean>(entropy)) {
    Real sum = 0;
    for (std::size_t band = 0; band < layout.bands; ++band) {
      Matrix pair(x.rows, 2);
      for (std::size_t t = 0; t < x.rows; ++t) {
        for (std::size_t c = 0; c < 2; ++c) pair(t, c) = x(t, channel(layout, band, c));
      }
      sum += oracle::von_neumann(oracle::squared_singular_values(pair));
    }
    return sum / static_cast<Real>(layout.bands);
  }
  const auto values = oracle::squared_singular_values(x);
  if (const auto* e = std::get_if<dope::TruncatedEffectiveRank>(&entropy))
    return std::exp(oracle::entropy_of_first(values, e->r));
  if (const auto* e = std::get_if<dope::TruncatedMean>(&entropy)) {
    Real sum = 0;
    for (std::size_t i = 0; i < e->r; ++i) sum -= oracle::minus_x_log_x(values[i]);
    return sum / static_cast<Real>(e->r);
  }
  if (const auto* e = std::get_if<dope::Uncomp>(&entropy)) return oracle::uncomp(values, e->r);
  if (const auto* e = std::get_if<dope::SpectralNorm>(&entropy))
    return e->scale == NormScale::raw ? values[0] : values[0] / oracle::sum(values, values.size());
  return oracle::von_neumann(values);
}

/// (8 (f(h) − f(−h)) − (f(2h) − f(−2h)))/12h, entry by entry.
Matrix differences(const Entropy& entropy, const Matrix& x, const GramOptions& options,
                   const BandLayout& layout, Real relative_step = step) {
  Real largest = 0;
  for (const Real value : x.values) largest = std::max(largest, std::abs(value));
  const Real h = relative_step * largest;
  Matrix gradient(x.rows, x.columns);
  Matrix moved = x;
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    const auto at = [&](Real by) {
      moved.values[i] = x.values[i] + by;
      return entropy_oracle(entropy, moved, options, layout);
    };
    gradient.values[i] = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
    moved.values[i] = x.values[i];
  }
  return gradient;
}

BandLayout half_split(std::size_t width) { return {Pairing::half_split, width / 2}; }

template <class T>
Matrix gradient_of(const Entropy& entropy, const oracle::Head<T>& head, const BandLayout& layout,
                   Accumulation accumulation = Accumulation::double_blocks) {
  std::vector<double> out(head.tokens * head.width);
  dope::entropy_gradient(entropy, head.view(), dope::dense_head(out.data(), head.tokens, head.width), layout,
                         accumulation);
  Matrix gradient(head.tokens, head.width);
  std::copy(out.begin(), out.end(), gradient.values.begin());
  return gradient;
}

Matrix gradient_of(const Entropy& entropy, const Matrix& x) {
  return gradient_of(entropy, oracle::Head<double>(x), half_split(x.columns));
}

/// From a Gram under any options, the rows in parts of `part` tokens.
Matrix streamed(const Entropy& entropy, const oracle::Head<double>& head, const GramOptions& options,
                const BandLayout& layout, std::size_t part) {
  const auto rows = head.view();
  const auto parts = [&](auto use) {
    for (std::size_t first = 0; first < rows.tokens; first += part)
      use(rows.slice(first, std::min(part, rows.tokens - first)), first);
  };
  dope::TokenMean mean(rows.width);
  parts([&](auto some, std::size_t) { mean.add(some); });
  const bool two_passes = options.centring == Centring::token_mean && options.rows == RowScaling::unit;
  dope::Gram gram =
      two_passes ? dope::Gram(rows.width, options, mean.mean()) : dope::Gram(rows.width, options);
  parts([&](auto some, std::size_t) { gram.add(some); });
  dope::RowGradient gradient(dope::gram_gradient(entropy, gram, layout), gram);
  parts([&](auto some, std::size_t) { gradient.add(some); });
  std::vector<double> out(rows.tokens * rows.width);
  const auto to = dope::dense_head(out.data(), rows.tokens, rows.width);
  parts([&](auto some, std::size_t first) { gradient.write(some, to.slice(first, some.tokens)); });
  Matrix result(rows.tokens, rows.width);
  std::copy(out.begin(), out.end(), result.values.begin());
  return result;
}

Real largest(const Matrix& x) {
  Real most = 0;
  for (const Real value : x.values) most = std::max(most, std::abs(value));
  return most;
}

/// max|a − b| / max|b|.
double apart(const Matrix& a, const Matrix& b) {
  Real most = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i)
    most = std::max(most, std::abs(a.values[i] - b.values[i]));
  return static_cast<double>(most / largest(b));
}

Real dot(const Matrix& a, const Matrix& b) {
  Real sum = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) sum += a.values[i] * b.values[i];
  return sum;
}

Real norm(const Matrix& a) { return std::sqrt(dot(a, a)); }

Matrix ladder(std::size_t tokens, std::size_t width, oracle::Random& random) {
  std::vector<Real> sigma(width);
  for (std::size_t i = 0; i < width; ++i) sigma[i] = std::pow(0.8L, static_cast<Real>(i));
  Matrix x = oracle::rows_of(tokens, sigma, random);
  for (std::size_t t = 0; t < tokens; ++t) x(t, 0) += 0.5L;
  return x;
}

/// Rows √λ_i e_i: Σ is diagonal to the last bit.
Matrix diagonal(const std::vector<Real>& singular, std::size_t tokens) {
  Matrix x(tokens, singular.size());
  for (std::size_t i = 0; i < singular.size(); ++i) x(i, i) = singular[i];
  return x;
}

std::string refusal(const Entropy& entropy, const Matrix& x) {
  try {
    static_cast<void>(gradient_of(entropy, x));
  } catch (const dope::Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("gradients equal finite differences of a slow oracle, every entropy and r") {
  oracle::Random random(71);
  for (const std::size_t width : {1u, 2u, 3u, 4u, 6u, 8u}) {
    for (const std::size_t tokens : {width + 2, 3 * width + 1}) {
      const oracle::Head<double> head(ladder(tokens, width, random), 3);
      for (const Entropy& entropy : entropies(width)) {
        CAPTURE(width);
        CAPTURE(dope::name_of(entropy));
        const auto exact = differences(entropy, head.exact(), rows_for(entropy), half_split(width));
        if (largest(exact) < 1e-9L) continue;  // width 1: scale-invariant entropies are constant
        CHECK(apart(gradient_of(entropy, head, half_split(width)), exact) < agreement);
      }
    }
  }
}

TEST_CASE("gradients through every centring and row scaling, streamed in parts") {
  oracle::Random random(72);
  const std::size_t width = 6;
  const oracle::Head<double> head(ladder(17, width, random), 1);
  for (const auto centring : {Centring::none, Centring::token_mean}) {
    for (const auto scaling : {RowScaling::none, RowScaling::unit}) {
      const GramOptions options{centring, scaling, Accumulation::double_blocks};
      const bool even = centring == Centring::token_mean && scaling == RowScaling::unit;
      for (const Entropy& entropy : entropies(width)) {
        if (std::holds_alternative<dope::Uncomp>(entropy) && !even) continue;
        CAPTURE(dope::name_of(entropy));
        const auto exact = differences(entropy, head.exact(), options, half_split(width));
        for (const std::size_t part : {1u, 5u, 17u})
          CHECK(apart(streamed(entropy, head, options, half_split(width), part), exact) < agreement);
      }
    }
  }
}

TEST_CASE("more tokens than a block: the derivative along a direction") {
  oracle::Random random(73);
  const std::size_t width = 16;
  const std::size_t tokens = 260;
  const oracle::Head<double> head(ladder(tokens, width, random));
  Matrix along = oracle::normals(tokens, width, random);
  const Real length = norm(along);
  for (Real& value : along.values) value /= length;
  for (const Entropy& entropy : entropies(width)) {
    CAPTURE(dope::name_of(entropy));
    const auto at = [&](Real by) {
      Matrix moved = head.exact();
      for (std::size_t i = 0; i < moved.values.size(); ++i) moved.values[i] += by * along.values[i];
      return entropy_oracle(entropy, moved, rows_for(entropy), half_split(width));
    };
    constexpr Real h = 1e-3L;
    const Real exact = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
    const Matrix gradient = gradient_of(entropy, head, half_split(width));
    CHECK(static_cast<double>(std::abs(dot(gradient, along) - exact) / norm(gradient)) < agreement);
  }
}

TEST_CASE("band mean: both pairings, channels outside of the bands, a band whose Gram is isotropic") {
  oracle::Random random(74);
  const oracle::Head<double> head(ladder(9, 6, random));
  for (const BandLayout layout : {BandLayout{Pairing::half_split, 3}, BandLayout{Pairing::interleaved, 3},
                                  BandLayout{Pairing::half_split, 2}, BandLayout{Pairing::interleaved, 1}}) {
    const auto exact = differences(dope::BandMean{}, head.exact(), {}, layout);
    const auto gradient = gradient_of(dope::BandMean{}, head, layout);
    CHECK(apart(gradient, exact) < agreement);
    for (std::size_t c = 2 * layout.bands; c < 6; ++c) CHECK(gradient(0, c) == 0.0L);
  }
  // Band 0 isotropic: its entropy is largest there. Band 1 nearly so, on both sides of the series' end.
  for (const Real tilt : {0.0L, 1e-9L, 1e-6L, 1e-3L}) {
    Matrix x(4, 4);
    x(0, 0) = x(1, 2) = 2;
    x(2, 1) = 1 + tilt;
    x(3, 3) = 1;
    x(2, 3) = tilt;
    const oracle::Head<double> even(x);
    const auto gradient = gradient_of(dope::BandMean{}, even, half_split(4));
    CHECK(std::abs(gradient(0, 0)) < 1e-15L);
    const auto exact = differences(dope::BandMean{}, even.exact(), {}, half_split(4));
    for (std::size_t i = 0; i < 16; ++i) CHECK(std::abs(gradient.values[i] - exact.values[i]) < 1e-11L);
  }
}

TEST_CASE("Euler: what scaling X does, the gradient says") {
  oracle::Random random(75);
  for (const std::size_t width : {2u, 6u, 32u}) {
    const oracle::Head<double> head(ladder(3 * width, width, random));
    const Matrix x = head.exact();
    const auto values = oracle::squared_singular_values(x);
    for (const Entropy& entropy : entropies(width)) {
      CAPTURE(dope::name_of(entropy));
      const Matrix gradient = gradient_of(entropy, head, half_split(width));
      Real expected = 0;
      if (const auto* e = std::get_if<dope::TruncatedMean>(&entropy)) {
        expected =
            2 * entropy_oracle(entropy, x, {}, {}) + 2 / static_cast<Real>(e->r) * oracle::sum(values, e->r);
      } else if (entropy == Entropy(dope::SpectralNorm{NormScale::raw})) {
        expected = 2 * values[0];
      }
      const Real scale = norm(gradient) * norm(x);
      CHECK(std::abs(dot(gradient, x) - expected) < rounding * scale);
    }
  }
}

TEST_CASE("gradients turn with the head: G(XQ) = G(X)Q and G(QX) = Q G(X); UNComp's rows sum to 0") {
  oracle::Random random(76);
  for (const std::size_t width : {2u, 6u, 16u}) {
    const std::size_t tokens = 2 * width + 3;
    const Matrix x = ladder(tokens, width, random);
    const Matrix turn = oracle::orthogonal(width, random);
    const Matrix mix = oracle::orthogonal(tokens, random);
    for (const Entropy& entropy : entropies(width)) {
      CAPTURE(dope::name_of(entropy));
      const Matrix gradient = gradient_of(entropy, x);
      const bool uncomp = std::holds_alternative<dope::Uncomp>(entropy);
      if (!std::holds_alternative<dope::BandMean>(entropy))
        CHECK(apart(gradient_of(entropy, oracle::product(x, turn)), oracle::product(gradient, turn)) <
              rounding);
      if (!uncomp)
        CHECK(apart(gradient_of(entropy, oracle::product(mix, x)), oracle::product(mix, gradient)) <
              rounding);
      if (uncomp) {
        for (const Real sum : oracle::mean(gradient)) CHECK(std::abs(sum) < rounding * largest(gradient));
      }
    }
  }
}

TEST_CASE("repeated eigenvalues, all within or all outside of the first r: the gradient is there") {
  oracle::Random random(77);
  const std::vector<std::vector<Real>> spectra = {
      {2, 2, 2, 1, 1, 1}, {3, 2, 2, 1, 1, 1}, {4, 2, 2, 2, 2, 1}, {1, 1, 1, 1, 1, 1}};
  for (const auto& singular : spectra) {
    const Matrix x = diagonal(singular, 9);
    const Matrix turn = oracle::orthogonal(6, random);
    for (const Entropy& entropy : entropies(6)) {
      if (std::holds_alternative<dope::Uncomp>(entropy) || std::holds_alternative<dope::BandMean>(entropy))
        continue;
      std::size_t r = 6;
      if (const auto* e = std::get_if<dope::TruncatedEffectiveRank>(&entropy)) r = e->r;
      if (const auto* e = std::get_if<dope::TruncatedMean>(&entropy)) r = e->r;
      if (std::holds_alternative<dope::SpectralNorm>(entropy)) r = 1;
      CAPTURE(dope::name_of(entropy));
      CAPTURE(static_cast<double>(singular[0]));
      if (std::holds_alternative<dope::TruncatedEffectiveRank>(entropy) &&
          singular[0] == singular[std::min(r, std::size_t{5})]) {
        // The first r, and more, are equal: ρ = r is the most there is, on both sides of the tie.
        CHECK(largest(gradient_of(entropy, x)) < 1e-14L);
        CHECK(largest(gradient_of(entropy, oracle::product(x, turn))) < 1e-14L);
        continue;
      }
      if (r < 6 && singular[r - 1] == singular[r]) {
        CHECK(refusal(entropy, x).find("no gradient") != std::string::npos);
        CHECK(refusal(entropy, oracle::product(x, turn)).find("no gradient") != std::string::npos);
        continue;
      }
      const auto exact = differences(entropy, x, {}, {});
      const Matrix gradient = gradient_of(entropy, x);
      for (std::size_t i = 0; i < x.values.size(); ++i)
        CHECK(std::abs(gradient.values[i] - exact.values[i]) < agreement * std::max(1.0L, largest(exact)));
      const Matrix there = oracle::product(gradient, turn);
      const Matrix turned = gradient_of(entropy, oracle::product(x, turn));
      for (std::size_t i = 0; i < x.values.size(); ++i)
        CHECK(std::abs(turned.values[i] - there.values[i]) < rounding * std::max(1.0L, largest(there)));
    }
  }
}

TEST_CASE("a tie at the cut is an error that names r and both eigenvalues") {
  const std::vector<Real> singular = {2, 1, 1, 0.5L};
  CHECK(
      refusal(dope::TruncatedEffectiveRank{2}, diagonal(singular, 4)) ==
      "gram_gradient: given truncated_effective_rank(r=2) where eigenvalues 2 and 3 are 1 and 1, expected a "
      "gap of more than 5.820766091346741e-11: at a tie there is no gradient");
  CHECK(refusal(dope::TruncatedMean{2}, diagonal(singular, 4)).find("eigenvalues 2 and 3") !=
        std::string::npos);
  CHECK(refusal(dope::TruncatedEffectiveRank{3}, diagonal(singular, 4)).empty());
  for (const auto scale : {NormScale::raw, NormScale::trace_share}) {
    CHECK(refusal(dope::SpectralNorm{scale}, diagonal({1, 1, 0.5L}, 3)).find("eigenvalues 1 and 2") !=
          std::string::npos);
    CHECK(refusal(dope::SpectralNorm{scale}, diagonal({2}, 3)).empty());
  }
  // Four corners of a square, twice: centred and normalised, two equal eigenvalues.
  Matrix corners(4, 2);
  corners(0, 0) = corners(1, 1) = 1;
  corners(2, 0) = corners(3, 1) = -1;
  CHECK(refusal(dope::Uncomp{1}, corners).find("eigenvalues 1 and 2") != std::string::npos);
  CHECK(refusal(dope::Uncomp{2}, corners).empty());
  // λ = 1/e twice: truncated mean's slope is 0 on both sides.
  const Real flat_point = std::exp(-0.5L);
  CHECK(largest(gradient_of(dope::TruncatedMean{1}, diagonal({flat_point, flat_point}, 2))) < 1e-14L);
  // The gap decides, not equality: 2⁻³⁶·λ₁.
  CHECK(!refusal(dope::TruncatedMean{1}, diagonal({1 + 0x1p-40L, 1}, 2)).empty());
  CHECK(refusal(dope::TruncatedMean{1}, diagonal({1 + 0x1p-34L, 1}, 2)).empty());
}

TEST_CASE("fewer directions than channels: exact where the eigenvalue is 0") {
  oracle::Random random(78);
  for (const std::size_t rank : {1u, 2u, 4u}) {
    for (const std::size_t tokens : {std::size_t{4}, std::size_t{11}}) {
      const Matrix x = oracle::product(ladder(tokens, rank, random), oracle::normals(rank, 6, random));
      const oracle::Head<double> head(x);
      for (const auto accumulation : {Accumulation::double_blocks, Accumulation::triangular_factor}) {
        for (const Entropy& entropy : entropies(6)) {
          if (std::holds_alternative<dope::BandMean>(entropy) && rank == 1) continue;  // below
          CAPTURE(rank);
          CAPTURE(dope::name_of(entropy));
          const auto exact =
              differences(entropy, head.exact(), rows_for(entropy), half_split(6), step_of_low_rank);
          const auto gradient = gradient_of(entropy, head, half_split(6), accumulation);
          for (std::size_t i = 0; i < x.values.size(); ++i)
            CHECK(std::abs(gradient.values[i] - exact.values[i]) <
                  agreement_of_low_rank * std::max(1.0L, largest(exact)));
        }
      }
    }
  }
  // Bands of one direction each: entropy 0, the least there is, and gradient 0.
  Matrix spikes(5, 4);
  for (std::size_t t = 0; t < 5; ++t) {
    const Real value = random.normal();
    for (std::size_t c = 0; c < 4; ++c) spikes(t, c) = value * static_cast<Real>(c + 1);
  }
  CHECK(largest(gradient_of(dope::BandMean{}, spikes)) < agreement_of_low_rank);
}

TEST_CASE("worst error, from known singular vectors: within the resolution of each accumulation") {
  oracle::Random random(79);
  for (const std::size_t width : {4u, 12u, 32u}) {
    const Matrix left = oracle::orthogonal(2 * width, random);
    const Matrix right = oracle::orthogonal(width, random);
    std::vector<Real> sigma(width);
    for (std::size_t i = 0; i < width; ++i)
      sigma[i] = std::pow(1e-9L, static_cast<Real>(i) / static_cast<Real>(width - 1));
    Matrix x(2 * width, width);
    Matrix exact = x;
    Real total = 0;
    for (const Real s : sigma) total += s * s;
    Real entropy = 0;
    for (const Real s : sigma) entropy += oracle::minus_x_log_x(s * s / total);
    Real steepest = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const Real slope = -(std::log(sigma[i] * sigma[i] / total) + entropy) / total;
      steepest = std::max(steepest, std::abs(slope));
      for (std::size_t t = 0; t < 2 * width; ++t) {
        for (std::size_t c = 0; c < width; ++c) {
          x(t, c) += sigma[i] * left(i, t) * right(i, c);
          exact(t, c) += 2 * slope * sigma[i] * left(i, t) * right(i, c);
        }
      }
    }
    const oracle::Head<double> head(x);
    const auto error = [&](Accumulation accumulation) {
      const Matrix gradient = gradient_of(dope::VonNeumann{}, head, half_split(width), accumulation);
      Real most = 0;
      for (std::size_t i = 0; i < exact.values.size(); ++i)
        most = std::max(most, std::abs(gradient.values[i] - exact.values[i]));
      return static_cast<double>(most / steepest);
    };
    const double in_double = static_cast<double>(width) * 0x1p-52;
    CHECK(error(Accumulation::float_blocks) < std::sqrt(0x1p-23));
    CHECK(error(Accumulation::double_blocks) < std::sqrt(in_double));
    CHECK(error(Accumulation::triangular_factor) < in_double);
  }
}

TEST_CASE_TEMPLATE("every storage is read as what it holds", T, float, dope::float16, dope::bfloat16) {
  oracle::Random random(80);
  const oracle::Head<T> head(ladder(9, 4, random), 2);
  for (const Entropy& entropy : entropies(4)) {
    CAPTURE(dope::name_of(entropy));
    const auto exact = differences(entropy, head.exact(), rows_for(entropy), half_split(4));
    CHECK(apart(gradient_of(entropy, head, half_split(4)), exact) < agreement);
  }
}

TEST_CASE("float is the rounding of double, gaps between rows stay, rows may be overwritten") {
  oracle::Random random(81);
  const oracle::Head<double> head(ladder(300, 4, random));
  for (const Entropy& entropy : {Entropy(dope::VonNeumann{}), Entropy(dope::Uncomp{2})}) {
    const Matrix gradient = gradient_of(entropy, head, half_split(4));
    std::vector<float> out(300 * 7, -5.0f);
    dope::entropy_gradient(entropy, head.view(), dope::HeadView<float>{out.data(), 300, 4, 7});
    std::vector<double> same = head.storage;
    const auto in_place = dope::dense_head(same.data(), 300, 4);
    dope::entropy_gradient(entropy, in_place, in_place);
    for (std::size_t t = 0; t < 300; ++t) {
      for (std::size_t c = 0; c < 4; ++c) {
        CHECK(out[t * 7 + c] == static_cast<float>(gradient(t, c)));
        CHECK(same[t * 4 + c] == static_cast<double>(gradient(t, c)));
      }
      for (std::size_t c = 4; c < 7; ++c) CHECK(out[t * 7 + c] == -5.0f);
    }
  }
}

TEST_CASE("bad input is an error, and nothing is written") {
  oracle::Random random(82);
  const oracle::Head<double> head(ladder(9, 4, random));
  std::vector<double> out(9 * 4, 7.0);
  const auto to = dope::dense_head(out.data(), 9, 4);
  const auto refused = [&](const Entropy& entropy, auto rows, auto target,
                           std::optional<BandLayout> layout = std::nullopt) {
    CHECK_THROWS_AS(dope::entropy_gradient(entropy, rows, target, layout), dope::Error);
    CHECK(std::all_of(out.begin(), out.end(), [](double value) { return value == 7.0; }));
  };
  refused(dope::TruncatedEffectiveRank{1}, head.view(), to);  // as evaluate: constant
  refused(dope::TruncatedEffectiveRank{5}, head.view(), to);
  refused(dope::TruncatedMean{0}, head.view(), to);
  refused(dope::TruncatedMean{5}, head.view(), to);
  refused(dope::Uncomp{5}, head.view(), to);
  refused(dope::BandMean{}, head.view(), to);  // no layout
  refused(dope::BandMean{}, head.view(), to, BandLayout{Pairing::half_split, 3});
  refused(dope::BandMean{}, head.view(), to, BandLayout{Pairing::half_split, 0});
  refused(dope::VonNeumann{}, head.view(), to.slice(0, 8));
  refused(dope::VonNeumann{}, head.view(), dope::dense_head(out.data(), 9, 3));
  refused(dope::VonNeumann{}, head.view().slice(0, 0), to.slice(0, 0));
  refused(dope::VonNeumann{}, oracle::Head<double>(Matrix(9, 4)).view(), to);
  Matrix broken = head.exact();
  broken(8, 1) = std::numeric_limits<Real>::quiet_NaN();
  refused(dope::VonNeumann{}, oracle::Head<double>(broken).view(), to);
  Matrix no_band = head.exact();
  for (std::size_t t = 0; t < 9; ++t) no_band(t, 1) = no_band(t, 3) = 0;
  refused(dope::BandMean{}, oracle::Head<double>(no_band).view(), to, half_split(4));
  Matrix repeated(9, 4);
  repeated(0, 0) = 1;
  repeated(1, 0) = -1;  // the mean is 0, and so are seven rows
  refused(dope::Uncomp{2}, oracle::Head<double>(repeated).view(), to);
  const oracle::Head<double> zeros(repeated);
  const dope::Gram of_zeros = dope::gram_of(zeros.view(), {Centring::token_mean, RowScaling::unit, {}});
  CHECK_THROWS_AS(static_cast<void>(dope::gram_gradient(dope::Uncomp{2}, of_zeros)), dope::Error);

  const dope::Gram raw = dope::gram_of(head.view());
  CHECK_THROWS_AS(static_cast<void>(dope::gram_gradient(dope::Uncomp{2}, raw)), dope::Error);
  CHECK_THROWS_AS(dope::RowGradient(Eigen::MatrixXd::Zero(3, 3), raw), dope::Error);
  const dope::Gram even = dope::gram_of(head.view(), {Centring::token_mean, RowScaling::unit, {}});
  dope::RowGradient gradient(dope::gram_gradient(dope::Uncomp{2}, even), even);
  gradient.add(head.view().slice(0, 5));
  CHECK_THROWS_AS(gradient.write(head.view(), to), dope::Error);
  gradient.add(head.view().slice(5, 4));
  CHECK_NOTHROW(gradient.write(head.view(), to));
  std::vector<double> middle(4);
  for (std::size_t c = 0; c < 4; ++c) middle[c] = even.mean()[static_cast<Eigen::Index>(c)];
  CHECK_THROWS_AS(gradient.add(dope::dense_head(middle.data(), 1, 4)), dope::Error);
}
