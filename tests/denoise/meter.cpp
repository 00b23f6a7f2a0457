// SPDX-License-Identifier: MIT
#include "dope/denoise/meter.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "denoise/tapped.hpp"
#include "dope/rope/scaling.hpp"

using namespace dope;

namespace {

using tapped::Real;
using tapped::Rows;
using Matrix = std::vector<std::vector<Real>>;

/// Rotations in float are off by 2⁻²³ of an entry and float blocks by as much of the Gram; eigenvalue
/// logarithms amplify little on these well-conditioned heads.
constexpr double float_error = 2e-5;
/// The same with double inputs and double blocks, whose rotation tables are double.
constexpr double double_error = 1e-11;

constexpr AttentionShape shapes[] = {{2, 4, 2, 2, 2}, {1, 6, 2, 6, 6}, {2, 4, 2, 10, 4}, {1, 2, 2, 32, 32}};
constexpr std::size_t tokens = 300;
constexpr std::int64_t first_position = 9;

struct Settings {
  AttentionShape shape;
  Pairing pairing;
  Frequencies native;
  Frequencies scaled;
};

Settings settings_of(const AttentionShape& shape, Pairing pairing) {
  const RopeParameters rope{10000.0, shape.head_width, shape.rotated_width, 64};
  Yarn yarn;
  yarn.factor = 8.0;
  return {shape, pairing, native_frequencies(rope), scaled_frequencies(rope, yarn, 512)};
}

std::vector<Entropy> entropies_of(std::size_t width) {
  return {VonNeumann{},
          BandMean{},
          TruncatedEffectiveRank{2},
          TruncatedMean{width},
          TruncatedMean{1},
          Uncomp{1},
          Uncomp{width},
          SpectralNorm{NormScale::raw},
          SpectralNorm{NormScale::trace_share}};
}

std::vector<Indicator> indicators_of(std::size_t width) {
  std::vector<Indicator> all;
  for (const Stage stage : {Stage::pre_ntk, Stage::post_ntk, Stage::post_rope}) {
    for (const ScoredSide side : {ScoredSide::query, ScoredSide::key, ScoredSide::both}) {
      for (const Entropy& entropy : entropies_of(width)) all.push_back({stage, side, entropy});
    }
  }
  return all;
}

Matrix gram_by_hand(const Rows& rows) {
  const std::size_t width = rows.front().size();
  Matrix gram(width, std::vector<Real>(width, 0));
  for (const auto& row : rows) {
    for (std::size_t a = 0; a < width; ++a) {
      for (std::size_t b = 0; b < width; ++b) gram[a][b] += row[a] * row[b];
    }
  }
  return gram;
}

/// Eigenvalues, descending, by cyclic Jacobi rotations in long double.
std::vector<Real> eigenvalues(Matrix a) {
  const std::size_t n = a.size();
  constexpr Real negligible = 1e-36L;  // of the product of the two eigenvalues that an entry couples
  for (int sweep = 0; sweep < 30; ++sweep) {
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        if (a[p][q] * a[p][q] <= negligible * std::fabs(a[p][p] * a[q][q])) continue;
        const Real theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const Real t = (theta >= 0 ? 1 : -1) / (std::fabs(theta) + std::sqrt(theta * theta + 1));
        const Real c = 1 / std::sqrt(t * t + 1);
        const Real s = t * c;
        for (std::size_t i = 0; i < n; ++i) {
          const Real x = a[i][p];
          a[i][p] = c * x - s * a[i][q];
          a[i][q] = s * x + c * a[i][q];
        }
        for (std::size_t i = 0; i < n; ++i) {
          const Real x = a[p][i];
          a[p][i] = c * x - s * a[q][i];
          a[q][i] = s * x + c * a[q][i];
        }
      }
    }
  }
  std::vector<Real> values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(std::max<Real>(a[i][i], 0));
  std::sort(values.begin(), values.end(), std::greater<>());
  return values;
}

Real x_log_x(Real x) { return x > 0 ? x * std::log(x) : 0; }

Real sum_of(const std::vector<Real>& values, std::size_t count) {
  Real sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += values[i];
  return sum;
}

/// Eigenvalues of one head: as it is, centred then normalised, and band by band.
struct SpectraByHand {
  std::vector<Real> head;
  std::vector<Real> uncomp;
  std::vector<std::vector<Real>> bands;

  SpectraByHand(Rows rows, Pairing pairing, std::size_t band_count) : head(eigenvalues(gram_by_hand(rows))) {
    for (std::size_t f = 0; f < band_count; ++f) {
      Rows pairs;
      for (const auto& row : rows) {
        const bool apart = pairing == Pairing::half_split;
        pairs.push_back({row[apart ? f : 2 * f], row[apart ? f + band_count : 2 * f + 1]});
      }
      bands.push_back(eigenvalues(gram_by_hand(pairs)));
    }
    const std::size_t width = rows.front().size();
    std::vector<Real> mean(width, 0);
    for (const auto& row : rows) {
      for (std::size_t c = 0; c < width; ++c) mean[c] += row[c] / static_cast<Real>(rows.size());
    }
    for (auto& row : rows) {
      Real norm = 0;
      for (std::size_t c = 0; c < width; ++c) row[c] -= mean[c], norm += row[c] * row[c];
      for (Real& x : row) x /= std::sqrt(norm);
    }
    uncomp = eigenvalues(gram_by_hand(rows));
  }
};

/// The entropies' definitions.
double score_by_hand(const Entropy& entropy, const SpectraByHand& spectra) {
  const auto& values = spectra.head;
  const std::size_t width = values.size();
  const Real trace = sum_of(values, width);
  Real sum = 0;
  if (std::holds_alternative<BandMean>(entropy)) {
    for (const auto& band : spectra.bands) {
      for (const Real value : band) sum -= x_log_x(value / sum_of(band, 2));
    }
    sum /= static_cast<Real>(spectra.bands.size());
  } else if (const auto* uncomp = std::get_if<Uncomp>(&entropy)) {
    const Real total = sum_of(spectra.uncomp, width);
    for (std::size_t i = 0; i < uncomp->r; ++i) sum -= x_log_x(spectra.uncomp[i] / total + 1e-10L);
    sum /= std::log(static_cast<Real>(width));
  } else if (std::holds_alternative<VonNeumann>(entropy)) {
    for (const Real value : values) sum -= x_log_x(value / trace);
  } else if (const auto* rank = std::get_if<TruncatedEffectiveRank>(&entropy)) {
    for (std::size_t i = 0; i < rank->r; ++i) sum -= x_log_x(values[i] / sum_of(values, rank->r));
    sum = std::exp(sum);
  } else if (const auto* truncated = std::get_if<TruncatedMean>(&entropy)) {
    for (std::size_t i = 0; i < truncated->r; ++i)
      sum += x_log_x(values[i]) / static_cast<Real>(truncated->r);
  } else {
    sum = std::get<SpectralNorm>(entropy).scale == NormScale::raw ? values[0] : values[0] / trace;
  }
  return static_cast<double>(sum);
}

template <Scalar T>
std::vector<tapped::Layer<T>> layers_of(const AttentionShape& shape, std::uint64_t seed = 0) {
  std::vector<tapped::Layer<T>> layers;
  for (std::size_t layer = 0; layer < shape.layers; ++layer) layers.emplace_back(shape, tokens, seed + layer);
  return layers;
}

HeadMeter meter_of(const Settings& settings, const std::vector<Indicator>& wanted, GramOptions gram = {}) {
  return HeadMeter(settings.shape, settings.pairing, settings.native, settings.scaled, wanted, gram);
}

/// Tokens [first, end) of a layer.
template <Scalar T>
void add_slice(HeadMeter& meter, std::size_t layer, const tapped::Layer<T>& rows, std::size_t first,
               std::size_t end) {
  auto q = rows.queries();
  auto k = rows.keys();
  q.data += first * q.token_stride, q.tokens = end - first;
  k.data += first * k.token_stride, k.tokens = end - first;
  meter.add(layer, q, k, first_position + static_cast<std::int64_t>(first));
}

template <Scalar T>
HeadMeter measured(const Settings& settings, const std::vector<tapped::Layer<T>>& layers,
                   const std::vector<Indicator>& wanted, GramOptions gram = {}) {
  HeadMeter meter = meter_of(settings, wanted, gram);
  const auto add_all = [&] {
    for (std::size_t layer = 0; layer < layers.size(); ++layer)
      add_slice(meter, layer, layers[layer], 0, tokens);
  };
  add_all();
  if (meter.needs_second_pass()) {
    meter.start_second_pass();
    add_all();
  }
  return meter;
}

double mean_over(const std::vector<double>& values, std::size_t first, std::size_t count) {
  double sum = 0.0;
  for (std::size_t i = 0; i < count; ++i) sum += values[first + i];
  return sum / static_cast<double>(count);
}

}  // namespace

TEST_CASE("scores are the entropies of the rows as each stage, side and policy says") {
  cases::for_each_scalar([]<class T>() {
    for (const AttentionShape& shape : shapes) {
      for (const Pairing pairing : cases::pairings) {
        const Settings settings = settings_of(shape, pairing);
        const auto layers = layers_of<T>(shape);
        const auto indicators = indicators_of(shape.head_width);
        GramOptions gram;
        const bool exact = std::is_same_v<T, double>;
        if (exact) gram.accumulation = Accumulation::double_blocks;
        const double epsilon = exact ? double_error : float_error;
        const HeadMeter meter = measured(settings, layers, indicators, gram);
        const std::size_t group = shape.query_heads / shape.key_heads;
        const auto per_query = meter.scores(indicators, GqaPolicy::per_query_head);
        const auto per_group = meter.scores(indicators, GqaPolicy::per_key_group);
        const auto find = [&](Stage stage, ScoredSide side, const Entropy& entropy) {
          const auto at = std::find(indicators.begin(), indicators.end(), Indicator{stage, side, entropy});
          return static_cast<std::size_t>(at - indicators.begin());
        };
        for (const Stage stage : {Stage::pre_ntk, Stage::post_ntk, Stage::post_rope}) {
          const Frequencies* frequencies = stage == Stage::pre_ntk    ? nullptr
                                           : stage == Stage::post_ntk ? &settings.scaled
                                                                      : &settings.native;
          for (std::size_t layer = 0; layer < shape.layers; ++layer) {
            const auto spectra_of = [&](HeadsView<const T> heads) {
              std::vector<SpectraByHand> spectra;
              for (std::size_t h = 0; h < heads.heads; ++h) {
                spectra.emplace_back(tapped::rotated(heads, h, frequencies, pairing, first_position), pairing,
                                     shape.rotated_width / 2);
              }
              return spectra;
            };
            const auto query_spectra = spectra_of(layers[layer].queries());
            const auto key_spectra = spectra_of(layers[layer].keys());
            for (const Entropy& entropy : entropies_of(shape.head_width)) {
              CAPTURE(name_of(entropy));
              const std::size_t query = find(stage, ScoredSide::query, entropy);
              const std::size_t key = find(stage, ScoredSide::key, entropy);
              const std::size_t both = find(stage, ScoredSide::both, entropy);
              std::vector<double> queries;
              std::vector<double> keys;
              for (const auto& spectra : query_spectra) queries.push_back(score_by_hand(entropy, spectra));
              for (const auto& spectra : key_spectra) keys.push_back(score_by_hand(entropy, spectra));
              for (std::size_t h = 0; h < shape.query_heads; ++h) {
                const std::size_t at = layer * shape.query_heads + h;
                const double of_both = (queries[h] + keys[h / group]) / 2;
                CHECK(per_query[both][at].id == HeadId{layer, h});
                CHECK(per_query[query][at].value == doctest::Approx(queries[h]).epsilon(epsilon));
                CHECK(per_query[key][at].value == doctest::Approx(keys[h / group]).epsilon(epsilon));
                CHECK(per_query[both][at].value == doctest::Approx(of_both).epsilon(epsilon));
              }
              for (std::size_t h = 0; h < shape.key_heads; ++h) {
                const std::size_t at = layer * shape.key_heads + h;
                const double of_group = mean_over(queries, h * group, group);
                CHECK(per_group[both][at].id == HeadId{layer, h});
                CHECK(per_group[query][at].value == doctest::Approx(of_group).epsilon(epsilon));
                CHECK(per_group[key][at].value == doctest::Approx(keys[h]).epsilon(epsilon));
                CHECK(per_group[both][at].value ==
                      doctest::Approx((of_group + keys[h]) / 2).epsilon(epsilon));
              }
            }
          }
        }
        for (std::size_t i = 0; i < indicators.size(); ++i) {
          const auto single = meter.scores(indicators[i], GqaPolicy::per_query_head);
          for (std::size_t h = 0; h < single.size(); ++h) CHECK(single[h].value == per_query[i][h].value);
        }
      }
    }
  });
}

TEST_CASE("chunks, merges and their order matter to rounding only, in both passes") {
  // Block sums in double differ by their order alone.
  constexpr double order_error = 1e-12;
  const Settings settings = settings_of({2, 4, 2, 6, 4}, Pairing::half_split);
  const auto layers = layers_of<double>(settings.shape);
  const auto indicators = indicators_of(6);
  const GramOptions gram{Centring::none, RowScaling::none, Accumulation::double_blocks};
  const auto whole =
      measured(settings, layers, indicators, gram).scores(indicators, GqaPolicy::per_query_head);
  const std::vector<std::vector<std::size_t>> divisions = {{1}, {256}, {7, 8, 290}, {100, 200}};
  for (std::vector<std::size_t> cuts : divisions) {
    cuts.push_back(tokens);
    HeadMeter meter = meter_of(settings, indicators, gram);
    const auto add_divided = [&] {
      std::vector<HeadMeter> parts(cuts.size(), meter.fresh());
      for (std::size_t layer = 0; layer < layers.size(); ++layer) {
        std::size_t first = 0;
        for (std::size_t i = 0; i < cuts.size(); ++i) {
          add_slice(parts[i], layer, layers[layer], first, cuts[i]);
          first = cuts[i];
        }
      }
      std::reverse(parts.begin(), parts.end());
      for (const HeadMeter& part : parts) meter.merge(part);
    };
    add_divided();
    meter.start_second_pass();
    add_divided();
    const auto divided = meter.scores(indicators, GqaPolicy::per_query_head);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (std::size_t h = 0; h < whole[i].size(); ++h) {
        CHECK(divided[i][h].value == doctest::Approx(whole[i][h].value).epsilon(order_error));
      }
    }
  }
}

TEST_CASE("layers added by different threads score as layers added by one") {
  const Settings settings = settings_of({2, 4, 2, 32, 32}, Pairing::half_split);
  const auto layers = layers_of<float>(settings.shape);
  const std::vector<Indicator> wanted = {{Stage::post_ntk, ScoredSide::both, VonNeumann{}}};
  const auto one = measured(settings, layers, wanted).scores(wanted[0], GqaPolicy::per_query_head);
  HeadMeter meter = meter_of(settings, wanted);
  std::thread other([&] { add_slice(meter, 1, layers[1], 0, tokens); });
  add_slice(meter, 0, layers[0], 0, tokens);
  other.join();
  const auto two = meter.scores(wanted[0], GqaPolicy::per_query_head);
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(one[i].value == two[i].value);
}

TEST_CASE("head-major and token-major buffers of the same heads score alike") {
  const Settings settings = settings_of({1, 4, 2, 6, 6}, Pairing::interleaved);
  const std::vector<Indicator> wanted = {{Stage::post_rope, ScoredSide::both, VonNeumann{}}};
  const tapped::Layer<float> rows(settings.shape, tokens, 0);
  const auto turned = [](HeadsView<const float> x) {
    std::vector<float> copy(x.tokens * x.heads * x.width);
    for (std::size_t h = 0; h < x.heads; ++h) {
      for (std::size_t t = 0; t < x.tokens; ++t) {
        std::copy_n(x.head(h).row(t), x.width, copy.data() + (h * x.tokens + t) * x.width);
      }
    }
    return copy;
  };
  auto q = turned(rows.queries());
  auto k = turned(rows.keys());
  HeadMeter a = meter_of(settings, wanted);
  HeadMeter b = meter_of(settings, wanted);
  a.add(0, rows.queries(), rows.keys(), 5);
  b.add(0, head_major(q.data(), 4, tokens, 6), head_major(k.data(), 2, tokens, 6), 5);
  const auto from_a = a.scores(wanted[0], GqaPolicy::per_query_head);
  const auto from_b = b.scores(wanted[0], GqaPolicy::per_query_head);
  for (std::size_t i = 0; i < from_a.size(); ++i) CHECK(from_a[i].value == from_b[i].value);
}

TEST_CASE("non-finite input is an error that names layer, side, head and token, and changes nothing") {
  cases::for_each_scalar([]<class T>() {
    const Settings settings = settings_of({2, 4, 2, 6, 4}, Pairing::half_split);
    const auto indicators = indicators_of(6);
    auto layers = layers_of<T>(settings.shape);
    HeadMeter meter = measured(settings, layers, indicators);
    const auto before = meter.scores(indicators, GqaPolicy::per_query_head);
    for (const float bad : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
      layers[1].k[(17 * 2 + 1) * 6 + 3] = static_cast<T>(bad);
      try {
        add_slice(meter, 1, layers[1], 0, tokens);
        FAIL("accepted");
      } catch (const Error& error) {
        const std::string what = error.what();
        for (const char* part : {"layer 1", "key head 1", "token 17", "channel 3"}) {
          CHECK(what.find(part) != std::string::npos);
        }
      }
      const auto after = meter.scores(indicators, GqaPolicy::per_query_head);
      for (std::size_t i = 0; i < before.size(); ++i) {
        for (std::size_t h = 0; h < before[i].size(); ++h) CHECK(after[i][h].value == before[i][h].value);
      }
    }
  });
}

TEST_CASE("a meter answers what it was made for, and refuses the rest") {
  const Settings settings = settings_of({2, 4, 2, 6, 4}, Pairing::half_split);
  const auto layers = layers_of<float>(settings.shape);
  const auto refuse = [](const HeadMeter& meter, const Indicator& indicator) {
    CHECK_THROWS_AS(static_cast<void>(meter.scores(indicator, GqaPolicy::per_query_head)), Error);
  };
  const std::vector<Indicator> wanted = {{Stage::post_ntk, ScoredSide::key, VonNeumann{}}};
  const HeadMeter meter = measured(settings, layers, wanted);
  CHECK(!meter.needs_second_pass());
  CHECK(meter.scores({Stage::post_ntk, ScoredSide::key, BandMean{}}, GqaPolicy::per_key_group).size() == 4);
  refuse(meter, {Stage::pre_ntk, ScoredSide::key, VonNeumann{}});
  refuse(meter, {Stage::post_ntk, ScoredSide::query, VonNeumann{}});
  refuse(meter, {Stage::post_ntk, ScoredSide::both, VonNeumann{}});
  refuse(meter, {Stage::post_ntk, ScoredSide::key, Uncomp{2}});
  refuse(meter, {Stage::post_ntk, ScoredSide::key, TruncatedMean{7}});
  refuse(meter, {Stage::post_ntk, ScoredSide::key, TruncatedEffectiveRank{1}});
  CHECK_NOTHROW(static_cast<void>(meter.gram(1, Side::key, 1, Stage::post_ntk)));
  CHECK_THROWS_AS(static_cast<void>(meter.gram(1, Side::query, 1, Stage::post_ntk)), Error);
  CHECK_THROWS_AS(static_cast<void>(meter.gram(1, Side::key, 2, Stage::post_ntk)), Error);
  CHECK_THROWS_AS(static_cast<void>(meter.spectra(2, Side::key, 0, Stage::post_ntk)), Error);
  refuse(meter_of(settings, wanted), wanted[0]);

  const std::vector<Indicator> twice = {{Stage::post_ntk, ScoredSide::key, Uncomp{2}}};
  HeadMeter two = meter_of(settings, twice);
  CHECK(two.needs_second_pass());
  CHECK_THROWS_AS(two.start_second_pass(), Error);  // no tokens yet
  for (std::size_t layer = 0; layer < 2; ++layer) add_slice(two, layer, layers[layer], 0, tokens);
  refuse(two, twice[0]);
  two.start_second_pass();
  CHECK_THROWS_AS(two.start_second_pass(), Error);
  for (std::size_t layer = 0; layer < 2; ++layer) add_slice(two, layer, layers[layer], 0, tokens - 1);
  refuse(two, twice[0]);
  for (std::size_t layer = 0; layer < 2; ++layer) add_slice(two, layer, layers[layer], tokens - 1, tokens);
  CHECK(two.scores(twice[0], GqaPolicy::per_query_head).size() == 8);

  HeadMeter other = meter_of(settings, twice);
  CHECK_THROWS_AS(other.merge(two), Error);
  CHECK_THROWS_AS(other.merge(meter), Error);
  CHECK_THROWS_AS(meter_of(settings, {}), Error);
  CHECK_THROWS_AS(meter_of(settings, {{Stage::post_ntk, ScoredSide::key, TruncatedEffectiveRank{1}}}), Error);
  Settings short_of_bands = settings;
  short_of_bands.scaled.omega.pop_back();
  CHECK_THROWS_AS(meter_of(short_of_bands, wanted), Error);
  CHECK_THROWS_AS(other.add(2, layers[0].queries(), layers[0].keys(), 0), Error);
  CHECK_THROWS_AS(other.add(0, layers[0].keys(), layers[0].keys(), 0), Error);
  const std::vector<std::int64_t> few(tokens - 1);
  CHECK_THROWS_AS(other.add(0, layers[0].queries(), layers[0].keys(), std::span<const std::int64_t>(few)),
                  Error);
}

TEST_CASE("rows that would overflow when rotated, in any head and block, are an error that changes nothing") {
  cases::for_each_scalar([]<class T>() {
    Settings settings = settings_of({1, 4, 2, 6, 4}, Pairing::half_split);
    settings.scaled.attention_factor = std::same_as<compute_t<T>, double> ? 1e100 : 1e30;
    const std::vector<Indicator> indicators = {{Stage::pre_ntk, ScoredSide::both, VonNeumann{}},
                                               {Stage::post_ntk, ScoredSide::both, VonNeumann{}}};
    HeadMeter meter(settings.shape, settings.pairing, settings.native, settings.scaled, indicators,
                    {Centring::none, RowScaling::none, Accumulation::double_blocks});
    tapped::Layer<T> layer(settings.shape, tokens, 5);
    meter.add(0, layer.queries(), layer.keys(), 0);
    const auto before = meter.scores(indicators, GqaPolicy::per_query_head);
    // Allowed where nothing is rotated: 2^120 (in float16, nothing is too large).
    const double bad = std::same_as<compute_t<T>, double> ? 0x1p+200 : 0x1p+60;
    if constexpr (!std::same_as<T, float16>) {
      for (auto* side : {&layer.q, &layer.k}) {
        for (const std::size_t at : {std::size_t{0}, side->size() / 2, side->size() - 1}) {
          const T good = (*side)[at];
          (*side)[at] = static_cast<T>(bad);
          CHECK_THROWS_AS(meter.add(0, layer.queries(), layer.keys(), 0), Error);
          const auto after = meter.scores(indicators, GqaPolicy::per_query_head);
          for (std::size_t i = 0; i < before.size(); ++i) {
            for (std::size_t h = 0; h < before[i].size(); ++h) CHECK(after[i][h].value == before[i][h].value);
          }
          HeadMeter unrotated(settings.shape, settings.pairing, settings.native, settings.scaled,
                              std::span(indicators).first(1));
          CHECK_NOTHROW(unrotated.add(0, layer.queries(), layer.keys(), 0));
          (*side)[at] = good;
        }
      }
    }
    for (const std::int64_t first : {std::numeric_limits<std::int64_t>::max(), std::int64_t{1} << 53,
                                     std::numeric_limits<std::int64_t>::min()}) {
      CHECK_THROWS_AS(meter.add(0, layer.queries(), layer.keys(), first), Error);
    }
    CHECK(meter.gram(0, Side::key, 1, Stage::post_ntk).tokens() == tokens);
  });
}

TEST_CASE("a merge that does not fit changes nothing: other means, or more tokens than sums can hold") {
  const Settings settings = settings_of({2, 2, 1, 4, 4}, Pairing::interleaved);
  const std::vector<Indicator> indicators = {{Stage::pre_ntk, ScoredSide::both, Uncomp{1}},
                                             {Stage::pre_ntk, ScoredSide::both, VonNeumann{}}};
  // The means of the two differ in the last head of the last layer alone.
  const auto second_pass = [&](float shift) {
    HeadMeter meter(settings.shape, settings.pairing, settings.native, settings.scaled, indicators);
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t layer = 0; layer < 2; ++layer) {
        tapped::Layer<float> rows(settings.shape, 20, 7 + layer);
        if (layer == 1) rows.k.back() += shift;
        meter.add(layer, rows.queries(), rows.keys(), 0);
      }
      if (pass == 0) meter.start_second_pass();
    }
    return meter;
  };
  HeadMeter meter = second_pass(0.0f);
  const auto before = meter.scores(indicators, GqaPolicy::per_query_head);
  const auto unchanged = [&](std::size_t count) {
    const auto after = meter.scores(indicators, GqaPolicy::per_query_head);
    for (std::size_t i = 0; i < before.size(); ++i) {
      for (std::size_t h = 0; h < before[i].size(); ++h) CHECK(after[i][h].value == before[i][h].value);
    }
    CHECK(meter.gram(0, Side::query, 0, Stage::pre_ntk).tokens() == count);
  };
  CHECK_THROWS_AS(meter.merge(second_pass(0.5f)), Error);
  unchanged(20);
  std::size_t count = 20;
  for (; count <= (std::size_t{1} << 61); count *= 2) {
    const HeadMeter same = meter;
    meter.merge(same);
  }
  const HeadMeter same = meter;
  CHECK_THROWS_AS(meter.merge(same), Error);
  CHECK(meter.gram(1, Side::key, 0, Stage::pre_ntk).tokens() == count);
  CHECK(meter.gram(1, Side::key, 0, Stage::pre_ntk).matrix() ==
        same.gram(1, Side::key, 0, Stage::pre_ntk).matrix());
  CHECK(std::isfinite(meter.scores(indicators, GqaPolicy::per_query_head)[0][0].value));
}

TEST_CASE("frequencies that no table can hold are refused when the meter is made") {
  const Settings settings = settings_of({1, 2, 1, 4, 4}, Pairing::interleaved);
  const Indicator indicator;
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(), 1e4}) {
    Frequencies broken = settings.native;
    broken.omega[1] = bad;
    CHECK_THROWS_AS(HeadMeter(settings.shape, settings.pairing, broken, settings.scaled, {&indicator, 1}),
                    Error);
    CHECK_THROWS_AS(HeadMeter(settings.shape, settings.pairing, settings.native, broken, {&indicator, 1}),
                    Error);
    if (std::isfinite(bad)) continue;
    broken = settings.native;
    broken.attention_factor = bad;
    CHECK_THROWS_AS(HeadMeter(settings.shape, settings.pairing, settings.native, broken, {&indicator, 1}),
                    Error);
  }
}
