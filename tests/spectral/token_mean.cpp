// SPDX-License-Identifier: MIT
#include "dope/spectral/token_mean.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "spectral/oracle.hpp"

TEST_CASE_TEMPLATE("the mean of merged parts is the mean of all tokens", T, float, double, dope::float16,
                   dope::bfloat16) {
  oracle::Random random(21);
  for (const std::size_t width : oracle::widths) {
    oracle::Matrix shifted = oracle::normals(500, width, random);
    for (oracle::Real& value : shifted.values) value += 3;  // a mean near the largest: the bound bites
    const oracle::Head<T> head(shifted, 3);
    const auto rows = head.exact();
    const auto exact = oracle::mean(rows);
    std::vector<oracle::Real> largest(width);
    for (std::size_t t = 0; t < rows.rows; ++t) {
      for (std::size_t c = 0; c < width; ++c) largest[c] = std::max(largest[c], std::abs(rows(t, c)));
    }
    for (const std::size_t cut : {0u, 1u, 250u, 500u}) {
      dope::TokenMean first(width);
      first.add(head.view().slice(0, cut));
      dope::TokenMean second(width);
      second.add(head.view().slice(cut, 500 - cut));
      first.merge(second);
      CHECK(first.tokens() == 500);
      for (std::size_t c = 0; c < width; ++c) {
        const oracle::Real measured = first.mean()[static_cast<Eigen::Index>(c)];
        CHECK(std::abs(measured - exact[c]) <= dope::mean_error(500) * largest[c]);
      }
    }
  }
}

TEST_CASE("contracts of a token mean are errors and change nothing") {
  CHECK_THROWS_AS(dope::TokenMean(0), dope::Error);
  dope::TokenMean mean(2);
  CHECK_THROWS_AS(static_cast<void>(mean.mean()), dope::Error);
  CHECK_THROWS_AS(mean.merge(dope::TokenMean(4)), dope::Error);
  const float rows[] = {1.0f, 2.0f, 3.0f, std::numeric_limits<float>::quiet_NaN()};
  CHECK_THROWS_AS(mean.add(dope::dense_head(rows, 2, 2)), dope::Error);
  CHECK(mean.tokens() == 0);
  mean.add(dope::dense_head(rows, 1, 2));
  CHECK(mean.mean()[1] == 2.0);
}
