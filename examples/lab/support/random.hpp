// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lab {

/// The streams of a seed, one for each thing that is drawn: none depends on another.
enum class Stream : std::uint64_t {
  key = 0,
  code = 1,
  haystack_text = 2,
  haystack_start = 3,
  shared_digits = 4,
  shot_keys = 5,
  shot_codes = 6,
  resample = 7,
  permutation = 8,
  other_needles = 9
};

/// Uniform integers that are the same on every machine and with every standard library.
///
/// Draw number n is word n mod 4 of Philox4x32-10 (Salmon et al. 2011, DOI 10.1145/2063384.2063405)
/// with key = (seed mod 2^32, seed div 2^32) and counter = (n div 4 mod 2^32, n div 4 div 2^32,
/// stream mod 2^32, stream div 2^32). Streams of one seed are independent: adding draws to one
/// leaves the others as they are.
class Random {
 public:
  Random(std::uint64_t seed, Stream stream) noexcept
      : seed_(seed), stream_(static_cast<std::uint64_t>(stream)) {}

  /// Uniform on 0 … 2^32 − 1.
  [[nodiscard]] std::uint32_t word() noexcept;

  /// Uniform on 0 … bound − 1, exactly: Lemire's multiply-and-reject (arXiv 1805.10941, algorithm 5),
  /// one word as a rule. Throws dope::Error for bound = 0.
  [[nodiscard]] std::uint32_t below(std::uint32_t bound);

  /// A uniformly drawn element. Throws dope::Error where `choices` is empty.
  template <class T>
  [[nodiscard]] const T& pick(const std::vector<T>& choices) {
    return choices[below(static_cast<std::uint32_t>(choices.size()))];
  }

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t drawn_ = 0;
  std::array<std::uint32_t, 4> words_{};
};

}  // namespace lab
