// SPDX-License-Identifier: MIT
#include "dope/spectral/entropy.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "dope/spectral/metrics.hpp"
#include "spectral/oracle.hpp"

namespace {

using dope::Accumulation;
using dope::Centring;
using dope::Entropy;
using dope::NormScale;
using dope::Pairing;
using dope::RowScaling;
using oracle::Real;

constexpr Pairing pairings[] = {Pairing::interleaved, Pairing::half_split};

/// The agreement that is promised where the accumulation holds the digits.
constexpr double agreement = 1e-6;

std::vector<std::size_t> ranks(std::size_t width) {
  std::vector<std::size_t> all;
  for (const std::size_t r : {1u, 2u, 4u, 8u, 16u, 32u, 64u}) {
    if (r < width) all.push_back(r);
  }
  all.push_back(width);
  return all;
}

/// Singular values of the rows, before any rounding to storage.
struct Shape {
  std::string name;
  Accumulation needs;  // the cheapest accumulation that still reaches `agreement`
  Real first;
  Real last;
  std::size_t spikes;  // 0: log-spaced from first to last; else that many of `first`, the rest `last`
};

/// Why each needs what it needs: Σ in float blocks is right to 2⁻²³·λ₁, in double to 2⁻⁵⁰·λ₁, so the
/// smallest eigenvalue that matters must lie well above that share of λ₁. The factor is right to
/// 2⁻⁴⁹·σ₁ in σ, which leaves 10⁻⁶ of λ at σ₁/σ = 10⁸, λ₁/λ = 10¹⁶.
const std::vector<Shape> shapes = {
    {"well conditioned", Accumulation::float_blocks, 40, 40, 0},
    {"ill conditioned, sigma 1e4", Accumulation::double_blocks, 400, 0.04L, 0},
    {"one direction 1e8 times the rest in eigenvalue", Accumulation::double_blocks, 4e4L, 4, 1},
    {"one direction 1e8 times the rest in singular value", Accumulation::triangular_factor, 4e8L, 4, 1},
};

oracle::Matrix rows_of_shape(const Shape& shape, std::size_t tokens, std::size_t width,
                             oracle::Random& random) {
  std::vector<Real> sigma(width);
  for (std::size_t i = 0; i < width; ++i) {
    const Real at = width > 1 ? static_cast<Real>(i) / static_cast<Real>(width - 1) : 0;
    sigma[i] = shape.spikes > 0 ? (i < shape.spikes ? shape.first : shape.last)
                                : shape.first * std::pow(shape.last / shape.first, at);
  }
  return oracle::rows_of(tokens, sigma, random);
}

double relative(double measured, Real exact) {
  return static_cast<double>(std::abs(static_cast<Real>(measured) - exact) / std::abs(exact));
}

template <class T>
dope::Spectrum spectrum(const oracle::Head<T>& head, dope::GramOptions options) {
  return dope::spectrum_of(dope::gram_of(head.view(), options));
}

/// Mean over bands of the entropy of each band's two singular values.
Real band_mean_oracle(const oracle::Matrix& x, Pairing pairing) {
  Real sum = 0;
  const std::size_t bands = x.columns / 2;
  for (std::size_t band = 0; band < bands; ++band) {
    oracle::Matrix pair(x.rows, 2);
    for (std::size_t t = 0; t < x.rows; ++t) {
      pair(t, 0) = pairing == Pairing::interleaved ? x(t, 2 * band) : x(t, band);
      pair(t, 1) = pairing == Pairing::interleaved ? x(t, 2 * band + 1) : x(t, band + bands);
    }
    sum += oracle::von_neumann(oracle::squared_singular_values(pair));
  }
  return sum / static_cast<Real>(bands);
}

dope::Spectrum flat(std::size_t width, double value) {
  return dope::spectrum_of(std::vector<double>(width, value));
}

}  // namespace

TEST_CASE_TEMPLATE(
    "every entropy agrees with long double to 1e-6 on well- and ill-conditioned and spiked heads", T, float,
    double, dope::float16, dope::bfloat16) {
  oracle::Random random(31);
  for (const std::size_t width : oracle::small_widths) {
    for (const Shape& shape : shapes) {
      if (std::is_same_v<T, dope::float16> && shape.first > 1e3L) continue;  // beyond its range
      CAPTURE(width);
      CAPTURE(shape.name);
      const oracle::Head<T> head(rows_of_shape(shape, 280, width, random));
      const auto exact = oracle::squared_singular_values(head.exact());
      const auto even = oracle::squared_singular_values(oracle::normalised(oracle::centred(head.exact())));
      for (const auto accumulation :
           {Accumulation::float_blocks, Accumulation::double_blocks, Accumulation::triangular_factor}) {
        if (accumulation < shape.needs) continue;
        CAPTURE(static_cast<int>(accumulation));
        dope::HeadSpectra spectra;
        spectra.head = spectrum(head, {Centring::none, RowScaling::none, accumulation});
        spectra.uncomp = spectrum(head, {Centring::token_mean, RowScaling::unit, accumulation});
        const auto score = [&](const Entropy& entropy) { return dope::evaluate(entropy, spectra); };
        CHECK(relative(score(dope::VonNeumann{}), oracle::von_neumann(exact)) < agreement);
        CHECK(relative(score(dope::SpectralNorm{NormScale::raw}), exact[0]) < agreement);
        CHECK(relative(score(dope::SpectralNorm{NormScale::trace_share}),
                       exact[0] / oracle::sum(exact, width)) < agreement);
        for (const std::size_t r : ranks(width)) {
          CAPTURE(r);
          if (r > 1) {
            CHECK(relative(score(dope::TruncatedEffectiveRank{r}),
                           std::exp(oracle::entropy_of_first(exact, r))) < agreement);
          }
          Real mean = 0;
          Real size = 0;  // terms of both signs may cancel: relative to what was added
          for (std::size_t i = 0; i < r; ++i) {
            mean -= oracle::minus_x_log_x(exact[i]);
            size += std::abs(oracle::minus_x_log_x(exact[i]));
          }
          CHECK(std::abs(static_cast<double>(
                    (static_cast<Real>(score(dope::TruncatedMean{r})) * static_cast<Real>(r) - mean) /
                    size)) < agreement);
          CHECK(relative(score(dope::Uncomp{r}), oracle::uncomp(even, r)) < agreement);
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("band mean agrees with long double to 1e-6 up to 1e8 in eigenvalue", T, float, double,
                   dope::float16, dope::bfloat16) {
  oracle::Random random(32);
  for (const std::size_t width : oracle::small_widths) {
    for (const Shape& shape : shapes) {
      if (shape.needs == Accumulation::triangular_factor)
        continue;  // 1e16 is past what 2 × 2 sums in double hold
      if (std::is_same_v<T, dope::float16> && shape.first > 1e3L) continue;
      const oracle::Head<T> head(rows_of_shape(shape, 280, width, random), 1);
      for (const auto pairing : pairings) {
        CAPTURE(width);
        CAPTURE(shape.name);
        dope::BandGrams bands(width / 2, pairing);
        bands.add(head.view());
        const Real exact = band_mean_oracle(head.exact(), pairing);
        CHECK(relative(dope::band_mean(bands), exact) < agreement);
        const auto blocks = dope::band_grams_of(
            dope::gram_of(head.view(), {Centring::none, RowScaling::none, Accumulation::double_blocks}),
            pairing, width / 2);
        CHECK(relative(dope::band_mean(blocks), exact) < agreement);
      }
    }
  }
}

TEST_CASE("a Gram given as a matrix, one eigenvalue 1e8 times the rest: agreement to 1e-6") {
  oracle::Random random(33);
  for (const std::size_t width : {2u, 6u, 32u, 90u}) {
    oracle::Matrix x = oracle::orthogonal(width, random);
    for (std::size_t c = 0; c < width; ++c) x(0, c) *= 1e4L;
    const auto sigma = oracle::gram(x);
    Eigen::MatrixXd given(width, width);
    oracle::Matrix rounded(width, width);
    for (std::size_t i = 0; i < width; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        const auto value = static_cast<double>(sigma(i, j));
        given(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = value;
        rounded(i, j) = static_cast<Real>(value);
      }
    }
    const auto exact = oracle::eigenvalues(rounded);
    CHECK(relative(dope::von_neumann(dope::spectrum_of(given)), oracle::von_neumann(exact)) < agreement);
  }
}

TEST_CASE("entropies are invariant to scaling of the rows, those that claim it") {
  oracle::Random random(34);
  for (const std::size_t width : oracle::small_widths) {
    const oracle::Matrix x = oracle::rows_of(200, std::vector<Real>(width, 3), random);
    for (const Real factor : {0x1p-30L, 1e-3L, 3.0L, 1e6L}) {
      oracle::Matrix scaled = x;
      for (Real& value : scaled.values) value *= factor;
      const oracle::Head<double> a(x);
      const oracle::Head<double> b(scaled);
      const dope::GramOptions plain{Centring::none, RowScaling::none, Accumulation::double_blocks};
      const dope::GramOptions even{Centring::token_mean, RowScaling::unit, Accumulation::double_blocks};
      dope::HeadSpectra before{
          spectrum(a, plain), spectrum(a, even),
          dope::band_grams_of(dope::gram_of(a.view(), plain), Pairing::half_split, width / 2)};
      dope::HeadSpectra after{
          spectrum(b, plain), spectrum(b, even),
          dope::band_grams_of(dope::gram_of(b.view(), plain), Pairing::half_split, width / 2)};
      const std::size_t r = (width + 2) / 2;
      constexpr double rounding = 1e-12;  // the scaled rows are rounded anew
      for (const Entropy& entropy :
           {Entropy(dope::VonNeumann{}), Entropy(dope::BandMean{}), Entropy(dope::TruncatedEffectiveRank{r}),
            Entropy(dope::Uncomp{r}), Entropy(dope::SpectralNorm{NormScale::trace_share})}) {
        CAPTURE(dope::name_of(entropy));
        CHECK(dope::evaluate(entropy, after) ==
              doctest::Approx(dope::evaluate(entropy, before)).epsilon(rounding));
      }
      const auto square = static_cast<double>(factor * factor);
      CHECK(dope::spectral_norm(after.head, NormScale::raw) ==
            doctest::Approx(square * dope::spectral_norm(before.head, NormScale::raw)).epsilon(rounding));
      // (1/r) Σ s²λ ln s²λ = s²·(truncated mean) + s² ln s² · (1/r) Σ_{i≤r} λ_i
      double top = 0.0;
      for (std::size_t i = 0; i < r; ++i) top += before.head.values[i];
      const double expected = square * dope::truncated_mean(before.head, r) +
                              square * std::log(square) * top / static_cast<double>(r);
      CHECK(dope::truncated_mean(after.head, r) ==
            doctest::Approx(expected).epsilon(1e-9));  // the two parts may cancel
      CHECK(std::abs(dope::truncated_mean(after.head, r) - dope::truncated_mean(before.head, r)) >
            0.1 * std::abs(dope::truncated_mean(before.head, r)));
    }
  }
}

TEST_CASE("entropies are invariant to right-multiplication by an orthogonal matrix, all but band mean") {
  oracle::Random random(35);
  for (const std::size_t width : oracle::small_widths) {
    std::vector<Real> sigma(width);
    for (std::size_t i = 0; i < width; ++i) sigma[i] = 1 + static_cast<Real>(i);
    const oracle::Matrix x = oracle::rows_of(200, sigma, random);
    const oracle::Matrix turned = oracle::product(x, oracle::orthogonal(width, random));
    const oracle::Head<double> a(x);
    const oracle::Head<double> b(turned);
    const dope::GramOptions plain{Centring::none, RowScaling::none, Accumulation::double_blocks};
    const dope::GramOptions even{Centring::token_mean, RowScaling::unit, Accumulation::double_blocks};
    const dope::HeadSpectra before{spectrum(a, plain), spectrum(a, even), std::nullopt};
    const dope::HeadSpectra after{spectrum(b, plain), spectrum(b, even), std::nullopt};
    for (const std::size_t r : ranks(width)) {
      for (const Entropy& entropy :
           {Entropy(dope::VonNeumann{}), Entropy(dope::TruncatedEffectiveRank{std::max<std::size_t>(r, 2)}),
            Entropy(dope::TruncatedMean{r}), Entropy(dope::Uncomp{r}),
            Entropy(dope::SpectralNorm{NormScale::raw}),
            Entropy(dope::SpectralNorm{NormScale::trace_share})}) {
        CAPTURE(dope::name_of(entropy));
        CHECK(dope::evaluate(entropy, after) ==
              doctest::Approx(dope::evaluate(entropy, before)).epsilon(1e-11));
      }
    }
    if (width == 2) continue;  // one band: its plane is everything
    const auto bands = [&](const oracle::Head<double>& head) {
      return dope::band_mean(
          dope::band_grams_of(dope::gram_of(head.view(), plain), Pairing::half_split, width / 2));
    };
    CHECK(std::abs(bands(a) - bands(b)) > 1e-6);
    // A turn inside every band's plane does keep it.
    oracle::Matrix inside = x;
    for (std::size_t t = 0; t < x.rows; ++t) {
      for (std::size_t f = 0; f < width / 2; ++f) {
        const Real angle = 0.3L + static_cast<Real>(f);
        const Real c = std::cos(angle);
        const Real s = std::sin(angle);
        inside(t, f) = c * x(t, f) - s * x(t, f + width / 2);
        inside(t, f + width / 2) = s * x(t, f) + c * x(t, f + width / 2);
      }
    }
    CHECK(bands(oracle::Head<double>(inside)) == doctest::Approx(bands(a)).epsilon(1e-12));
  }
}

TEST_CASE("0 <= H <= ln rank, and the ends are reached") {
  oracle::Random random(36);
  constexpr double rounding = 1e-12;  // a zero eigenvalue comes out as up to 2⁻⁵⁰ of the largest
  for (const std::size_t width : oracle::small_widths) {
    for (std::size_t rank = 1; rank <= width; rank = rank < 4 ? rank + 1 : 2 * rank) {
      const oracle::Matrix x =
          oracle::product(oracle::normals(150, rank, random), oracle::normals(rank, width, random));
      const oracle::Head<double> head(x);
      for (const auto accumulation : {Accumulation::double_blocks, Accumulation::triangular_factor}) {
        const auto measured = spectrum(head, {Centring::none, RowScaling::none, accumulation});
        const double entropy = dope::von_neumann(measured);
        CHECK(entropy >= 0.0);
        CHECK(entropy <= std::log(static_cast<double>(rank)) + rounding);
        for (const std::size_t r : ranks(width)) {
          const double truncated = dope::truncated_effective_rank(measured, r);
          CHECK(truncated >= 1.0);
          CHECK(truncated <= static_cast<double>(std::min(r, rank)) * (1 + rounding));
        }
        CHECK(dope::spectral_norm(measured, NormScale::trace_share) >=
              1.0 / static_cast<double>(rank) - rounding);
        CHECK(dope::spectral_norm(measured, NormScale::trace_share) <= 1.0);
        const double uncomp = dope::uncomp(measured, width);
        CHECK(uncomp >= 0.0);
        CHECK(uncomp <= 1.0 + static_cast<double>(width) * dope::uncomp_epsilon);
      }
    }
    CHECK(dope::von_neumann(flat(width, 7.0)) ==
          doctest::Approx(std::log(static_cast<double>(width))).epsilon(1e-14));
    std::vector<double> one(width);
    one[0] = 5.0;
    CHECK(dope::von_neumann(dope::spectrum_of(one)) == 0.0);
  }
}

TEST_CASE("H <= ln rank to rank_excess, in every accumulation") {
  oracle::Random random(40);
  for (const std::size_t width : oracle::small_widths) {
    for (std::size_t rank = 1; rank <= width; rank = rank < 4 ? rank + 1 : 2 * rank) {
      const oracle::Matrix x =
          oracle::product(oracle::normals(150, rank, random), oracle::normals(rank, width, random));
      const oracle::Head<double> head(x);
      for (const auto accumulation :
           {Accumulation::float_blocks, Accumulation::double_blocks, Accumulation::triangular_factor}) {
        const auto measured = spectrum(head, {Centring::none, RowScaling::none, accumulation});
        const double excess = dope::rank_excess(
            width, rank, dope::gram_error(accumulation, width, 150) + dope::eigenvalue_error(width));
        CHECK(dope::von_neumann(measured) <= std::log(static_cast<double>(rank)) + excess);
        CHECK(dope::truncated_effective_rank(measured, width) <=
              static_cast<double>(rank) * std::exp(excess) * (1 + 0x1p-51));
      }
    }
  }
}

TEST_CASE("the ranges of entropies and ranks hold to the last bit") {
  oracle::Random random(41);
  for (std::size_t width = 1; width <= 256; width = width < 40 ? width + 1 : width + 9) {
    for (int sample = 0; sample < 40; ++sample) {
      std::vector<double> values(width);
      const double size = static_cast<double>(std::exp(20 * random.normal()));
      for (double& value : values)
        value = size * (1.0 + static_cast<double>(random.below(sample < 20 ? 3 : 1)) * 0x1p-52);
      if (sample % 5 == 4) {
        for (std::size_t i = 1; i < width; ++i) values[i] *= sample % 2 == 0 ? 0.0 : 1e-17;
      }
      const auto spectrum = dope::spectrum_of(values);
      const auto d = static_cast<double>(width);
      const auto within = [](double low, double value, double high) {
        CHECK(value >= low);
        CHECK(value <= high);
      };
      within(0.0, dope::von_neumann(spectrum), std::log(d));
      for (const std::size_t r : ranks(width))
        within(1.0, dope::truncated_effective_rank(spectrum, r), static_cast<double>(r));
      within(1.0 / d, dope::spectral_norm(spectrum, NormScale::trace_share), 1.0);
      within(1.0, dope::effective_rank(spectrum), d);
      within(1.0, dope::participation_ratio(spectrum), d);
      within(1.0, dope::stable_rank(spectrum), d);
      for (const double energy : dope::cumulative_energy(spectrum)) within(0.0, energy, 1.0);
      CHECK(dope::cumulative_energy(spectrum).back() >= 1.0 - d * 0x1p-52);
    }
    dope::BandGrams bands(width, Pairing::half_split);
    std::vector<double> rows(4 * width);  // each band with equal entries in two directions: ln 2
    for (std::size_t band = 0; band < width; ++band) {
      rows[band] = rows[3 * width + band] = static_cast<double>(std::exp(random.normal()));
    }
    bands.add(dope::dense_head(rows.data(), 2, 2 * width));
    CHECK(dope::band_mean(bands) <= std::log(2.0));
    CHECK(dope::band_mean(bands) >= std::log(2.0) * (1 - static_cast<double>(width + 8) * 0x1p-53));
  }
}

TEST_CASE("the sums of an entropy add entropy_error") {
  oracle::Random random(42);
  for (const std::size_t width : oracle::widths) {
    for (int sample = 0; sample < 30; ++sample) {
      std::vector<double> values(width);
      for (double& value : values) value = static_cast<double>(std::exp((sample % 10 + 1) * random.normal()));
      if (sample % 3 == 0) values[0] *= 1e12;
      const auto spectrum = dope::spectrum_of(values);
      const Real exact = oracle::von_neumann({spectrum.values.begin(), spectrum.values.end()});
      CHECK(relative(dope::von_neumann(spectrum), exact) <= dope::entropy_error(width));
    }
  }
}

TEST_CASE("a truncated mean past double's range is refused by name") {
  CHECK(dope::truncated_mean(dope::spectrum_of(std::vector<double>{0x1p+1014, 0x1p+1014}), 2) ==
        doctest::Approx(0x1p+1014 * 1014.0 * std::log(2.0)).epsilon(1e-14));
  CHECK_THROWS_WITH_AS(
      static_cast<void>(dope::truncated_mean(dope::spectrum_of(std::vector<double>{0x1p+1022}), 1)),
      doctest::Contains("eigenvalues up to 2^1014"), dope::Error);
}

TEST_CASE("truncated rank at r = d is exp of von Neumann, d at most") {
  oracle::Random random(37);
  for (const std::size_t width : oracle::widths) {
    std::vector<double> values(width);
    for (double& value : values) value = static_cast<double>(std::exp(6 * random.normal()));
    const auto spectrum = dope::spectrum_of(values);
    CHECK(dope::truncated_effective_rank(spectrum, width) ==
          std::min(std::exp(dope::von_neumann(spectrum)), static_cast<double>(width)));
  }
}

TEST_CASE("truncated effective rank at r = 1 is 1 for every head, and asking it to rank is an error") {
  oracle::Random random(38);
  for (int head = 0; head < 100; ++head) {
    std::vector<double> values(16);
    for (double& value : values) value = static_cast<double>(std::exp(4 * random.normal()));
    const dope::HeadSpectra spectra{dope::spectrum_of(values), std::nullopt, std::nullopt};
    CHECK(dope::truncated_effective_rank(spectra.head, 1) == 1.0);
    CHECK_THROWS_AS(static_cast<void>(dope::evaluate(dope::TruncatedEffectiveRank{1}, spectra)), dope::Error);
  }
  CHECK_THROWS_AS(dope::require_ranks(dope::TruncatedEffectiveRank{1}), dope::Error);
  CHECK_THROWS_AS(dope::require_ranks(dope::TruncatedEffectiveRank{0}), dope::Error);
  CHECK_THROWS_AS(dope::require_ranks(dope::TruncatedMean{0}), dope::Error);
  CHECK_THROWS_AS(dope::require_ranks(dope::Uncomp{0}), dope::Error);
  for (const Entropy& entropy : {Entropy(dope::VonNeumann{}), Entropy(dope::BandMean{}),
                                 Entropy(dope::TruncatedMean{1}), Entropy(dope::TruncatedEffectiveRank{2}),
                                 Entropy(dope::Uncomp{1}), Entropy(dope::SpectralNorm{NormScale::raw})}) {
    CHECK_NOTHROW(dope::require_ranks(entropy));
  }
}

TEST_CASE(
    "truncated mean as printed: amplifying an eigenvalue of 1/e or more raises it and lowers the entropy") {
  for (const double first : {0.4, 1.0, 10.0, 1e4}) {
    double last_mean = -1e300;
    double last_entropy = 1e300;
    for (double gain = 1.0; gain < 1e6; gain *= 3.0) {
      const auto spectrum = dope::spectrum_of(std::vector<double>{first * gain, 0.37, 0.37, 0.37});
      for (const std::size_t r : {1u, 2u, 4u}) CHECK(dope::truncated_mean(spectrum, r) > -1e300);
      CHECK(dope::truncated_mean(spectrum, 4) > last_mean);
      CHECK(dope::von_neumann(spectrum) < last_entropy);
      last_mean = dope::truncated_mean(spectrum, 4);
      last_entropy = dope::von_neumann(spectrum);
    }
  }
}

TEST_CASE("truncated mean at r = 1 ranks as the largest eigenvalue does, from 1/e on and not below") {
  const auto score = [](double value) {
    return dope::truncated_mean(dope::spectrum_of(std::vector<double>{value}), 1);
  };
  const double turn = std::exp(-1.0);
  for (double value = turn * 1.001; value < 1e6; value *= 1.1) CHECK(score(value * 1.1) > score(value));
  for (double value = turn / 1.001; value > 1e-6; value /= 1.1) CHECK(score(value / 1.1) > score(value));
}

TEST_CASE("UNComp at r = 1 is not monotone in the largest share: it peaks at 1/e") {
  const auto score = [](double share) {
    std::vector<double> values(16, (1.0 - share) / 15.0);
    values[0] = share;
    return dope::uncomp(dope::spectrum_of(values), 1);
  };
  CHECK(score(0.2) < score(0.36));
  CHECK(score(0.36) > score(0.6));
  CHECK(score(0.6) > score(0.99));
  CHECK(score(std::exp(-1.0)) == doctest::Approx(std::exp(-1.0) / std::log(16.0)).epsilon(1e-8));
}

TEST_CASE("UNComp adds 1e-10 to every share after division by the trace, and does not renormalise") {
  const auto spectrum = dope::spectrum_of(std::vector<double>{5.0, 0.0, 0.0, 0.0});
  const double e = 1e-10;
  const double expected = (-(1 + e) * std::log1p(e) - 3 * e * std::log(e)) / std::log(4.0);
  CHECK(dope::uncomp(spectrum, 4) == doctest::Approx(expected).epsilon(1e-6));
}

TEST_CASE("centring, row normalisation and sigma or lambda change a ranking") {
  oracle::Random random(39);
  // One head far from the origin, one of two directions of which one is rare and long.
  oracle::Matrix far = oracle::normals(200, 4, random);
  for (std::size_t t = 0; t < 200; ++t) far(t, 0) += 30;
  oracle::Matrix rare = oracle::normals(200, 4, random);
  for (std::size_t t = 0; t < 200; t += 50) rare(t, 1) *= 60;
  const oracle::Head<double> a(far);
  const oracle::Head<double> b(rare);
  const auto score = [](const oracle::Head<double>& head, Centring centring, RowScaling rows) {
    return dope::von_neumann(dope::spectrum_of(dope::gram_of(head.view(), {centring, rows})));
  };
  CHECK(score(a, Centring::none, RowScaling::none) < score(b, Centring::none, RowScaling::none));
  CHECK(score(a, Centring::token_mean, RowScaling::none) > score(b, Centring::token_mean, RowScaling::none));
  CHECK(score(b, Centring::none, RowScaling::unit) > 2 * score(b, Centring::none, RowScaling::none));
}

TEST_CASE("names are read back as what they name, and nothing else is read") {
  const Entropy all[] = {dope::VonNeumann{},
                         dope::BandMean{},
                         dope::TruncatedEffectiveRank{8},
                         dope::TruncatedMean{1},
                         dope::Uncomp{32},
                         dope::SpectralNorm{NormScale::raw},
                         dope::SpectralNorm{NormScale::trace_share}};
  for (const Entropy& entropy : all) CHECK((dope::parse_entropy(dope::name_of(entropy)) == entropy));
  CHECK(dope::name_of(dope::TruncatedMean{8}) == "truncated_mean(r=8)");
  CHECK(dope::name_of(dope::SpectralNorm{NormScale::trace_share}) == "spectral_norm(trace_share)");
  for (const char* name :
       {"", "entropy", "von_neumann(r=1)", "uncomp", "uncomp()", "uncomp(r=)", "uncomp(r=-1)",
        "uncomp(r=1.5)", "uncomp(r=8", "uncomp(r=81", "uncomp(r=8]", "uncomp(r=8))", "uncomp(r= 8)",
        "Uncomp(r=8)", "spectral_norm", "truncated_mean(r=99999999999999999999999)"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(static_cast<void>(dope::parse_entropy(name)), dope::Error);
  }
}

TEST_CASE("a truncation past the width, a missing part or an empty spectrum is an error") {
  const dope::HeadSpectra spectra{flat(4, 1.0), std::nullopt, std::nullopt};
  for (const Entropy& entropy : {Entropy(dope::TruncatedEffectiveRank{5}), Entropy(dope::TruncatedMean{5}),
                                 Entropy(dope::Uncomp{2}), Entropy(dope::BandMean{})}) {
    CHECK_THROWS_AS(static_cast<void>(dope::evaluate(entropy, spectra)), dope::Error);
  }
  CHECK_THROWS_AS(static_cast<void>(dope::uncomp(spectra.head, 5)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(dope::uncomp(flat(1, 1.0), 1)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(dope::von_neumann(dope::Spectrum{})), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(dope::spectral_norm(dope::Spectrum{}, NormScale::raw)), dope::Error);
  dope::BandGrams bands(2, Pairing::half_split);
  const float row[] = {1.0f, 0.0f, 1.0f, 0.0f};
  bands.add(dope::dense_head(row, 1, 4));
  CHECK_THROWS_AS(static_cast<void>(dope::band_mean(bands)), dope::Error);
}
