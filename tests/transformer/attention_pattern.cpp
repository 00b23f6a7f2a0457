// SPDX-License-Identifier: MIT
#include "transformer/attention_pattern.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <vector>

#include "dope/core/error.hpp"
#include "transformer/pattern_oracle.hpp"

namespace {

using reference::AttentionPattern;
using reference::DualChunk;
using reference::FullAttention;
using reference::SinkWindow;

/// Distance from query to key by the code under test; nothing where the key is not met. Fails the test
/// where a key is met twice.
std::vector<std::optional<std::ptrdiff_t>> distances(const AttentionPattern& pattern, std::size_t token) {
  std::vector<std::optional<std::ptrdiff_t>> row(token + 1);
  for (const auto& sight : sights_of(pattern, token)) {
    if (!sight.keys.empty()) CHECK(sight.position <= token);
    for (std::size_t j = sight.keys.begin; j < sight.keys.end; ++j) {
      REQUIRE(j <= token);
      CHECK(!row[j].has_value());
      CHECK(key_position(pattern, j) <= j);
      row[j] =
          static_cast<std::ptrdiff_t>(sight.position) - static_cast<std::ptrdiff_t>(key_position(pattern, j));
    }
  }
  return row;
}

void check_against(const oracle::Distances& expected, const AttentionPattern& pattern) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto row = distances(pattern, i);
    for (std::size_t j = 0; j <= i; ++j) {
      CAPTURE(i);
      CAPTURE(j);
      CHECK(row[j] == expected[i][j]);
    }
  }
}

}  // namespace

TEST_CASE("dual chunk attention has the distances of the paper's Figure 2") {
  // s = 6, c = 10, w = 4; rows 6 to 12 of M, row 12 one chunk further than the figure goes.
  const std::vector<std::vector<std::ptrdiff_t>> figure = {{6, 5, 4, 3, 2, 1, 0},
                                                           {7, 6, 5, 4, 3, 2, 1, 0},
                                                           {8, 7, 6, 5, 4, 3, 2, 1, 0},
                                                           {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
                                                           {9, 8, 7, 6, 5, 4, 4, 3, 2, 1, 0},
                                                           {9, 8, 7, 6, 5, 4, 5, 4, 3, 2, 1, 0},
                                                           {9, 8, 7, 6, 5, 4, 6, 5, 4, 3, 2, 1, 0}};
  for (std::size_t i = 6; i <= 12; ++i) {
    const auto row = distances(DualChunk{6, 4}, i);
    for (std::size_t j = 0; j <= i; ++j) CHECK(row[j] == figure[i - 6][j]);
  }
}

TEST_CASE("dual chunk attention follows the published case analysis") {
  for (const auto& [chunk, local] : std::initializer_list<std::pair<std::size_t, std::size_t>>{
           {1, 1}, {2, 1}, {2, 2}, {5, 1}, {6, 4}, {7, 7}, {24, 8}, {33, 11}}) {
    check_against(oracle::dual_chunk(chunk, local, 5 * chunk + 3), DualChunk{chunk, local});
  }
}

TEST_CASE("dual chunk attention keeps near distances and goes no further than c - 1") {
  const DualChunk dual{12, 5};
  for (std::size_t i = 0; i < 60; ++i) {
    const auto row = distances(dual, i);
    for (std::size_t j = 0; j <= i; ++j) {
      REQUIRE(row[j].has_value());
      CHECK(*row[j] >= 0);
      CHECK(*row[j] <= 16);
      if (i - j <= dual.local) CHECK(*row[j] == static_cast<std::ptrdiff_t>(i - j));
    }
  }
}

TEST_CASE("sink and window are the rolling cache, simulated token by token") {
  for (const std::size_t sinks : std::initializer_list<std::size_t>{0, 1, 4, 9}) {
    for (const std::size_t window : std::initializer_list<std::size_t>{1, 2, 7, 30}) {
      check_against(oracle::sink_window(sinks, window, 50), SinkWindow{sinks, window});
    }
  }
}

TEST_CASE("full attention meets every token at its own distance") {
  for (std::size_t i = 0; i < 20; ++i) {
    const auto row = distances(FullAttention{}, i);
    for (std::size_t j = 0; j <= i; ++j) CHECK(row[j] == static_cast<std::ptrdiff_t>(i - j));
  }
}

TEST_CASE("defaults are those of the papers and of the published code") {
  CHECK(DualChunk::of_paper(4096) == DualChunk{3072, 1024});
  CHECK(DualChunk::of_paper(512) == DualChunk{384, 128});
  CHECK(SinkWindow::of_paper(4096) == SinkWindow{4, 4092});
  // The code: chunk_size = 3L/4, local_window = L/16, chunk_len = chunk_size - local_window; keys at
  // j mod chunk_len; queries of later parts at min(r + chunk_len, chunk_size), the inter part's at the last
  // r.
  for (const std::size_t length : std::initializer_list<std::size_t>{64, 512, 4096}) {
    const std::size_t chunk_size = length * 3 / 4;
    const std::size_t chunk_len = chunk_size - length / 16;
    const AttentionPattern pattern = DualChunk::of_code(length);
    for (std::size_t token = 0; token < 4 * chunk_len; token += 1 + length / 60) {
      const auto sights = sights_of(pattern, token);
      CHECK(key_position(pattern, token) == token % chunk_len);
      CHECK(sights[0].position == token % chunk_len);
      if (token >= chunk_len) {
        CHECK(sights[1].position == std::min(token % chunk_len + chunk_len, chunk_size));
      }
      if (token >= 2 * chunk_len) CHECK(sights[2].position == std::min(2 * chunk_len - 1, chunk_size));
    }
  }
}

TEST_CASE("a pattern without meaning is an error, and every pattern has a name") {
  CHECK_THROWS_AS(validate(DualChunk{0, 0}), dope::Error);
  CHECK_THROWS_AS(validate(DualChunk{8, 0}), dope::Error);
  CHECK_THROWS_AS(validate(DualChunk{8, 9}), dope::Error);
  CHECK_THROWS_AS(validate(SinkWindow{4, 0}), dope::Error);
  CHECK_NOTHROW(validate(DualChunk{8, 8}));
  CHECK_NOTHROW(validate(SinkWindow{0, 1}));
  CHECK_NOTHROW(validate(FullAttention{}));
  CHECK(name_of(AttentionPattern(FullAttention{})) == "full");
  CHECK(name_of(AttentionPattern(DualChunk{384, 128})) == "dual_chunk(chunk=384, local=128)");
  CHECK(name_of(AttentionPattern(SinkWindow{4, 508})) == "sink_window(sinks=4, window=508)");
}
