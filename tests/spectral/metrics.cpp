// SPDX-License-Identifier: MIT
#include "dope/spectral/metrics.hpp"

#include <doctest/doctest.h>

#include "spectral/oracle.hpp"

TEST_CASE("on k equal eigenvalues every rank is k") {
  for (const std::size_t width : oracle::widths) {
    for (std::size_t k = 1; k <= width; k = k < 4 ? k + 1 : 2 * k) {
      std::vector<double> values(width);
      for (std::size_t i = 0; i < k; ++i) values[i] = 3.0;
      const auto spectrum = dope::spectrum_of(values);
      const auto rank = static_cast<double>(k);
      CHECK(dope::effective_rank(spectrum) == doctest::Approx(rank).epsilon(1e-13));
      CHECK(dope::participation_ratio(spectrum) == doctest::Approx(rank).epsilon(1e-13));
      CHECK(dope::stable_rank(spectrum) == doctest::Approx(rank).epsilon(1e-13));
      // Its 1e-7 weighs like width·1e-7·ln 1e7 more of entropy.
      CHECK(dope::rankme(spectrum) == doctest::Approx(rank).epsilon(2e-6 * static_cast<double>(width)));
      CHECK(dope::cumulative_energy(spectrum)[k - 1] == doctest::Approx(1.0).epsilon(1e-13));
    }
  }
}

TEST_CASE("every rank agrees with long double, is scale-free, and lies in [1, width]") {
  oracle::Random random(51);
  constexpr double agreement = 1e-12;
  for (const std::size_t width : oracle::widths) {
    std::vector<double> values(width);
    for (double& value : values) value = static_cast<double>(std::exp(5 * random.normal()));
    const auto spectrum = dope::spectrum_of(values);
    oracle::Real total = 0;
    oracle::Real squares = 0;
    oracle::Real roots = 0;
    for (const double value : spectrum.values) {
      total += value;
      squares += static_cast<oracle::Real>(value) * value;
      roots += std::sqrt(static_cast<oracle::Real>(value));
    }
    oracle::Real entropy = 0;
    oracle::Real root_entropy = 0;
    for (const double value : spectrum.values) {
      entropy += oracle::minus_x_log_x(value / total);
      root_entropy += oracle::minus_x_log_x(std::sqrt(static_cast<oracle::Real>(value)) / roots + 1e-7L);
    }
    const auto near = [&](double measured, oracle::Real exact) {
      CHECK(measured == doctest::Approx(static_cast<double>(exact)).epsilon(agreement));
      CHECK(measured >= 1.0);
      CHECK(measured <= static_cast<double>(width) * (1 + 2e-6 * static_cast<double>(width)));
    };
    near(dope::effective_rank(spectrum), std::exp(entropy));
    near(dope::participation_ratio(spectrum), total * total / squares);
    near(dope::stable_rank(spectrum), total / spectrum.values[0]);
    near(dope::rankme(spectrum), std::exp(root_entropy));

    for (double& value : values) value *= 1e-9;
    const auto scaled = dope::spectrum_of(values);
    CHECK(dope::effective_rank(scaled) == doctest::Approx(dope::effective_rank(spectrum)).epsilon(agreement));
    CHECK(dope::participation_ratio(scaled) ==
          doctest::Approx(dope::participation_ratio(spectrum)).epsilon(agreement));
    CHECK(dope::stable_rank(scaled) == doctest::Approx(dope::stable_rank(spectrum)).epsilon(agreement));
    CHECK(dope::rankme(scaled) == doctest::Approx(dope::rankme(spectrum)).epsilon(agreement));

    const auto energy = dope::cumulative_energy(spectrum);
    for (std::size_t i = 1; i < width; ++i) CHECK(energy[i] >= energy[i - 1]);
    CHECK(energy.back() == doctest::Approx(1.0).epsilon(agreement));
  }
}

TEST_CASE("a spectrum of nothing has no rank") {
  CHECK_THROWS_AS(static_cast<void>(dope::effective_rank({})), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(dope::participation_ratio({})), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(dope::stable_rank({})), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(dope::rankme({})), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(dope::cumulative_energy({})), dope::Error);
}
