// SPDX-License-Identifier: MIT
#include "transformer/attention.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
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

constexpr std::size_t rounded_up(std::size_t count, std::size_t step) {
  return (count + step - 1) / step * step;
}

void require_room(const char* where, std::size_t first, std::size_t tokens, std::size_t capacity,
                  std::size_t given, std::size_t width) {
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
        sums[r][0] = fused_plus(sums[r][0], q, k0);
        sums[r][1] = fused_plus(sums[r][1], q, k1);
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
void add_values(const float* weights, std::size_t keys, const float* values, std::size_t stride,
                std::size_t channel, const float* rescale, float* out) {
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
      for (std::size_t v = 0; v < vectors; ++v) sums[r][v] = fused_plus(sums[r][v], weight, value[v]);
    }
  }
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t v = 0; v < vectors; ++v) {
      sums[r][v].store_unaligned(out + r * stride + channel + v * lanes);
    }
  }
}

/// exp(x) for x ≤ 0; exactly 0 below −87.3, where float has no normal numbers left. Error: 1 ulp where the
/// processor has fused multiply-add, else up to 25 ulp (3e-6) far from 0.
///
/// 2^(n + f) with n the nearest integer to x·log₂e: adding 1.5·2²³ rounds, and leaves n in the low bits
/// of the sum, from where a shift moves it to the exponent. 2^f by its Taylor polynomial on [−½, ½].
Batch exp_of_nonpositive(const Batch& x) {
  using Integers = xsimd::batch<std::int32_t>;
  const Batch rounder(12582912.0f);
  const Batch log2_e(1.44269504f);
  const Batch log2_e_rest(1.92596303e-8f);
  const Batch shifted = fused_plus(rounder, x, log2_e);
  const Batch n = shifted - rounder;
  const Batch f = fused_plus(fused_plus(-n, x, log2_e), x, log2_e_rest);
  Batch power(1.53963100e-5f);
  for (const float coefficient : {1.54035304e-4f, 1.33335581e-3f, 9.61812911e-3f, 5.55041087e-2f,
                                  2.40226507e-1f, 6.93147181e-1f, 1.0f}) {
    power = fused_plus(Batch(coefficient), power, f);
  }
  const Integers raised = std::bit_cast<Integers>(power) + (std::bit_cast<Integers>(shifted) << 23);
  return xsimd::select(x < Batch(-87.3f), Batch(0.0f), std::bit_cast<Batch>(raised));
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
      const Batch weight = exp_of_nonpositive(Batch::load_unaligned(row + j) - Batch(highest));
      weight.store_unaligned(row + j);
      added += weight;
    }
    sum[r] = fused_plus(added, sum[r], Batch(rescale[r]));
  }
}

/// Rows that walk the keys together, so that a block of keys and values is fetched once for all of them.
constexpr std::size_t strip = 64;

/// What a strip's rows have seen so far.
struct Running {
  Running(std::size_t query_width, std::size_t padded_width)
      : width(query_width), padded(padded_width), queries(strip * query_width), mixed(strip * padded_width) {}

  std::size_t width;
  std::size_t padded;
  std::vector<float> queries;  // scaled by 1/√d, dense
  std::vector<float> mixed;    // Σ weight·value, dense, padded
  float maximum[strip] = {};
  Batch sum[strip];
};

/// The maximum starts from the lowest number, not from −∞: a block of which a row sees nothing, all its
/// scores −∞, then leaves the row as it is.
void begin(Running& running) {
  std::fill(running.mixed.begin(), running.mixed.end(), 0.0f);
  std::fill_n(running.maximum, strip, std::numeric_limits<float>::lowest());
  std::fill_n(running.sum, strip, Batch(0.0f));
}

/// Rows [row, row + rows) take in the block of keys from `start` on; row r sees seen[r].
template <std::size_t rows>
void take_in(Running& running, std::size_t row, const KeyRange* seen, std::size_t start, const float* keys,
             const float* values) {
  const auto inside = [&](std::size_t token) { return token > start ? std::min(token - start, block) : 0; };
  alignas(64) float scores[rows * block];
  score_block<rows>(running.queries.data() + row * running.width, running.width, keys, scores);
  std::size_t count = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    float* of_row = scores + r * block;
    const std::size_t end = inside(seen[r].end);
    std::fill(of_row, of_row + inside(seen[r].begin), -std::numeric_limits<float>::infinity());
    std::fill(of_row + end, of_row + block, -std::numeric_limits<float>::infinity());
    count = std::max(count, end);
  }
  float rescale[rows];
  soften<rows>(scores, running.maximum + row, running.sum + row, rescale);
  float* mixed = running.mixed.data() + row * running.padded;
  std::size_t channel = 0;
  for (; channel + 2 * lanes <= running.padded; channel += 2 * lanes) {
    add_values<rows, 2>(scores, count, values, running.padded, channel, rescale, mixed);
  }
  for (; channel < running.padded; channel += lanes) {
    add_values<rows, 1>(scores, count, values, running.padded, channel, rescale, mixed);
  }
}

/// At most `strip` rows take in all that they see of one part.
void take_in_part(Running& running, dope::HeadView<const float> queries, std::span<const KeyRange> seen,
                  const KeyCache& keys, const ValueCache& values) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(running.width));
  KeyRange by_any{keys.capacity(), 0};
  for (std::size_t row = 0; row < queries.tokens; ++row) {
    for (std::size_t c = 0; c < running.width; ++c) {
      running.queries[row * running.width + c] = queries.row(row)[c] * scale;
    }
    if (seen[row].empty()) continue;
    by_any = {std::min(by_any.begin, seen[row].begin), std::max(by_any.end, seen[row].end)};
  }
  for (std::size_t start = by_any.begin / block * block; start < by_any.end; start += block) {
    const float* key_block = keys.block_at(start / block);
    const float* value_block = values.row(start);
    const auto here = [&](std::size_t first, std::size_t rows) {
      return std::any_of(seen.begin() + static_cast<std::ptrdiff_t>(first),
                         seen.begin() + static_cast<std::ptrdiff_t>(first + rows),
                         [&](const KeyRange& range) {
                           return !range.empty() && range.begin < start + block && range.end > start;
                         });
    };
    std::size_t row = 0;
    for (; row + group <= queries.tokens; row += group) {
      if (here(row, group)) take_in<group>(running, row, &seen[row], start, key_block, value_block);
    }
    for (; row < queries.tokens; ++row) {
      if (here(row, 1)) take_in<1>(running, row, &seen[row], start, key_block, value_block);
    }
  }
}

void finish(const Running& running, dope::HeadView<float> out) {
  for (std::size_t row = 0; row < out.tokens; ++row) {
    const float total = sum_of_lanes(running.sum[row]);
    for (std::size_t c = 0; c < running.width; ++c)
      out.row(row)[c] = running.mixed[row * running.padded + c] / total;
  }
}

void require_shapes(const char* where, dope::HeadView<const float> queries, const KeyCache& keys,
                    const ValueCache& values, dope::HeadView<float> out) {
  if (queries.width != keys.width() || queries.width != values.width() || out.width != queries.width ||
      out.tokens != queries.tokens) {
    throw dope::Error(
        where,
        dope::detail::text("queries ", queries.tokens, " x ", queries.width, ", keys of width ", keys.width(),
                           ", values of width ", values.width(), ", out ", out.tokens, " x ", out.width),
        "one width, and out as large as the queries");
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
  require_shapes("causal_attention", queries, keys, values, out);
  const std::size_t capacity = std::min(keys.capacity(), values.capacity());
  if (first > capacity || queries.tokens > capacity - first) {
    throw dope::Error("causal_attention", dope::detail::text("tokens [", first, ", +", queries.tokens, ")"),
                      dope::detail::text("tokens below the caches' ", capacity));
  }
  Running running(queries.width, values.padded_width());
  KeyRange seen[strip];
  for (std::size_t row = 0; row < queries.tokens; row += strip) {
    const std::size_t rows = std::min(strip, queries.tokens - row);
    for (std::size_t r = 0; r < rows; ++r) seen[r] = {0, first + row + r + 1};
    begin(running);
    take_in_part(running, queries.slice(row, rows), std::span(seen).first(rows), keys, values);
    finish(running, out.slice(row, rows));
  }
}

void merged_attention(std::span<const AttentionPart> parts, const KeyCache& keys, const ValueCache& values,
                      dope::HeadView<float> out) {
  const std::size_t capacity = std::min(keys.capacity(), values.capacity());
  std::vector<std::size_t> tokens_seen(out.tokens);
  for (const AttentionPart& part : parts) {
    require_shapes("merged_attention", part.queries, keys, values, out);
    if (part.seen.size() != out.tokens) {
      throw dope::Error("merged_attention",
                        dope::detail::text(part.seen.size(), " ranges for ", out.tokens, " rows"),
                        "one per row");
    }
    for (std::size_t row = 0; row < out.tokens; ++row) {
      const KeyRange range = part.seen[row];
      if (range.empty()) continue;
      if (range.end > capacity) {
        throw dope::Error("merged_attention",
                          dope::detail::text("row ", row, " sees [", range.begin, ", ", range.end, ")"),
                          dope::detail::text("tokens below the caches' ", capacity));
      }
      tokens_seen[row] += range.end - range.begin;
    }
  }
  const auto blind = std::find(tokens_seen.begin(), tokens_seen.end(), 0u);
  if (blind != tokens_seen.end()) {
    throw dope::Error("merged_attention",
                      dope::detail::text("row ", blind - tokens_seen.begin(), " sees no token"),
                      "at least one in some part");
  }
  Running running(keys.width(), values.padded_width());
  for (std::size_t row = 0; row < out.tokens; row += strip) {
    const std::size_t rows = std::min(strip, out.tokens - row);
    begin(running);
    for (const AttentionPart& part : parts) {
      take_in_part(running, part.queries.slice(row, rows), part.seen.subspan(row, rows), keys, values);
    }
    finish(running, out.slice(row, rows));
  }
}

}  // namespace reference
