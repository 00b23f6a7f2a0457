// SPDX-License-Identifier: MIT
#include "transformer/attention.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <random>
#include <vector>

#include "dope/core/error.hpp"

namespace {

using reference::causal_attention;
using reference::KeyCache;
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
