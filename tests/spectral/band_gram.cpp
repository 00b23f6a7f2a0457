// SPDX-License-Identifier: MIT
#include "dope/spectral/band_gram.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "spectral/oracle.hpp"

namespace {

using dope::Pairing;

constexpr Pairing pairings[] = {Pairing::interleaved, Pairing::half_split};

}  // namespace

TEST_CASE_TEMPLATE("band Grams are the 2 x 2 diagonal blocks of the head's Gram, however merged", T, float,
                   double, dope::float16, dope::bfloat16) {
  oracle::Random random(61);
  constexpr double rounding = 0x1p-42;  // 300 sums in double
  for (const std::size_t width : oracle::widths) {
    for (const std::size_t rotated : {width, width / 4 * 2}) {
      if (rotated < 2) continue;
      const std::size_t bands = rotated / 2;
      const oracle::Head<T> head(oracle::normals(100, width, random), 5);
      const auto x = head.exact();
      for (const auto pairing : pairings) {
        CAPTURE(width);
        CAPTURE(rotated);
        dope::BandGrams grams(bands, pairing);
        grams.add(head.view().slice(0, 37));
        dope::BandGrams rest(bands, pairing);
        rest.add(head.view().slice(37, 63));
        grams.merge(rest);
        CHECK(grams.tokens() == 100);
        const auto blocks = dope::band_grams_of(
            dope::gram_of(head.view(), {.accumulation = dope::Accumulation::double_blocks}), pairing, bands);
        CHECK(blocks.tokens() == 100);
        for (std::size_t band = 0; band < bands; ++band) {
          const std::size_t a = pairing == Pairing::interleaved ? 2 * band : band;
          const std::size_t b = pairing == Pairing::interleaved ? 2 * band + 1 : band + bands;
          oracle::Real xx = 0;
          oracle::Real xy = 0;
          oracle::Real yy = 0;
          for (std::size_t t = 0; t < 100; ++t) {
            xx += x(t, a) * x(t, a);
            xy += x(t, a) * x(t, b);
            yy += x(t, b) * x(t, b);
          }
          const double size = static_cast<double>(xx + yy);
          for (const auto* measured : {static_cast<const dope::BandGrams*>(&grams), &blocks}) {
            CHECK(std::abs((*measured)[band].xx - static_cast<double>(xx)) < rounding * size);
            CHECK(std::abs((*measured)[band].xy - static_cast<double>(xy)) < rounding * size);
            CHECK(std::abs((*measured)[band].yy - static_cast<double>(yy)) < rounding * size);
          }
        }
      }
    }
  }
}

TEST_CASE("both eigenvalues of a band are right to a few ulp, however ill conditioned") {
  oracle::Random random(62);
  for (int sample = 0; sample < 2000; ++sample) {
    const double xx = static_cast<double>(std::exp(10 * random.normal()));
    const double yy = static_cast<double>(std::exp(10 * random.normal()));
    const double cosine = 1.0 - static_cast<double>(std::exp(-30 * random.uniform()));
    const double xy = (random.uniform() < 0.5L ? -1 : 1) * std::sqrt(xx) * std::sqrt(yy) * cosine;
    const dope::BandGram gram{xx, xy, yy};
    // x·y in long double keeps 11 bits more, and the difference is exact to 2⁻⁶⁴ of its terms.
    const oracle::Real product = static_cast<oracle::Real>(xx) * yy;
    const oracle::Real square = static_cast<oracle::Real>(xy) * xy;
    const oracle::Real lost = (product + square) * 0x1p-62L;
    const oracle::Real determinant = product - square;
    const oracle::Real trace = static_cast<oracle::Real>(xx) + yy;
    const oracle::Real first =
        (trace + std::hypot(static_cast<oracle::Real>(xx) - yy, 2 * static_cast<oracle::Real>(xy))) / 2;
    CHECK(gram.largest() == doctest::Approx(static_cast<double>(first)).epsilon(1e-15));
    const auto apart = std::abs(static_cast<oracle::Real>(gram.smallest()) - determinant / first);
    CHECK(apart <= (std::abs(determinant) * 1e-15L + lost) / first);
    const double angle = gram.principal_angle();
    const double along = xx * std::cos(angle) * std::cos(angle) + 2 * xy * std::cos(angle) * std::sin(angle) +
                         yy * std::sin(angle) * std::sin(angle);
    CHECK(along == doctest::Approx(gram.largest()).epsilon(1e-14));
  }
}

TEST_CASE("contracts of band Grams are errors and change nothing") {
  CHECK_THROWS_AS(dope::BandGrams(0, Pairing::half_split), dope::Error);
  dope::BandGrams grams(2, Pairing::half_split);
  const float narrow[] = {1.0f, 2.0f};
  CHECK_THROWS_AS(grams.add(dope::dense_head(narrow, 1, 2)), dope::Error);
  const float broken[] = {1.0f, 2.0f, 3.0f, std::numeric_limits<float>::infinity()};
  CHECK_THROWS_AS(grams.add(dope::dense_head(broken, 1, 4)), dope::Error);
  CHECK((grams[0] == dope::BandGram{}));
  CHECK(grams.tokens() == 0);
  CHECK_THROWS_AS(static_cast<void>(grams[2]), dope::Error);
  CHECK_THROWS_AS(grams.merge(dope::BandGrams(2, Pairing::interleaved)), dope::Error);
  CHECK_THROWS_AS(grams.merge(dope::BandGrams(3, Pairing::half_split)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(dope::band_grams_of(dope::Gram(4), Pairing::half_split, 3)), dope::Error);
}
