// SPDX-License-Identifier: MIT
#include "dope/denoise/transform.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <variant>
#include <vector>

#include "denoise/cases.hpp"
#include "dope/denoise/transform_text.hpp"

using namespace dope;

namespace {

/// Bases and training lengths from the field and from the embedded model's size.
struct Model {
  double base;
  std::size_t training_length;
};
constexpr Model models[] = {{10000.0, 512}, {10000.0, 4096}, {500000.0, 8192}, {100.0, 16}, {1e6, 1u << 20}};
constexpr std::size_t widths[] = {2, 4, 6, 10, 32, 90, 128, 250, 256};

/// Wavelength at least L, in long double and by division: shares nothing with the product form.
bool is_low(double omega, std::size_t training_length) {
  const long double turn = 2.0L * std::acos(-1.0L);
  return omega == 0.0 || turn / static_cast<long double>(omega) >= static_cast<long double>(training_length);
}

template <class F>
void for_each_frequencies(F f) {
  for (const Model& model : models) {
    for (const std::size_t width : widths) {
      const RopeParameters rope{model.base, width, width, model.training_length};
      for (const Scaling& scaling : cases::scalings()) {
        f(rope, native_frequencies(rope), scaled_frequencies(rope, scaling, 3 * model.training_length));
      }
    }
  }
}

}  // namespace

TEST_CASE("by parts: exactly the bands of wavelength at least L lose their frequency") {
  std::size_t low_count = 0;
  for_each_frequencies([&](const RopeParameters& rope, const Frequencies& native, const Frequencies& scaled) {
    for (const auto reading : {ByParts::Reading::identity, ByParts::Reading::remove}) {
      for (const auto threshold : {ByParts::Threshold::native, ByParts::Threshold::scaled}) {
        const ByParts parts{reading, threshold};
        const auto denoised = denoised_frequencies(parts, native, scaled, rope.training_length);
        const auto low = low_bands(parts, native, scaled, rope.training_length);
        std::size_t found = 0;
        for (std::size_t band = 0; band < native.bands(); ++band) {
          const double judged = (threshold == ByParts::Threshold::native ? native : scaled).omega[band];
          const bool expected = is_low(judged, rope.training_length);
          CHECK(denoised.omega[band] == (expected ? 0.0 : scaled.omega[band]));
          if (expected) {
            REQUIRE(found < low.size());
            CHECK(low[found++] == band);
          }
        }
        CHECK(found == low.size());
        CHECK(denoised.attention_factor == scaled.attention_factor);
        low_count += found;
      }
    }
  });
  CHECK(low_count > 100);
}

TEST_CASE("by parts: a band at the threshold is low, the next double above it is not") {
  for (const std::size_t length : {1u, 512u, 8192u, 1u << 20}) {
    const double edge = 2.0 * std::acos(-1.0) / static_cast<double>(length);
    const Frequencies frequencies{{std::nextafter(edge, 10.0), edge, std::nextafter(edge, 0.0)}, 1.0};
    CHECK(low_bands(ByParts{}, frequencies, frequencies, length) == std::vector<std::size_t>{1, 2});
  }
}

TEST_CASE("by all: no band turns; by Gaussian: every band turns as scaled; the attention factor stays") {
  for_each_frequencies([](const RopeParameters& rope, const Frequencies& native, const Frequencies& scaled) {
    for (const auto reading : {ByAll::Reading::identity, ByAll::Reading::remove}) {
      const auto denoised = denoised_frequencies(ByAll{reading}, native, scaled, rope.training_length);
      CHECK(denoised.omega == std::vector<double>(scaled.bands(), 0.0));
      CHECK(denoised.attention_factor == scaled.attention_factor);
    }
    for (const auto reading : {ByGaussian::Reading::replace, ByGaussian::Reading::modulate}) {
      CHECK(denoised_frequencies(ByGaussian{reading}, native, scaled, rope.training_length) == scaled);
    }
  });
}

TEST_CASE("combinations without a meaning are errors") {
  const RopeParameters rope{10000.0, 64, 64, 512};
  const Frequencies native = native_frequencies(rope);
  const Frequencies cut = scaled_frequencies(rope, Proportional{0.25}, 512);
  for (const auto threshold : {ByParts::Threshold::native, ByParts::Threshold::scaled}) {
    const ByParts remove{ByParts::Reading::remove, threshold};
    const ByParts identity{ByParts::Reading::identity, threshold};
    CHECK_THROWS_AS(static_cast<void>(denoised_frequencies(remove, native, cut, 512)), Error);
    CHECK(denoised_frequencies(identity, native, cut, 512) == cut);
    CHECK_NOTHROW(static_cast<void>(denoised_frequencies(remove, native, native, 512)));
  }
  CHECK_THROWS_AS(validate(Transform{ByGaussian{ByGaussian::Reading::modulate, ByGaussian::Spread::matched}}),
                  Error);
  const dope::Frequencies two{{1.0, 0.5}, 1.0};
  CHECK_THROWS_AS(static_cast<void>(low_bands({}, two, {{1.0}, 1.0}, 512)), Error);
  CHECK_THROWS_AS(static_cast<void>(low_bands({}, two, two, 0)), Error);
  CHECK_THROWS_AS(static_cast<void>(low_bands({}, two, {{1.0, std::nan("")}, 1.0}, 512)), Error);
  for (const double sigma : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_AS(validate(Transform{ByGaussian{.sigma = sigma}}), Error);
  }
  for (const Transform& transform : cases::transforms()) {
    CHECK_THROWS_AS(static_cast<void>(denoised_frequencies(transform, native, native, 0)), Error);
    CHECK_THROWS_AS(static_cast<void>(denoised_frequencies(transform, native, Frequencies{{1.0}, 1.0}, 512)),
                    Error);
    CHECK_THROWS_AS(static_cast<void>(denoised_frequencies(transform, Frequencies{}, Frequencies{}, 512)),
                    Error);
    CHECK_THROWS_AS(static_cast<void>(denoised_frequencies(transform, {{-1.0}, 1.0}, {{1.0}, 1.0}, 512)),
                    Error);
    CHECK_THROWS_AS(
        static_cast<void>(denoised_frequencies(transform, {{1.0}, 1.0}, {{std::nan("")}, 1.0}, 512)), Error);
  }
}
