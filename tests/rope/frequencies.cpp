// SPDX-License-Identifier: MIT
#include "dope/rope/frequencies.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include "rope/oracle_log.hpp"

TEST_CASE("native frequency of band f is base^(-2f/d), within frequency_ulps") {
  double worst = 0;
  for (const double base : {1.5, 100.0, 10000.0, 150000.0, 500000.0, 1e6, 5e6, 1e15}) {
    const auto log_of_base = oracle::ln(oracle::magnitude(base)).magnitude;
    for (const std::uint32_t width : {2u, 6u, 64u, 80u, 90u, 96u, 128u, 250u, 512u}) {
      const auto frequencies = dope::native_frequencies({base, 512, width, 4096});
      REQUIRE(frequencies.bands() == width / 2);
      CHECK(frequencies.attention_factor == 1.0);
      CHECK(frequencies.omega[0] == 1.0);
      for (std::uint32_t f = 0; f < width / 2; ++f) {
        const auto exponent = oracle::over(oracle::times(oracle::integer(2 * f), log_of_base), width);
        worst =
            std::max(worst, oracle::ulps(frequencies.omega[f], {oracle::exp_of_minus(exponent), false}, 53));
      }
    }
  }
  CHECK(worst <= dope::frequency_ulps);
}

TEST_CASE("frequencies fall strictly from band to band") {
  for (std::size_t width = 4; width <= 256; width += 2) {
    const auto omega = dope::native_frequencies({10000, width, width, 1}).omega;
    CHECK(std::is_sorted(omega.rbegin(), omega.rend()));
    CHECK(std::adjacent_find(omega.begin(), omega.end()) == omega.end());
  }
}

TEST_CASE("known frequencies: base 10000, width 128") {
  const auto omega = dope::native_frequencies({10000, 128, 128, 4096}).omega;
  CHECK(omega[16] == doctest::Approx(0.1).epsilon(1e-15));
  CHECK(omega[32] == doctest::Approx(0.01).epsilon(1e-15));
  CHECK(omega[48] == doctest::Approx(0.001).epsilon(1e-15));
}

TEST_CASE("the exponent uses the rotated width, not the head width") {
  const auto partial = dope::native_frequencies({10000, 128, 32, 4096}).omega;
  const auto narrow = dope::native_frequencies({10000, 32, 32, 4096}).omega;
  const auto whole = dope::native_frequencies({10000, 128, 128, 4096}).omega;
  CHECK(partial == narrow);
  CHECK(partial[1] != whole[1]);
}

TEST_CASE("wavelength times frequency is a turn; a still band never turns") {
  for (const double omega : {1.0, 0.37, 1e-4, 512.0}) {
    CHECK(dope::wavelength(omega) * omega == doctest::Approx(2 * std::numbers::pi).epsilon(1e-15));
  }
  CHECK(std::isinf(dope::wavelength(0.0)));
}

TEST_CASE("each broken precondition of RopeParameters is an Error") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK_NOTHROW(dope::validate({10000, 128, 128, 1}));
  CHECK_NOTHROW(dope::validate({1.0000001, 2, 2, 1}));
  CHECK_NOTHROW(dope::validate({10000, 129, 90, 4096}));
  for (const double base :
       {1.0, 0.5, 0.0, -10000.0, infinity, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(dope::validate({base, 128, 128, 4096}), dope::Error);
  }
  for (const std::size_t width : {0u, 1u, 3u, 127u, 130u}) {
    CHECK_THROWS_AS(dope::validate({10000, 128, width, 4096}), dope::Error);
    CHECK_THROWS_AS((void)dope::native_frequencies({10000, 128, width, 4096}), dope::Error);
  }
  CHECK_THROWS_AS(dope::validate({10000, 128, 128, 0}), dope::Error);
  CHECK_NOTHROW(dope::validate({10000, dope::widest_head, dope::widest_head, 1}));
  CHECK_THROWS_AS(dope::validate({10000, dope::widest_head + 1, 128, 1}), dope::Error);
  CHECK_THROWS_AS((void)dope::native_frequencies({10000, ~std::size_t{1}, ~std::size_t{1}, 1}), dope::Error);
}
