// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "transformer/attention_pattern.hpp"
#include "transformer/cases.hpp"
#include "transformer/oracle.hpp"

namespace oracle {

/// M[i][j] for j ≤ i: the distance that a score is taken at; nothing where i does not see j.
using Distances = std::vector<std::vector<std::optional<std::ptrdiff_t>>>;

/// Positions of the queries and keys behind each entry of M.
struct PairPositions {
  std::size_t query = 0;
  std::size_t key = 0;
};
using Positions = std::vector<std::vector<std::optional<PairPositions>>>;

/// arXiv 2402.17463: the four lists of section 3, one entry per token of a chunk, and the case analysis of
/// eq. 8.
inline Positions dual_chunk_positions(std::size_t s, std::size_t w, std::size_t tokens) {
  const std::size_t c = s + w;
  std::vector<std::size_t> keys, intra, successive, inter;
  for (std::size_t r = 0; r < s; ++r) {
    keys.push_back(r);
    intra.push_back(r);
    successive.push_back(r < w ? s + r : c - 1);
    inter.push_back(c - 1);
  }
  Positions positions(tokens);
  for (std::size_t i = 0; i < tokens; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const std::size_t apart = i / s - j / s;
      const auto& queries = apart == 0 ? intra : apart == 1 ? successive : inter;
      positions[i].push_back(PairPositions{queries[i % s], keys[j % s]});
    }
  }
  return positions;
}

/// arXiv 2309.17453: a cache that keeps the first tokens and drops the oldest other one when it is full;
/// positions are places in the cache.
inline Positions sink_window_positions(std::size_t sinks, std::size_t window, std::size_t tokens) {
  Positions positions(tokens);
  std::vector<std::size_t> cache;
  for (std::size_t i = 0; i < tokens; ++i) {
    cache.push_back(i);
    if (cache.size() > sinks + window) cache.erase(cache.begin() + static_cast<std::ptrdiff_t>(sinks));
    positions[i].resize(i + 1);
    for (std::size_t place = 0; place < cache.size(); ++place) {
      positions[i][cache[place]] = PairPositions{cache.size() - 1, place};
    }
  }
  return positions;
}

inline Positions positions_of(const reference::AttentionPattern& pattern, std::size_t tokens) {
  if (const auto* dual = std::get_if<reference::DualChunk>(&pattern)) {
    return dual_chunk_positions(dual->chunk, dual->local, tokens);
  }
  if (const auto* rolling = std::get_if<reference::SinkWindow>(&pattern)) {
    return sink_window_positions(rolling->sinks, rolling->window, tokens);
  }
  Positions positions(tokens);
  for (std::size_t i = 0; i < tokens; ++i) {
    for (std::size_t j = 0; j <= i; ++j) positions[i].push_back(PairPositions{i, j});
  }
  return positions;
}

inline Distances distances_of(const Positions& positions) {
  Distances distances;
  for (const auto& row : positions) {
    distances.emplace_back();
    for (const auto& pair : row) {
      distances.back().push_back(pair ? std::optional(static_cast<std::ptrdiff_t>(pair->query) -
                                                      static_cast<std::ptrdiff_t>(pair->key))
                                      : std::nullopt);
    }
  }
  return distances;
}

inline Distances dual_chunk(std::size_t s, std::size_t w, std::size_t tokens) {
  return distances_of(dual_chunk_positions(s, w, tokens));
}

inline Distances sink_window(std::size_t sinks, std::size_t window, std::size_t tokens) {
  return distances_of(sink_window_positions(sinks, window, tokens));
}

/// Scores of every pair by itself, query and key each placed where M has them; one softmax over the row
/// follows.
inline Scores scores_by(const Place& place, const Positions& positions) {
  return [=](std::size_t layer, std::size_t head, const Rows& q, const Rows& k) {
    Rows scores(q.size());
    for (std::size_t i = 0; i < q.size(); ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        if (!positions[i][j]) {
          scores[i].push_back(-std::numeric_limits<double>::infinity());
          continue;
        }
        Vector query = q[i];
        Vector key = k[j];
        place(layer, head, i, positions[i][j]->query, false, query);
        place(layer, head, j, positions[i][j]->key, true, key);
        scores[i].push_back(dot(query, key));
      }
    }
    return scores;
  };
}

}  // namespace oracle
