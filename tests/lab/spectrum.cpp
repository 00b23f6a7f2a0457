// SPDX-License-Identifier: MIT
// examples/lab/spectrum: what is measured of hand-made queries and keys. The numbers of whole models are
// compared with NumPy's in tests/lab/spectrum.sh.
#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "lab/spectrum/bounds.hpp"
#include "lab/spectrum/options.hpp"
#include "lab/spectrum/output.hpp"
#include "lab/spectrum/ranking.hpp"
#include "lab/spectrum/survey.hpp"

namespace {

using dope::Side;
using dope::Stage;
using spectrum::Projections;
using spectrum::Survey;

// Sums of a few hundred products in double, against the same sums in another order.
constexpr double rounding = 1e-12;

/// Normal entries: two layers of four query and two key heads.
Projections noise() {
  Projections from;
  from.shape = {2, 4, 2, 8, 8};
  from.tokens = 150;
  from.length = 150;
  from.training_length = 50;
  from.base = 100.0;
  from.native = dope::native_frequencies(dope::RopeParameters{100.0, 8, 8, 50});
  from.scaled = from.native;
  for (double& omega : from.scaled.omega) omega *= 0.5;
  from.scaling = "half";
  from.origin = "noise";
  std::mt19937 engine(3);
  std::normal_distribution<float> normal;
  for (std::size_t layer = 0; layer < 2; ++layer) {
    from.queries.emplace_back(150 * 4 * 8);
    from.keys.emplace_back(150 * 2 * 8);
    for (float& value : from.queries[layer]) value = normal(engine);
    for (float& value : from.keys[layer]) value = normal(engine);
  }
  return from;
}

/// amplitude(token)·u added to every row of one head, u the direction (1, 1, …).
template <class Amplitude>
void plant(std::vector<float>& rows, std::size_t heads, std::size_t head, const Amplitude& amplitude) {
  for (std::size_t token = 0; token < 150; ++token) {
    const float size = amplitude(token);
    for (std::size_t c = 0; c < 8; ++c) rows[(token * heads + head) * 8 + c] += size;
  }
}

float swinging(std::size_t token) { return token % 2 == 0 ? 9.0f : -9.0f; }
float constant(std::size_t) { return 9.0f; }

const spectrum::Ranking& ranking_by(const std::vector<spectrum::Ranking>& rankings, std::string_view name) {
  const auto at = std::find_if(rankings.begin(), rankings.end(), [&](const spectrum::Ranking& ranking) {
    return dope::name_of(ranking.entropy) == name;
  });
  REQUIRE(at != rankings.end());
  return *at;
}

std::string refusal_of(const Projections& from) {
  try {
    spectrum::validate(from);
  } catch (const dope::Error& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("a planted spike comes first under every entropy that can rank it") {
  auto from = noise();
  plant(from.queries[0], 4, 2, swinging);
  plant(from.keys[1], 2, 1, swinging);
  const Survey survey = spectrum::survey_of(from, {});
  const dope::HeadId planted[] = {{0, 2}, {1, 1}};
  for (const Side side : {Side::query, Side::key}) {
    const auto rankings = spectrum::rankings_of(survey, side, Stage::pre_ntk);
    CHECK(rankings.size() == survey.entropies.size() + 1);
    std::size_t ranked = 0;
    for (const auto& ranking : rankings) {
      const std::string name = dope::name_of(ranking.entropy);
      CAPTURE(name);
      CHECK(ranking.heads.empty() == !ranking.refusal.empty());
      if (ranking.heads.empty()) continue;
      CHECK(ranking.heads.front().id == planted[static_cast<std::size_t>(side)]);
      CHECK(ranking.heads.size() == 2 * survey.heads_of(side));
      CHECK(ranking.spikiest == 1);
      ++ranked;
    }
    // All but uncomp(r=1), which has heads on both sides of its peak, and r = 1 of the effective rank.
    CHECK(ranked == rankings.size() - 2);
    CHECK(ranking_by(rankings, "uncomp(r=1)").refusal.find("until p = 1/e") != std::string::npos);
    CHECK(ranking_by(rankings, "truncated_effective_rank(r=1)").refusal.find("exactly 1") !=
          std::string::npos);
  }
}

TEST_CASE("a spike that is the mean row is none to a centred entropy, and the ranking says so") {
  auto from = noise();
  plant(from.keys[1], 2, 0, constant);
  const auto rankings = spectrum::rankings_of(spectrum::survey_of(from, {}), Side::key, Stage::pre_ntk);
  for (const auto& ranking : rankings) {
    const std::string name = dope::name_of(ranking.entropy);
    CAPTURE(name);
    if (std::holds_alternative<dope::Uncomp>(ranking.entropy)) {
      CHECK(ranking.refusal.find("mean row") != std::string::npos);
      CHECK(ranking.refusal.find("layer 1, head 0") != std::string::npos);
    } else if (ranking.refusal.empty()) {
      CHECK(ranking.heads.front().id == dope::HeadId{1, 0});
    }
  }
}

TEST_CASE("what cannot rank says why: weak rows, equal heads, a band without energy, rows all equal") {
  auto weak = noise();
  for (auto& layer : weak.keys) {
    for (float& value : layer) value *= 0.01f;
  }
  const auto of_weak = spectrum::rankings_of(spectrum::survey_of(weak, {}), Side::key, Stage::pre_ntk);
  CHECK(ranking_by(of_weak, "truncated_mean(r=1)").refusal.find("4 of 4 heads") != std::string::npos);
  CHECK(ranking_by(of_weak, "von_neumann").refusal.empty());

  auto equal = noise();
  equal.keys[1] = equal.keys[0];
  for (std::size_t token = 0; token < 150; ++token) {
    for (auto& layer : equal.keys) {
      for (std::size_t c = 0; c < 8; ++c) layer[token * 16 + 8 + c] = layer[token * 16 + c];
    }
  }
  const auto of_equal = spectrum::rankings_of(spectrum::survey_of(equal, {}), Side::key, Stage::post_ntk);
  for (const auto& ranking : of_equal) CHECK_FALSE(ranking.refusal.empty());
  CHECK(ranking_by(of_equal, "von_neumann").refusal == "all heads score the same");

  auto silent = noise();
  for (std::size_t token = 0; token < 150; ++token) {
    for (const std::size_t c : {std::size_t{1}, std::size_t{5}}) silent.keys[0][token * 16 + c] = 0.0f;
    for (std::size_t c = 0; c < 8; ++c) silent.keys[1][token * 16 + c] = 1.0f;
  }
  const Survey survey = spectrum::survey_of(silent, {});
  const auto of_silent = spectrum::rankings_of(survey, Side::key, Stage::pre_ntk);
  CHECK(ranking_by(of_silent, "band_mean").refusal.find("layer 0, head 0") != std::string::npos);
  CHECK(ranking_by(of_silent, "uncomp(r=8)").refusal.find("layer 1, head 0") != std::string::npos);
  CHECK(spectrum::json_of(silent, survey).find("\"band_mean\":null") != std::string::npos);
}

TEST_CASE("the number of threads changes nothing, and every head is counted once") {
  const auto from = noise();
  const int threads = omp_get_max_threads();
  std::vector<std::string> texts;
  for (const int count : {1, 3}) {
    omp_set_num_threads(count);
    std::size_t calls = 0;
    std::size_t last = 0;
    const Survey survey = spectrum::survey_of(from, {}, [&](std::size_t finished, std::size_t total) {
      CHECK(finished == ++calls);
      last = total;
    });
    CHECK(calls == last);
    texts.push_back(spectrum::json_of(from, survey));
  }
  omp_set_num_threads(threads);
  CHECK(texts[0] == texts[1]);
}

TEST_CASE("what rotation leaves alone, and what lists and bins add up to") {
  auto from = noise();
  from.needle = spectrum::TokenRange{10, 20};
  const Survey survey = spectrum::survey_of(from, {40, 16, 7});
  CHECK(survey.attention_rows.size() == 40);
  CHECK(survey.attention_rows.back() == 149);
  CHECK(survey.map_tokens.size() == 7);
  CHECK(survey.bins.front().first == 0);
  CHECK(survey.bins.back().end == 150);
  for (std::size_t i = 1; i < survey.bins.size(); ++i) CHECK(survey.bins[i].first == survey.bins[i - 1].end);
  for (const auto& head : survey.heads) {
    const auto& plain = survey.head(head.layer, head.side, head.head, Stage::pre_ntk);
    CHECK(head.spectra.head.trace == doctest::Approx(plain.spectra.head.trace).epsilon(rounding));
    double energy = 0.0;
    for (std::size_t band = 0; band < head.bands.size(); ++band) {
      CHECK(head.bands[band].rms_norm == doctest::Approx(plain.bands[band].rms_norm).epsilon(rounding));
      energy += head.bands[band].energy_share;
    }
    CHECK(energy == doctest::Approx(1.0).epsilon(rounding));
    const double slow = spectrum::slow_energy(from, head);  // wavelengths 6.3, 19.9, 62.8, 198.7; L = 50
    CHECK(slow == doctest::Approx(head.bands[2].energy_share + head.bands[3].energy_share).epsilon(rounding));
  }
  for (const auto& head : survey.attention) {
    double last = 0.0;
    double mean = 0.0;
    for (std::size_t bin = 0; bin < survey.bins.size(); ++bin) {
      last += head.last[bin];
      mean += head.mean[bin];
    }
    CHECK(last == doctest::Approx(1.0).epsilon(rounding));
    CHECK(mean == doctest::Approx(1.0).epsilon(rounding));
    CHECK(head.retrieval.value() > 0.0);
  }
  for (const auto& maps : survey.maps) {
    for (std::size_t token = 0; token < survey.map_tokens.size(); ++token) {
      double square = 0.0;
      for (std::size_t c = 0; c < 8; ++c) square += std::pow(maps.cosines[token * 8 + c], 2);
      CHECK(square == doctest::Approx(1.0).epsilon(rounding));
    }
  }
}

TEST_CASE("sink rate counts heads whose rows look at the first token") {
  auto from = noise();
  CHECK(spectrum::survey_of(from, {}).sink_rate() == 0.0);
  // A long first key along u, and queries along u: two of eight heads.
  for (auto& omega : from.scaled.omega) omega = 0.0;
  for (std::size_t c = 0; c < 8; ++c) from.keys[0][c] = 40.0f;
  plant(from.queries[0], 4, 0, constant);
  plant(from.queries[0], 4, 1, constant);
  CHECK(spectrum::survey_of(from, {}).sink_rate() == 2.0 / 8.0);
}

TEST_CASE("bounds: none is violated, and only cones make claims") {
  auto from = noise();
  plant(from.keys[0], 2, 0, constant);
  plant(from.queries[0], 4, 1, constant);
  const Survey survey = spectrum::survey_of(from, {});
  const auto summaries = spectrum::bound_summaries(survey);
  REQUIRE(summaries.size() == std::size(spectrum::stages) * spectrum::claims.size());
  std::size_t claimed = 0;
  for (const auto& summary : summaries) {
    CHECK(summary.violations == 0);
    CHECK(summary.bands == (summary.claim == spectrum::Claim::coherent_sum_key ||
                                    summary.claim == spectrum::Claim::eigenvalue_key
                                ? 2 * 2 * 4
                                : 2 * 4 * 4));
    CHECK(summary.claimed == spectrum::bound_pairs(survey, summary.claim, summary.stage).size());
    CHECK(summary.quantiles.size() == (summary.claimed > 0 ? spectrum::bound_quantiles.size() : 0));
    CHECK(std::is_sorted(summary.quantiles.begin(), summary.quantiles.end()));
    claimed += summary.claimed;
  }
  CHECK(claimed >= 3 * 4);  // unrotated, the planted query and key and their score, in every band

  // A measured value below its bound is a violation.
  Survey broken = survey;
  for (auto& head : broken.heads) {
    for (auto& band : head.bands) band.coherent_sum *= 1e-3;
  }
  std::size_t violations = 0;
  for (const auto& summary : spectrum::bound_summaries(broken)) violations += summary.violations;
  CHECK(violations > 0);
}

TEST_CASE("projections that do not fit are refused, by name") {
  CHECK(refusal_of(noise()) == "none");
  auto from = noise();
  from.queries[1][(20 * 4 + 3) * 8 + 5] = std::numeric_limits<float>::quiet_NaN();
  CHECK(refusal_of(from).find("layer 1, query head 3, token 20") != std::string::npos);
  from = noise();
  from.keys[1].pop_back();
  CHECK(refusal_of(from).find("layer 1, key") != std::string::npos);
  from = noise();
  from.keys.pop_back();
  CHECK(refusal_of(from).find("expected 2") != std::string::npos);
  from = noise();
  from.needle = spectrum::TokenRange{100, 151};
  CHECK(refusal_of(from).find("100:151") != std::string::npos);
  from = noise();
  from.scaled.omega.pop_back();
  CHECK(refusal_of(from).find("4 of each") != std::string::npos);
  from = noise();
  from.length = 149;
  CHECK(refusal_of(from).find("at least the 150") != std::string::npos);
  from = noise();
  from.training_length = 0;
  CHECK(refusal_of(from).find("training length 0") != std::string::npos);
  from = noise();
  std::fill(from.keys[1].begin(), from.keys[1].end(), 0.0f);
  std::string said;
  try {
    static_cast<void>(spectrum::survey_of(from, {}));
  } catch (const dope::Error& error) {
    said = error.what();
  }
  CHECK(said.find("layer 1, key head") != std::string::npos);
}
