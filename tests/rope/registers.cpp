// SPDX-License-Identifier: MIT
#include "dope/rope/registers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "rope/support.hpp"

namespace {

using dope::detail::Register;
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

/// Lane i of x, by the order of load_pairs.
template <class T>
std::vector<dope::compute_t<T>> in_order_of_pairs(const std::vector<dope::compute_t<T>>& x) {
  std::vector<dope::compute_t<T>> ordered(x.size());
  dope::detail::in_order_of_pairs<T>(Register<T>::load_unaligned(x.data())).store_unaligned(ordered.data());
  return ordered;
}

template <class T>
std::vector<dope::compute_t<T>> lanes_of(const Register<T>& x) {
  std::vector<dope::compute_t<T>> lanes(Register<T>::size);
  x.store_unaligned(lanes.data());
  return lanes;
}

}  // namespace

TEST_CASE_TEMPLATE("load_register is widen and store_register is narrow, bit for bit, at any alignment", T,
                   float, double, dope::float16, dope::bfloat16) {
  using C = dope::compute_t<T>;
  constexpr std::size_t lanes = Register<T>::size;
  std::size_t wrong = 0;
  const auto stored = stored_values<T>();
  for (std::size_t i = 0; i + lanes <= stored.size(); i += lanes - (i == 0)) {
    C expected[lanes];
    C got[lanes];
    dope::widen(stored.data() + i, expected, lanes);
    dope::detail::load_register(stored.data() + i).store_unaligned(got);
    wrong += different_bits(expected, got, lanes);
  }
  const auto computed = computed_values<C>();
  for (std::size_t i = 0; i + lanes <= computed.size(); i += lanes) {
    T expected[lanes];
    T got[lanes + 2];
    got[0] = got[lanes + 1] = stored[7];
    dope::narrow(computed.data() + i, expected, lanes);
    dope::detail::store_register(Register<T>::load_unaligned(computed.data() + i), got + 1);
    wrong += different_bits(expected, got + 1, lanes);
    wrong +=
        different_bits(got, stored.data() + 7, 1) + different_bits(got + lanes + 1, stored.data() + 7, 1);
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("in_order_of_pairs is a permutation of the lanes", T, float, double, dope::float16,
                   dope::bfloat16) {
  std::vector<dope::compute_t<T>> lanes(Register<T>::size);
  for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] = static_cast<dope::compute_t<T>>(i);
  auto ordered = in_order_of_pairs<T>(lanes);
  std::sort(ordered.begin(), ordered.end());
  CHECK(ordered == lanes);
}

TEST_CASE_TEMPLATE(
    "load_pairs takes even and odd elements apart, in the order of pairs, and store_pairs puts them back, "
    "bit "
    "for bit",
    T, float, double, dope::float16, dope::bfloat16) {
  using C = dope::compute_t<T>;
  constexpr std::size_t lanes = Register<T>::size;
  std::size_t wrong = 0;
  const auto stored = stored_values<T>();
  for (std::size_t i = 0; i + 2 * lanes <= stored.size(); i += 2 * lanes - (i == 0)) {
    std::vector<C> wide(2 * lanes), even(lanes), odd(lanes);
    dope::widen(stored.data() + i, wide.data(), 2 * lanes);
    for (std::size_t pair = 0; pair < lanes; ++pair) {
      even[pair] = wide[2 * pair];
      odd[pair] = wide[2 * pair + 1];
    }
    Register<T> first;
    Register<T> second;
    dope::detail::load_pairs(stored.data() + i, first, second);
    wrong += different_bits(lanes_of<T>(first), in_order_of_pairs<T>(even)) +
             different_bits(lanes_of<T>(second), in_order_of_pairs<T>(odd));
  }
  const auto computed = computed_values<C>();
  for (std::size_t i = 0; i + 2 * lanes <= computed.size(); i += 2 * lanes) {
    const std::vector<C> even(computed.data() + i, computed.data() + i + lanes);
    const std::vector<C> odd(computed.data() + i + lanes, computed.data() + i + 2 * lanes);
    T narrowed[2 * lanes];
    dope::narrow(computed.data() + i, narrowed, 2 * lanes);
    std::vector<T> expected(2 * lanes + 2, stored[7]), got = expected;
    for (std::size_t pair = 0; pair < lanes; ++pair) {
      expected[1 + 2 * pair] = narrowed[pair];
      expected[2 + 2 * pair] = narrowed[lanes + pair];
    }
    dope::detail::store_pairs(Register<T>::load_unaligned(in_order_of_pairs<T>(even).data()),
                              Register<T>::load_unaligned(in_order_of_pairs<T>(odd).data()), got.data() + 1);
    wrong += different_bits(got, expected);
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE(
    "leading elements are those of the whole register, the others 0, and no other memory is read or written",
    T, float, double, dope::float16, dope::bfloat16) {
  using C = dope::compute_t<T>;
  constexpr std::size_t lanes = Register<T>::size;
  const auto stored = stored_values<T>();
  for (std::size_t count = 0; count <= lanes; ++count) {
    const std::vector<T> exact = some_stored<T>(count);
    std::vector<C> expected(lanes);
    dope::widen(exact.data(), expected.data(), count);
    const Register<T> loaded = dope::detail::load_leading(exact.data(), count);
    CHECK(different_bits(lanes_of<T>(loaded), expected) == 0);

    std::vector<T> memory(stored.begin(), stored.begin() + lanes + 2), wanted = memory;
    dope::narrow(expected.data(), wanted.data() + 1, count);
    dope::detail::store_leading(loaded, memory.data() + 1, count);
    CHECK(different_bits(memory, wanted) == 0);
  }
}

TEST_CASE_TEMPLATE(
    "leading pairs are those of the whole registers, the others 0, and no other memory is read or written", T,
    float, double, dope::float16, dope::bfloat16) {
  using C = dope::compute_t<T>;
  constexpr std::size_t lanes = Register<T>::size;
  const auto stored = stored_values<T>();
  for (std::size_t count = 0; count <= lanes; ++count) {
    const std::vector<T> exact = some_stored<T>(2 * count);
    std::vector<C> wide(2 * lanes), even(lanes), odd(lanes);
    dope::widen(exact.data(), wide.data(), 2 * count);
    for (std::size_t pair = 0; pair < lanes; ++pair) {
      even[pair] = wide[2 * pair];
      odd[pair] = wide[2 * pair + 1];
    }
    Register<T> first;
    Register<T> second;
    dope::detail::load_leading_pairs(exact.data(), count, first, second);
    CHECK(different_bits(lanes_of<T>(first), in_order_of_pairs<T>(even)) == 0);
    CHECK(different_bits(lanes_of<T>(second), in_order_of_pairs<T>(odd)) == 0);

    std::vector<T> memory(stored.begin(), stored.begin() + 2 * lanes + 2), wanted = memory;
    dope::narrow(wide.data(), wanted.data() + 1, 2 * count);
    dope::detail::store_leading_pairs(first, second, memory.data() + 1, count);
    CHECK(different_bits(memory, wanted) == 0);
  }
}

TEST_CASE_TEMPLATE("products are added, or subtracted, where the mask says so; else z keeps its bits", T,
                   float, double) {
  constexpr std::size_t lanes = Register<T>::size;
  std::vector<T> z(lanes), x(lanes), y(lanes), mask(lanes), plus(lanes), minus(lanes), plus_where(lanes),
      minus_where(lanes);
  for (std::size_t i = 0; i < lanes; ++i) {
    z[i] = i % 4 < 2 ? T(-0.0) : T(i);
    x[i] = T(i + 3);
    y[i] = T(5);
    mask[i] = i % 2 == 0 ? T(0) : T(-1);
    plus[i] = z[i] + x[i] * y[i];
    minus[i] = z[i] - x[i] * y[i];
    plus_where[i] = i % 2 == 0 ? z[i] : plus[i];
    minus_where[i] = i % 2 == 0 ? z[i] : minus[i];
  }
  const auto a = Register<T>::load_unaligned(z.data());
  const auto b = Register<T>::load_unaligned(x.data());
  const auto c = Register<T>::load_unaligned(y.data());
  const auto is_set = dope::detail::nonzero(Register<T>::load_unaligned(mask.data()));
  CHECK(different_bits(lanes_of<T>(dope::detail::keep_in_register(a)), z) == 0);
  CHECK(different_bits(lanes_of<T>(dope::detail::fused_plus(a, b, c)), plus) == 0);
  CHECK(different_bits(lanes_of<T>(dope::detail::fused_minus(a, b, c)), minus) == 0);
  CHECK(different_bits(lanes_of<T>(dope::detail::fused_plus_where(is_set, a, b, c)), plus_where) == 0);
  CHECK(different_bits(lanes_of<T>(dope::detail::fused_minus_where(is_set, a, b, c)), minus_where) == 0);
}
