// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "transformer/model.hpp"

namespace perplexity {

/// −log₂ p(t_i | t_0 … t_{i−1}) of tokens i = first … tokens.size() − 1: what each costs in bits. p is the
/// softmax of the logits over the whole vocabulary, in double.
///
/// Memory beyond the request's: logits of 512 tokens, and once of those that one prefill scores.
/// Precondition: 1 ≤ first < tokens.size() ≤ the schedule's length (Error).
[[nodiscard]] std::vector<double> bits_of(const reference::Model& model, const reference::Schedule& schedule,
                                          std::span<const std::int32_t> tokens, std::size_t first);

/// Positions in parts of a training length L: p, the number of tokens before a byte, is in bin ⌊p·n/L⌋,
/// n bins to the training length. Positions run from 1, for the start token is given, to length − 1.
struct Bins {
  std::size_t training_length = 0;
  std::size_t per_training_length = 0;
  std::size_t length = 0;

  [[nodiscard]] std::size_t bin_of(std::size_t position) const noexcept {
    return position * per_training_length / training_length;
  }
  [[nodiscard]] std::size_t count() const noexcept { return bin_of(length - 1) + 1; }

  /// Positions [first, end) of a bin.
  [[nodiscard]] std::size_t first(std::size_t bin) const noexcept;
  [[nodiscard]] std::size_t end(std::size_t bin) const noexcept;
  [[nodiscard]] std::size_t bytes(std::size_t bin) const noexcept { return end(bin) - first(bin); }
};

/// Means over each bin; bits[i] belongs to position i + 1.
[[nodiscard]] std::vector<double> means_of(const Bins& bins, std::span<const double> bits);

/// Bins that a table shows as one: [0, L/4), [L/4, L/2), [L/2, L), [L, 2L), [2L, 4L), …, as far as bins go.
struct BinRange {
  std::size_t first = 0;
  std::size_t end = 0;
};
[[nodiscard]] std::vector<BinRange> octaves_of(const Bins& bins);

/// The mean over all bytes of a range of bins, from the bins' means.
[[nodiscard]] double mean_of(const Bins& bins, BinRange range, std::span<const double> means);

/// A request of its own: the start token, then bytes [first, end) of the text; the last `scored` of them
/// count.
struct Window {
  std::size_t first = 0;
  std::size_t end = 0;
  std::size_t scored = 0;
};

/// Windows of `width` tokens that end at bytes, bytes − stride, bytes − 2·stride, …, last first, each scoring
/// its last `stride` bytes, until the last `scored` bytes of the text are scored; the earliest scores what is
/// left.
///
/// Laws: each of the last `scored` bytes is scored once, whatever the width; before a scored byte its window
/// holds at least width − stride and at most width − 1 tokens. Throws dope::Error unless 1 ≤ stride < width,
/// scored ≥ 1, and bytes ≥ bytes_needed(width, stride, scored).
[[nodiscard]] std::vector<Window> windows_of(std::size_t bytes, std::size_t width, std::size_t stride,
                                             std::size_t scored);

/// The shortest text that windows_of takes.
[[nodiscard]] std::size_t bytes_needed(std::size_t width, std::size_t stride, std::size_t scored) noexcept;

}  // namespace perplexity
