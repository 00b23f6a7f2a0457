// SPDX-License-Identifier: MIT
#include "bits.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "dope/core/error.hpp"

namespace perplexity {
namespace {

/// Tokens whose logits are held at a time.
constexpr std::size_t block = 512;

double bits_of_token(std::span<const float> logits, std::size_t token) {
  const double highest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double total = 0.0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit) - highest);
  return (std::log(total) + highest - static_cast<double>(logits[token])) / std::numbers::ln2;
}

std::size_t rounded_up(std::size_t numerator, std::size_t denominator) noexcept {
  return (numerator + denominator - 1) / denominator;
}

}  // namespace

std::vector<double> bits_of(const reference::Model& model, const reference::Schedule& schedule,
                            std::span<const std::int32_t> tokens, std::size_t first) {
  if (first < 1 || first >= tokens.size()) {
    throw dope::Error("bits_of", dope::detail::text("first token ", first, " of ", tokens.size()),
                      "at least one token before it, and the token itself");
  }
  const std::size_t vocabulary = model.config().vocabulary;
  reference::Request request(model, schedule);
  std::vector<double> bits;
  for (std::size_t scored = first; scored < tokens.size();) {
    // Token i is told by the logits of token i − 1.
    const std::size_t count = std::min(block, tokens.size() - scored);
    const std::size_t end = scored + count - 1;
    const auto logits = request.prefill(tokens.subspan(request.tokens(), end - request.tokens()),
                                        reference::Keep::nothing, count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto token = static_cast<std::size_t>(tokens[scored + i]);
      if (token >= vocabulary) {
        throw dope::Error("bits_of", dope::detail::text("token ", tokens[scored + i]),
                          dope::detail::text("a token below ", vocabulary));
      }
      bits.push_back(bits_of_token(logits.subspan(i * vocabulary, vocabulary), token));
    }
    scored += count;
  }
  return bits;
}

std::size_t Bins::first(std::size_t bin) const noexcept {
  return std::max<std::size_t>(1, rounded_up(bin * training_length, per_training_length));
}

std::size_t Bins::end(std::size_t bin) const noexcept { return std::min(length, first(bin + 1)); }

std::vector<double> means_of(const Bins& bins, std::span<const double> bits) {
  if (bits.size() + 1 != bins.length) {
    throw dope::Error("means_of", dope::detail::text(bits.size(), " bytes"),
                      dope::detail::text(bins.length - 1, ", one for each position but the first"));
  }
  std::vector<double> means(bins.count());
  for (std::size_t i = 0; i < bits.size(); ++i) means[bins.bin_of(i + 1)] += bits[i];
  for (std::size_t bin = 0; bin < means.size(); ++bin) means[bin] /= static_cast<double>(bins.bytes(bin));
  return means;
}

std::vector<BinRange> octaves_of(const Bins& bins) {
  const std::size_t n = bins.per_training_length;
  std::vector<BinRange> ranges;
  std::size_t first = 0;
  const auto close = [&](std::size_t end) {
    if (std::min(end, bins.count()) <= first) return;
    ranges.push_back({first, std::min(end, bins.count())});
    first = ranges.back().end;
  };
  close(n / 4);
  close(n / 2);
  for (std::size_t end = n; first < bins.count(); end *= 2) close(end);
  return ranges;
}

double mean_of(const Bins& bins, BinRange range, std::span<const double> means) {
  double sum = 0.0;
  for (std::size_t bin = range.first; bin < range.end; ++bin)
    sum += means[bin] * static_cast<double>(bins.bytes(bin));
  return sum / static_cast<double>(bins.end(range.end - 1) - bins.first(range.first));
}

std::size_t bytes_needed(std::size_t width, std::size_t stride, std::size_t scored) noexcept {
  // The earliest window ends `stride` before the next one for each that follows it.
  return width - 1 + (rounded_up(scored, stride) - 1) * stride;
}

std::vector<Window> windows_of(std::size_t bytes, std::size_t width, std::size_t stride, std::size_t scored) {
  if (stride < 1 || stride >= width || scored < 1 || bytes < bytes_needed(width, stride, scored)) {
    throw dope::Error("windows_of",
                      dope::detail::text(bytes, " bytes, windows of ", width, " tokens, stride ", stride,
                                         ", ", scored, " scored bytes"),
                      "a stride below the width, and a text that holds the earliest window");
  }
  std::vector<Window> windows;
  for (std::size_t left = scored; left > 0; left -= windows.back().scored) {
    const std::size_t end = bytes - (scored - left);
    windows.push_back({end - (width - 1), end, std::min(stride, left)});
  }
  return windows;
}

}  // namespace perplexity
