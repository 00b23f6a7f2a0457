// SPDX-License-Identifier: MIT
#include "dope/spectral/syrk.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "spectral/oracle.hpp"

namespace {

using dope::detail::ProductBlock;

Eigen::MatrixXd zeros(std::size_t width) {
  const auto size = static_cast<Eigen::Index>(width);
  return Eigen::MatrixXd::Zero(size, size);
}

/// The largest error on and below the diagonal as a share of what is allowed: product_error(n) Σ_t
/// |x_ti·x_tj|, rows rounded to float first, as they are where T is not double.
template <class T>
oracle::Real worst_share(const Eigen::MatrixXd& sum, const oracle::Head<T>& head) {
  oracle::Matrix x = head.exact();
  for (oracle::Real& value : x.values) value = static_cast<float>(value);
  oracle::Real worst = 0;
  for (std::size_t i = 0; i < x.columns; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      oracle::Real exact = 0;
      oracle::Real size = 0;
      for (std::size_t t = 0; t < x.rows; ++t) {
        exact += x(t, i) * x(t, j);
        size += std::abs(x(t, i) * x(t, j));
      }
      const auto value = sum(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
      const oracle::Real allowed = dope::detail::product_error(x.rows) * size;
      worst = std::max(worst, std::abs(static_cast<oracle::Real>(value) - exact) / allowed);
    }
  }
  return worst;
}

}  // namespace

TEST_CASE_TEMPLATE("products of columns, any width and number of tokens, within the stated error", T, float,
                   double, dope::float16, dope::bfloat16) {
  oracle::Random random(51);
  std::vector<std::size_t> widths = oracle::widths;
  for (std::size_t width = 1; width <= 70; ++width) widths.push_back(width);
  for (const std::size_t width : widths) {
    for (const std::size_t tokens : {1u, 2u, 7u, width > 128 ? 9u : 256u}) {
      const oracle::Head<T> head(oracle::normals(tokens, width, random), width % 3);
      ProductBlock block(tokens, width);
      Eigen::MatrixXd sum = zeros(width);
      block.pack(head.view(), 1.0);
      block.add_products(1.0, sum);
      CAPTURE(width);
      CAPTURE(tokens);
      CHECK(worst_share(sum, head) <= 1);
    }
  }
}

TEST_CASE_TEMPLATE("scales are exact, sums are added to, and fewer rows leave no trace of those before", T,
                   float, double, dope::float16, dope::bfloat16) {
  oracle::Random random(52);
  for (const std::size_t width : {1u, 6u, 33u, 64u, 90u}) {
    const oracle::Head<T> many(oracle::normals(100, width, random));
    const oracle::Head<T> few(oracle::normals(3, width, random));
    ProductBlock fresh(3, width);
    Eigen::MatrixXd once = zeros(width);
    fresh.pack(few.view(), 1.0);
    fresh.add_products(1.0, once);

    ProductBlock used(100, width);
    Eigen::MatrixXd sum = zeros(width);
    used.pack(many.view(), 1.0);
    used.pack(few.view(), 0x1p+20);
    used.add_products(0x1p-40, sum);
    used.add_products(0x1p-39, sum);
    for (Eigen::Index i = 0; i < sum.rows(); ++i) {
      for (Eigen::Index j = 0; j <= i; ++j) CHECK(sum(i, j) == 3.0 * once(i, j));
    }
    used.pack(few.view().slice(0, 0), 1.0);
    const Eigen::MatrixXd before = sum;
    used.add_products(1.0, sum);
    for (Eigen::Index i = 0; i < sum.rows(); ++i) {
      for (Eigen::Index j = 0; j <= i; ++j) CHECK(sum(i, j) == before(i, j));
    }
  }
}
