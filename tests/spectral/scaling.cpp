// SPDX-License-Identifier: MIT
// 2ᵏ·X for X: every number of this folder is the same to the last bit, or that times a power of two, for any
// rows whose largest entry lies in [2⁻⁴⁸⁰, 2⁴⁸⁰] and that their type holds; smaller ones are refused by name.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "dope/spectral/band_gram.hpp"
#include "dope/spectral/bands.hpp"
#include "dope/spectral/entropy.hpp"
#include "dope/spectral/entropy_gradient.hpp"
#include "dope/spectral/gram.hpp"
#include "dope/spectral/metrics.hpp"
#include "dope/spectral/spectrum.hpp"
#include "dope/spectral/token_mean.hpp"
#include "spectral/oracle.hpp"

namespace {

using dope::Accumulation;
using dope::Centring;
using dope::Pairing;
using dope::RowScaling;

constexpr std::size_t tokens = 40;
constexpr std::size_t width = 6;
constexpr Accumulation accumulations[] = {Accumulation::float_blocks, Accumulation::double_blocks,
                                          Accumulation::triangular_factor};

/// Whole numbers of magnitude up to 8: exact in every type, whatever the power of two.
oracle::Matrix small_integers() {
  oracle::Random random(91);
  oracle::Matrix x(tokens, width);
  for (oracle::Real& value : x.values) value = static_cast<oracle::Real>(random.below(17)) - 8;
  for (std::size_t t = 0; t < tokens; ++t) x(t, 1) = 2 + static_cast<oracle::Real>(random.below(3));
  return x;
}

template <class T>
oracle::Head<T> head_of(int power) {
  oracle::Matrix x = small_integers();
  for (oracle::Real& value : x.values) value = std::ldexp(value, power);
  return oracle::Head<T>(x, 1);
}

/// The ends of what the type holds, and of what is measured: 1 the smallest entry but 0, 8 the largest.
template <class T>
std::vector<int> powers() {
  if constexpr (std::is_same_v<T, double>) {
    return {-483, -270, -78, 78, 260, 477};
  } else if constexpr (std::is_same_v<T, float>) {
    return {-149, -78, 78, 124};
  } else if constexpr (std::is_same_v<T, dope::bfloat16>) {
    return {-133, -78, 78, 124};
  } else {
    return {-24, -7, 7, 12};
  }
}

void same_scaled(double scaled, double plain, int power) { CHECK(scaled == std::ldexp(plain, power)); }

}  // namespace

TEST_CASE_TEMPLATE("spectra, entropies and ranks of 2^k X are those of X, scaled", T, float, double,
                   dope::float16, dope::bfloat16) {
  const auto plain = head_of<T>(0);
  for (const int power : powers<T>()) {
    CAPTURE(power);
    const auto scaled = head_of<T>(power);
    for (const auto accumulation : accumulations) {
      CAPTURE(static_cast<int>(accumulation));
      for (const auto centring : {Centring::none, Centring::token_mean}) {
        const auto a =
            dope::spectrum_of(dope::gram_of(plain.view(), {centring, RowScaling::none, accumulation}));
        const auto b =
            dope::spectrum_of(dope::gram_of(scaled.view(), {centring, RowScaling::none, accumulation}));
        for (std::size_t i = 0; i < width; ++i) same_scaled(b.values[i], a.values[i], 2 * power);
        same_scaled(b.trace, a.trace, 2 * power);
        CHECK(dope::von_neumann(b) == dope::von_neumann(a));
        CHECK(dope::truncated_effective_rank(b, 3) == dope::truncated_effective_rank(a, 3));
        CHECK(dope::spectral_norm(b, dope::NormScale::trace_share) ==
              dope::spectral_norm(a, dope::NormScale::trace_share));
        same_scaled(dope::spectral_norm(b, dope::NormScale::raw), a.largest(), 2 * power);
        CHECK(dope::effective_rank(b) == dope::effective_rank(a));
        CHECK(dope::participation_ratio(b) == dope::participation_ratio(a));
        CHECK(dope::stable_rank(b) == dope::stable_rank(a));
        CHECK(dope::rankme(b) == doctest::Approx(dope::rankme(a)).epsilon(1e-14));
        CHECK(dope::cumulative_energy(b) == dope::cumulative_energy(a));
        // (1/r) Σ s²λ ln s²λ = s²·(truncated mean + ln s² · (1/r) Σ_{i≤r} λ_i)
        double mean = 0.0;
        for (std::size_t i = 0; i < 3; ++i) mean += a.values[i] / 3.0;
        const double expected = dope::truncated_mean(a, 3) + 2.0 * power * std::log(2.0) * mean;
        CHECK(std::ldexp(dope::truncated_mean(b, 3), -2 * power) == doctest::Approx(expected).epsilon(1e-12));
      }
      const dope::GramOptions even{Centring::token_mean, RowScaling::unit, accumulation};
      CHECK(dope::uncomp(dope::spectrum_of(dope::gram_of(scaled.view(), even)), 4) ==
            doctest::Approx(dope::uncomp(dope::spectrum_of(dope::gram_of(plain.view(), even)), 4))
                .epsilon(accumulation == Accumulation::float_blocks ? 1e-6 : 1e-13));
      const auto system = dope::eigensystem_of(
          dope::gram_of(scaled.view(), {Centring::none, RowScaling::none, accumulation}));
      const auto other =
          dope::eigensystem_of(dope::gram_of(plain.view(), {Centring::none, RowScaling::none, accumulation}));
      CHECK((system.vectors - other.vectors).cwiseAbs().maxCoeff() < 1e-10);
    }
    dope::TokenMean mean_a(width);
    dope::TokenMean mean_b(width);
    mean_a.add(plain.view());
    mean_b.add(scaled.view());
    for (Eigen::Index c = 0; c < static_cast<Eigen::Index>(width); ++c)
      same_scaled(mean_b.mean()[c], mean_a.mean()[c], power);
  }
}

TEST_CASE_TEMPLATE("bands, cones and bounds of 2^k X are those of X, scaled", T, float, double, dope::float16,
                   dope::bfloat16) {
  const auto plain = head_of<T>(0);
  const auto reports = dope::band_reports(plain.view(), Pairing::half_split, width / 2);
  dope::BandGrams grams(width / 2, Pairing::half_split);
  grams.add(plain.view());
  for (const int power : powers<T>()) {
    CAPTURE(power);
    const auto scaled_head = head_of<T>(power);
    dope::BandGrams scaled_grams(width / 2, Pairing::half_split);
    scaled_grams.add(scaled_head.view());
    CHECK(dope::band_mean(scaled_grams) == dope::band_mean(grams));
    const auto scaled = dope::band_reports(scaled_head.view(), Pairing::half_split, width / 2);
    for (std::size_t band = 0; band < reports.size(); ++band) {
      const auto& a = reports[band];
      const auto& b = scaled[band];
      same_scaled(scaled_grams[band].largest(), grams[band].largest(), 2 * power);
      same_scaled(scaled_grams[band].smallest(), grams[band].smallest(), 2 * power);
      CHECK(b.gram.principal_angle() == a.gram.principal_angle());
      same_scaled(b.rms_norm, a.rms_norm, power);
      same_scaled(b.min_norm, a.min_norm, power);
      CHECK(b.energy_share == a.energy_share);
      CHECK(b.cone_half_angle == a.cone_half_angle);
      same_scaled(b.coherent_sum, a.coherent_sum, power);
      same_scaled(b.coherent_sum_bound, a.coherent_sum_bound, power);
      same_scaled(b.largest_eigenvalue, a.largest_eigenvalue, 2 * power);
      same_scaled(b.largest_eigenvalue_bound, a.largest_eigenvalue_bound, 2 * power);
      same_scaled(b.largest_singular_value(), a.largest_singular_value(), power);
      same_scaled(b.largest_singular_value_bound(), a.largest_singular_value_bound(), power);
      const auto score_a = dope::band_score_report(a, a, width);
      for (const auto& [query, key, shift] :
           {std::tuple{&b, &a, power}, {&a, &b, power}, {&b, &b, 2 * power}}) {
        const auto score_b = dope::band_score_report(*query, *key, width);
        CHECK(score_b.angle == score_a.angle);
        same_scaled(score_b.largest_singular_value, score_a.largest_singular_value, shift);
        same_scaled(score_b.largest_singular_value_bound, score_a.largest_singular_value_bound, shift);
        same_scaled(score_b.entry_bound, score_a.entry_bound, shift);
      }
    }
  }
}

TEST_CASE("gradients of 2^k X are 2^-k times those of X") {
  const dope::BandLayout layout{Pairing::half_split, width / 2};
  const std::vector<dope::Entropy> entropies = {dope::VonNeumann{},
                                                dope::BandMean{},
                                                dope::TruncatedEffectiveRank{3},
                                                dope::Uncomp{4},
                                                dope::SpectralNorm{dope::NormScale::trace_share},
                                                dope::SpectralNorm{dope::NormScale::raw}};
  const auto gradient = [&](const dope::Entropy& entropy, const oracle::Head<double>& head,
                            Accumulation accumulation) {
    std::vector<double> to(tokens * width);
    dope::entropy_gradient(entropy, head.view(), dope::dense_head(to.data(), tokens, width), layout,
                           accumulation);
    return to;
  };
  const auto plain = head_of<double>(0);
  for (const auto accumulation : {Accumulation::double_blocks, Accumulation::triangular_factor}) {
    for (const auto& entropy : entropies) {
      CAPTURE(dope::name_of(entropy));
      const auto at_one = gradient(entropy, plain, accumulation);
      double size = 0.0;
      for (const double value : at_one) size = std::max(size, std::abs(value));
      const bool raw = entropy == dope::Entropy(dope::SpectralNorm{dope::NormScale::raw});
      for (const int power : {-480, -260, 78, 260, 477}) {
        CAPTURE(power);
        const auto scaled = gradient(entropy, head_of<double>(power), accumulation);
        double apart = 0.0;
        for (std::size_t i = 0; i < scaled.size(); ++i)
          apart = std::max(apart, std::abs(std::ldexp(scaled[i], raw ? -power : power) - at_one[i]));
        CHECK(apart <= 1e-12 * size);
      }
    }
  }
}

TEST_CASE("a band of any two sizes: both eigenvalues to a few ulp") {
  // Rows (x·2^a, y·2^b): the determinant scales by 2^(2a + 2b) exactly, λ₂ tends to det/λ₁ where a ≫ b.
  for (const int a : {-480, -200, 0, 200, 480}) {
    for (const int b : {-480, -200, 0, 200, 480}) {
      CAPTURE(a);
      CAPTURE(b);
      const dope::BandGram plain{5.0, 3.0, 2.0};
      const dope::BandGram scaled{std::ldexp(5.0, 2 * a), std::ldexp(3.0, a + b), std::ldexp(2.0, 2 * b)};
      if (a == b) {
        CHECK(scaled.smallest() == std::ldexp(plain.smallest(), 2 * a));
      } else if (a > b) {
        CHECK(scaled.smallest() == doctest::Approx(std::ldexp(1.0 / 5.0, 2 * b)).epsilon(1e-15).scale(0));
        CHECK(scaled.largest() == std::ldexp(5.0, 2 * a));
      } else {
        CHECK(scaled.smallest() == doctest::Approx(std::ldexp(1.0 / 2.0, 2 * a)).epsilon(1e-15).scale(0));
        CHECK(scaled.largest() == std::ldexp(2.0, 2 * b));
      }
      if (std::abs(a + b) < 500) CHECK(scaled.determinant() == std::ldexp(1.0, 2 * (a + b)));
    }
  }
}

TEST_CASE("rows too small for their squares are refused by name, wherever a number would come from them") {
  const auto small = head_of<double>(-520);
  const auto message = [](const auto& measure) {
    try {
      measure();
    } catch (const dope::Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto refused = [&](const auto& measure) {
    CHECK(message(measure).find("at least 2^-960") != std::string::npos);
  };
  const auto larger = head_of<double>(-490);  // no square is 0, and their sum is still below 2⁻⁹⁶⁰
  for (const auto accumulation : accumulations) {
    refused([&] {
      static_cast<void>(
          dope::spectrum_of(dope::gram_of(larger.view(), {Centring::none, RowScaling::none, accumulation})));
    });
    const auto gram = dope::gram_of(small.view(), {Centring::none, RowScaling::none, accumulation});
    refused([&] { static_cast<void>(dope::spectrum_of(gram)); });
    refused([&] { static_cast<void>(dope::eigensystem_of(gram)); });
    refused([&] { static_cast<void>(dope::gram_gradient(dope::VonNeumann{}, gram)); });
    CHECK(message([&] { static_cast<void>(dope::spectrum_of(gram)); }).find("the rows of a Gram") !=
          std::string::npos);
    // Rows of norm 1 are of a size, whatever they were.
    CHECK(dope::spectrum_of(dope::gram_of(small.view(), {Centring::none, RowScaling::unit, accumulation}))
              .trace == doctest::Approx(static_cast<double>(tokens)).epsilon(1e-5));
  }
  dope::BandGrams grams(width / 2, Pairing::half_split);
  grams.add(small.view());
  refused([&] { static_cast<void>(dope::band_mean(grams)); });
  refused([&] { static_cast<void>(dope::band_reports(small.view(), Pairing::half_split, width / 2)); });
  // One small band beside others: named.
  std::vector<double> rows = {1.0, 1e-160, 2.0, 2e-160};
  CHECK(message([&] {
          static_cast<void>(dope::band_reports(dope::dense_head(rows.data(), 1, 4), Pairing::half_split, 2));
        }).find("band 1") != std::string::npos);
  dope::BandGrams beside(2, Pairing::half_split);
  beside.add(dope::dense_head(rows.data(), 1, 4));
  CHECK(message([&] { static_cast<void>(dope::band_mean(beside)); }).find("band 1") != std::string::npos);
  std::vector<double> to(tokens * width);
  CHECK(message([&] {
          dope::entropy_gradient(dope::Uncomp{4}, small.view(), dope::dense_head(to.data(), tokens, width));
        }).find("at least 2^-480") != std::string::npos);
}
