// SPDX-License-Identifier: MIT
#include "dope/spectral/checked.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "spectral/oracle.hpp"

TEST_CASE_TEMPLATE("the peak is the largest magnitude of the rows, gaps between them left alone", T, float,
                   double, dope::float16, dope::bfloat16) {
  oracle::Random random(91);
  for (const std::size_t width : oracle::widths) {
    oracle::Head<T> head(oracle::normals(9, width, random), 4);
    for (std::size_t t = 0; t < 9; ++t) head.storage[t * head.stride + width] = T(dope::compute_t<T>(NAN));
    oracle::Real peak = 0;
    for (const oracle::Real value : head.exact().values) peak = std::max(peak, std::abs(value));
    CHECK(dope::detail::checked_peak("test", head.view(), width) == static_cast<double>(peak));
  }
}

TEST_CASE_TEMPLATE("the first value that is not finite is named by token and channel", T, float, double,
                   dope::float16, dope::bfloat16) {
  using C = dope::compute_t<T>;
  oracle::Random random(92);
  for (const std::size_t width : oracle::small_widths) {
    for (const C bad : {std::numeric_limits<C>::quiet_NaN(), -std::numeric_limits<C>::quiet_NaN(),
                        std::numeric_limits<C>::infinity(), -std::numeric_limits<C>::infinity()}) {
      oracle::Head<T> head(oracle::normals(20, width, random), 1);
      const std::size_t token = random.below(20);
      const std::size_t channel = random.below(width);
      head.storage[token * head.stride + channel] = T(bad);
      std::string given;
      try {
        dope::detail::checked_peak("test", head.view(), width);
      } catch (const dope::Error& error) {
        given = error.given();
      }
      CHECK(given.ends_with("at token " + std::to_string(token) + ", channel " + std::to_string(channel)));
    }
  }
}

TEST_CASE_TEMPLATE("every finite value passes, to the largest that can be squared", T, float, dope::float16,
                   dope::bfloat16) {
  const T largest = [] {
    if constexpr (sizeof(T) == 4) return std::numeric_limits<float>::max();
    if constexpr (std::is_same_v<T, dope::float16>) return dope::float16::from_bits(0x7bff);
    if constexpr (std::is_same_v<T, dope::bfloat16>) return dope::bfloat16::from_bits(0x7f7f);
  }();
  const T row[] = {largest, T(0.0f)};
  CHECK(dope::detail::checked_peak("test", dope::dense_head(row, 1, 2), 2) == static_cast<double>(largest));
}

TEST_CASE("doubles pass up to 2^480") {
  const double fits[] = {0x1p+480, -1.0};
  CHECK(dope::detail::checked_peak("test", dope::dense_head(fits, 1, 2), 2) == 0x1p+480);
  const double beyond[] = {1.0, -0x1.1p+480};
  CHECK_THROWS_AS(dope::detail::checked_peak("test", dope::dense_head(beyond, 1, 2), 2), dope::Error);
}
