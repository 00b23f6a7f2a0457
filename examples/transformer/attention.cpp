// SPDX-License-Identifier: MIT
#include "transformer/attention.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <xsimd/xsimd.hpp>

#include "dope/core/error.hpp"
#include "transformer/lanes.hpp"

namespace reference {
namespace {

using Batch = xsimd::batch<float>;
constexpr std::size_t lanes = Batch::size;
constexpr std::size_t block = KeyCache::block;
static_assert(block % (2 * lanes) == 0 && ValueCache::lanes % lanes == 0);

/// As many query rows as keep the accumulators of two vectors each in registers.
constexpr std::size_t group = lanes >= 16 ? 8 : 4;

constexpr std::size_t rounded_up(std::size_t count, std::size_t step) { return (count + step - 1) / step * step; }

void require_room(const char* where, std::size_t first, std::size_t tokens, std::size_t capacity, std::size_t given,
                  std::size_t width) {
  if (first > capacity || tokens > capacity - first || given != width) {
    throw dope::Error(where, dope::detail::text("tokens [", first, ", +", tokens, ") of width ", given),
                      dope::detail::text("tokens below ", capacity, " of width ", width));
  }
}

/// scores[r][j] = q_r · k_j for one block of keys.
template <std::size_t rows>
void score_block(const float* queries, std::size_t width, const float* keys, float* scores) {
  for (std::size_t j = 0; j < block; j += 2 * lanes) {
    Batch sums[rows][2];
    for (auto& row : sums) row[0] = row[1] = Batch(0.0f);
    for (std::size_t c = 0; c < width; ++c) {
      const Batch k0 = Batch::load_unaligned(keys + c * block + j);
      const Batch k1 = Batch::load_unaligned(keys + c * block + j + lanes);
      for (std::size_t r = 0; r < rows; ++r) {
        const Batch q(queries[r * width + c]);
        sums[r][0] = xsimd::fma(q, k0, sums[r][0]);
        sums[r][1] = xsimd::fma(q, k1, sums[r][1]);
      }
    }
    for (std::size_t r = 0; r < rows; ++r) {
      sums[r][0].store_unaligned(scores + r * block + j);
      sums[r][1].store_unaligned(scores + r * block + j + lanes);
    }
  }
}

/// out[r] += Σ_j weights[r][j]·v_j over `vectors` vectors of channels from `channel` on.
template <std::size_t rows, std::size_t vectors>
void add_values(const float* weights, std::size_t keys, const float* values, std::size_t stride, std::size_t channel,
                const float* rescale, float* out) {
  Batch sums[rows][vectors];
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t v = 0; v < vectors; ++v) {
      sums[r][v] = Batch::load_unaligned(out + r * stride + channel + v * lanes) * Batch(rescale[r]);
    }
  }
  for (std::size_t j = 0; j < keys; ++j) {
    Batch value[vectors];
    for (std::size_t v = 0; v < vectors; ++v) {
      value[v] = Batch::load_unaligned(values + j * stride + channel + v * lanes);
    }
    for (std::size_t r = 0; r < rows; ++r) {
      const Batch weight(weights[r * block + j]);
      for (std::size_t v = 0; v < vectors; ++v) sums[r][v] = xsimd::fma(weight, value[v], sums[r][v]);
    }
  }
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t v = 0; v < vectors; ++v) {
      sums[r][v].store_unaligned(out + r * stride + channel + v * lanes);
    }
  }
}

/// scores → weights exp(score − maximum), running maximum and sum; rescale[r] = exp(old − new maximum).
template <std::size_t rows>
void soften(float* scores, float* maximum, Batch* sum, float* rescale) {
  for (std::size_t r = 0; r < rows; ++r) {
    float* row = scores + r * block;
    Batch top = Batch::load_unaligned(row);
    for (std::size_t j = lanes; j < block; j += lanes) top = xsimd::max(top, Batch::load_unaligned(row + j));
    const float highest = std::max(maximum[r], max_of_lanes(top));
    rescale[r] = std::exp(maximum[r] - highest);
    maximum[r] = highest;
    Batch added(0.0f);
    for (std::size_t j = 0; j < block; j += lanes) {
      const Batch weight = xsimd::exp(Batch::load_unaligned(row + j) - Batch(highest));
      weight.store_unaligned(row + j);
      added += weight;
    }
    sum[r] = sum[r] * Batch(rescale[r]) + added;
  }
}

/// Rows [row, row + rows) of the head.
template <std::size_t rows>
void attend(dope::HeadView<const float> queries, const KeyCache& keys, const ValueCache& values, std::size_t first,
            dope::HeadView<float> out, std::size_t row, float* packed, float* state) {
  const std::size_t width = queries.width;
  const std::size_t padded = values.padded_width();
  const float scale = 1.0f / std::sqrt(static_cast<float>(width));
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < width; ++c) packed[r * width + c] = queries.row(row + r)[c] * scale;
  }
  std::fill_n(state, rows * padded, 0.0f);
  alignas(64) float scores[rows * block];
  float maximum[rows];
  float rescale[rows];
  Batch sum[rows];
  std::fill_n(maximum, rows, -std::numeric_limits<float>::infinity());
  std::fill_n(sum, rows, Batch(0.0f));
  const std::size_t visible = first + row + rows;
  for (std::size_t start = 0; start < visible; start += block) {
    score_block<rows>(packed, width, keys.block_at(start / block), scores);
    for (std::size_t r = 0; r < rows; ++r) {
      const std::size_t seen = first + row + r + 1;
      const std::size_t hidden_from = seen > start ? std::min(seen - start, block) : 0;
      std::fill(scores + r * block + hidden_from, scores + (r + 1) * block, -std::numeric_limits<float>::infinity());
    }
    soften<rows>(scores, maximum, sum, rescale);
    const std::size_t count = std::min(block, visible - start);
    std::size_t channel = 0;
    for (; channel + 2 * lanes <= padded; channel += 2 * lanes) {
      add_values<rows, 2>(scores, count, values.row(start), padded, channel, rescale, state);
    }
    for (; channel < padded; channel += lanes) {
      add_values<rows, 1>(scores, count, values.row(start), padded, channel, rescale, state);
    }
  }
  for (std::size_t r = 0; r < rows; ++r) {
    const float total = sum_of_lanes(sum[r]);
    for (std::size_t c = 0; c < width; ++c) out.row(row + r)[c] = state[r * padded + c] / total;
  }
}

}  // namespace

KeyCache::KeyCache(std::size_t capacity, std::size_t width)
    : capacity_(capacity), width_(width), data_(rounded_up(capacity, block) * width) {}

void KeyCache::write(std::size_t first, dope::HeadView<const float> keys) {
  require_room("KeyCache::write", first, keys.tokens, capacity_, keys.width, width_);
  for (std::size_t t = 0; t < keys.tokens; ++t) {
    const std::size_t token = first + t;
    float* column = data_.data() + token / block * block * width_ + token % block;
    for (std::size_t c = 0; c < width_; ++c) column[c * block] = keys.row(t)[c];
  }
}

ValueCache::ValueCache(std::size_t capacity, std::size_t width)
    : capacity_(capacity), width_(width), padded_(rounded_up(width, lanes)), data_(capacity * padded_) {}

void ValueCache::write(std::size_t first, dope::HeadView<const float> values) {
  require_room("ValueCache::write", first, values.tokens, capacity_, values.width, width_);
  for (std::size_t t = 0; t < values.tokens; ++t) {
    std::copy_n(values.row(t), width_, data_.data() + (first + t) * padded_);
  }
}

void causal_attention(dope::HeadView<const float> queries, const KeyCache& keys, const ValueCache& values,
                      std::size_t first, dope::HeadView<float> out) {
  if (queries.width != keys.width() || queries.width != values.width() || out.width != queries.width ||
      out.tokens != queries.tokens) {
    throw dope::Error("causal_attention",
                      dope::detail::text("queries ", queries.tokens, " x ", queries.width, ", keys of width ",
                                         keys.width(), ", values of width ", values.width(), ", out ", out.tokens,
                                         " x ", out.width),
                      "one width, and out as large as the queries");
  }
  std::vector<float> packed(group * queries.width);
  std::vector<float> state(group * values.padded_width());
  std::size_t row = 0;
  for (; row + group <= queries.tokens; row += group) {
    attend<group>(queries, keys, values, first, out, row, packed.data(), state.data());
  }
  for (; row < queries.tokens; ++row) {
    attend<1>(queries, keys, values, first, out, row, packed.data(), state.data());
  }
}

}  // namespace reference
