// SPDX-License-Identifier: MIT
#include "dope/rope/float_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include "dope/rope/table.hpp"
#include "rope/oracle.hpp"
#include "rope/support.hpp"

namespace {

using dope::Angles;
using dope::Frequencies;
using Positions = std::vector<std::int64_t>;

struct Table {
  static constexpr float unwritten = -77;

  Table(const std::vector<double>& omega, const Positions& positions, Angles angles, double factor = 1.0)
      : cos(positions.size() * omega.size(), unwritten), sin(cos) {
    dope::fill_table<float, std::int64_t>(omega, factor, positions, angles, cos.data(), sin.data(),
                                          omega.size());
  }
  std::vector<float> cos, sin;
};

/// The largest distance from the table of double, whose error of 2 ulp of double (table.cpp) is 2⁻²⁸ ulp
/// here.
double worst_ulps(const std::vector<double>& omega, const Positions& positions, Angles angles) {
  const Table table(omega, positions, angles);
  std::vector<double> cos(table.cos.size());
  std::vector<double> sin(table.cos.size());
  dope::fill_table<double, std::int64_t>(omega, 1.0, positions, angles, cos.data(), sin.data(), omega.size());
  double worst = 0;
  const auto compare = [&](float stored, double exact) {
    const double error = std::abs(static_cast<double>(stored) - exact);
    if (error != 0) worst = std::max(worst, error / std::ldexp(1.0, std::max(-126, std::ilogb(exact)) - 23));
  };
  for (std::size_t i = 0; i < cos.size(); ++i) {
    compare(table.cos[i], cos[i]);
    compare(table.sin[i], sin[i]);
  }
  return worst;
}

Positions consecutive(std::int64_t first, std::size_t count) {
  Positions positions(count);
  std::iota(positions.begin(), positions.end(), first);
  return positions;
}

/// Any size and sign of position up to 2⁵³.
Positions any_positions(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Positions positions(count);
  for (std::int64_t& m : positions) {
    m = static_cast<std::int64_t>(random() >> 11) + 1;
    m >>= random() % 53;
    if (random() % 2 == 0) m = -m;
  }
  return positions;
}

/// Any size and sign of frequency from 2⁻⁹⁰ to 2¹⁰, some of them 0.
std::vector<double> any_frequencies(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<double> omega(count);
  for (double& w : omega) {
    w = 1 + static_cast<double>(random() >> 12) * 0x1p-52;
    w = std::ldexp(w, 9 - static_cast<int>(random() % 40));
    if (random() % 8 == 0) w = std::ldexp(w, -60);
    if (random() % 3 == 0) w = -w;
    if (random() % 9 == 0) w = 0;
  }
  return omega;
}

/// What table.hpp promises; the sweeps are held to what a block promises.
constexpr double documented_ulps = dope::table_ulps<float>;

constexpr Angles both_angles[] = {Angles::exact, Angles::float32_product};

}  // namespace

TEST_CASE("every position from 0 to 2^20 in seven bands: within block_ulps") {
  // The fastest band, ordinary ones, a slow one, and the two with the nearest near-zeros known.
  const std::vector<double> omega = {
      1.0, 0.8659643233600653, 0.1, 0.0013182567385564075, 1e-7, 0x1.9a6dda14c451bp-1, 0x1.564682bc346bfp-1};
  for (const Angles angles : both_angles) {
    double worst = 0;
    for (std::int64_t first = 0; first < std::int64_t{1} << 20; first += 1 << 14)
      worst = std::max(worst, worst_ulps(omega, consecutive(first, 1 << 14), angles));
    CHECK(worst <= dope::detail::block_ulps);
    CHECK(worst > 0.5);
  }
}

TEST_CASE("any position to 2^53 and any frequency to 2^10, both signs: within block_ulps") {
  for (const Angles angles : both_angles) {
    double worst = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed)
      worst = std::max(worst, worst_ulps(any_frequencies(100, seed), any_positions(300, seed + 100), angles));
    CHECK(worst <= dope::detail::block_ulps);
  }
}

TEST_CASE(
    "the nearest near-zeros any frequency can have, among other rows and bands: within the documented ulp") {
  const std::vector<double> omega = {0x1.9a6dda14c451bp-1, 0x1.d4603aa24a8c5p-1,  1.0,
                                     0x1.18623e36d12cfp-1, -0x1.564682bc346bfp-1, 0x1.08c1414c354e4p-1};
  const Positions positions = {447770,  33571,  5,      -1032563, 1035217, 223791,
                               -447582, 671373, 895540, 67142,    0};
  const Table table(omega, positions, Angles::exact);
  double worst = 0;
  double smallest = 1;
  for (std::size_t row = 0; row < positions.size(); ++row) {
    for (std::size_t band = 0; band < omega.size(); ++band) {
      const auto exact = oracle::cos_sin(positions[row], omega[band]);
      const std::size_t at = row * omega.size() + band;
      worst = std::max(worst, oracle::ulps(static_cast<double>(table.cos[at]), exact.cos, 24));
      worst = std::max(worst, oracle::ulps(static_cast<double>(table.sin[at]), exact.sin, 24));
      smallest = std::min(smallest, oracle::to_double(exact.cos.magnitude));
    }
  }
  CHECK(smallest < 0x1p-65);
  CHECK(worst <= documented_ulps);
}

TEST_CASE(
    "an entry does not depend on its neighbours: any chunk, any order, any choice of bands, same bits") {
  const auto omega = any_frequencies(600, 31);  // more than fit one span of bands
  auto positions = any_positions(150, 32);
  positions[70] = 0;
  std::size_t different = 0;
  for (const Angles angles : both_angles) {
    const Table whole(omega, positions, angles);
    for (const std::size_t chunk : {1u, 7u, 64u, 149u}) {
      for (std::size_t first = 0; first < positions.size(); first += chunk) {
        const std::size_t count = std::min<std::size_t>(chunk, positions.size() - first);
        const auto start = positions.begin() + static_cast<std::ptrdiff_t>(first);
        const Table part(omega, Positions(start, start + static_cast<std::ptrdiff_t>(count)), angles);
        different += support::different_bits(part.cos.data(), &whole.cos[first * 600], count * 600);
        different += support::different_bits(part.sin.data(), &whole.sin[first * 600], count * 600);
      }
    }
    const Table reversed(omega, Positions(positions.rbegin(), positions.rend()), angles);
    for (std::size_t row = 0; row < positions.size(); ++row) {
      const std::size_t back = positions.size() - 1 - row;
      different += support::different_bits(&reversed.cos[row * 600], &whole.cos[back * 600], 600);
      different += support::different_bits(&reversed.sin[row * 600], &whole.sin[back * 600], 600);
    }
    for (const std::size_t bands : {1u, 3u, 63u, 65u, 256u, 257u}) {
      const std::vector<double> some(omega.begin() + 5,
                                     omega.begin() + 5 + static_cast<std::ptrdiff_t>(bands));
      const Table part(some, positions, angles);
      for (std::size_t row = 0; row < positions.size(); ++row) {
        different += support::different_bits(&part.cos[row * bands], &whole.cos[row * 600 + 5], bands);
        different += support::different_bits(&part.sin[row * bands], &whole.sin[row * 600 + 5], bands);
      }
    }
  }
  CHECK(different == 0);
}

TEST_CASE("cos is even and sin odd in m and in w, bit for bit, to 2^53") {
  const auto omega = any_frequencies(120, 41);
  const auto positions = any_positions(500, 42);
  Positions mirrored(positions);
  for (std::int64_t& m : mirrored) m = -m;
  std::vector<double> backwards(omega);
  for (double& w : backwards) w = -w;
  std::size_t wrong = 0;
  for (const Angles angles : both_angles) {
    const Table table(omega, positions, angles);
    const Table by_position(omega, mirrored, angles);
    const Table by_frequency(backwards, positions, angles);
    for (std::size_t i = 0; i < table.cos.size(); ++i) {
      wrong += table.cos[i] != by_position.cos[i] || table.sin[i] != -by_position.sin[i];
      wrong += table.cos[i] != by_frequency.cos[i] || table.sin[i] != -by_frequency.sin[i];
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("bands of frequency 0 are (a, +0), and the bands beside them keep their bits") {
  const auto positions = any_positions(40, 52);
  const std::vector<double> rotating = {0.7, 0.01, 3.0, -0.2};
  std::size_t wrong = 0;
  for (const Angles angles : both_angles) {
    const Table plain(rotating, positions, angles, 1.25);
    for (unsigned mask = 0; mask < 32; ++mask) {
      // A band with ω = 0 before rotating band i where bit i is set, and one at the end for bit 4.
      std::vector<double> omega;
      std::vector<std::size_t> source;
      for (std::size_t i = 0; i < 5; ++i) {
        if ((mask >> i & 1) != 0) {
          omega.push_back(i % 2 == 0 ? 0.0 : -0.0);
          source.push_back(4);
        }
        if (i < 4) {
          omega.push_back(rotating[i]);
          source.push_back(i);
        }
      }
      const Table table(omega, positions, angles, 1.25);
      for (std::size_t i = 0; i < table.cos.size(); ++i) {
        const std::size_t from = source[i % omega.size()];
        const std::size_t at = i / omega.size() * 4 + from;
        const float cos = from == 4 ? 1.25f : plain.cos[at];
        const float sin = from == 4 ? 0.0f : plain.sin[at];
        wrong += std::bit_cast<std::uint32_t>(table.cos[i]) != std::bit_cast<std::uint32_t>(cos);
        wrong += std::bit_cast<std::uint32_t>(table.sin[i]) != std::bit_cast<std::uint32_t>(sin);
      }
    }
  }
  CHECK(wrong == 0);
}
