// SPDX-License-Identifier: MIT
#include "dope/denoise/sampling.hpp"

#include <doctest/doctest.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "denoise/tapped.hpp"
#include "dope/denoise/meter.hpp"
#include "dope/rope/scaling.hpp"

using namespace dope;

namespace {

std::vector<std::int64_t> positions_from(std::int64_t first, std::size_t count) {
  std::vector<std::int64_t> positions(count);
  std::iota(positions.begin(), positions.end(), first);
  return positions;
}

/// Heads of one layer from nearly flat to nearly one direction: channel c has size (c + 1)^(−slope), the
/// slope growing with the head, along with a mean, and as in real text neighbours in time are alike.
std::vector<float> sloped_heads(std::size_t tokens, std::size_t heads, std::size_t width,
                                std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<float> x(tokens * heads * width);
  std::vector<double> slow(heads * width);
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t h = 0; h < heads; ++h) {
      const double slope = 1.5 * static_cast<double>(h) / static_cast<double>(heads - 1);
      for (std::size_t c = 0; c < width; ++c) {
        double& state = slow[h * width + c];
        state = 0.5 * state + normal(engine);
        const double mean = c == 0 ? 0.5 : 0.0;
        x[(t * heads + h) * width + c] =
            static_cast<float>(std::pow(static_cast<double>(c + 1), -slope) * (state + mean));
      }
    }
  }
  return x;
}

std::vector<double> ranks_of(const std::vector<HeadScore>& scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return scores[a].value < scores[b].value; });
  std::vector<double> ranks(scores.size());
  for (std::size_t i = 0; i < order.size(); ++i) ranks[order[i]] = static_cast<double>(i);
  return ranks;
}

/// Spearman's rank correlation, no ties.
double spearman(const std::vector<HeadScore>& a, const std::vector<HeadScore>& b) {
  const auto of_a = ranks_of(a);
  const auto of_b = ranks_of(b);
  const auto n = static_cast<double>(a.size());
  double squares = 0;
  for (std::size_t i = 0; i < of_a.size(); ++i) squares += (of_a[i] - of_b[i]) * (of_a[i] - of_b[i]);
  return 1 - 6 * squares / (n * (n * n - 1));
}

}  // namespace

TEST_CASE("one token of every stratum is taken, by its position and the seed alone") {
  for (const std::size_t stratum : {1u, 2u, 7u, 8u, 64u}) {
    for (const std::uint64_t seed : {0u, 42u}) {
      const TokenSampling sampling{stratum, seed};
      const auto first = -5 * static_cast<std::int64_t>(stratum);
      const auto positions = positions_from(first, 40 * stratum);
      const auto taken = detail::taken_tokens(sampling, positions);
      REQUIRE(taken.size() == 40);
      for (std::size_t m = 0; m < taken.size(); ++m) CHECK(taken[m] / stratum == m);

      auto backwards = positions;
      std::reverse(backwards.begin(), backwards.end());
      const auto in_reverse = detail::taken_tokens(sampling, backwards);
      REQUIRE(in_reverse.size() == taken.size());
      for (std::size_t i = 0; i < taken.size(); ++i)
        CHECK(backwards[in_reverse[taken.size() - 1 - i]] == positions[taken[i]]);
      for (std::size_t i = 0; i < positions.size(); ++i) {
        const auto alone = detail::taken_tokens(sampling, std::span(positions).subspan(i, 1));
        CHECK(alone.size() == (std::binary_search(taken.begin(), taken.end(), i) ? 1 : 0));
      }
    }
  }
  CHECK(detail::taken_tokens({8, 1}, positions_from(0, 4096)) !=
        detail::taken_tokens({8, 2}, positions_from(0, 4096)));
}

TEST_CASE("every position of a stratum is taken equally often") {
  constexpr std::size_t stratum = 7;
  constexpr std::size_t strata = 70000;
  std::vector<double> counts(stratum);
  for (const std::size_t token : detail::taken_tokens({stratum, 3}, positions_from(0, stratum * strata)))
    counts[token % stratum] += 1;
  double chi_squared = 0;
  constexpr double expected = static_cast<double>(strata) / stratum;
  for (const double count : counts) chi_squared += (count - expected) * (count - expected) / expected;
  CHECK(chi_squared < 22.5);  // six degrees of freedom: one in a thousand is above
}

TEST_CASE("the sampled Gram times the stratum errs within the stated bound, and on average not at all") {
  constexpr std::size_t tokens = 1024;
  constexpr std::size_t heads = 4;
  constexpr std::size_t width = 16;
  constexpr double delta = 0.05;
  constexpr std::size_t draws = 200;
  const auto x = sloped_heads(tokens, heads, width, 5);
  const auto view = token_major(x.data(), tokens, heads, width);
  for (std::size_t h = 0; h < heads; ++h) {
    const GramOptions exact{Centring::none, RowScaling::none, Accumulation::double_blocks};
    const auto rows = view.head(h);
    const Eigen::MatrixXd sigma = gram_of(rows, exact).matrix();
    const double largest = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(sigma).eigenvalues().maxCoeff();
    double peak = 0;
    for (std::size_t t = 0; t < tokens; ++t) {
      double norm = 0;
      for (std::size_t c = 0; c < width; ++c) norm += double{rows.row(t)[c]} * double{rows.row(t)[c]};
      peak = std::max(peak, norm);
    }
    for (const std::size_t stratum : {2u, 8u, 32u}) {
      std::size_t outside = 0;
      Eigen::MatrixXd mean = Eigen::MatrixXd::Zero(width, width);
      double spread = 0;
      for (std::uint64_t seed = 0; seed < draws; ++seed) {
        const TokenSampling sampling{stratum, seed};
        Gram sampled(width, exact);
        for (const std::size_t t : detail::taken_tokens(sampling, positions_from(0, tokens)))
          sampled.add(rows.slice(t, 1));
        const Eigen::MatrixXd error = static_cast<double>(stratum) * sampled.matrix() - sigma;
        const double norm =
            Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(error).eigenvalues().cwiseAbs().maxCoeff();
        outside += norm > sampling_error(sampling, peak, largest, width, delta) ? 1 : 0;
        mean += error / static_cast<double>(draws);
        spread = std::max(spread, norm);
      }
      CAPTURE(stratum);
      CHECK(static_cast<double>(outside) <= delta * static_cast<double>(draws));
      CHECK(mean.norm() < 0.3 * spread);  // the mean of 200 draws has a fourteenth of their spread
    }
  }
}

TEST_CASE("a sampling meter measures the sampled tokens, in any chunks, and never looks at others") {
  constexpr std::size_t tokens = 700;
  const AttentionShape shape{1, 4, 2, 10, 4};
  const RopeParameters rope{10000.0, 10, 4, 64};
  const auto native = native_frequencies(rope);
  const auto scaled = scaled_frequencies(rope, DynamicNtk{}, 512);
  std::vector<Indicator> wanted;
  for (const Stage stage : {Stage::pre_ntk, Stage::post_ntk, Stage::post_rope}) {
    wanted.push_back({stage, ScoredSide::both, VonNeumann{}});
    wanted.push_back({stage, ScoredSide::both, Uncomp{3}});
  }
  cases::for_each_scalar([&]<class T>() {
    const tapped::Layer<T> rows(shape, tokens, 1);
    const TokenSampling sampling{8, 7};
    const auto meter_of = [&](TokenSampling how) {
      return HeadMeter(shape, Pairing::half_split, native, scaled, wanted, {}, how);
    };
    const auto positions = positions_from(-90, tokens);
    const auto taken = detail::taken_tokens(sampling, positions);

    // Only the sampled rows, at their positions, into a meter that reads all.
    HeadMeter by_hand = meter_of({});
    HeadMeter whole = meter_of(sampling);
    HeadMeter chunks = meter_of(sampling);
    auto broken = rows;
    for (std::size_t t = 0; t < tokens; ++t) {
      if (std::binary_search(taken.begin(), taken.end(), t)) continue;
      for (std::size_t i = 0; i < 40; ++i) broken.q[t * 40 + i] = T(std::numeric_limits<float>::quiet_NaN());
      for (std::size_t i = 0; i < 20; ++i) broken.k[t * 20 + i] = T(std::numeric_limits<float>::infinity());
    }
    const auto slice = [](HeadsView<const T> view, std::size_t first, std::size_t count) {
      view.data += first * view.token_stride;
      view.tokens = count;
      return view;
    };
    for (int pass = 0; pass < 2; ++pass) {
      if (pass == 1) by_hand.start_second_pass(), whole.start_second_pass(), chunks.start_second_pass();
      for (const std::size_t t : taken)
        by_hand.add(0, slice(rows.queries(), t, 1), slice(rows.keys(), t, 1), positions[t]);
      whole.add(0, broken.queries(), broken.keys(), positions[0]);
      for (std::size_t first = 0; first < tokens; first += 13) {
        const std::size_t count = std::min<std::size_t>(13, tokens - first);
        HeadMeter part = chunks.fresh();
        part.add(0, slice(rows.queries(), first, count), slice(rows.keys(), first, count), positions[first]);
        chunks.merge(part);
      }
    }
    for (const Indicator& indicator : wanted) {
      const auto a = by_hand.scores(indicator, GqaPolicy::per_query_head);
      const auto b = whole.scores(indicator, GqaPolicy::per_query_head);
      const auto c = chunks.scores(indicator, GqaPolicy::per_query_head);
      for (std::size_t h = 0; h < a.size(); ++h) {
        CHECK(b[h].value == doctest::Approx(a[h].value).epsilon(2e-5));
        CHECK(c[h].value == doctest::Approx(a[h].value).epsilon(2e-5));
      }
    }
    broken.k[taken[3] * 20 + 1] = T(std::numeric_limits<float>::quiet_NaN());
    try {
      whole.add(0, broken.queries(), broken.keys(), positions[0]);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.given().find("token " + std::to_string(taken[3])) != std::string::npos);
    }
    CHECK(whole.gram(0, Side::key, 0, Stage::pre_ntk).tokens() == taken.size());
    CHECK_THROWS_AS(whole.merge(by_hand), Error);
  });
  CHECK_THROWS_AS(HeadMeter(shape, Pairing::half_split, native, scaled, wanted, {}, TokenSampling{0}), Error);
}

TEST_CASE("one token in eight orders heads as all tokens do: rank correlation of at least 0.99") {
  constexpr std::size_t tokens = 4096;
  const AttentionShape shape{1, 32, 8, 64, 64};
  const RopeParameters rope{10000.0, 64, 64, 2048};
  const auto native = native_frequencies(rope);
  const auto scaled = scaled_frequencies(rope, DynamicNtk{}, tokens);
  const auto q = sloped_heads(tokens, 32, 64, 8);
  const auto k = sloped_heads(tokens, 8, 64, 9);
  std::vector<Indicator> wanted;
  for (const Stage stage : {Stage::pre_ntk, Stage::post_ntk, Stage::post_rope}) {
    for (const ScoredSide side : {ScoredSide::query, ScoredSide::both}) {
      wanted.push_back({stage, side, VonNeumann{}});
      wanted.push_back({stage, side, TruncatedEffectiveRank{16}});
    }
  }
  const auto scores = [&](TokenSampling sampling) {
    HeadMeter meter(shape, Pairing::half_split, native, scaled, wanted, {}, sampling);
    meter.add(0, token_major(q.data(), tokens, 32, 64), token_major(k.data(), tokens, 8, 64), 0);
    return meter.scores(wanted, GqaPolicy::per_query_head);
  };
  const auto exact = scores({});
  for (const std::uint64_t seed : {1u, 2u, 42u}) {
    const auto sampled = scores({8, seed});
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      CAPTURE(name_of(wanted[i]));
      CHECK(spearman(exact[i], sampled[i]) >= 0.99);
    }
  }
}

TEST_CASE("a bound on what is not a number is an error") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(sampling_error({1, 0}, 1.0, 1.0, 8, 0.5) == 0.0);
  CHECK(sampling_error({8, 0}, 1.0, 1.0, 8, 0.5) > 0.0);
  for (const double bad : {-1.0, infinity, std::nan("")}) {
    CHECK_THROWS_AS((void)sampling_error({8, 0}, bad, 1.0, 8, 0.5), Error);
    CHECK_THROWS_AS((void)sampling_error({8, 0}, 1.0, bad, 8, 0.5), Error);
    CHECK_THROWS_AS((void)sampling_error({1, 0}, 1.0, 1.0, 8, bad), Error);
  }
  for (const double bad : {0.0, 1.0}) CHECK_THROWS_AS((void)sampling_error({8, 0}, 1.0, 1.0, 8, bad), Error);
  CHECK_THROWS_AS((void)sampling_error({0, 0}, 1.0, 1.0, 8, 0.5), Error);
  CHECK_THROWS_AS((void)sampling_error({8, 0}, 1.0, 1.0, 0, 0.5), Error);
}
