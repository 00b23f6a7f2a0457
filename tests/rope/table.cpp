// SPDX-License-Identifier: MIT
#include "dope/rope/table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <random>
#include <span>
#include <vector>

#include "rope/oracle.hpp"

namespace {

using dope::Angles;
using dope::Frequencies;

template <class C>
constexpr double documented_ulps = dope::table_ulps<C>;

struct Worst {
  double cos = 0;
  double sin = 0;
};

template <class C>
void measure(Worst& worst, std::int64_t position, double omega) {
  const double omegas[] = {omega};
  const std::int64_t positions[] = {position};
  C cos = 0;
  C sin = 0;
  dope::fill_table<C, std::int64_t>(omegas, 1.0, positions, Angles::exact, &cos, &sin, 1);
  const auto exact = oracle::cos_sin(position, omega);
  constexpr int digits = std::numeric_limits<C>::digits;
  worst.cos = std::max(worst.cos, oracle::ulps(static_cast<double>(cos), exact.cos, digits));
  worst.sin = std::max(worst.sin, oracle::ulps(static_cast<double>(sin), exact.sin, digits));
}

Frequencies native(double base, std::size_t width) {
  return dope::native_frequencies({base, width, width, 4096});
}

/// The denominators q ≤ limit of the convergents of x: where q·x comes nearest to whole numbers.
std::vector<std::int64_t> convergent_denominators(long double x, std::int64_t limit) {
  std::vector<std::int64_t> all;
  std::int64_t previous = 0;
  std::int64_t current = 1;
  for (x -= std::floor(x); x > 1e-15L;) {
    x = 1 / x;
    const long double whole = std::floor(x);
    if (whole * static_cast<long double>(current) > static_cast<long double>(limit)) break;
    const std::int64_t next = static_cast<std::int64_t>(whole) * current + previous;
    if (next > limit) break;
    previous = current;
    current = next;
    all.push_back(current);
    x -= whole;
  }
  return all;
}

constexpr std::int64_t farthest_law = std::int64_t{1} << 20;

}  // namespace

TEST_CASE("the oracle knows pi, and cos and sin where they are known") {
  CHECK(oracle::to_double(oracle::pi()) == std::numbers::pi);
  const auto rest = oracle::minus(oracle::pi(), oracle::magnitude(std::numbers::pi));
  CHECK(oracle::to_double(rest) == doctest::Approx(1.2246467991473532e-16).epsilon(1e-15));
  CHECK(oracle::to_double(oracle::cos_sin(0, 1.0).cos) == 1);
  CHECK(oracle::to_double(oracle::cos_sin(1, 1.0).cos) ==
        doctest::Approx(0.54030230586813972).epsilon(1e-15));
  CHECK(oracle::to_double(oracle::cos_sin(-1, 1.0).sin) ==
        doctest::Approx(-0.84147098480789651).epsilon(1e-15));
  CHECK(oracle::to_double(oracle::cos_sin(355, 1.0).sin) ==
        doctest::Approx(-3.0144353359488447e-05).epsilon(1e-13));
  double worst = 0;
  for (std::int64_t m = -3000; m <= 3000; ++m) {
    const auto exact = oracle::cos_sin(m, 0.7);
    const auto c = exact.cos.magnitude;
    const auto s = exact.sin.magnitude;
    const auto one = oracle::plus(oracle::times(c, c), oracle::times(s, s));
    worst = std::max(worst, oracle::to_double(oracle::distance(one, oracle::integer(1))));
  }
  CHECK(worst < 0x1p-250);
}

TEST_CASE_TEMPLATE("exact angles: cos and sin within the documented ulp at positions to 2^20, both signs", C,
                   float, double) {
  Worst worst;
  std::mt19937_64 random(11);
  for (const double base : {10000.0, 500000.0, 1e6, 5e6}) {
    for (const std::size_t width : {2u, 6u, 10u, 64u, 90u, 128u, 250u, 256u}) {
      const auto omega = native(base, width).omega;
      for (std::size_t trial = 0; trial < 40; ++trial) {
        const auto position = static_cast<std::int64_t>(random() % (2 * farthest_law + 1)) - farthest_law;
        measure<C>(worst, position, omega[random() % omega.size()]);
      }
      for (const std::int64_t position :
           {std::int64_t{1}, std::int64_t{131071}, farthest_law, -farthest_law}) {
        for (const std::size_t band : {std::size_t{0}, omega.size() / 2, omega.size() - 1}) {
          measure<C>(worst, position, omega[band]);
        }
      }
    }
  }
  CHECK(worst.cos <= documented_ulps<C>);
  CHECK(worst.sin <= documented_ulps<C>);
}

TEST_CASE_TEMPLATE("exact angles: within the documented ulp at the bands' own near-zeros of cos and sin", C,
                   float, double) {
  Worst worst;
  double smallest_cos = 1;
  double smallest_sin = 1;
  for (const double base : {10000.0, 500000.0, 1e6}) {
    for (const std::size_t width : {64u, 90u, 128u, 256u}) {
      for (const double omega : native(base, width).omega) {
        for (const std::int64_t position : convergent_denominators(
                 static_cast<long double>(omega) * 2 / std::numbers::pi_v<long double>, farthest_law)) {
          const double angle = static_cast<double>(position) * omega;
          const double c = std::abs(std::cos(angle));
          const double s = std::abs(std::sin(angle));
          if (std::min(c, s) > 1e-5) continue;
          smallest_cos = std::min(smallest_cos, c);
          smallest_sin = std::min(smallest_sin, s);
          measure<C>(worst, position, omega);
        }
      }
    }
  }
  CHECK(smallest_cos < 1e-7);
  CHECK(smallest_sin < 1e-7);
  CHECK(worst.cos <= documented_ulps<C>);
  CHECK(worst.sin <= documented_ulps<C>);
}

TEST_CASE_TEMPLATE("exact angles: within the documented ulp at the nearest near-zeros any frequency can have",
                   C, float, double) {
  struct Pair {
    std::int64_t position;
    double omega;
    bool cosine;
  };
  // Found by taking, for 250,000 positions m, the doubles next to kπ/2m for convergents k of 2m·2^-53/π.
  constexpr Pair pairs[] = {
      {447770, 0x1.9a6dda14c451bp-1, true},  {33571, 0x1.d4603aa24a8c5p-1, true},
      {1032563, 0x1.18623e36d12cfp-1, true}, {1035217, 0x1.08c1414c354e4p-1, true},
      {707453, 0x1.b1802dd094ae2p-1, true},  {99318, 0x1.2849709b8c446p-1, true},
      {818537, 0x1.3bfb9c0895793p-1, true},  {187948, 0x1.ee4863b3b6041p-1, true},
      {223791, 0x1.564682bc346bfp-1, false}, {447582, 0x1.564682bc346bfp-1, false},
      {671373, 0x1.564682bc346bfp-1, false}, {895540, 0x1.9a6dda14c451bp-1, false},
      {67142, 0x1.d4603aa24a8c5p-1, false},  {148957, 0x1.a25ca7c8c10d0p-1, false},
      {457046, 0x1.0e2c00700962cp-1, false}, {408064, 0x1.c47ce61ffeab9p-1, false},
  };
  Worst worst;
  for (const Pair& pair : pairs) {
    const auto exact = oracle::cos_sin(pair.position, pair.omega);
    const double small = oracle::to_double(pair.cosine ? exact.cos.magnitude : exact.sin.magnitude);
    CHECK(small < 0x1p-65);
    for (const double sign : {1.0, -1.0}) {
      measure<C>(worst, pair.position, sign * pair.omega);
      measure<C>(worst, -pair.position, sign * pair.omega);
    }
  }
  CHECK(worst.cos <= documented_ulps<C>);
  CHECK(worst.sin <= documented_ulps<C>);
}

TEST_CASE_TEMPLATE(
    "exact angles: within the documented ulp over the whole stated range of positions and frequencies", C,
    float, double) {
  Worst worst;
  std::mt19937_64 random(12);
  for (int trial = 0; trial < 12000; ++trial) {
    const auto position = static_cast<std::int64_t>(random() >> 11) >> (trial % 54);
    const double fraction = 1 + static_cast<double>(random() >> 12) * 0x1p-52;
    const double omega = std::ldexp(fraction, 9 - trial / 54 % 110);
    measure<C>(worst, trial % 2 == 0 ? position : -position, trial % 3 == 0 ? omega : -omega);
  }
  constexpr std::int64_t farthest = std::int64_t{1} << 53;
  for (const double omega :
       {1024.0, -1024.0, 1023.9999999999999, 1.0, 0.9999999999999999, 1e-3, 1e-6, 1e-30}) {
    measure<C>(worst, farthest, omega);
    measure<C>(worst, -farthest, omega);
    measure<C>(worst, farthest - 1, omega);
  }
  CHECK(worst.cos <= documented_ulps<C>);
  CHECK(worst.sin <= documented_ulps<C>);
}

TEST_CASE_TEMPLATE("w = 0 or m = 0 gives exactly (a, +0), in both arithmetics", C, float, double) {
  const double omegas[] = {0.0, -0.0, 1.0, 0.37, 1024.0, 1e-300, -3.0};
  const std::int64_t positions[] = {0, 1, -1, 1048576, -131071, std::int64_t{1} << 53};
  std::size_t wrong = 0;
  for (const Angles angles : {Angles::exact, Angles::float32_product}) {
    for (const double factor : {1.0, 1.138629436111989, 0.5}) {
      C cos[6][7];
      C sin[6][7];
      dope::fill_table<C, std::int64_t>(omegas, factor, positions, angles, &cos[0][0], &sin[0][0], 7);
      for (std::size_t row = 0; row < 6; ++row) {
        for (std::size_t band = 0; band < 7; ++band) {
          if (omegas[band] != 0 && positions[row] != 0) continue;
          wrong +=
              cos[row][band] != static_cast<C>(factor) || sin[row][band] != 0 || std::signbit(sin[row][band]);
        }
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE(
    "a row depends on its position alone: order, offset, repetition and index type do not matter", C, float,
    double) {
  const auto frequencies = native(10000, 34);
  std::vector<std::int64_t> wide = {1048576, -3, 0, 77, 77, -1048576, 131071, 5, -2147483648, 2147483647};
  std::vector<std::int32_t> narrow(wide.begin(), wide.end());
  std::size_t wrong = 0;
  for (const Angles angles : {Angles::exact, Angles::float32_product}) {
    const dope::RotationTable<C> from_wide(frequencies, std::span<const std::int64_t>(wide), angles);
    const dope::RotationTable<C> from_narrow(frequencies, std::span<const std::int32_t>(narrow), angles);
    for (std::size_t row = 0; row < wide.size(); ++row) {
      const dope::RotationTable<C> alone(frequencies, wide[row], 1, angles);
      for (std::size_t band = 0; band < frequencies.bands(); ++band) {
        const auto cos_of = [&](const auto& table, std::size_t r) { return table.view().cos[r * 34 + band]; };
        const auto sin_of = [&](const auto& table, std::size_t r) { return table.view().sin[r * 34 + band]; };
        wrong += cos_of(from_wide, row) != cos_of(alone, 0) || sin_of(from_wide, row) != sin_of(alone, 0);
        wrong += cos_of(from_narrow, row) != cos_of(alone, 0) || sin_of(from_narrow, row) != sin_of(alone, 0);
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("cos is even and sin is odd in position, bit for bit", C, float, double) {
  const auto frequencies = native(10000, 64);
  std::size_t wrong = 0;
  for (const Angles angles : {Angles::exact, Angles::float32_product}) {
    for (const std::int64_t m : {1, 2, 511, 8191, 131071, 1048576}) {
      const dope::RotationTable<C> ahead(frequencies, m, 1, angles);
      const dope::RotationTable<C> behind(frequencies, -m, 1, angles);
      for (std::size_t band = 0; band < 32; ++band) {
        wrong += ahead.view().cos[band] != behind.view().cos[band];
        wrong += ahead.view().sin[band] != -behind.view().sin[band];
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("the attention factor multiplies cos and sin, with one more rounding", C, float, double) {
  // The product in double and the rounding to C: half an ulp each at most, on top of the documented ulp.
  constexpr double tolerance = 2 * std::numeric_limits<C>::epsilon();
  auto frequencies = native(10000, 64);
  const dope::RotationTable<C> plain(frequencies, 100000, 50);
  frequencies.attention_factor = 1.138629436111989;
  const dope::RotationTable<C> scaled(frequencies, 100000, 50);
  double worst = 0;
  for (std::size_t i = 0; i < 50 * 64; ++i) {
    const double expected = static_cast<double>(plain.view().cos[i]) * frequencies.attention_factor;
    worst = std::max(worst, std::abs(static_cast<double>(scaled.view().cos[i]) / expected - 1));
  }
  CHECK(worst <= tolerance);
}

namespace {

/// The float nearest to a positive double, ties to even, by counting: no conversion by the compiler.
float nearest_float(double value) {
  if (value == 0) return 0.0f;
  const int exponent = std::max(std::ilogb(value) - 23, -149);
  const double steps = std::ldexp(value, -exponent);
  const double below = std::floor(steps);
  const double rest = steps - below;
  const bool up = rest > 0.5 || (rest == 0.5 && std::fmod(below, 2.0) == 1.0);
  return static_cast<float>(std::ldexp(up ? below + 1 : below, exponent));
}

/// |stored − exact| in ulp of float, for an `exact` not 0.
double ulps_apart(float stored, double exact) {
  return std::abs(static_cast<double>(stored) - exact) / std::ldexp(1.0, std::ilogb(exact) - 23);
}

}  // namespace

TEST_CASE("float32_product: the angle is fl32(fl32(m) * fl32(w)), bit for bit") {
  std::size_t wrong = 0;
  std::size_t told_apart = 0;
  double worst_ulps = 0;
  std::mt19937_64 random(13);
  for (const double base : {10000.0, 500000.0}) {
    for (const std::size_t width : {2u, 6u, 90u, 128u}) {
      const auto frequencies = native(base, width);
      std::vector<std::int64_t> positions = {1,       2,       3,        131071,
                                             1048575, 1048576, 16777217, (std::int64_t{1} << 53) - 1};
      for (int i = 0; i < 200; ++i) positions.push_back(static_cast<std::int64_t>(random() % 1048577));
      const dope::RotationTable<double> table(frequencies, std::span<const std::int64_t>(positions),
                                              Angles::float32_product);
      const dope::RotationTable<float> rounded(frequencies, std::span<const std::int64_t>(positions),
                                               Angles::float32_product);
      for (std::size_t row = 0; row < positions.size(); ++row) {
        for (std::size_t band = 0; band < frequencies.bands(); ++band) {
          const double m = static_cast<double>(nearest_float(static_cast<double>(positions[row])));
          const double omega = static_cast<double>(nearest_float(frequencies.omega[band]));
          const auto angle = static_cast<double>(nearest_float(m * omega));
          const std::size_t at = row * width + band;
          wrong += table.view().cos[at] != std::cos(angle) || table.view().sin[at] != std::sin(angle);
          worst_ulps = std::max(worst_ulps, ulps_apart(rounded.view().cos[at], std::cos(angle)));
          worst_ulps = std::max(worst_ulps, ulps_apart(rounded.view().sin[at], std::sin(angle)));
          told_apart += angle != static_cast<double>(positions[row]) * frequencies.omega[band];
          if (row < 20 && band % 7 == 0) {
            const auto exact = oracle::cos_sin(1, angle);
            worst_ulps = std::max(worst_ulps,
                                  oracle::ulps(static_cast<double>(rounded.view().cos[at]), exact.cos, 24));
            worst_ulps = std::max(worst_ulps,
                                  oracle::ulps(static_cast<double>(rounded.view().sin[at]), exact.sin, 24));
          }
        }
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(told_apart > 10000);
  CHECK(worst_ulps <= documented_ulps<float>);
}

TEST_CASE(
    "float32_product drifts from the exact angle by at most |m w| 2^-23, and by 1e-3 or more at 131,071") {
  const auto frequencies = native(10000, 128);
  double largest = 0;
  for (const std::int64_t m : {1, 511, 8191, 131071, 1048576}) {
    const dope::RotationTable<double> exact(frequencies, m, 1);
    const dope::RotationTable<double> product(frequencies, m, 1, Angles::float32_product);
    for (std::size_t band = 0; band < 64; ++band) {
      const double chord = std::hypot(exact.view().cos[band] - product.view().cos[band],
                                      exact.view().sin[band] - product.view().sin[band]);
      // Two roundings of 2^-24 each, their product, and the tables' own rounding.
      CHECK(chord <= static_cast<double>(m) * frequencies.omega[band] * 0x1p-23 * (1 + 0x1p-23) + 0x1p-50);
      if (m == 131071) largest = std::max(largest, chord);
    }
  }
  CHECK(largest > 1e-3);
}

TEST_CASE_TEMPLATE("a strided fill writes rows x bands elements and nothing between or around", C, float,
                   double) {
  const double omegas[] = {1.0, 0.5, 0.25};
  const std::int32_t positions[] = {3, 1, 2};
  constexpr C guard = C(-77);
  for (const std::size_t stride : {3u, 4u, 11u}) {
    std::vector<C> cos(4 + 3 * stride, guard);
    std::vector<C> sin(cos);
    dope::fill_table<C, std::int32_t>(omegas, 1.0, positions, Angles::exact, cos.data() + 2, sin.data() + 2,
                                      stride);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < cos.size(); ++i) {
      const bool inside = i >= 2 && (i - 2) / stride < 3 && (i - 2) % stride < 3;
      wrong += (cos[i] != guard) != inside || (sin[i] != guard) != inside;
      if (inside)
        wrong += std::abs(cos[i] - std::cos(static_cast<C>(positions[(i - 2) / stride] *
                                                           omegas[(i - 2) % stride]))) > C(1e-6);
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("slices of a table are its rows, and a slice outside is an Error") {
  const dope::RotationTable<float> table(native(10000, 10), -3, 7);
  const auto view = table.view();
  CHECK(view.rotated_width() == 10);
  CHECK(table.rows() == 7);
  CHECK(table.bands() == 5);
  const auto part = view.slice(2, 3);
  CHECK(part.rows == 3);
  CHECK(part.cos == view.cos + 2 * view.stride);
  CHECK(part.sin == view.sin + 2 * view.stride);
  CHECK(view.slice(7, 0).rows == 0);
  CHECK_THROWS_AS((void)view.slice(8, 0), dope::Error);
  CHECK_THROWS_AS((void)view.slice(5, 3), dope::Error);
  CHECK_THROWS_AS((void)view.slice(3, static_cast<std::size_t>(-1)), dope::Error);
}

TEST_CASE("each broken precondition of a table is an Error") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr std::int64_t farthest = std::int64_t{1} << 53;
  float cos[8];
  float sin[8];
  const auto fill = [&](double omega, double factor, std::int64_t position, std::size_t stride) {
    const double omegas[] = {1.0, omega};
    const std::int64_t positions[] = {0, position};
    dope::fill_table<float, std::int64_t>(omegas, factor, positions, Angles::exact, cos, sin, stride);
  };
  CHECK_NOTHROW(fill(0.5, 1, 7, 2));
  CHECK_NOTHROW(fill(-1024, 1, farthest, 2));
  CHECK_NOTHROW(fill(1024, 1, -farthest, 2));
  CHECK_NOTHROW(fill(0.5, std::numeric_limits<float>::max(), 7, 2));
  CHECK(cos[0] == std::numeric_limits<float>::max());
  CHECK_THROWS_AS(fill(0.5, 1, 7, 1), dope::Error);
  for (const double bad : {1024.0000001, -1025.0, infinity, -infinity, nan})
    CHECK_THROWS_AS(fill(bad, 1, 7, 2), dope::Error);
  for (const double bad : {infinity, nan, 1e39, -1e39}) CHECK_THROWS_AS(fill(0.5, bad, 7, 2), dope::Error);
  for (const std::int64_t bad : {farthest + 1, -farthest - 1, std::numeric_limits<std::int64_t>::max(),
                                 std::numeric_limits<std::int64_t>::min()}) {
    CHECK_THROWS_AS(fill(0.5, 1, bad, 2), dope::Error);
    CHECK_THROWS_AS(dope::RotationTable<float>(native(10000, 4), bad, 3), dope::Error);
  }
  CHECK_THROWS_AS(dope::RotationTable<float>(native(10000, 4), 0, static_cast<std::size_t>(-1)), dope::Error);
}

TEST_CASE("an empty table is a table: no rows, or no bands") {
  const dope::RotationTable<float> none(native(10000, 4), 5, 0);
  CHECK(none.rows() == 0);
  CHECK(none.view().rows == 0);
  const dope::RotationTable<double> bandless(Frequencies{}, 5, 3);
  CHECK(bandless.rows() == 3);
  CHECK(bandless.view().rotated_width() == 0);
  CHECK(dope::RotationTable<>().view().rows == 0);
}
