// SPDX-License-Identifier: MIT
#include "dope/core/noise.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numbers>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace {

using Words = std::array<std::uint32_t, 4>;
using Key = std::array<std::uint32_t, 2>;

constexpr std::uint32_t multiplier[] = {0xd2511f53u, 0xcd9e8d57u};
constexpr Key weyl = {0x9e3779b9u, 0xbb67ae85u};
constexpr unsigned rounds = 10;

std::uint32_t high_half(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::uint32_t>(std::uint64_t{a} * b >> 32);
}

Key round_key(Key key, unsigned round) { return {key[0] + round * weyl[0], key[1] + round * weyl[1]}; }

/// Philox4x32-10 from its definition.
Words philox(Words x, Key key) {
  for (unsigned round = 0; round < rounds; ++round) {
    const Key k = round_key(key, round);
    x = {high_half(multiplier[1], x[2]) ^ x[1] ^ k[0], multiplier[1] * x[2],
         high_half(multiplier[0], x[0]) ^ x[3] ^ k[1], multiplier[0] * x[0]};
  }
  return x;
}

std::uint32_t inverse_of_odd(std::uint32_t a) {
  std::uint32_t inverse = 1;
  for (int i = 0; i < 5; ++i) inverse *= 2 - a * inverse;
  return inverse;
}

/// The counter whose words are `x`: every round is a bijection.
Words unphilox(Words x, Key key) {
  for (unsigned round = rounds; round-- > 0;) {
    const Key k = round_key(key, round);
    const std::uint32_t c0 = x[3] * inverse_of_odd(multiplier[0]);
    const std::uint32_t c2 = x[1] * inverse_of_odd(multiplier[1]);
    x = {c0, x[0] ^ high_half(multiplier[1], c2) ^ k[0], c2, x[2] ^ high_half(multiplier[0], c0) ^ k[1]};
  }
  return x;
}

struct Site {
  dope::NoiseRow row;
  std::size_t block;
};

/// The row and block whose counter and key are given: the documented mapping read backwards.
Site site_of(const Words& counter, const Key& key) {
  Site site;
  site.row.seed = key[0] + 4294967296u * std::uint64_t{key[1]};
  site.row.layer = counter[3] / 131072;
  site.row.head = counter[3] / 2 % 65536;
  site.row.side = counter[3] % 2 == 1 ? dope::Side::key : dope::Side::query;
  site.row.position = static_cast<std::int64_t>(counter[1] + 4294967296u * std::uint64_t{counter[2]});
  site.block = counter[0];
  return site;
}

Words words_at(const Words& counter, const Key& key) {
  const Site site = site_of(counter, key);
  return dope::noise_words(site.row, site.block);
}

/// Standard errors of sample statistics a fixed seed may show; 5 would fail 1 honest seed in 10⁶.
constexpr double sigmas = 5;

double correlation(const std::function<double(std::size_t)>& a, const std::function<double(std::size_t)>& b,
                   std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += a(i) * b(i);
  return sum / static_cast<double>(count);
}

}  // namespace

TEST_CASE("Philox4x32-10's published known answers, reached through the documented mapping") {
  constexpr std::uint32_t ones = 0xffffffffu;
  CHECK(words_at({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
  CHECK(words_at({ones, ones, ones, ones}, {ones, ones}) ==
        Words{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu});
  CHECK(words_at({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}, {0xa4093822u, 0x299f31d0u}) ==
        Words{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u});
}

TEST_CASE("words are Philox of (block, position, layer * 2^17 + head * 2 + side) under the seed") {
  std::mt19937_64 random(3);
  std::size_t wrong = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t bits = random();
    const std::size_t block = i % 3 == 0 ? static_cast<std::size_t>(i) : static_cast<std::uint32_t>(random());
    const dope::NoiseRow row{random(), bits & 0x7fffu, bits >> 16 & 0xffffu,
                             (bits >> 40 & 1u) != 0 ? dope::Side::key : dope::Side::query,
                             static_cast<std::int64_t>(random()) >> (i % 64)};
    const auto position = static_cast<std::uint64_t>(row.position);
    const std::uint64_t site = row.layer * 131072 + row.head * 2 + (row.side == dope::Side::key ? 1 : 0);
    const Words expected =
        philox({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(position % 4294967296u),
                static_cast<std::uint32_t>(position / 4294967296u), static_cast<std::uint32_t>(site)},
               {static_cast<std::uint32_t>(row.seed % 4294967296u),
                static_cast<std::uint32_t>(row.seed / 4294967296u)});
    wrong += dope::noise_words(row, block) != expected;
  }
  CHECK(wrong == 0);
}

TEST_CASE("a layer, head or block outside the counter's fields is an Error, the last inside is not") {
  dope::NoiseRow row;
  row.layer = 32767;
  row.head = 65535;
  CHECK_NOTHROW((void)dope::noise_words(row, 4294967295u));
  CHECK_THROWS_AS((void)dope::noise_words(row, std::size_t{1} << 32), dope::Error);
  row.layer = 32768;
  CHECK_THROWS_AS((void)dope::noise_words(row, 0), dope::Error);
  row.layer = 0;
  row.head = 65536;
  CHECK_THROWS_AS((void)dope::normals(row, 0), dope::Error);
  std::vector<double> values(1);
  CHECK_THROWS_AS(dope::normal_row(row, values), dope::Error);
}

TEST_CASE("normals are Box-Muller on (words 0, 1) and (words 2, 3)") {
  // ln, sqrt, cos, sin and the two products each round once in double; angles reach 2 pi.
  constexpr double tolerance = 16 * std::numeric_limits<double>::epsilon();
  double worst = 0;
  for (std::size_t block = 0; block < 20000; ++block) {
    const dope::NoiseRow row{9, block % 5, block % 7, dope::Side::key,
                             static_cast<std::int64_t>(block) - 10000};
    const Words words = dope::noise_words(row, block);
    const auto values = dope::normals(row, block);
    for (std::size_t i = 0; i < 4; i += 2) {
      const long double u = (static_cast<long double>(words[i]) + 0.5L) / 4294967296.0L;
      const long double v = static_cast<long double>(words[i + 1]) / 4294967296.0L;
      const long double radius = std::sqrt(-2.0L * std::log(u));
      const long double angle = 2.0L * std::numbers::pi_v<long double> * v;
      for (const auto& [value, expected] : {std::pair(values[i], radius * std::cos(angle)),
                                            std::pair(values[i + 1], radius * std::sin(angle))}) {
        worst = std::max(worst, static_cast<double>(std::abs(value - expected)));
      }
    }
  }
  CHECK(worst <= tolerance * 7);
}

TEST_CASE("the smallest and largest words stay finite and within sqrt(66 ln 2)") {
  // Philox is a bijection, so a counter exists for any four words one asks for.
  constexpr std::uint32_t ones = 0xffffffffu;
  const Key key = {42, 0};
  const double bound = std::sqrt(66 * std::numbers::ln2);
  for (const Words& words : {Words{0, 0, 0, 0}, Words{ones, ones, ones, ones}, Words{0, ones, ones, 0},
                             Words{0, 0x40000000u, 0, 0x80000000u}, Words{0x80000000u, 0, 0, 0xc0000000u}}) {
    const Site site = site_of(unphilox(words, key), key);
    REQUIRE(dope::noise_words(site.row, site.block) == words);
    for (const double value : dope::normals(site.row, site.block)) {
      CHECK(std::isfinite(value));
      CHECK(std::abs(value) <= bound * (1 + 1e-15));
    }
  }
  const Site low = site_of(unphilox({0, 0, ones, 0}, key), key);
  const auto values = dope::normals(low.row, low.block);
  CHECK(values[0] == doctest::Approx(bound).epsilon(1e-14));
  CHECK(values[1] == 0);
  CHECK(values[2] == doctest::Approx(std::sqrt(2.0) * std::pow(2.0, -16.5)).epsilon(1e-6));
}

TEST_CASE("normal_row: channel c is lane c mod 4 of block c div 4, whatever the row's length") {
  const dope::NoiseRow row{42, 3, 5, dope::Side::query, 131071};
  std::vector<double> longest(256);
  dope::normal_row(row, longest);
  std::size_t wrong = 0;
  for (std::size_t c = 0; c < longest.size(); ++c) wrong += longest[c] != dope::normals(row, c / 4)[c % 4];
  for (std::size_t length = 0; length <= longest.size(); ++length) {
    std::vector<double> values(length + 1, -99.0);
    dope::normal_row(row, std::span<double>(values).first(length));
    for (std::size_t c = 0; c < length; ++c) wrong += values[c] != longest[c];
    wrong += values[length] != -99.0;
  }
  CHECK(wrong == 0);
}

TEST_CASE("normals have the moments and the distribution of N(0, 1)") {
  constexpr std::size_t rows = 2048;
  constexpr std::size_t width = 128;
  constexpr double n = static_cast<double>(rows * width);
  constexpr std::size_t cells = 64;
  std::array<double, cells> counts{};
  double sum[5] = {};
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<double> values(width);
    dope::normal_row(
        {42, r % 4, r % 32, r % 2 == 0 ? dope::Side::query : dope::Side::key, static_cast<std::int64_t>(r)},
        values);
    for (const double x : values) {
      for (int k = 1; k <= 4; ++k) sum[k] += std::pow(x, k) / n;
      const double cumulative = 0.5 * std::erfc(-x / std::numbers::sqrt2);
      ++counts[std::min(cells - 1, static_cast<std::size_t>(cumulative * static_cast<double>(cells)))];
    }
  }
  CHECK(std::abs(sum[1]) <= sigmas * std::sqrt(1 / n));
  CHECK(std::abs(sum[2] - 1) <= sigmas * std::sqrt(2 / n));
  CHECK(std::abs(sum[3]) <= sigmas * std::sqrt(15 / n));
  CHECK(std::abs(sum[4] - 3) <= sigmas * std::sqrt(96 / n));
  double chi_squared = 0;
  const double expected = n / static_cast<double>(cells);
  for (const double count : counts) chi_squared += (count - expected) * (count - expected) / expected;
  // chi squared with 63 degrees of freedom: mean 63, standard deviation sqrt(126).
  CHECK(std::abs(chi_squared - (cells - 1)) <= sigmas * std::sqrt(2.0 * (cells - 1)));
}

TEST_CASE("normals of neighbouring channels, positions, heads, layers, sides and seeds are uncorrelated") {
  constexpr std::size_t count = 40000;
  const auto at = [](dope::NoiseRow row, std::size_t channel) {
    return dope::normals(row, channel / 4)[channel % 4];
  };
  const auto base = [&](std::size_t i) {
    return at({42, 1, 2, dope::Side::query, static_cast<std::int64_t>(i)}, 9);
  };
  const std::vector<std::pair<const char*, std::function<double(std::size_t)>>> others = {
      {"next channel of the pair",
       [&](std::size_t i) {
         return at({42, 1, 2, dope::Side::query, std::int64_t(i)}, 8);
       }},
      {"other pair",
       [&](std::size_t i) {
         return at({42, 1, 2, dope::Side::query, std::int64_t(i)}, 10);
       }},
      {"next block",
       [&](std::size_t i) {
         return at({42, 1, 2, dope::Side::query, std::int64_t(i)}, 13);
       }},
      {"next position",
       [&](std::size_t i) {
         return at({42, 1, 2, dope::Side::query, std::int64_t(i) + 1}, 9);
       }},
      {"next head",
       [&](std::size_t i) {
         return at({42, 1, 3, dope::Side::query, std::int64_t(i)}, 9);
       }},
      {"next layer",
       [&](std::size_t i) {
         return at({42, 2, 2, dope::Side::query, std::int64_t(i)}, 9);
       }},
      {"other side",
       [&](std::size_t i) {
         return at({42, 1, 2, dope::Side::key, std::int64_t(i)}, 9);
       }},
      {"next seed",
       [&](std::size_t i) {
         return at({43, 1, 2, dope::Side::query, std::int64_t(i)}, 9);
       }},
  };
  for (const auto& named : others) {
    INFO(named.first);
    const auto& other = named.second;
    CHECK(std::abs(correlation(base, other, count)) <= sigmas / std::sqrt(static_cast<double>(count)));
    const auto squared = [](const auto& f) { return [&f](std::size_t i) { return f(i) * f(i) - 1; }; };
    // The variance of (x² − 1)(y² − 1) is 4.
    CHECK(std::abs(correlation(squared(base), squared(other), count)) <=
          2 * sigmas / std::sqrt(static_cast<double>(count)));
  }
}
