// SPDX-License-Identifier: MIT
#include "dope/rope/lanes.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "rope/support.hpp"

namespace {

using dope::detail::Lanes;
using support::different_bits;

/// All patterns of a 16-bit type; for float and double, patterns over every exponent, NaNs included.
template <class T>
std::vector<T> stored_values() {
  std::vector<T> values;
  if constexpr (sizeof(T) == 2) {
    for (unsigned i = 0; i <= 0xffffu; ++i) values.push_back(T::from_bits(static_cast<std::uint16_t>(i)));
  } else if constexpr (sizeof(T) == 4) {
    for (std::uint32_t i = 0; i < 0x10000u; ++i) values.push_back(std::bit_cast<T>(i * 65521u));
  } else {
    for (std::uint64_t i = 0; i < 0x10000u; ++i) values.push_back(std::bit_cast<T>(i * 0xffef00000fffdu));
  }
  return values;
}

/// `count` of them, with no memory behind.
template <class T>
std::vector<T> some_stored(std::size_t count) {
  const auto stored = stored_values<T>();
  const auto from = stored.begin() + static_cast<std::ptrdiff_t>(stored.size() / 2 + 5);
  return {from, from + static_cast<std::ptrdiff_t>(count)};
}

/// Results of arithmetic that press on narrowing: every exponent with fractions around 16-bit ties.
template <class C>
std::vector<C> computed_values() {
  std::vector<C> values;
  if constexpr (sizeof(C) == 4) {
    for (std::uint32_t exponent = 0; exponent < 512; ++exponent) {
      for (std::uint32_t high = 0; high < 0x80u; ++high) {
        for (const std::uint32_t low : {0u, 1u, 0x0fffu, 0x1000u, 0x1001u, 0x7fffu, 0x8000u, 0x8001u}) {
          values.push_back(std::bit_cast<C>(exponent << 23 | high << 16 | low));
        }
      }
    }
  } else {
    values = stored_values<C>();
  }
  return values;
}

}  // namespace

TEST_CASE_TEMPLATE("load_lanes is widen and store_lanes is narrow, bit for bit, at any alignment", T, float,
                   double, dope::float16, dope::bfloat16) {
  using C = dope::compute_t<T>;
  constexpr std::size_t lanes = Lanes<T>::size;
  std::size_t wrong = 0;
  const auto stored = stored_values<T>();
  for (std::size_t i = 0; i + lanes <= stored.size(); i += lanes - (i == 0)) {
    C expected[lanes];
    C got[lanes];
    dope::widen(stored.data() + i, expected, lanes);
    dope::detail::load_lanes(stored.data() + i).store_unaligned(got);
    wrong += different_bits(expected, got, lanes);
  }
  const auto computed = computed_values<C>();
  for (std::size_t i = 0; i + lanes <= computed.size(); i += lanes) {
    T expected[lanes];
    T got[lanes + 2];
    got[0] = got[lanes + 1] = stored[7];
    dope::narrow(computed.data() + i, expected, lanes);
    dope::detail::store_lanes<T>(Lanes<T>::load_unaligned(computed.data() + i), got + 1);
    wrong += different_bits(expected, got + 1, lanes);
    wrong +=
        different_bits(got, stored.data() + 7, 1) + different_bits(got + lanes + 1, stored.data() + 7, 1);
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("load_pairs parts even and odd elements, and store_pairs puts them back, bit for bit", T,
                   float, double, dope::float16, dope::bfloat16) {
  using C = dope::compute_t<T>;
  constexpr std::size_t lanes = Lanes<T>::size;
  std::size_t wrong = 0;
  const auto stored = stored_values<T>();
  for (std::size_t i = 0; i + 2 * lanes <= stored.size(); i += 2 * lanes - (i == 0)) {
    C wide[2 * lanes];
    dope::widen(stored.data() + i, wide, 2 * lanes);
    Lanes<T> first;
    Lanes<T> second;
    dope::detail::load_pairs(stored.data() + i, first, second);
    C got[2][lanes];
    first.store_unaligned(got[0]);
    second.store_unaligned(got[1]);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      wrong += different_bits(&got[0][lane], &wide[2 * lane], 1) +
               different_bits(&got[1][lane], &wide[2 * lane + 1], 1);
    }
  }
  const auto computed = computed_values<C>();
  for (std::size_t i = 0; i + 2 * lanes <= computed.size(); i += 2 * lanes) {
    T narrowed[2 * lanes];
    T got[2 * lanes + 2];
    got[0] = got[2 * lanes + 1] = stored[7];
    dope::narrow(computed.data() + i, narrowed, 2 * lanes);
    dope::detail::store_pairs<T>(Lanes<T>::load_unaligned(computed.data() + i),
                                 Lanes<T>::load_unaligned(computed.data() + i + lanes), got + 1);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      wrong += different_bits(&got[1 + 2 * lane], &narrowed[lane], 1);
      wrong += different_bits(&got[2 + 2 * lane], &narrowed[lanes + lane], 1);
    }
    wrong +=
        different_bits(got, stored.data() + 7, 1) + different_bits(got + 2 * lanes + 1, stored.data() + 7, 1);
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE(
    "the first lanes are those of the whole register, the others 0, and no other memory is written", T, float,
    double, dope::float16, dope::bfloat16) {
  using C = dope::compute_t<T>;
  constexpr std::size_t lanes = Lanes<T>::size;
  const auto stored = stored_values<T>();
  for (std::size_t count = 0; count <= lanes; ++count) {
    const std::vector<T> exact = some_stored<T>(count);
    std::vector<C> expected(lanes), got(lanes);
    dope::widen(exact.data(), expected.data(), count);
    const Lanes<T> loaded = dope::detail::load_first_lanes(exact.data(), count);
    loaded.store_unaligned(got.data());
    CHECK(different_bits(got, expected) == 0);

    std::vector<T> memory(stored.begin(), stored.begin() + lanes + 2), wanted = memory;
    dope::narrow(expected.data(), wanted.data() + 1, count);
    dope::detail::store_first_lanes<T>(loaded, memory.data() + 1, count);
    CHECK(different_bits(memory, wanted) == 0);
  }
}

TEST_CASE_TEMPLATE(
    "the first pairs are those of the whole registers, the others 0, and no other memory is written", T,
    float, double, dope::float16, dope::bfloat16) {
  using C = dope::compute_t<T>;
  constexpr std::size_t lanes = Lanes<T>::size;
  const auto stored = stored_values<T>();
  for (std::size_t count = 0; count <= lanes; ++count) {
    const std::vector<T> exact = some_stored<T>(2 * count);
    std::vector<C> wide(2 * lanes);
    dope::widen(exact.data(), wide.data(), 2 * count);
    Lanes<T> first;
    Lanes<T> second;
    dope::detail::load_first_pairs(exact.data(), count, first, second);
    std::vector<C> firsts(lanes), seconds(lanes), got(lanes);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      firsts[lane] = wide[2 * lane];
      seconds[lane] = wide[2 * lane + 1];
    }
    first.store_unaligned(got.data());
    CHECK(different_bits(got, firsts) == 0);
    second.store_unaligned(got.data());
    CHECK(different_bits(got, seconds) == 0);

    std::vector<T> memory(stored.begin(), stored.begin() + 2 * lanes + 2), wanted = memory;
    dope::narrow(wide.data(), wanted.data() + 1, 2 * count);
    dope::detail::store_first_pairs<T>(first, second, memory.data() + 1, count);
    CHECK(different_bits(memory, wanted) == 0);
  }
}
