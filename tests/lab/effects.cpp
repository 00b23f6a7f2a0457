// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/effects/analysis.hpp"
#include "lab/effects/candidates.hpp"
#include "lab/fixtures.hpp"

namespace {

using Real = long double;

effects::Setting small_setting(std::size_t length) {
  effects::Options options;
  options.model = lab::test::lexicon_path().parent_path();
  options.lengths = {{length, 1, lab::Length::Unit::tokens}};
  options.prompts = 4;
  options.measured = 1;
  options.rows = 3;
  options.transforms = {dope::ByAll{}};
  options.bases = {effects::Base::dynamic_ntk};
  return effects::make_setting(options);
}

/// One head's rows after rotation by ω, from the definition.
std::vector<std::vector<Real>> turned(const std::vector<std::vector<float>>& rows,
                                      const std::vector<Real>& omega) {
  std::vector<std::vector<Real>> result;
  const std::size_t bands = omega.size();
  for (std::size_t t = 0; t < rows.size(); ++t) {
    std::vector<Real> row(rows[t].begin(), rows[t].end());
    for (std::size_t f = 0; f < bands; ++f) {
      const Real angle = static_cast<Real>(t) * omega[f];
      const Real x = row[f];
      const Real y = row[f + bands];
      row[f] = x * std::cos(angle) - y * std::sin(angle);
      row[f + bands] = x * std::sin(angle) + y * std::cos(angle);
    }
    result.push_back(std::move(row));
  }
  return result;
}

std::vector<Real> softmax_row(const std::vector<Real>& query, const std::vector<std::vector<Real>>& keys,
                              std::size_t count) {
  std::vector<Real> row;
  Real total = 0;
  for (std::size_t j = 0; j < count; ++j) {
    Real score = 0;
    for (std::size_t c = 0; c < query.size(); ++c) score += query[c] * keys[j][c];
    row.push_back(std::exp(score / std::sqrt(static_cast<Real>(query.size()))));
    total += row.back();
  }
  for (Real& share : row) share /= total;
  return row;
}

}  // namespace

TEST_CASE("unseen phases: counted on a fine circle, phase by phase") {
  // A phase is seen when some distance below L turns the band to it; distances are taken as real numbers.
  constexpr std::size_t circle = 20000;
  constexpr double grain = 2.0 / static_cast<double>(circle) * 20.0;  // of a share of at least 1/20 turn
  const dope::RopeParameters rope{10000.0, 32, 32, 512};
  const auto native = dope::native_frequencies(rope);
  for (const std::size_t length :
       {std::size_t{512}, std::size_t{1024}, std::size_t{1536}, std::size_t{4096}}) {
    for (const dope::Scaling& scaling : {dope::Scaling(dope::Unscaled{}), dope::Scaling(dope::DynamicNtk{}),
                                         dope::Scaling(dope::Linear{2.0})}) {
      const auto scaled = dope::scaled_frequencies(rope, scaling, length);
      const auto unseen = effects::unseen_phases(native, 512, scaled, length);
      for (std::size_t band = 0; band < 16; ++band) {
        const double trained = native.omega[band] * 512.0;
        const double reached = scaled.omega[band] * static_cast<double>(length);
        std::size_t visited = 0;
        std::size_t fresh = 0;
        for (std::size_t i = 0; i < circle; ++i) {
          const double phase = 2.0 * std::numbers::pi * (static_cast<double>(i) + 0.5) / circle;
          if (phase > reached) continue;
          ++visited;
          fresh += phase > trained ? 1 : 0;
        }
        CHECK(unseen[band] >= 0.0);
        CHECK(unseen[band] < 1.0);
        if (visited > circle / 20) {
          CHECK(std::abs(unseen[band] - static_cast<double>(fresh) / static_cast<double>(visited)) < grain);
        }
      }
      if (length == 512) CHECK(unseen == std::vector<double>(16, 0.0));
      if (length > 512 && scaling.index() == dope::Scaling(dope::DynamicNtk{}).index())
        CHECK(unseen.back() == 0.0);
    }
  }
  // ω L = 1 and ω' N = 4: three quarters were never seen.
  CHECK(effects::unseen_phases({{0.01}, 1.0}, 100, {{0.02}, 1.0}, 200).front() ==
        doctest::Approx(0.75).epsilon(1e-12));
  CHECK_THROWS_AS(static_cast<void>(effects::unseen_phases(native, 0, native, 1)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(effects::unseen_phases(native, 1, {{1.0}, 1.0}, 1)), dope::Error);
}

TEST_CASE("unseen energy: row by row in long double, for both pairings") {
  constexpr std::size_t width = 10;  // 4 bands and two channels that do not turn
  constexpr std::size_t tokens = 37;
  constexpr double rounding = 1e-6;  // the Gram's blocks of floats
  std::vector<float> x;
  for (std::size_t i = 0; i < tokens * width; ++i)
    x.push_back(static_cast<float>((i * i * 7 + 13 * i) % 101) / 50.0f - 1.0f);
  dope::Gram gram(width);
  gram.add(dope::dense_head<const float>(x.data(), tokens, width));
  const std::vector<double> unseen = {0.0, 0.5, 0.0, 0.25};
  for (const auto pairing : {dope::Pairing::half_split, dope::Pairing::interleaved}) {
    Real all = 0;
    std::array<Real, 4> bands{};
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t c = 0; c < width; ++c) {
        const Real square = static_cast<Real>(x[t * width + c]) * static_cast<Real>(x[t * width + c]);
        all += square;
        if (c < 8) bands[pairing == dope::Pairing::half_split ? c % 4 : c / 2] += square;
      }
    }
    const auto found = effects::unseen_energy(gram, pairing, unseen);
    CHECK(std::abs(found.share - static_cast<double>((bands[1] + bands[3]) / all)) < rounding);
    CHECK(std::abs(found.graded - static_cast<double>((0.5L * bands[1] + 0.25L * bands[3]) / all)) <
          rounding);
  }
  CHECK_THROWS_AS(
      static_cast<void>(effects::unseen_energy(gram, dope::Pairing::half_split, std::vector<double>(6, 0.0))),
      dope::Error);
}

TEST_CASE("band score: σ₁ of the score matrix, by power iteration on its entries") {
  constexpr std::size_t width = 8;
  constexpr std::size_t tokens = 23;
  std::vector<float> q, k;
  for (std::size_t i = 0; i < tokens * width; ++i) {
    q.push_back(static_cast<float>((i * i * 5 + 11 * i) % 97) / 40.0f - 1.0f);
    k.push_back(static_cast<float>((i * i * 3 + 29 * i) % 89) / 40.0f - 1.0f);
  }
  dope::BandGrams query(4, dope::Pairing::half_split);
  dope::BandGrams key(4, dope::Pairing::half_split);
  query.add(dope::dense_head<const float>(q.data(), tokens, width));
  key.add(dope::dense_head<const float>(k.data(), tokens, width));
  std::vector<double> sigma;
  for (const std::size_t band : {std::size_t{1}, std::size_t{3}}) {
    std::vector<Real> right(tokens, 1.0L);
    right[3] = 2.0L;
    Real norm = 0;
    for (int step = 0; step < 2000; ++step) {
      const auto entry = [&](std::size_t i, std::size_t j) {
        return (static_cast<Real>(q[i * width + band]) * static_cast<Real>(k[j * width + band]) +
                static_cast<Real>(q[i * width + band + 4]) * static_cast<Real>(k[j * width + band + 4])) /
               std::sqrt(static_cast<Real>(width));
      };
      std::vector<Real> left(tokens, 0.0L), next(tokens, 0.0L);
      for (std::size_t i = 0; i < tokens; ++i)
        for (std::size_t j = 0; j < tokens; ++j) left[i] += entry(i, j) * right[j];
      for (std::size_t i = 0; i < tokens; ++i)
        for (std::size_t j = 0; j < tokens; ++j) next[j] += entry(i, j) * left[i];
      norm = 0;
      for (const Real value : next) norm += value * value;
      norm = std::sqrt(norm);
      for (std::size_t j = 0; j < tokens; ++j) right[j] = next[j] / norm;
    }
    sigma.push_back(static_cast<double>(std::sqrt(norm)) / static_cast<double>(tokens));
  }
  constexpr double settled = 1e-9;
  const std::vector<std::size_t> bands = {1, 3};
  const auto found = effects::band_score(query, key, bands, width);
  CHECK(std::abs(found.greatest - std::max(sigma[0], sigma[1])) < settled);
  CHECK(std::abs(found.sum - (sigma[0] + sigma[1])) < settled);
  CHECK(effects::band_score(query, key, {}, width).sum == 0.0);
}

TEST_CASE("attention measures of a whole model: from every q and k in long double") {
  constexpr std::size_t length = 560;  // above L, so that Dynamic NTK does something
  // Float rotation and scores of size up to about 20, whose errors the softmax carries over.
  constexpr double float_scores = 2e-4;
  const auto setting = small_setting(length);
  const auto& place = setting.places.front();
  const auto shape = setting.model.shape();
  const auto prompt = setting.prompt(effects::Part::head, length, 0);
  effects::AttentionCollector collector(setting, place, prompt, setting.options.rows);

  using Rows = std::vector<std::vector<float>>;
  std::vector<std::vector<Rows>> queries(shape.layers, std::vector<Rows>(shape.query_heads));
  std::vector<std::vector<Rows>> keys(shape.layers, std::vector<Rows>(shape.key_heads));
  reference::Request request(setting.model,
                             reference::make_schedule(setting.model, dope::DynamicNtk{}, length));
  request.tap([&](std::size_t layer, auto q, auto k, std::size_t first) {
    collector.add(layer, q, k, first);
    for (std::size_t t = 0; t < q.tokens; ++t) {
      for (std::size_t h = 0; h < q.heads; ++h)
        queries[layer][h].emplace_back(q.head(h).row(t), q.head(h).row(t) + q.width);
      for (std::size_t h = 0; h < k.heads; ++h)
        keys[layer][h].emplace_back(k.head(h).row(t), k.head(h).row(t) + k.width);
    }
  });
  request.prefill(collector.tokens());
  const auto found = collector.measure();
  REQUIRE(found.size() == shape.layers * shape.query_heads);

  // ω of Dynamic NTK, and of its denoised heads: by parts keeps native ω > 2π/L, by all keeps none.
  const Real stretch = static_cast<Real>(length) / 512;
  std::array<std::vector<Real>, 3> omega;
  for (std::size_t f = 0; f < 16; ++f) {
    const Real exponent = -static_cast<Real>(f) / 16;
    const Real base = 10000 * std::pow(stretch, 32.0L / 30.0L);
    omega[0].push_back(std::pow(base, exponent));
    const bool low = std::pow(10000.0L, exponent) <= 2 * std::numbers::pi_v<Real> / 512;
    omega[1].push_back(low ? 0 : omega[0].back());
    omega[2].push_back(0);
  }
  const std::size_t total = prompt.tokens.size() + 4;
  REQUIRE(collector.tokens().size() == total);
  const std::vector<std::size_t> evenly = {total / 3 - 1, 2 * total / 3 - 1, total - 1};
  for (const dope::HeadId id : {dope::HeadId{0, 1}, dope::HeadId{1, 6}, dope::HeadId{3, 3}}) {
    std::array<std::vector<std::vector<Real>>, 3> q, k;
    for (std::size_t kind = 0; kind < 3; ++kind) {
      q[kind] = turned(queries[id.layer][id.head], omega[kind]);
      k[kind] = turned(keys[id.layer][id.head / 2], omega[kind]);
    }
    effects::AttentionCandidates expected;
    const auto row_of = [&](std::size_t kind, std::size_t i) {
      return softmax_row(q[kind][i], k[kind], i + 1);
    };
    const auto distance = [](const std::vector<Real>& a, const std::vector<Real>& b) {
      Real sum = 0;
      for (std::size_t j = 0; j < a.size(); ++j) sum += std::abs(a[j] - b[j]);
      return static_cast<double>(sum / 2);
    };
    for (const std::size_t i : evenly) {
      const auto row = row_of(0, i);
      expected.sink += static_cast<double>(row[0]) / 3;
      for (std::size_t j = 0; j <= i; ++j) {
        const auto share = static_cast<double>(row[j]);
        expected.entropy -= share * std::log(share) / 3;
        expected.distance += share * static_cast<double>(i - j) / 3;
        if (i - j < 64) expected.recency += share / 3;
      }
      expected.shift_by_parts += distance(row, row_of(1, i)) / 3;
      expected.shift_by_all += distance(row, row_of(2, i)) / 3;
    }
    const auto mass = [&](const std::vector<Real>& row) {
      double sum = 0;
      for (std::size_t j = prompt.asked_first; j < prompt.asked_end; ++j) sum += static_cast<double>(row[j]);
      return sum;
    };
    for (std::size_t digit = 0; digit < 5; ++digit) {
      const std::size_t i = prompt.tokens.size() - 1 + digit;
      const auto row = row_of(0, i);
      expected.retrieval += mass(row) / 5;
      expected.copying += static_cast<double>(row[prompt.code_first + digit]) / 5;
      expected.answer_shift_by_parts += distance(row, row_of(1, i)) / 5;
      expected.answer_shift_by_all += distance(row, row_of(2, i)) / 5;
      expected.retrieval_change_by_parts += (mass(row_of(1, i)) - mass(row)) / 5;
      expected.retrieval_change_by_all += (mass(row_of(2, i)) - mass(row)) / 5;
      CHECK(prompt.tokens[prompt.code_first + digit] == prompt.expected[digit]);
    }
    const auto& measured = found[id.layer * shape.query_heads + id.head];
    CHECK(std::abs(measured.sink - expected.sink) < float_scores);
    CHECK(std::abs(measured.entropy - expected.entropy) < 10 * float_scores);
    CHECK(std::abs(measured.recency - expected.recency) < float_scores);
    CHECK(std::abs(measured.distance - expected.distance) < float_scores * static_cast<double>(length));
    CHECK(std::abs(measured.retrieval - expected.retrieval) < float_scores);
    CHECK(std::abs(measured.copying - expected.copying) < float_scores);
    CHECK(std::abs(measured.shift_by_parts - expected.shift_by_parts) < float_scores);
    CHECK(std::abs(measured.shift_by_all - expected.shift_by_all) < float_scores);
    CHECK(std::abs(measured.answer_shift_by_parts - expected.answer_shift_by_parts) < float_scores);
    CHECK(std::abs(measured.answer_shift_by_all - expected.answer_shift_by_all) < float_scores);
    CHECK(std::abs(measured.retrieval_change_by_parts - expected.retrieval_change_by_parts) < float_scores);
    CHECK(std::abs(measured.retrieval_change_by_all - expected.retrieval_change_by_all) < float_scores);
  }
}

TEST_CASE("prompts: depths in turn, parts and indices with seeds of their own, digits where they are said") {
  auto setting = small_setting(300);
  setting.options.depths = 3;
  for (const auto task : {effects::Task::needle, effects::Task::shots}) {
    setting.options.task = task;
    std::vector<std::uint64_t> seeds;
    for (const auto part : {effects::Part::effect, effects::Part::head}) {
      for (std::size_t i = 0; i < 6; ++i) {
        const auto prompt = setting.prompt(part, 300, i);
        CHECK(prompt.depth == 0.5 * static_cast<double>(i % 3));
        CHECK(std::find(seeds.begin(), seeds.end(), prompt.seed) == seeds.end());
        seeds.push_back(prompt.seed);
        REQUIRE(prompt.expected.size() == 5);
        CHECK(std::equal(prompt.expected.begin(), prompt.expected.end(),
                         prompt.tokens.begin() + static_cast<std::ptrdiff_t>(prompt.code_first)));
        CHECK(prompt.asked_first < prompt.code_first);
        CHECK(prompt.code_first + 5 <= prompt.asked_end);
        CHECK(prompt.asked_end < prompt.tokens.size());
      }
    }
  }
}

TEST_CASE("a map with a planted order: the measure that knows it is found, what it chooses is the best") {
  const auto setting = small_setting(300);
  constexpr std::size_t heads = 32;
  constexpr std::size_t prompts = 8;
  effects::Effects planted;
  planted.heads = heads;
  planted.prompts = prompts;
  effects::Measurement measurement;
  measurement.measures = {{"knows", effects::Origin::other, {}},
                          {"reversed", effects::Origin::paper, {}},
                          {"flat", effects::Origin::control, std::vector<double>(heads, 1.0)}};
  for (std::size_t head = 0; head < heads; ++head) {
    const auto effect = static_cast<double>((head * 13) % heads) - 20.0;  // −20 … 11, each once
    for (std::size_t i = 0; i < prompts; ++i) {
      planted.nats.push_back(effect + (i % 2 == 0 ? 0.25 : -0.25));
      planted.hits.push_back(effect < -10.0 && i < 2 ? -1.0 : 0.0);
    }
    measurement.measures[0].values.push_back(std::exp(0.1 * effect));
    measurement.measures[1].values.push_back(-effect);
  }
  planted.baseline_nats.assign(prompts, -3.0);
  planted.baseline_hits.assign(prompts, 1.0);
  const auto map = effects::analyse(setting, setting.places.front(), 0, planted, measurement);
  CHECK(map.baseline_hits == 1.0);
  CHECK(map.random == doctest::Approx(-4.5));
  CHECK(map.half_correlation == doctest::Approx(1.0));
  CHECK(map.reliability == doctest::Approx(1.0));
  CHECK(map.best[0] == doctest::Approx(11.0).epsilon(0.02));
  CHECK(map.best[1] == doctest::Approx(10.0).epsilon(0.02));
  CHECK(map.heads[0].nats == doctest::Approx(-20.0));
  CHECK(map.heads[0].points == doctest::Approx(-25.0));
  CHECK(map.heads[0].nats_interval.low >= -20.25);
  CHECK(map.heads[0].nats_interval.high <= -19.75);
  REQUIRE(map.ratings.size() == 3);
  CHECK(map.ratings[0].correlation == doctest::Approx(1.0));
  CHECK(map.ratings[0].within == doctest::Approx(1.0));
  CHECK(map.ratings[0].p < 0.001);
  CHECK(map.ratings[0].chosen[1][0] == doctest::Approx(11.0));
  CHECK(map.ratings[0].chosen[1][1] == doctest::Approx(10.0));
  CHECK(map.ratings[0].chosen[1][2] == doctest::Approx(7.5));
  CHECK(map.ratings[0].chosen[0][2] == doctest::Approx(-16.5));
  CHECK(map.ratings[1].correlation == doctest::Approx(-1.0));
  CHECK(map.ratings[1].chosen[0][1] == doctest::Approx(10.0));
  CHECK(std::isnan(map.ratings[2].correlation));
  CHECK(std::isnan(map.ratings[2].p));
  const auto summaries = effects::summarise({map, map});
  REQUIRE(summaries.size() == 2);  // a measure without a correlation has no line
  CHECK(summaries[0].maps == 2);
  CHECK(summaries[0].significant == 2);
  CHECK(summaries[0].gain[1] == doctest::Approx(1.0).epsilon(0.01));
}
