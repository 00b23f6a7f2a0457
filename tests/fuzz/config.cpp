// SPDX-License-Identifier: MIT
// config.json: what is accepted keeps the laws of reference::Config.
#include "transformer/config.hpp"

#include <cmath>
#include <string>

#include "fuzz/target.hpp"

namespace {

void require_frequencies(const reference::Config& config, std::size_t length) {
  try {
    const auto scaled = dope::scaled_frequencies(config.rope(), config.scaling, length);
    fuzz::require(scaled.bands() == config.rotated_width / 2, "a band for each pair of channels");
    for (const double omega : scaled.omega)
      fuzz::require(std::isfinite(omega) && omega >= 0.0, "frequencies are finite and at least 0");
    fuzz::require(std::isfinite(scaled.attention_factor), "the attention factor is finite");
  } catch (const dope::Error& error) {
    fuzz::violation("the scaling of an accepted config does not throw", error.what());
  }
}

void read(std::string_view bytes) {
  fuzz::reads([&] {
    const auto config = reference::parse_config(bytes, "config.json");
    fuzz::require(config.key_heads > 0 && config.query_heads % config.key_heads == 0,
                  "key heads divide query heads");
    fuzz::require(config.rotated_width >= 2 && config.rotated_width <= config.head_width &&
                      config.rotated_width % 2 == 0,
                  "2 <= rotated_width <= head_width, even");
    fuzz::require(config.training_length >= 1, "a training length of at least 1");
    for (const std::size_t length : {std::size_t{1}, config.training_length, std::size_t{1} << 31})
      require_frequencies(config, length);
  });
}

}  // namespace

DOPE_FUZZ_TARGET(read)
