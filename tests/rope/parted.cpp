// SPDX-License-Identifier: MIT
#include "dope/rope/parted.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

#include "dope/core/scalar.hpp"

namespace {

/// first holds `bands` in the order of order_of_pairs, second the same negated.
template <class T, class Lanes, class C>
void check_bands(const Lanes& first, const Lanes& second, const std::vector<C>& bands) {
  std::vector<C> ordered(Lanes::size), a(Lanes::size), b(Lanes::size);
  dope::detail::order_of_pairs<T>(Lanes::load_unaligned(bands.data())).store_unaligned(ordered.data());
  first.store_unaligned(a.data());
  second.store_unaligned(b.data());
  for (std::size_t i = 0; i < Lanes::size; ++i) {
    CHECK(a[i] == ordered[i]);
    CHECK(b[i] == -ordered[i]);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("store_parted undoes load_parted, and order_of_pairs names each lane's band", T, float,
                   double, dope::float16, dope::bfloat16) {
  using C = dope::compute_t<T>;
  using Lanes = dope::detail::Lanes<T>;
  constexpr std::size_t lanes = Lanes::size;
  std::vector<T> pairs(2 * lanes);
  std::vector<C> bands(lanes);
  for (std::size_t i = 0; i < lanes; ++i) {
    bands[i] = static_cast<C>(i + 1);
    pairs[2 * i] = T(static_cast<C>(i + 1));
    pairs[2 * i + 1] = T(-static_cast<C>(i + 1));
  }
  Lanes first;
  Lanes second;
  dope::detail::load_parted(pairs.data(), first, second);
  check_bands<T>(first, second, bands);
  std::vector<T> back(2 * lanes);
  dope::detail::store_parted(first, second, back.data());
  for (std::size_t i = 0; i < 2 * lanes; ++i) CHECK(static_cast<C>(back[i]) == static_cast<C>(pairs[i]));
}

TEST_CASE_TEMPLATE("the first pairs part as all do, the others are 0, and no other memory is written", T,
                   float, double, dope::float16, dope::bfloat16) {
  using C = dope::compute_t<T>;
  using Lanes = dope::detail::Lanes<T>;
  constexpr std::size_t lanes = Lanes::size;
  for (std::size_t count = 0; count <= lanes; ++count) {
    std::vector<T> exact;
    std::vector<C> bands(lanes);
    for (std::size_t i = 0; i < count; ++i) {
      bands[i] = static_cast<C>(i + 1);
      exact.push_back(T(static_cast<C>(i + 1)));
      exact.push_back(T(-static_cast<C>(i + 1)));
    }
    Lanes first;
    Lanes second;
    dope::detail::load_first_parted(exact.data(), count, first, second);
    check_bands<T>(first, second, bands);
    std::vector<T> memory(2 * lanes + 2, T(C(99)));
    dope::detail::store_first_parted(first, second, memory.data() + 1, count);
    for (std::size_t i = 0; i < memory.size(); ++i) {
      const bool written = i >= 1 && i <= 2 * count;
      CHECK(static_cast<C>(memory[i]) == (written ? static_cast<C>(exact[i - 1]) : C(99)));
    }
  }
}
