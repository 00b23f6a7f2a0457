// SPDX-License-Identifier: MIT
#include "transformer/attention.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <random>
#include <span>
#include <vector>

#include "dope/core/error.hpp"

namespace {

using reference::AttentionPart;
using reference::causal_attention;
using reference::KeyCache;
using reference::KeyRange;
using reference::merged_attention;
using reference::ValueCache;

// Float sums of up to 700 weights, each weight and value of order 1: 700·2⁻²⁴ in the worst case, far
// less in the mean.
constexpr double attention_tolerance = 5e-6;

std::vector<float> random_floats(std::size_t count, unsigned seed, float size = 1.0f) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, size);
  std::vector<float> values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

struct Head {
  Head(std::size_t count, std::size_t head_width, float size = 1.0f)
      : tokens(count),
        width(head_width),
        q(random_floats(count * head_width, 1, size)),
        k(random_floats(count * head_width, 2, size)),
        v(random_floats(count * head_width, 3)),
        keys(count, head_width),
        values(count, head_width) {
    keys.write(0, dope::dense_head<const float>(k.data(), tokens, width));
    values.write(0, dope::dense_head<const float>(v.data(), tokens, width));
  }

  /// Rows [first, first + count) in one call.
  void attend(std::size_t first, std::size_t count, std::vector<float>& out) const {
    causal_attention(dope::dense_head<const float>(q.data() + first * width, count, width), keys, values,
                     first, dope::dense_head(out.data() + first * width, count, width));
  }

  [[nodiscard]] std::vector<double> oracle(std::size_t row) const {
    std::vector<double> weight(row + 1);
    double highest = -1e300;
    for (std::size_t j = 0; j <= row; ++j) {
      double score = 0.0;
      for (std::size_t c = 0; c < width; ++c) {
        score += static_cast<double>(q[row * width + c]) * static_cast<double>(k[j * width + c]);
      }
      weight[j] = score / std::sqrt(static_cast<double>(width));
      highest = std::max(highest, weight[j]);
    }
    double total = 0.0;
    for (double& w : weight) total += w = std::exp(w - highest);
    std::vector<double> mixed(width);
    for (std::size_t j = 0; j <= row; ++j) {
      for (std::size_t c = 0; c < width; ++c)
        mixed[c] += weight[j] / total * static_cast<double>(v[j * width + c]);
    }
    return mixed;
  }

  std::size_t tokens;
  std::size_t width;
  std::vector<float> q, k, v;
  KeyCache keys;
  ValueCache values;
};

/// Parts over one head's caches: queries of their own, and any ranges, some empty, some ending inside a
/// block.
struct Parts {
  Parts(const Head& of, std::size_t parts, float size) : head(of) {
    std::mt19937 generator(7);
    const auto below = [&](std::size_t limit) {
      return std::uniform_int_distribution<std::size_t>(0, limit - 1)(generator);
    };
    for (std::size_t part = 0; part < parts; ++part) {
      q.push_back(random_floats(head.tokens * head.width, static_cast<unsigned>(10 + part), size));
      seen.emplace_back(head.tokens);
      for (std::size_t row = 0; row < head.tokens; ++row) {
        const std::size_t begin = below(head.tokens);
        if (part == 0 || below(3) > 0) seen[part][row] = {begin, begin + 1 + below(head.tokens - begin)};
      }
    }
  }

  /// Rows [first, first + count) in one call.
  void attend(std::size_t first, std::size_t count, std::vector<float>& out) const {
    std::vector<AttentionPart> parts;
    for (std::size_t part = 0; part < q.size(); ++part) {
      parts.push_back({dope::dense_head<const float>(q[part].data() + first * head.width, count, head.width),
                       std::span(seen[part]).subspan(first, count)});
    }
    merged_attention(parts, head.keys, head.values,
                     dope::dense_head(out.data() + first * head.width, count, head.width));
  }

  /// All scores of all parts in one list, then one softmax.
  [[nodiscard]] std::vector<double> oracle(std::size_t row) const {
    std::vector<double> weight;
    std::vector<std::size_t> token;
    double highest = -1e300;
    for (std::size_t part = 0; part < q.size(); ++part) {
      for (std::size_t j = seen[part][row].begin; j < seen[part][row].end; ++j) {
        double score = 0.0;
        for (std::size_t c = 0; c < head.width; ++c) {
          score += static_cast<double>(q[part][row * head.width + c]) *
                   static_cast<double>(head.k[j * head.width + c]);
        }
        weight.push_back(score / std::sqrt(static_cast<double>(head.width)));
        token.push_back(j);
        highest = std::max(highest, weight.back());
      }
    }
    double total = 0.0;
    for (double& w : weight) total += w = std::exp(w - highest);
    std::vector<double> mixed(head.width);
    for (std::size_t i = 0; i < weight.size(); ++i) {
      for (std::size_t c = 0; c < head.width; ++c)
        mixed[c] += weight[i] / total * static_cast<double>(head.v[token[i] * head.width + c]);
    }
    return mixed;
  }

  const Head& head;
  std::vector<std::vector<float>> q;
  std::vector<std::vector<KeyRange>> seen;
};

}  // namespace

TEST_CASE("attention is the softmax-weighted mean of the visible values") {
  for (const std::size_t width : std::initializer_list<std::size_t>{2, 6, 16, 32, 90, 128, 250}) {
    for (const std::size_t tokens : std::initializer_list<std::size_t>{1, 7, 8, 63, 64, 65, 200, 700}) {
      if (width > 90 && tokens > 200) continue;
      CAPTURE(width);
      CAPTURE(tokens);
      const Head head(tokens, width);
      std::vector<float> out(tokens * width);
      head.attend(0, tokens, out);
      double worst = 0.0;
      for (std::size_t row = 0; row < tokens; row += 1 + tokens / 23) {
        const auto expected = head.oracle(row);
        for (std::size_t c = 0; c < width; ++c) {
          worst = std::max(worst, std::abs(expected[c] - static_cast<double>(out[row * width + c])));
        }
      }
      CHECK(worst < attention_tolerance);
    }
  }
}

TEST_CASE("attention survives scores of any size") {
  // Scores of several hundred: exp alone would overflow, the running maximum keeps it in range.
  const Head head(300, 32, 8.0f);
  std::vector<float> out(300 * 32);
  head.attend(0, 300, out);
  for (const std::size_t row : std::initializer_list<std::size_t>{0, 63, 64, 150, 299}) {
    const auto expected = head.oracle(row);
    // A score of size s carries an error of s·2⁻²⁴ into its weight: 1e3·6e-8.
    for (std::size_t c = 0; c < 32; ++c) {
      CHECK(std::abs(expected[c] - static_cast<double>(out[row * 32 + c])) < 3e-4);
    }
  }
}

TEST_CASE("a row does not depend on how rows are split into calls, to the last bit") {
  for (const std::size_t width : std::initializer_list<std::size_t>{10, 32, 64}) {
    const Head head(300, width);
    std::vector<float> whole(300 * width);
    head.attend(0, 300, whole);
    for (const std::size_t step : std::initializer_list<std::size_t>{1, 3, 8, 64, 97}) {
      CAPTURE(step);
      std::vector<float> parts(300 * width);
      for (std::size_t first = 0; first < 300; first += step)
        head.attend(first, std::min<std::size_t>(step, 300 - first), parts);
      CHECK(parts == whole);
    }
  }
}

TEST_CASE("merged parts are one softmax over all that a row sees in any of them") {
  for (const std::size_t width : std::initializer_list<std::size_t>{6, 32, 90}) {
    for (const std::size_t tokens : std::initializer_list<std::size_t>{1, 7, 64, 65, 200}) {
      for (const std::size_t parts : std::initializer_list<std::size_t>{1, 2, 3}) {
        CAPTURE(width);
        CAPTURE(tokens);
        CAPTURE(parts);
        const Head head(tokens, width);
        const Parts merged(head, parts, 1.0f);
        std::vector<float> out(tokens * width);
        merged.attend(0, tokens, out);
        double worst = 0.0;
        for (std::size_t row = 0; row < tokens; ++row) {
          const auto expected = merged.oracle(row);
          for (std::size_t c = 0; c < width; ++c) {
            worst = std::max(worst, std::abs(expected[c] - static_cast<double>(out[row * width + c])));
          }
        }
        CHECK(worst < attention_tolerance);
      }
    }
  }
}

TEST_CASE("merging survives scores of any size") {
  // Scores of several hundred, whose maxima differ from part to part by as much.
  const Head head(200, 32, 8.0f);
  const Parts merged(head, 3, 8.0f);
  std::vector<float> out(200 * 32);
  merged.attend(0, 200, out);
  for (std::size_t row = 0; row < 200; ++row) {
    const auto expected = merged.oracle(row);
    // A score of size s carries an error of s·2⁻²⁴ into its weight: 1e3·6e-8.
    for (std::size_t c = 0; c < 32; ++c) {
      CHECK(std::abs(expected[c] - static_cast<double>(out[row * 32 + c])) < 3e-4);
    }
  }
}

TEST_CASE("a merged row does not depend on how rows are split into calls, to the last bit") {
  for (const std::size_t width : std::initializer_list<std::size_t>{10, 32}) {
    const Head head(200, width);
    const Parts merged(head, 3, 1.0f);
    std::vector<float> whole(200 * width);
    merged.attend(0, 200, whole);
    for (const std::size_t step : std::initializer_list<std::size_t>{1, 3, 8, 64, 97}) {
      CAPTURE(step);
      std::vector<float> pieces(200 * width);
      for (std::size_t first = 0; first < 200; first += step)
        merged.attend(first, std::min<std::size_t>(step, 200 - first), pieces);
      CHECK(pieces == whole);
    }
  }
}

TEST_CASE("one part that sees every earlier token is causal attention to the last bit") {
  const Head head(200, 32);
  std::vector<float> causal(200 * 32);
  head.attend(0, 200, causal);
  std::vector<KeyRange> seen;
  for (std::size_t row = 0; row < 200; ++row) seen.push_back({0, row + 1});
  const AttentionPart part{dope::dense_head<const float>(head.q.data(), 200, 32), seen};
  std::vector<float> merged(200 * 32);
  merged_attention({&part, 1}, head.keys, head.values, dope::dense_head(merged.data(), 200, 32));
  CHECK(merged == causal);
}

TEST_CASE("a cache written in pieces is the cache written whole") {
  const Head head(150, 32);
  KeyCache keys(150, 32);
  ValueCache values(150, 32);
  for (std::size_t first = 0; first < 150; first += 37) {
    const std::size_t count = std::min<std::size_t>(37, 150 - first);
    keys.write(first, dope::dense_head<const float>(head.k.data() + first * 32, count, 32));
    values.write(first, dope::dense_head<const float>(head.v.data() + first * 32, count, 32));
  }
  std::vector<float> whole(150 * 32);
  std::vector<float> pieces(150 * 32);
  head.attend(0, 150, whole);
  causal_attention(dope::dense_head<const float>(head.q.data(), 150, 32), keys, values, 0,
                   dope::dense_head(pieces.data(), 150, 32));
  CHECK(pieces == whole);
}

TEST_CASE("shapes that do not fit are errors") {
  const Head head(10, 32);
  std::vector<float> out(10 * 32);
  KeyCache keys(10, 32);
  CHECK_THROWS_AS(keys.write(8, dope::dense_head<const float>(head.k.data(), 3, 32)), dope::Error);
  CHECK_THROWS_AS(keys.write(0, dope::dense_head<const float>(head.k.data(), 3, 16)), dope::Error);
  CHECK_THROWS_AS(causal_attention(dope::dense_head<const float>(head.q.data(), 10, 16), head.keys,
                                   head.values, 0, dope::dense_head(out.data(), 10, 16)),
                  dope::Error);
  CHECK_THROWS_AS(causal_attention(dope::dense_head<const float>(head.q.data(), 10, 32), head.keys,
                                   head.values, 0, dope::dense_head(out.data(), 9, 32)),
                  dope::Error);
  CHECK_THROWS_AS(causal_attention(dope::dense_head<const float>(head.q.data(), 10, 32), head.keys,
                                   head.values, 1, dope::dense_head(out.data(), 10, 32)),
                  dope::Error);
}

TEST_CASE("parts that do not fit are errors") {
  const Head head(10, 32);
  std::vector<float> out(10 * 32);
  const auto attempt = [&](std::vector<KeyRange> seen, std::size_t rows, std::size_t width) {
    const AttentionPart part{dope::dense_head<const float>(head.q.data(), rows, width), seen};
    merged_attention({&part, 1}, head.keys, head.values, dope::dense_head(out.data(), 10, 32));
  };
  const std::vector<KeyRange> whole(10, KeyRange{0, 10});
  CHECK_NOTHROW(attempt(whole, 10, 32));
  CHECK_THROWS_AS(attempt(whole, 9, 32), dope::Error);
  CHECK_THROWS_AS(attempt(whole, 10, 16), dope::Error);
  CHECK_THROWS_AS(attempt(std::vector<KeyRange>(9, KeyRange{0, 10}), 10, 32), dope::Error);
  CHECK_THROWS_AS(attempt(std::vector<KeyRange>(10, KeyRange{0, 11}), 10, 32), dope::Error);
  auto blind = whole;
  blind[4] = {5, 5};
  CHECK_THROWS_AS(attempt(blind, 10, 32), dope::Error);
  CHECK_THROWS_AS(merged_attention({}, head.keys, head.values, dope::dense_head(out.data(), 10, 32)),
                  dope::Error);
}
