// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "transformer/config.hpp"
#include "transformer/weights.hpp"

namespace oracle {

using Vector = std::vector<double>;
using Rows = std::vector<Vector>;

/// What one query head's query or key becomes before the score, rotated to a position: (layer, query head,
/// token, position, is key, x).
using Place = std::function<void(std::size_t, std::size_t, std::size_t, std::size_t, bool, Vector&)>;

/// Scores of one query head, [tokens][tokens]: (layer, query head, unrotated q, unrotated k). Of a row i
/// the first i + 1 count; −∞ where j is not seen.
using Scores = std::function<Rows(std::size_t, std::size_t, const Rows&, const Rows&)>;

inline Vector times(const reference::Matrix& matrix, const Vector& x, std::span<const float> bias = {}) {
  Vector y(matrix.rows);
  for (std::size_t o = 0; o < matrix.rows; ++o) {
    for (std::size_t i = 0; i < matrix.columns; ++i) y[o] += static_cast<double>(matrix.row(o)[i]) * x[i];
    if (!bias.empty()) y[o] += static_cast<double>(bias[o]);
  }
  return y;
}

inline Vector normed(const Vector& x, std::span<const float> weight, double epsilon) {
  double squares = 0.0;
  for (const double value : x) squares += value * value;
  const double rms = std::sqrt(squares / static_cast<double>(x.size()) + epsilon);
  Vector y(x.size());
  for (std::size_t c = 0; c < x.size(); ++c) y[c] = x[c] / rms * static_cast<double>(weight[c]);
  return y;
}

inline double dot(const Vector& x, const Vector& y) {
  double sum = 0.0;
  for (std::size_t c = 0; c < x.size(); ++c) sum += x[c] * y[c];
  return sum;
}

inline void add(Vector& x, const Vector& y) {
  for (std::size_t c = 0; c < x.size(); ++c) x[c] += y[c];
}

/// Turns the pairs (f, f + d/2) of x by omega[f]·position and stretches them by `factor`.
inline void turn(Vector& x, const Vector& omega, double factor, std::size_t position) {
  const std::size_t half = omega.size();
  for (std::size_t f = 0; f < half; ++f) {
    const double c = factor * std::cos(omega[f] * static_cast<double>(position));
    const double s = factor * std::sin(omega[f] * static_cast<double>(position));
    const double a = x[f];
    const double b = x[f + half];
    x[f] = a * c - b * s;
    x[f + half] = b * c + a * s;
  }
}

/// Logits of every position, [tokens][vocabulary]: the transformer as its equations read, in double,
/// one token and one head at a time.
inline Rows logits(const reference::Config& config, const reference::Weights& weights,
                   std::span<const std::int32_t> tokens, const Scores& scores_of) {
  const std::size_t width = config.head_width;
  const std::size_t group = config.query_heads / config.key_heads;
  Rows x;
  for (const std::int32_t token : tokens) {
    const auto row = weights.embedding.row(static_cast<std::size_t>(token));
    x.emplace_back(row.begin(), row.end());
  }
  for (std::size_t layer = 0; layer < config.layers; ++layer) {
    const auto& w = weights.layers[layer];
    Rows q, k, v;
    for (const Vector& row : x) {
      const Vector h = normed(row, w.attention_norm, config.rms_epsilon);
      q.push_back(times(w.query, h, w.query_bias));
      k.push_back(times(w.key, h, w.key_bias));
      v.push_back(times(w.value, h, w.value_bias));
    }
    Rows mixed(x.size(), Vector(config.query_heads * width));
    for (std::size_t head = 0; head < config.query_heads; ++head) {
      const auto part = [&](const Vector& row, std::size_t index) {
        return Vector(row.begin() + static_cast<std::ptrdiff_t>(index * width),
                      row.begin() + static_cast<std::ptrdiff_t>((index + 1) * width));
      };
      Rows head_q, head_k;
      for (std::size_t t = 0; t < x.size(); ++t) {
        head_q.push_back(part(q[t], head));
        head_k.push_back(part(k[t], head / group));
      }
      const Rows scores = scores_of(layer, head, head_q, head_k);
      for (std::size_t i = 0; i < x.size(); ++i) {
        Vector weight(i + 1);
        double highest = -1e300;
        for (std::size_t j = 0; j <= i; ++j) {
          weight[j] = scores[i][j] / std::sqrt(static_cast<double>(width));
          highest = std::max(highest, weight[j]);
        }
        double total = 0.0;
        for (double& entry : weight) total += entry = std::exp(entry - highest);
        for (std::size_t j = 0; j <= i; ++j) {
          for (std::size_t c = 0; c < width; ++c) {
            mixed[i][head * width + c] += weight[j] / total * v[j][head / group * width + c];
          }
        }
      }
    }
    for (std::size_t t = 0; t < x.size(); ++t) {
      add(x[t], times(w.output, mixed[t]));
      const Vector h = normed(x[t], w.mlp_norm, config.rms_epsilon);
      Vector gate = times(w.gate, h);
      const Vector up = times(w.up, h);
      for (std::size_t c = 0; c < gate.size(); ++c) gate[c] = gate[c] / (1.0 + std::exp(-gate[c])) * up[c];
      add(x[t], times(w.down, gate));
    }
  }
  Rows out;
  for (const Vector& row : x)
    out.push_back(times(weights.head, normed(row, weights.final_norm, config.rms_epsilon)));
  return out;
}

/// The same for full attention: query i at position i, key j at position j.
inline Rows logits(const reference::Config& config, const reference::Weights& weights,
                   std::span<const std::int32_t> tokens, const Place& place) {
  return logits(config, weights, tokens,
                Scores([&](std::size_t layer, std::size_t head, const Rows& q, const Rows& k) {
                  Rows placed_q = q;
                  Rows placed_k = k;
                  Rows scores(q.size());
                  for (std::size_t i = 0; i < q.size(); ++i) {
                    place(layer, head, i, i, false, placed_q[i]);
                    place(layer, head, i, i, true, placed_k[i]);
                    for (std::size_t j = 0; j <= i; ++j) scores[i].push_back(dot(placed_q[i], placed_k[j]));
                  }
                  return scores;
                }));
}

}  // namespace oracle
