// SPDX-License-Identifier: MIT
#include "dope/spectral/gram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "spectral/oracle.hpp"

namespace {

using dope::Accumulation;
using dope::Centring;
using dope::GramOptions;
using dope::RowScaling;

constexpr Accumulation accumulations[] = {Accumulation::float_blocks, Accumulation::double_blocks,
                                          Accumulation::triangular_factor};

/// max‖x‖ over the root mean square of the centred rows' norms.
double reach(const oracle::Matrix& rows) {
  const oracle::Matrix apart = oracle::centred(rows);
  oracle::Real largest = 0;
  oracle::Real sum = 0;
  for (std::size_t t = 0; t < rows.rows; ++t) {
    oracle::Real square = 0;
    for (std::size_t c = 0; c < rows.columns; ++c) {
      square += rows(t, c) * rows(t, c);
      sum += apart(t, c) * apart(t, c);
    }
    largest = std::max(largest, square);
  }
  return static_cast<double>(std::sqrt(largest / (sum / static_cast<oracle::Real>(rows.rows))));
}

/// What the header states of a Gram of `rows`, cut and merged `cuts` times, as a share of the trace.
double tolerance(GramOptions options, const oracle::Matrix& rows, std::size_t cuts = 0) {
  const std::size_t tokens = rows.rows + 2 * 256 * cuts;
  return dope::gram_error(options.accumulation, rows.columns, tokens) +
         dope::preparation_error(options, rows.columns, tokens,
                                 options.centring == Centring::none ? 1.0 : reach(rows));
}

double worst_share(const Eigen::MatrixXd& measured, const oracle::Matrix& exact) {
  oracle::Real worst = 0;
  oracle::Real trace = 0;
  for (std::size_t i = 0; i < exact.rows; ++i) {
    trace += exact(i, i);
    for (std::size_t j = 0; j < exact.columns; ++j) {
      const auto value = measured(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
      worst = std::max(worst, std::abs(static_cast<oracle::Real>(value) - exact(i, j)));
    }
  }
  return static_cast<double>(worst / trace);
}

bool same(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) { return a == b; }

/// Rows that are only centred, about their mean; those that are normalised too, about the centre that the
/// Gram was given.
oracle::Matrix prepared(oracle::Matrix x, const dope::Gram& gram) {
  if (gram.options().rows == RowScaling::none)
    return gram.options().centring == Centring::token_mean ? oracle::centred(std::move(x)) : x;
  for (std::size_t t = 0; t < x.rows; ++t) {
    for (std::size_t c = 0; c < x.columns; ++c) x(t, c) -= gram.mean()[static_cast<Eigen::Index>(c)];
  }
  return oracle::normalised(std::move(x));
}

std::vector<GramOptions> all_options() {
  std::vector<GramOptions> all;
  for (const auto accumulation : accumulations) {
    for (const auto centring : {Centring::none, Centring::token_mean}) {
      for (const auto rows : {RowScaling::none, RowScaling::unit})
        all.push_back({centring, rows, accumulation});
    }
  }
  return all;
}

oracle::Matrix shifted_normals(std::size_t tokens, std::size_t width, oracle::Random& random) {
  oracle::Matrix x = oracle::normals(tokens, width, random);
  for (oracle::Real& value : x.values) value = value + 0.75L;
  return x;
}

}  // namespace

TEST_CASE_TEMPLATE("a Gram is the sum of outer products of the prepared rows", T, float, double,
                   dope::float16, dope::bfloat16) {
  oracle::Random random(11);
  for (const std::size_t width : oracle::widths) {
    const std::size_t tokens = width > 100 ? 270 : 521;  // more than one block, and a part of one
    const oracle::Head<T> head(shifted_normals(tokens, width, random), width % 3);
    for (const auto centring : {Centring::none, Centring::token_mean}) {
      for (const auto rows : {RowScaling::none, RowScaling::unit}) {
        if (width > 128 && rows == RowScaling::none) continue;  // the slow oracle's share of a second each
        std::optional<oracle::Matrix> exact;
        const auto mean = oracle::mean(head.exact());
        for (const auto accumulation : accumulations) {
          CAPTURE(width);
          CAPTURE(static_cast<int>(centring));
          CAPTURE(static_cast<int>(rows));
          CAPTURE(static_cast<int>(accumulation));
          const auto gram = dope::gram_of(head.view(), {centring, rows, accumulation});
          if (!exact) exact = oracle::gram(prepared(head.exact(), gram));
          CHECK(worst_share(gram.matrix(), *exact) <= tolerance(gram.options(), head.exact()));
          CHECK(gram.tokens() == tokens);
          CHECK(gram.width() == width);
          CHECK(same(gram.matrix(), gram.matrix().transpose()));
          if (centring == Centring::none || rows == RowScaling::none) continue;
          for (std::size_t c = 0; c < width; ++c) {
            const oracle::Real centre = gram.mean()[static_cast<Eigen::Index>(c)];
            CHECK(std::abs(centre - mean[c]) <= dope::mean_error(tokens) * 8);  // no entry is above 8
          }
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("adding Grams equals the Gram of concatenated tokens, in any order and any cut", T, float,
                   double, dope::float16, dope::bfloat16) {
  oracle::Random random(12);
  for (const std::size_t width : oracle::small_widths) {
    const std::size_t tokens = 700;
    const oracle::Head<T> head(shifted_normals(tokens, width, random));
    const oracle::Matrix x = head.exact();
    const auto view = head.view();
    for (const auto options : all_options()) {
      const bool two_passes = options.centring == Centring::token_mean && options.rows == RowScaling::unit;
      dope::TokenMean mean(width);
      mean.add(view);
      const auto empty = [&] {
        return two_passes ? dope::Gram(width, options, mean.mean()) : dope::Gram(width, options);
      };
      const auto exact = oracle::gram(prepared(x, empty()));
      for (const std::size_t cut :
           {std::size_t{0}, std::size_t{1}, std::size_t{255}, std::size_t{256}, tokens}) {
        CAPTURE(width);
        CAPTURE(cut);
        CAPTURE(static_cast<int>(options.centring));
        dope::Gram first = empty();
        first.add(view.slice(0, cut));
        dope::Gram second = empty();
        second.add(view.slice(cut, tokens - cut));
        dope::Gram forward = first;
        forward.merge(second);
        dope::Gram backward = second;
        backward.merge(first);
        CHECK(worst_share(forward.matrix(), exact) <= tolerance(options, x, 1));
        CHECK(worst_share(backward.matrix(), exact) <= tolerance(options, x, 1));
        CHECK(forward.tokens() == tokens);
        CHECK(backward.tokens() == tokens);
      }
      dope::Gram one_by_one = empty();
      for (std::size_t token = 0; token < 40; ++token) one_by_one.add(view.slice(token, 1));
      dope::Gram at_once = empty();
      at_once.add(view.slice(0, 40));
      const double apart = (one_by_one.matrix() - at_once.matrix()).cwiseAbs().maxCoeff();
      oracle::Matrix forty(40, width);
      std::copy_n(x.values.begin(), forty.values.size(), forty.values.begin());
      CHECK(apart <= 2.0 * tolerance(options, forty, 40) * at_once.matrix().trace());
    }
  }
}

TEST_CASE("a Gram merged with itself counts every token twice") {
  oracle::Random random(13);
  const oracle::Head<float> head(shifted_normals(300, 16, random));
  for (const auto accumulation : accumulations) {
    for (const auto centring : {Centring::none, Centring::token_mean}) {
      dope::Gram gram = dope::gram_of(head.view(), {centring, RowScaling::none, accumulation});
      const Eigen::MatrixXd once = gram.matrix();
      gram.merge(gram);
      CHECK(gram.tokens() == 600);
      // Parts are put together in double.
      const double apart = (gram.matrix() - 2.0 * once).cwiseAbs().maxCoeff();
      CHECK(apart <= dope::gram_error(accumulation == Accumulation::float_blocks ? Accumulation::double_blocks
                                                                                 : accumulation,
                                      16, 256) *
                         gram.matrix().trace());
    }
  }
}

TEST_CASE_TEMPLATE("scaling the rows by a power of two scales the Gram exactly, far beyond float's squares",
                   T, float, double, dope::bfloat16) {
  oracle::Random random(14);
  const oracle::Matrix x = oracle::normals(300, 10, random);
  const oracle::Head<T> plain(x);
  for (const auto accumulation : {Accumulation::float_blocks, Accumulation::double_blocks}) {
    const Eigen::MatrixXd base =
        dope::gram_of(plain.view(), {Centring::none, RowScaling::none, accumulation}).matrix();
    for (const int power : {-90, -40, -1, 1, 40, 90, 120}) {
      oracle::Head<T> scaled = plain;
      for (T& value : scaled.storage) {
        value = T(static_cast<dope::compute_t<T>>(std::ldexp(static_cast<double>(value), power)));
      }
      CAPTURE(power);
      const auto gram = dope::gram_of(scaled.view(), {Centring::none, RowScaling::none, accumulation});
      CHECK(same(gram.matrix(), base * std::ldexp(1.0, 2 * power)));
    }
  }
}

TEST_CASE("a mean far from zero does not cancel, in one stream or merged") {
  // Deviations of 1 about a mean of 2²⁶: a sum of raw products would lose 52 bits of 53, and all of 24.
  oracle::Random random(15);
  oracle::Matrix x = oracle::normals(2000, 12, random);
  for (std::size_t t = 0; t < x.rows; ++t) {
    for (std::size_t c = 0; c < x.columns; ++c) x(t, c) += 0x1p26L * (c % 2 == 0 ? 1 : -1);
  }
  const oracle::Head<double> head(x);
  const auto exact = oracle::gram(oracle::centred(head.exact()));
  for (const auto accumulation : accumulations) {
    CAPTURE(static_cast<int>(accumulation));
    const GramOptions options{Centring::token_mean, RowScaling::none, accumulation};
    CHECK(worst_share(dope::gram_of(head.view(), options).matrix(), exact) <=
          tolerance(options, head.exact()));
    dope::Gram merged(12, options);
    for (std::size_t first = 0; first < 2000; first += 77) {
      merged.merge(dope::gram_of(head.view().slice(first, std::min<std::size_t>(77, 2000 - first)), options));
    }
    CHECK(worst_share(merged.matrix(), exact) <= tolerance(options, head.exact(), 26));
    for (Eigen::Index c = 0; c < 12; ++c)
      CHECK(std::abs(merged.mean()[c]) == doctest::Approx(0x1p26).epsilon(1e-6));
  }
}

TEST_CASE_TEMPLATE("unit rows: the trace counts the rows that have a direction", T, float, double,
                   dope::float16, dope::bfloat16) {
  oracle::Random random(16);
  oracle::Matrix x = shifted_normals(300, 10, random);
  for (const std::size_t zero : {0u, 7u, 299u}) {
    for (std::size_t c = 0; c < 10; ++c) x(zero, c) = 0;
  }
  const oracle::Head<T> head(x);
  for (const auto accumulation : accumulations) {
    const auto gram = dope::gram_of(head.view(), {Centring::none, RowScaling::unit, accumulation});
    CHECK(gram.tokens() == 300);
    CHECK(gram.zero_rows() == 3);
    CHECK(std::abs(gram.matrix().trace() - 297.0) <= 297.0 * tolerance(gram.options(), x));
  }
}

TEST_CASE_TEMPLATE("rows equal to the centre have no direction, whatever the mean's rounding", T, float,
                   double, dope::float16, dope::bfloat16) {
  oracle::Random random(17);
  oracle::Matrix x(101, 6);
  for (std::size_t c = 0; c < 6; ++c) x(0, c) = random.normal();
  for (std::size_t t = 1; t < 101; ++t) {
    for (std::size_t c = 0; c < 6; ++c) x(t, c) = x(0, c);
  }
  const oracle::Head<T> head(x);
  const auto gram =
      dope::gram_of(head.view(), {Centring::token_mean, RowScaling::unit, Accumulation::double_blocks});
  CHECK(gram.zero_rows() == 101);
  CHECK(gram.matrix().isZero(0.0));
}

TEST_CASE("a row has no direction up to 2^-40 of the centre's norm, and has one beyond") {
  for (const auto& [offset, zero_rows] : {std::pair(0x1p-40, 2u), std::pair(0x1p-39, 0u)}) {
    const double rows[] = {1.0 + offset, 1.0 - offset};
    const auto gram = dope::gram_of(dope::dense_head(rows, 2, 1),
                                    {Centring::token_mean, RowScaling::unit, Accumulation::double_blocks});
    CHECK(gram.mean()[0] == 1.0);
    CHECK(gram.zero_rows() == zero_rows);
  }
}

TEST_CASE("the triangular factor is upper triangular and its square is the Gram") {
  oracle::Random random(18);
  for (const std::size_t width : oracle::small_widths) {
    for (const std::size_t tokens : {std::size_t{1}, width / 2, width, 3 * width + 1}) {
      const oracle::Head<double> head(shifted_normals(tokens, width, random));
      const auto gram =
          dope::gram_of(head.view(), {Centring::none, RowScaling::none, Accumulation::triangular_factor});
      const Eigen::MatrixXd below = gram.factor().triangularView<Eigen::StrictlyLower>();
      CHECK(below.isZero(0.0));
      CHECK(worst_share(gram.factor().transpose() * gram.factor(), oracle::gram(head.exact())) <=
            tolerance(gram.options(), head.exact()));
    }
  }
  CHECK_THROWS_AS(static_cast<void>(dope::Gram(4).factor()), dope::Error);
}

TEST_CASE_TEMPLATE("non-finite input is an error that names the token and leaves the Gram as it was", T,
                   float, double, dope::float16, dope::bfloat16) {
  using C = dope::compute_t<T>;
  oracle::Random random(19);
  const oracle::Head<T> good(shifted_normals(600, 6, random));
  for (const auto options : all_options()) {
    if (options.centring == Centring::token_mean && options.rows == RowScaling::unit) continue;
    dope::Gram gram(6, options);
    gram.add(good.view());
    const Eigen::MatrixXd before = gram.matrix();
    for (const C bad : {std::numeric_limits<C>::quiet_NaN(), std::numeric_limits<C>::infinity(),
                        -std::numeric_limits<C>::infinity()}) {
      for (const std::size_t token : {std::size_t{0}, std::size_t{300}, std::size_t{599}}) {
        oracle::Head<T> broken = good;
        broken.storage[token * 6 + 5] = T(bad);
        std::string given;
        try {
          gram.add(broken.view());
        } catch (const dope::Error& error) {
          given = error.given();
        }
        CHECK(given.find("token " + std::to_string(token) + ", channel 5") != std::string::npos);
        CHECK(gram.tokens() == 600);
        CHECK(same(gram.matrix(), before));
      }
    }
  }
}

TEST_CASE("contracts of a Gram are errors") {
  const std::vector<float> values(64, 1.0f);
  const GramOptions both{Centring::token_mean, RowScaling::unit, Accumulation::float_blocks};
  CHECK_THROWS_AS(dope::Gram(0), dope::Error);
  CHECK_THROWS_AS(dope::Gram(8, both), dope::Error);
  CHECK_THROWS_AS(dope::Gram(8, both, Eigen::VectorXd::Zero(7)), dope::Error);
  CHECK_THROWS_AS(dope::Gram(8, GramOptions{}, Eigen::VectorXd::Zero(8)), dope::Error);
  CHECK_NOTHROW(dope::Gram(8, both, Eigen::VectorXd::Zero(8)));
  dope::Gram gram(8);
  CHECK_THROWS_AS(gram.add(dope::dense_head(values.data(), 4, 16)), dope::Error);
  CHECK_THROWS_AS(gram.add(dope::HeadView<const float>{values.data(), 4, 8, 7}), dope::Error);
  CHECK_THROWS_AS(gram.merge(dope::Gram(16)), dope::Error);
  CHECK_THROWS_AS(gram.merge(dope::Gram(8, {Centring::token_mean})), dope::Error);
  dope::Gram here(8, both, Eigen::VectorXd::Zero(8));
  CHECK_THROWS_AS(here.merge(dope::Gram(8, both, Eigen::VectorXd::Ones(8))), dope::Error);
  const std::vector<double> huge(8, 1e150);
  CHECK_THROWS_AS(gram.add(dope::dense_head(huge.data(), 1, 8)), dope::Error);
  CHECK(gram.tokens() == 0);
}
