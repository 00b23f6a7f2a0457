// SPDX-License-Identifier: MIT

// The oracles against the library and against answers known elsewhere: two computations that share no
// code agree, and every suspect's imitation of a right kernel is the oracle.

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dope/conformance.hpp"
#include "dope/conformance/suspects_denoise.hpp"
#include "dope/conformance/suspects_rotation.hpp"
#include "dope/rope/table.hpp"

namespace {

namespace kit = dope::conformance;
namespace oracle = dope::conformance::oracle;

constexpr double few_ulp_of_double = 0x1p-48;

}  // namespace

TEST_CASE("oracle: frequencies are those of the library") {
  for (const kit::Case& c : kit::catalogue()) {
    const auto* task = std::get_if<kit::FrequenciesTask>(&c.task);
    if (task == nullptr) continue;
    CAPTURE(c.name);
    const auto ours = dope::scaled_frequencies(task->rope, task->scaling, task->length);
    const auto theirs = oracle::frequencies(task->rope, task->scaling, task->length);
    REQUIRE(ours.bands() == theirs.bands());
    for (std::size_t band = 0; band < ours.bands(); ++band) {
      CHECK(std::abs(ours.omega[band] - theirs.omega[band]) <= few_ulp_of_double * theirs.omega[band]);
    }
    CHECK(std::abs(ours.attention_factor - theirs.attention_factor) <= few_ulp_of_double);
  }
}

TEST_CASE("oracle: angles are those of the exact table") {
  const dope::RopeParameters rope{500000.0, 128, 128, 8192};
  const auto frequencies = dope::native_frequencies(rope);
  const std::vector<std::int64_t> positions = {0, 1, -7, 4095, 131071, 1 << 20, -(1 << 20), 16777217};
  for (const dope::Angles angles : {dope::Angles::exact, dope::Angles::float32_product}) {
    const dope::RotationTable<double> table(frequencies, std::span<const std::int64_t>(positions), angles);
    for (std::size_t row = 0; row < positions.size(); ++row) {
      for (std::size_t band = 0; band < frequencies.bands(); ++band) {
        const auto turned = oracle::turn(angles, positions[row], frequencies.omega[band]);
        const auto view = table.view();
        CHECK(std::abs(static_cast<double>(turned.cos) - view.cos[row * view.stride + band]) <= 0x1p-51);
        CHECK(std::abs(static_cast<double>(turned.sin) - view.sin[row * view.stride + band]) <= 0x1p-51);
      }
    }
  }
}

TEST_CASE("oracle: Philox gives the published answers") {
  using Four = std::array<std::uint32_t, 4>;
  CHECK(oracle::philox({0, 0, 0, 0}, {0, 0}) == Four{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
  CHECK(oracle::philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) ==
        Four{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu});
  CHECK(oracle::philox({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}, {0xa4093822u, 0x299f31d0u}) ==
        Four{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u});
}

TEST_CASE("oracle: Jacobi finds the eigenvalues of a matrix made from them") {
  // H diag(λ) Hᵀ with a Householder reflection H.
  const std::vector<long double> values = {9.0L, 4.0L, 1.0L, 0.25L, 1e-6L};
  const std::vector<long double> v = {1.0L, -2.0L, 0.5L, 3.0L, 1.0L};
  long double square = 0;
  for (const long double x : v) square += x * x;
  oracle::Matrix a(5);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 0; j < 5; ++j) {
      for (std::size_t k = 0; k < 5; ++k) {
        const long double left = (i == k ? 1 : 0) - 2 * v[i] * v[k] / square;
        const long double right = (j == k ? 1 : 0) - 2 * v[j] * v[k] / square;
        a(i, j) += left * values[k] * right;
      }
    }
  }
  const auto found = oracle::eigenvalues(a);
  for (std::size_t i = 0; i < 5; ++i) CHECK(std::abs(found[i] - values[i]) <= 1e-17L);
}

TEST_CASE("suspects: without a mistake the imitations are the oracle, to the last bit") {
  for (const kit::Case& c : kit::catalogue()) {
    CAPTURE(c.name);
    const auto inputs = kit::inputs_of(c);
    const auto expected = kit::expected_of(c, inputs);
    if (const auto* task = std::get_if<kit::RotateTask>(&c.task)) {
      if (task->angles != dope::Angles::exact) continue;
      CHECK(kit::detail::imitate(*task, inputs[0].values, kit::detail::Habits{}) == expected[0].values);
    } else if (const auto* denoise = std::get_if<kit::DenoiseTask>(&c.task)) {
      const kit::detail::DenoiseHabits habits;
      const auto arrays = kit::detail::DenoiseImitation(*denoise, habits)(inputs[0].values, inputs[1].values);
      REQUIRE(arrays.size() == expected.size());
      for (std::size_t a = 0; a < arrays.size(); ++a) {
        for (std::size_t i = 0; i < arrays[a].size(); ++i) {
          CHECK(std::abs(arrays[a][i] - expected[a].values[i]) <=
                few_ulp_of_double * std::abs(expected[a].values[i]));
        }
      }
    }
  }
}
