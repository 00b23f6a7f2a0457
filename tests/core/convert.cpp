// SPDX-License-Identifier: MIT
#include "dope/core/convert.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace {

template <class A>
bool same_bits(const A& a, const A& b) {
  return std::memcmp(&a, &b, sizeof(A)) == 0;
}

}  // namespace

TEST_CASE_TEMPLATE("widen of all patterns equals the portable widening bit for bit", T, dope::float16,
                   dope::bfloat16) {
  std::vector<T> stored(0x10000);
  for (unsigned i = 0; i < stored.size(); ++i) stored[i] = T::from_bits(static_cast<std::uint16_t>(i));
  std::vector<float> wide(stored.size());
  dope::widen(stored.data(), wide.data(), stored.size());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const float portable = stored[i];
    wrong += !same_bits(wide[i], portable);
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("narrow equals the portable narrowing bit for bit, NaN payloads included", T,
                   dope::float16, dope::bfloat16) {
  std::vector<float> wide;
  for (std::uint64_t bits = 0; bits <= 0xffffffffu; bits += 4093) {
    wide.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  for (std::uint32_t exponent = 0; exponent < 512; ++exponent) {
    for (const std::uint32_t fraction :
         {0u, 1u, 0xfffu, 0x1000u, 0x1001u, 0x2fffu, 0x3000u, 0x7fffu, 0x8000u, 0x8001u, 0x17fffu, 0x18000u,
          0x3fffffu, 0x400000u, 0x400001u, 0x7fffffu}) {
      wide.push_back(std::bit_cast<float>(exponent << 23 | fraction));
    }
  }
  std::vector<T> stored(wide.size());
  dope::narrow(wide.data(), stored.data(), wide.size());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < wide.size(); ++i) wrong += stored[i].bits != T(wide[i]).bits;
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("every count from 0 to 70 converts that many and touches no more", T, float, double,
                   dope::float16, dope::bfloat16) {
  using C = dope::compute_t<T>;
  std::mt19937_64 random(7);
  std::vector<T> stored(80);
  for (T& x : stored) x = T(static_cast<C>(static_cast<double>(random() >> 11) * 0x1p-53 - 0.5));
  const C guard = C(1234.5);
  for (std::size_t count = 0; count <= 70; ++count) {
    std::vector<C> wide(80, guard);
    dope::widen(stored.data(), wide.data(), count);
    std::vector<T> back(80, T(guard));
    dope::narrow(wide.data(), back.data(), count);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < 80; ++i) {
      wrong += wide[i] != (i < count ? static_cast<C>(stored[i]) : guard);
      wrong += !same_bits(back[i], i < count ? stored[i] : T(guard));
    }
    CHECK(wrong == 0);
  }
}
