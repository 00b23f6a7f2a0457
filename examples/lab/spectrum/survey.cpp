// SPDX-License-Identifier: MIT
#include "lab/spectrum/survey.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/rope/rotate.hpp"
#include "dope/rope/table.hpp"
#include "lab/spectrum/few_rows.hpp"
#include "lab/support/parallel.hpp"
#include "transformer/stop.hpp"

namespace spectrum {
namespace {

using dope::Side;
using dope::Stage;
using dope::detail::text;

constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

std::size_t stage_index(Stage stage) noexcept { return static_cast<std::size_t>(stage); }

/// All entropies of the library, r = 1, 4, 8, 16, 32 and what they refuse left out.
std::vector<dope::Entropy> entropies_for(std::size_t width) {
  std::vector<dope::Entropy> entropies = {dope::VonNeumann{}, dope::BandMean{}};
  const std::size_t ranks[] = {1, 4, 8, 16, 32};
  const auto add = [&](auto make, std::size_t least) {
    for (const std::size_t r : ranks) {
      if (r >= least && r <= width) entropies.push_back(make(r));
    }
  };
  add([](std::size_t r) { return dope::TruncatedEffectiveRank{r}; }, 2);
  add([](std::size_t r) { return dope::TruncatedMean{r}; }, 1);
  add([](std::size_t r) { return dope::Uncomp{r}; }, 1);
  entropies.emplace_back(dope::SpectralNorm{dope::NormScale::raw});
  entropies.emplace_back(dope::SpectralNorm{dope::NormScale::trace_share});
  return entropies;
}

/// The last token of each of `count` equal parts of `tokens`, all tokens where there are fewer.
std::vector<std::size_t> evenly(std::size_t tokens, std::size_t count) {
  count = std::min(tokens, count);
  std::vector<std::size_t> chosen(count);
  for (std::size_t i = 0; i < count; ++i) chosen[i] = (i + 1) * tokens / count - 1;
  return chosen;
}

std::vector<TokenRange> bins_of(std::size_t tokens, std::size_t count) {
  count = std::min(tokens, count);
  std::vector<TokenRange> bins(count);
  for (std::size_t i = 0; i < count; ++i) bins[i] = {i * tokens / count, (i + 1) * tokens / count};
  return bins;
}

/// The entropy of these spectra; not-a-number where the part it reads has none, as a band without energy.
double score_of(const dope::Entropy& entropy, const dope::HeadSpectra& spectra) {
  static_assert(dope::detail::alternatives<dope::Entropy> == 6, "score_of: every Entropy");
  const auto* bands = std::get_if<dope::BandMean>(&entropy);
  if (bands != nullptr) {
    for (std::size_t band = 0; band < spectra.bands->bands(); ++band) {
      if (!((*spectra.bands)[band].trace() > 0.0)) return no_value;
    }
  }
  if (std::holds_alternative<dope::Uncomp>(entropy) && !spectra.uncomp) return no_value;
  return dope::evaluate(entropy, spectra);
}

class Surveyor {
 public:
  Surveyor(const Projections& from, const SurveyOptions& options,
           const std::function<void(std::size_t, std::size_t)>& done)
      : from_(from), done_(done) {
    validate(from);
    if (options.attention_rows == 0 || options.bins == 0 || options.map_tokens == 0) {
      throw dope::Error("survey", "no attention rows, bins or map tokens", "at least 1 of each");
    }
    survey_.shape = from.shape;
    survey_.tokens = from.tokens;
    survey_.entropies = entropies_for(from.shape.head_width);
    survey_.attention_rows = evenly(from.tokens, options.attention_rows);
    survey_.bins = bins_of(from.tokens, options.bins);
    survey_.map_tokens = evenly(from.tokens, options.map_tokens);
    const std::size_t rows = from.shape.layers * (from.shape.query_heads + from.shape.key_heads);
    survey_.heads.resize(rows * std::size(stages));
    survey_.maps.resize(rows);
    survey_.attention.resize(from.shape.layers * from.shape.query_heads);
    survey_.scores.resize(survey_.attention.size() * std::size(stages));
    for (const Stage stage : {Stage::post_ntk, Stage::post_rope}) {
      const auto& frequencies = stage == Stage::post_ntk ? from.scaled : from.native;
      tables_[stage_index(stage)] = dope::RotationTable<double>(frequencies, std::int64_t{0}, from.tokens);
    }
  }

  Survey run() {
    const std::size_t heads = from_.shape.query_heads + from_.shape.key_heads;
    lab::for_each_in_parallel(from_.shape.layers * heads, [&](std::size_t i) {
      const std::size_t at = i % heads;
      const bool query = at < from_.shape.query_heads;
      measure_head(i / heads, query ? Side::query : Side::key, query ? at : at - from_.shape.query_heads);
      count();
    });
    lab::for_each_in_parallel(from_.shape.layers * from_.shape.key_heads, [&](std::size_t i) {
      measure_attention(i / from_.shape.key_heads, i % from_.shape.key_heads);
      count();
    });
    measure_scores();
    return std::move(survey_);
  }

 private:
  void count() {
    const std::lock_guard lock(counting_);
    ++finished_;
    if (done_) done_(finished_, survey_steps(from_.shape));
  }

  [[nodiscard]] std::size_t head_index(std::size_t layer, Side side, std::size_t head) const noexcept {
    return layer * (from_.shape.query_heads + from_.shape.key_heads) +
           (side == Side::key ? from_.shape.query_heads : 0) + head;
  }

  /// One head's rows in double, rotated as the stage says. Shape: [tokens, width].
  [[nodiscard]] std::vector<double> rows_of(std::size_t layer, Side side, std::size_t head,
                                            Stage stage) const {
    const auto& all = (side == Side::query ? from_.queries : from_.keys)[layer];
    const std::size_t heads = survey_.heads_of(side);
    const std::size_t width = from_.shape.head_width;
    std::vector<double> rows(from_.tokens * width);
    for (std::size_t token = 0; token < from_.tokens; ++token) {
      const float* row = all.data() + (token * heads + head) * width;
      std::copy(row, row + width, rows.begin() + static_cast<std::ptrdiff_t>(token * width));
    }
    if (stage != Stage::pre_ntk) {
      const auto view = dope::dense_head(rows.data(), from_.tokens, width);
      dope::rotate<double>(view, view, tables_[stage_index(stage)].view(), from_.pairing);
    }
    return rows;
  }

  void measure_head(std::size_t layer, Side side, std::size_t head) {
    const std::size_t width = from_.shape.head_width;
    HeadMaps& maps = survey_.maps[head_index(layer, side, head)];
    maps = {layer, side, head, {}, {}, {}};
    for (const Stage stage : stages) {
      reference::stop_if_asked();
      const auto rows = rows_of(layer, side, head, stage);
      const auto view = dope::dense_head<const double>(rows.data(), from_.tokens, width);
      HeadSpectrum& found =
          survey_.heads[head_index(layer, side, head) * std::size(stages) + stage_index(stage)];
      try {
        const bool mapped = stage == Stage::post_ntk;
        if (from_.tokens < width) {
          const FewRows few(view);
          found.spectra = spectra_of(view, few);
          if (mapped) maps.cosines = few.cosines(survey_.map_tokens);
        } else {
          const auto gram = gram_of(view, in_double(dope::Centring::none, dope::RowScaling::none));
          found.spectra = spectra_of(view, gram);
          if (mapped) maps.cosines = cosines(view, gram);
        }
        measure_spectra(found, view);
        if (stage == Stage::pre_ntk) maps.magnitude_before = magnitude(view);
        if (mapped) maps.magnitude_after = magnitude(view);
      } catch (const dope::Error& error) {
        throw dope::Error(text("layer ", layer, ", ", name_of(side), " head ", head, ", ", name_of(stage),
                               ": ", error.where()),
                          error.given(), error.expected());
      }
      found.layer = layer;
      found.side = side;
      found.head = head;
      found.stage = stage;
    }
  }

  static dope::GramOptions in_double(dope::Centring centring, dope::RowScaling rows) noexcept {
    return {centring, rows, dope::Accumulation::double_blocks};
  }

  /// gram: of these rows as they are.
  [[nodiscard]] dope::HeadSpectra spectra_of(dope::HeadView<const double> rows,
                                             const dope::Gram& gram) const {
    dope::HeadSpectra spectra;
    spectra.head = dope::spectrum_of(gram);
    spectra.bands = dope::band_grams_of(gram, from_.pairing, bands());
    const auto centred = gram_of(rows, in_double(dope::Centring::token_mean, dope::RowScaling::unit));
    if (centred.zero_rows() < centred.tokens()) spectra.uncomp = dope::spectrum_of(centred);
    return spectra;
  }

  [[nodiscard]] dope::HeadSpectra spectra_of(dope::HeadView<const double> rows, const FewRows& few) const {
    dope::HeadSpectra spectra;
    spectra.bands.emplace(bands(), from_.pairing).add(rows);
    spectra.head = few.spectrum();
    spectra.uncomp = few.centred_spectrum();
    return spectra;
  }

  [[nodiscard]] std::size_t bands() const noexcept { return from_.shape.rotated_width / 2; }

  /// All that follows from found.spectra and the rows.
  void measure_spectra(HeadSpectrum& found, dope::HeadView<const double> rows) const {
    for (const auto& entropy : survey_.entropies) found.entropies.push_back(score_of(entropy, found.spectra));
    found.effective_rank = dope::effective_rank(found.spectra.head);
    found.participation_ratio = dope::participation_ratio(found.spectra.head);
    found.stable_rank = dope::stable_rank(found.spectra.head);
    dope::TokenMean mean(rows.width);
    mean.add(rows);
    found.mean_share =
        static_cast<double>(rows.tokens) * mean.mean().squaredNorm() / found.spectra.head.trace;
    found.bands = dope::band_reports(rows, from_.pairing, bands());
  }

  [[nodiscard]] std::vector<double> magnitude(dope::HeadView<const double> rows) const {
    std::vector<double> means(survey_.bins.size() * rows.width);
    for (std::size_t bin = 0; bin < survey_.bins.size(); ++bin) {
      const TokenRange range = survey_.bins[bin];
      const auto count = static_cast<double>(range.end - range.first);
      for (std::size_t token = range.first; token < range.end; ++token) {
        for (std::size_t channel = 0; channel < rows.width; ++channel)
          means[bin * rows.width + channel] += std::abs(rows.row(token)[channel]) / count;
      }
    }
    return means;
  }

  [[nodiscard]] std::vector<double> cosines(dope::HeadView<const double> rows, const dope::Gram& gram) const {
    const auto system = dope::eigensystem_of(gram);
    std::vector<double> found(survey_.map_tokens.size() * rows.width);
    for (std::size_t i = 0; i < survey_.map_tokens.size(); ++i) {
      const Eigen::Map<const Eigen::VectorXd> row(rows.row(survey_.map_tokens[i]),
                                                  static_cast<Eigen::Index>(rows.width));
      const double norm = row.norm();
      for (std::size_t component = 0; norm > 0.0 && component < rows.width; ++component) {
        found[i * rows.width + component] =
            row.dot(system.vectors.col(static_cast<Eigen::Index>(component))) / norm;
      }
    }
    return found;
  }

  /// All query heads that read one key head, row after row: softmax of q·k/√d over the causal window.
  void measure_attention(std::size_t layer, std::size_t key_head) {
    const std::size_t width = from_.shape.head_width;
    const std::size_t tokens = from_.tokens;
    const auto keys = rows_of(layer, Side::key, key_head, Stage::post_ntk);
    std::vector<double> columns(keys.size());  // [width, tokens]
    for (std::size_t token = 0; token < tokens; ++token) {
      for (std::size_t c = 0; c < width; ++c) columns[c * tokens + token] = keys[token * width + c];
    }
    const double scale = 1.0 / std::sqrt(static_cast<double>(width));
    std::vector<double> row;
    for (std::size_t i = 0; i < from_.shape.group(); ++i) {
      const std::size_t head = key_head * from_.shape.group() + i;
      const auto queries = rows_of(layer, Side::query, head, Stage::post_ntk);
      HeadAttention& found = survey_.attention[layer * from_.shape.query_heads + head];
      found.layer = layer;
      found.head = head;
      const TokenRange needle = from_.needle.value_or(TokenRange{});
      dope::AttentionMeasures measures({1, needle.first, needle.end, 64});
      found.mean.assign(survey_.bins.size(), 0.0);
      for (const std::size_t token : survey_.attention_rows) {
        reference::stop_if_asked();
        row.assign(token + 1, 0.0);
        for (std::size_t c = 0; c < width; ++c) {
          const double query = scale * queries[token * width + c];
          const double* column = columns.data() + c * tokens;
          for (std::size_t j = 0; j <= token; ++j) row[j] += query * column[j];
        }
        const double highest = *std::max_element(row.begin(), row.end());
        double total = 0.0;
        for (double& share : row) total += share = std::exp(share - highest);
        for (double& share : row) share /= total;
        measures.add_row(std::span<const double>(row));
        found.last = binned(row);
        for (std::size_t bin = 0; bin < found.mean.size(); ++bin)
          found.mean[bin] += found.last[bin] / static_cast<double>(survey_.attention_rows.size());
      }
      found.sink_score = measures.sink_score(0);
      found.entropy = measures.entropy();
      found.recency = measures.recency();
      found.distance = measures.distance();
      if (from_.needle && needle.end < tokens) {
        found.needle_mass = measures.needle_mass();
        found.retrieval = std::accumulate(row.begin() + static_cast<std::ptrdiff_t>(needle.first),
                                          row.begin() + static_cast<std::ptrdiff_t>(needle.end), 0.0);
      }
    }
  }

  [[nodiscard]] std::vector<double> binned(std::span<const double> row) const {
    std::vector<double> shares(survey_.bins.size(), 0.0);
    for (std::size_t bin = 0; bin < shares.size(); ++bin) {
      for (std::size_t j = survey_.bins[bin].first; j < std::min(survey_.bins[bin].end, row.size()); ++j)
        shares[bin] += row[j];
    }
    return shares;
  }

  void measure_scores() {
    for (std::size_t layer = 0; layer < from_.shape.layers; ++layer) {
      for (std::size_t head = 0; head < from_.shape.query_heads; ++head) {
        for (const Stage stage : stages) {
          const auto& query = survey_.head(layer, Side::query, head, stage);
          const auto& key = survey_.head(layer, Side::key, from_.shape.key_head_of(head), stage);
          HeadScores& scores =
              survey_
                  .scores[(layer * from_.shape.query_heads + head) * std::size(stages) + stage_index(stage)];
          scores = {layer, head, stage, {}};
          for (std::size_t band = 0; band < query.bands.size(); ++band) {
            scores.bands.push_back(
                dope::band_score_report(query.bands[band], key.bands[band], from_.shape.head_width));
          }
        }
      }
    }
  }

  const Projections& from_;
  const std::function<void(std::size_t, std::size_t)>& done_;
  std::array<dope::RotationTable<double>, std::size(stages)> tables_;
  Survey survey_;
  std::mutex counting_;
  std::size_t finished_ = 0;
};

}  // namespace

const HeadSpectrum& Survey::head(std::size_t layer, Side side, std::size_t head, Stage stage) const {
  const std::size_t before = layer * (shape.query_heads + shape.key_heads);
  const std::size_t within = (side == Side::key ? shape.query_heads : 0) + head;
  return heads.at((before + within) * std::size(stages) + stage_index(stage));
}

const HeadScores& Survey::score(std::size_t layer, std::size_t head, Stage stage) const {
  return scores.at((layer * shape.query_heads + head) * std::size(stages) + stage_index(stage));
}

const HeadMaps& Survey::map(std::size_t layer, Side side, std::size_t head) const {
  return maps.at(layer * (shape.query_heads + shape.key_heads) + (side == Side::key ? shape.query_heads : 0) +
                 head);
}

double Survey::sink_rate(double threshold) const {
  const auto sinks = std::count_if(attention.begin(), attention.end(),
                                   [&](const HeadAttention& a) { return a.sink_score > threshold; });
  return static_cast<double>(sinks) / static_cast<double>(attention.size());
}

double slow_energy(const Projections& from, const HeadSpectrum& head) {
  double energy = 0.0;
  for (const auto& band : head.bands) {
    if (dope::wavelength(from.native.omega[band.band]) >= static_cast<double>(from.training_length))
      energy += band.energy_share;
  }
  return energy;
}

std::size_t survey_steps(const dope::AttentionShape& shape) noexcept {
  return shape.layers * (shape.query_heads + 2 * shape.key_heads);
}

Survey survey_of(const Projections& projections, const SurveyOptions& options,
                 const std::function<void(std::size_t, std::size_t)>& done) {
  return Surveyor(projections, options, done).run();
}

}  // namespace spectrum
