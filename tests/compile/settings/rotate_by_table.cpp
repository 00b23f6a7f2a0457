// SPDX-License-Identifier: MIT
// Built with -ffast-math and without, and run: rotation by a given table and the conversions of scalars need
// no IEEE arithmetic. What is printed is the same in both, bit for bit.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "dope/core/convert.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/rope/registers.hpp"
#include "dope/rope/rotate.hpp"
#include "dope/rope/table_view.hpp"

namespace {

bool good = true;

void require(bool holds, const char* law, std::size_t at) {
  if (!holds) std::printf("%s: not at %zu\n", law, at);
  good = good && holds;
}

std::uint32_t random_word() {
  static std::uint32_t state = 1;
  state = state * 1664525u + 1013904223u;
  return state >> 8;
}

/// Hash of the bits of values, FNV-1a.
template <class T>
std::uint64_t hash_of(const std::vector<T>& values, std::uint64_t hash) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(values.data());
  for (std::size_t i = 0; i < values.size() * sizeof(T); ++i) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

/// Whole numbers and a table of 3 and 4: every product, sum and result is exact. Bands of odd index rest.
template <class T>
void exact(dope::Pairing pairing, std::size_t bands) {
  using C = dope::compute_t<T>;
  const std::size_t width = 2 * bands + 3;
  std::vector<C> cos(bands, C(3));
  std::vector<C> sin(bands, C(4));
  for (std::size_t band = 1; band < bands; band += 2) {
    cos[band] = C(1);
    sin[band] = C(0);
  }
  std::vector<int> whole(width);
  std::vector<T> x(width);
  for (std::size_t i = 0; i < width; ++i) {
    whole[i] = static_cast<int>(random_word() % 33) - 16;
    x[i] = T(static_cast<C>(whole[i]));
  }
  dope::rotate(dope::dense_head(x.data(), 1, width), {cos.data(), sin.data(), 1, bands, bands}, pairing);
  for (std::size_t band = 0; band < bands; ++band) {
    const auto [a, b] = dope::channels_of(pairing, band, 2 * bands);
    const bool rests = band % 2 == 1;
    const int first = rests ? whole[a] : 3 * whole[a] - 4 * whole[b];
    const int second = rests ? whole[b] : 3 * whole[b] + 4 * whole[a];
    require(static_cast<C>(x[a]) == static_cast<C>(first), "c x1 - s x2", band);
    require(static_cast<C>(x[b]) == static_cast<C>(second), "c x2 + s x1", band);
  }
  for (std::size_t i = 2 * bands; i < width; ++i)
    require(static_cast<C>(x[i]) == static_cast<C>(whole[i]), "channels past the bands", i);
}

/// Any numbers, forwards and back, one head and four.
template <class T>
std::uint64_t any(dope::Pairing pairing, std::size_t bands, std::uint64_t hash) {
  using C = dope::compute_t<T>;
  constexpr std::size_t tokens = 3;
  constexpr std::size_t heads = 4;
  const std::size_t width = 2 * bands;
  const auto number = [] { return static_cast<C>(random_word()) * C(0x1p-20) - C(7.9999); };
  std::vector<C> cos(tokens * bands);
  std::vector<C> sin(tokens * bands);
  for (C& value : cos) value = number();
  for (C& value : sin) value = number();
  std::vector<T> x(tokens * heads * width);
  for (T& value : x) value = T(number());
  const dope::TableView<C> table{cos.data(), sin.data(), tokens, bands, bands};
  dope::rotate(dope::dense_head(x.data(), tokens, width), table, pairing);
  hash = hash_of(x, hash);
  dope::rotate_adjoint(dope::token_major(x.data(), tokens, heads, width), table, pairing);
  return hash_of(x, hash);
}

/// No NaN becomes a number, and no sign of a zero is lost, one at a time or in registers.
template <class T>
std::uint64_t converts(std::uint64_t hash) {
  using Register = dope::detail::Register<T>;
  constexpr std::size_t lanes = Register::size;
  std::vector<float> wide(64 * lanes);
  for (std::size_t i = 0; i < wide.size(); ++i) {
    const std::uint32_t bits = i % 3 == 0   ? 0x7f800001u + (random_word() & 0x7ffffeu)  // NaN
                               : i % 3 == 1 ? random_word() << 8
                                            : 0u;
    wide[i] = std::bit_cast<float>(i == 0 ? 0x7fffffffu : bits | static_cast<std::uint32_t>(i % 2) << 31);
  }
  std::vector<T> one(wide.size());
  std::vector<T> many(wide.size());
  std::vector<T> in_registers(wide.size());
  for (std::size_t i = 0; i < wide.size(); ++i) one[i] = T(wide[i]);
  dope::narrow<T>(wide.data(), many.data(), wide.size());
  for (std::size_t i = 0; i < wide.size(); i += lanes) {
    dope::detail::store_register(Register::load_unaligned(wide.data() + i), in_registers.data() + i);
  }
  for (std::size_t i = 0; i < wide.size(); ++i) {
    require(many[i].bits == one[i].bits, "narrow", i);
    require(in_registers[i].bits == one[i].bits, "store_register", i);
    const std::uint32_t back = std::bit_cast<std::uint32_t>(static_cast<float>(one[i]));
    if (i % 3 == 0) require((back & 0x7fffffffu) > 0x7f800000u, "NaN stays NaN", i);
    if (i % 3 == 2) require(back == std::bit_cast<std::uint32_t>(wide[i]), "a zero keeps its sign", i);
  }
  // From double, NaN and numbers no float holds among them.
  for (std::size_t i = 0; i < one.size(); ++i) {
    const std::uint64_t bits = std::uint64_t{random_word()} << 40 | std::uint64_t{random_word()} << 16 | i;
    one[i] = T(std::bit_cast<double>(bits));
    const bool is_nan = (bits & 0x7fffffffffffffffu) > 0x7ff0000000000000u;
    const std::uint32_t back = std::bit_cast<std::uint32_t>(static_cast<float>(one[i])) & 0x7fffffffu;
    require(is_nan == (back > 0x7f800000u), "NaN of double", i);
  }
  return hash_of(one, hash_of(many, hash));
}

template <class T>
std::uint64_t rotates(std::uint64_t hash) {
  for (const auto pairing : {dope::Pairing::interleaved, dope::Pairing::half_split}) {
    for (const std::size_t bands : {1, 2, 3, 8, 13, 32, 64}) {
      exact<T>(pairing, bands);
      hash = any<T>(pairing, bands, hash);
    }
  }
  return hash;
}

}  // namespace

int main() {
  std::uint64_t hash = 0xcbf29ce484222325u;
  hash = rotates<float>(hash);
  hash = rotates<double>(hash);
  hash = rotates<dope::float16>(hash);
  hash = rotates<dope::bfloat16>(hash);
  hash = converts<dope::float16>(hash);
  hash = converts<dope::bfloat16>(hash);
  std::printf("%016llx\n", static_cast<unsigned long long>(hash));
  return good ? 0 : 1;
}
