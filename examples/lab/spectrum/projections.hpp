// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "dope/denoise/head.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/pairing.hpp"

namespace spectrum {

/// Tokens [first, end).
struct TokenRange {
  std::size_t first = 0;
  std::size_t end = 0;
  bool operator==(const TokenRange&) const = default;
};

/// Unrotated queries and keys of a model's heads over N tokens at positions 0 … N − 1, and what rotates them.
///
/// queries[layer] is [tokens, query heads, width], keys[layer] [tokens, key heads, width], row-major.
struct Projections {
  dope::AttentionShape shape;
  std::size_t tokens = 0;
  std::size_t length = 0;  // of the request that the scaling is set for, at least `tokens`
  dope::Pairing pairing = dope::Pairing::half_split;
  double base = 0.0;                // of the native frequencies
  dope::Frequencies native;         // training's
  dope::Frequencies scaled;         // in force
  std::string scaling;              // the scaling in words, "dynamic_ntk at 8 training lengths"
  std::size_t training_length = 0;  // L
  std::string origin;               // what was read, in words
  std::optional<TokenRange> needle;
  std::vector<std::vector<float>> queries;
  std::vector<std::vector<float>> keys;
};

/// Throws dope::Error unless shape, frequencies, needle and all sizes fit one another, there is a token and L
/// ≥ 1, and every value is finite (naming layer, side, head and token).
void validate(const Projections& projections);

}  // namespace spectrum
