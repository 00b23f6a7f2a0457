// SPDX-License-Identifier: MIT
#include "candidates.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <set>

#include "dope/core/error.hpp"

namespace effects {
namespace {

constexpr auto pairing = reference::Config::pairing;

double total_variation(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t j = 0; j < a.size(); ++j) sum += std::abs(a[j] - b[j]);
  return 0.5 * sum;
}

}  // namespace

std::vector<double> unseen_phases(const dope::Frequencies& native, std::size_t training_length,
                                  const dope::Frequencies& scaled, std::size_t length) {
  if (native.bands() != scaled.bands() || training_length == 0) {
    throw dope::Error("unseen_phases",
                      dope::detail::text(native.bands(), " native and ", scaled.bands(),
                                         " scaled frequencies, training length ", training_length),
                      "equally many, and a training length of at least 1");
  }
  constexpr double turn = 2.0 * std::numbers::pi;
  constexpr double rounding = 1e-9;
  std::vector<double> unseen(native.bands(), 0.0);
  for (std::size_t band = 0; band < native.bands(); ++band) {
    const double trained = native.omega[band] * static_cast<double>(training_length);
    const double reached = std::min(scaled.omega[band] * static_cast<double>(length), turn);
    if (reached > trained * (1.0 + rounding)) unseen[band] = 1.0 - trained / reached;
  }
  return unseen;
}

UnseenEnergy unseen_energy(const dope::Gram& gram, dope::Pairing layout, std::span<const double> unseen) {
  const auto bands = dope::band_grams_of(gram, layout, unseen.size());
  const double all = gram.matrix().trace();
  if (!(all > 0.0)) throw dope::Error("unseen_energy", "a Gram of zeros", "a head with energy");
  UnseenEnergy energy;
  for (std::size_t band = 0; band < unseen.size(); ++band) {
    if (unseen[band] > 0.0) energy.share += bands[band].trace() / all;
    energy.graded += unseen[band] * bands[band].trace() / all;
  }
  return energy;
}

BandScore band_score(const dope::BandGrams& query, const dope::BandGrams& key,
                     std::span<const std::size_t> bands, std::size_t head_width) {
  BandScore score;
  for (const std::size_t band : bands) {
    dope::BandReport q;
    q.band = band;
    q.tokens = query.tokens();
    q.gram = query[band];
    dope::BandReport k = q;
    k.tokens = key.tokens();
    k.gram = key[band];
    const double entry = dope::band_score_report(q, k, head_width).entry_bound;
    score.greatest = std::max(score.greatest, entry);
    score.sum += entry;
  }
  return score;
}

void attention_row(std::span<const float> query, const float* keys, std::size_t stride, std::size_t count,
                   std::vector<double>& row) {
  std::vector<float> scores(count, 0.0f);
  for (std::size_t channel = 0; channel < query.size(); ++channel) {
    const float* key = keys + channel * stride;
    for (std::size_t j = 0; j < count; ++j) scores[j] += query[channel] * key[j];
  }
  const double scale = 1.0 / std::sqrt(static_cast<double>(query.size()));
  const double highest = static_cast<double>(*std::max_element(scores.begin(), scores.end()));
  row.resize(count);
  double total = 0.0;
  for (std::size_t j = 0; j < count; ++j) {
    row[j] = std::exp(scale * (static_cast<double>(scores[j]) - highest));
    total += row[j];
  }
  for (double& share : row) share /= total;
}

AttentionCollector::AttentionCollector(const Setting& setting, const Place& place, const Prompt& prompt,
                                       std::size_t rows)
    : prompt_(prompt), shape_(setting.model.shape()), tokens_(prompt.tokens), layers_(shape_.layers) {
  const auto scaled = setting.frequencies(place);
  const std::size_t training = setting.model.config().training_length;
  kinds_ = {scaled, dope::denoised_frequencies(dope::ByParts{}, setting.native(), scaled, training),
            dope::denoised_frequencies(dope::ByAll{}, setting.native(), scaled, training)};
  const std::size_t digits = prompt.expected.size();
  tokens_.insert(tokens_.end(), prompt.expected.begin(), prompt.expected.end() - 1);
  const std::size_t count = std::min(rows, tokens_.size());
  std::set<std::int64_t> evenly;
  for (std::size_t k = 0; k < count; ++k)
    evenly.insert(static_cast<std::int64_t>((k + 1) * tokens_.size() / count - 1));
  std::set<std::int64_t> all = evenly;
  for (std::size_t i = 0; i < digits; ++i)
    all.insert(static_cast<std::int64_t>(prompt.tokens.size() - 1 + i));
  rows_.assign(all.begin(), all.end());
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (evenly.contains(rows_[i])) evenly_.push_back(i);
    if (rows_[i] + 1 >= static_cast<std::int64_t>(prompt.tokens.size())) answers_.push_back(i);
  }
  for (Layer& layer : layers_) {
    layer.queries.resize(rows_.size() * shape_.query_heads * shape_.head_width);
    layer.keys.resize(shape_.key_heads * tokens_.size() * shape_.head_width);
  }
}

void AttentionCollector::add(std::size_t layer, dope::HeadsView<const float> queries,
                             dope::HeadsView<const float> keys, std::size_t first) {
  const std::size_t width = shape_.head_width;
  Layer& kept = layers_.at(layer);
  for (std::size_t head = 0; head < shape_.key_heads; ++head) {
    for (std::size_t token = 0; token < keys.tokens; ++token) {
      std::copy_n(
          keys.head(head).row(token), width,
          kept.keys.begin() + static_cast<std::ptrdiff_t>((head * tokens_.size() + first + token) * width));
    }
  }
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const auto row = static_cast<std::size_t>(rows_[i]);
    if (row < first || row >= first + queries.tokens) continue;
    for (std::size_t head = 0; head < shape_.query_heads; ++head) {
      std::copy_n(
          queries.head(head).row(row - first), width,
          kept.queries.begin() + static_cast<std::ptrdiff_t>((i * shape_.query_heads + head) * width));
    }
  }
}

std::vector<AttentionCandidates> AttentionCollector::measure() const {
  const std::size_t width = shape_.head_width;
  const std::size_t tokens = tokens_.size();
  std::vector<dope::RotationTable<float>> key_tables;
  std::vector<dope::RotationTable<float>> query_tables;
  for (const auto& kind : kinds_) {
    key_tables.emplace_back(kind, std::int64_t{0}, tokens);
    query_tables.emplace_back(kind, std::span<const std::int64_t>(rows_));
  }
  std::vector<std::vector<float>> columns(kinds_.size(), std::vector<float>(width * tokens));
  std::vector<std::vector<float>> turned(kinds_.size(), std::vector<float>(rows_.size() * width));
  std::vector<float> plain(std::max(tokens, rows_.size()) * width);
  std::vector<float> rotated(tokens * width);
  std::vector<std::vector<double>> row(kinds_.size());
  std::vector<AttentionCandidates> found;
  const auto asked_mass = [&](const std::vector<double>& shares) {
    return std::accumulate(shares.begin() + static_cast<std::ptrdiff_t>(prompt_.asked_first),
                           shares.begin() + static_cast<std::ptrdiff_t>(prompt_.asked_end), 0.0);
  };
  for (const Layer& layer : layers_) {
    for (std::size_t head = 0; head < shape_.query_heads; ++head) {
      for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
        if (head % shape_.group() == 0) {
          const float* keys = layer.keys.data() + shape_.key_head_of(head) * tokens * width;
          dope::rotate<float>(dope::dense_head(keys, tokens, width),
                              dope::dense_head(rotated.data(), tokens, width), key_tables[kind].view(),
                              pairing);
          for (std::size_t j = 0; j < tokens; ++j) {
            for (std::size_t c = 0; c < width; ++c) columns[kind][c * tokens + j] = rotated[j * width + c];
          }
        }
        for (std::size_t i = 0; i < rows_.size(); ++i) {
          std::copy_n(layer.queries.data() + (i * shape_.query_heads + head) * width, width,
                      plain.data() + i * width);
        }
        dope::rotate<float>(dope::dense_head<const float>(plain.data(), rows_.size(), width),
                            dope::dense_head(turned[kind].data(), rows_.size(), width),
                            query_tables[kind].view(), pairing);
      }
      const auto make_row = [&](std::size_t kind, std::size_t i) {
        const std::span<const float> query(turned[kind].data() + i * width, width);
        attention_row(query, columns[kind].data(), tokens, static_cast<std::size_t>(rows_[i]) + 1, row[kind]);
      };
      dope::AttentionMeasures even(dope::AttentionProbe{});
      dope::AttentionMeasures answer({1, prompt_.asked_first, prompt_.asked_end, 64});
      AttentionCandidates candidates;
      for (std::size_t i = 0; i < rows_.size(); ++i) {
        for (std::size_t kind = 0; kind < kinds_.size(); ++kind) make_row(kind, i);
        const double by_parts = total_variation(row[0], row[1]);
        const double by_all = total_variation(row[0], row[2]);
        if (std::binary_search(evenly_.begin(), evenly_.end(), i)) {
          even.add_row(std::span<const double>(row[0]));
          candidates.shift_by_parts += by_parts / static_cast<double>(evenly_.size());
          candidates.shift_by_all += by_all / static_cast<double>(evenly_.size());
        }
        const auto position = static_cast<std::size_t>(rows_[i]) + 1;
        if (position >= prompt_.tokens.size()) {
          const auto count = static_cast<double>(answers_.size());
          answer.add_row(std::span<const double>(row[0]));
          candidates.copying += row[0][prompt_.code_first + position - prompt_.tokens.size()] / count;
          candidates.answer_shift_by_parts += by_parts / count;
          candidates.answer_shift_by_all += by_all / count;
          candidates.retrieval_change_by_parts += (asked_mass(row[1]) - asked_mass(row[0])) / count;
          candidates.retrieval_change_by_all += (asked_mass(row[2]) - asked_mass(row[0])) / count;
        }
      }
      candidates.sink = even.sink_score(0);
      candidates.entropy = even.entropy();
      candidates.recency = even.recency();
      candidates.distance = even.distance();
      candidates.retrieval = answer.needle_mass();
      found.push_back(candidates);
    }
  }
  return found;
}

}  // namespace effects
