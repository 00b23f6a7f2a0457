// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "dope/core/scalar.hpp"

/// What the tests of rope share: seeded vectors, bitwise comparison, rounding units.
namespace support {

/// Largest relative rounding error of one operation, or of one narrowing to storage.
template <class T>
constexpr double unit = std::same_as<T, double>          ? 0x1p-53
                        : std::same_as<T, float>         ? 0x1p-24
                        : std::same_as<T, dope::float16> ? 0x1p-11
                                                         : 0x1p-8;

/// The rounding unit of the arithmetic, which is not that of the storage.
template <class T>
constexpr double compute_unit = unit<dope::compute_t<T>>;

/// Values in [-1, 1), at least 2^-6 in size so that products stay normal in every type.
template <class T>
std::vector<T> random_values(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> values(count);
  for (T& x : values) {
    const double size = 0x1p-6 + (1 - 0x1p-6) * static_cast<double>(random() >> 11) * 0x1p-53;
    x = T(static_cast<dope::compute_t<T>>((random() & 1u) != 0 ? -size : size));
  }
  return values;
}

template <class T>
std::size_t different_bits(const T* a, const T* b, std::size_t count) {
  std::size_t different = 0;
  for (std::size_t i = 0; i < count; ++i) different += std::memcmp(a + i, b + i, sizeof(T)) != 0;
  return different;
}

template <class T>
std::size_t different_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() ? different_bits(a.data(), b.data(), a.size()) : std::max(a.size(), b.size());
}

template <class T>
double dot(const T* a, const T* b, std::size_t count) {
  long double sum = 0;
  for (std::size_t i = 0; i < count; ++i)
    sum += static_cast<long double>(a[i]) * static_cast<long double>(b[i]);
  return static_cast<double>(sum);
}

}  // namespace support
