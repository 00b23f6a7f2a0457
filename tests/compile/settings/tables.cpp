// SPDX-License-Identifier: MIT
// Built with the parts of -ffast-math that clang does not tell of, and with products contracted: what is
// printed stays the same, bit for bit.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "dope/core/error.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/scaling.hpp"
#include "dope/rope/table.hpp"

namespace {

/// FNV-1a over the bits of values.
template <class Values>
std::uint64_t hash_of(const Values& values, std::uint64_t hash) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(values.data());
  for (std::size_t i = 0; i < values.size() * sizeof(values[0]); ++i)
    hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

template <class C>
std::uint64_t table(const dope::Frequencies& frequencies, dope::Angles angles, std::uint64_t hash) {
  std::vector<std::int64_t> positions;
  for (std::int64_t i = -50; i < 50; ++i) positions.push_back(i * 65537 * (i % 3 == 0 ? 1 : 100000007));
  const std::size_t bands = frequencies.bands();
  std::vector<C> cos(positions.size() * bands);
  std::vector<C> sin(cos.size());
  dope::fill_table<C, std::int64_t>(frequencies.omega, frequencies.attention_factor, positions, angles,
                                    cos.data(), sin.data(), bands);
  return hash_of(sin, hash_of(cos, hash));
}

std::uint64_t all() {
  const dope::RopeParameters rope{
      .base = 500000.0, .head_width = 128, .rotated_width = 128, .training_length = 8192};
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const dope::Scaling& scaling :
       {dope::Scaling(dope::Unscaled{}), dope::Scaling(dope::Yarn{.factor = 40.0}),
        dope::Scaling(dope::Llama3{.factor = 8.0}), dope::Scaling(dope::DynamicNtk{.factor = 2.0})}) {
    const dope::Frequencies frequencies = dope::scaled_frequencies(rope, scaling, 100000);
    hash = hash_of(frequencies.omega, hash);
    for (const auto angles : {dope::Angles::exact, dope::Angles::float32_product}) {
      hash = table<float>(frequencies, angles, hash);
      hash = table<double>(frequencies, angles, hash);
    }
  }
  return hash;
}

}  // namespace

int main() try {
  std::printf("%016llx\n", static_cast<unsigned long long>(all()));
  return 0;
} catch (const dope::Error& error) {
  std::puts(error.what());
  return 4;
}
