// SPDX-License-Identifier: MIT
#pragma once

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <concepts>
#include <cstddef>

#include "dope/core/scalar.hpp"
#include "dope/rope/lanes.hpp"

namespace dope::detail {

/// x, which the compiler may not read from memory again at each use.
template <class Batch>
inline Batch kept(Batch x) noexcept {
#if defined(__AVX512F__) && defined(__GNUC__)
  if constexpr (sizeof(x.data) == 64) asm("" : "+v"(x.data));
#endif
  return x;
}

// Two registers of pairs parted within their 128-bit lanes: cheaper than in order, and as good where c and
// s are brought into the same order once (order_of_pairs). In order where the target has no such parting.
//
// Law: for the same T, store_parted undoes load_parted, and lane i of first and second belongs to the band
// whose c order_of_pairs puts in lane i. What is named `first` touches the memory of the first `count` pairs
// alone, count ≤ the register's lanes, and reads the others as 0.

/// Whether the order is another than of pairs: where a register holds four or two 128-bit lanes of T itself.
template <Scalar T>
inline constexpr bool is_parted =
#if defined(__AVX512F__)
    is_wide<T> && sizeof(Lanes<T>) == 64;
#elif defined(__AVX2__)
    is_wide<T> && sizeof(Lanes<T>) == 32;
#else
    false;
#endif

template <Scalar T>
inline Lanes<T> order_of_pairs(const Lanes<T>& x) noexcept {
#if defined(__AVX512F__)
  if constexpr (is_parted<T>) {
    const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
    if constexpr (std::same_as<T, float>) {
      const __m512d doubles = _mm512_castps_pd(x);
      return Lanes<T>(_mm512_castpd_ps(_mm512_maskz_permutexvar_pd(0xff, order, doubles)));
    } else {
      return Lanes<T>(_mm512_maskz_permutexvar_pd(0xff, order, x));
    }
  }
#elif defined(__AVX2__)
  if constexpr (is_parted<T>) {
    if constexpr (std::same_as<T, float>) {
      return Lanes<T>(_mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(x), 0xd8)));
    } else {
      return Lanes<T>(_mm256_permute4x64_pd(x, 0xd8));
    }
  }
#endif
  return x;
}

#if defined(__AVX512F__) || defined(__AVX2__)
/// Two registers of pairs (low, high) parted, and back.
template <Scalar T>
inline void part(const Lanes<T>& low, const Lanes<T>& high, Lanes<T>& first, Lanes<T>& second) noexcept {
#if defined(__AVX512F__)
  if constexpr (std::same_as<T, float>) {
    first = Lanes<T>(_mm512_maskz_shuffle_ps(all_lanes, low, high, 0x88));
    second = Lanes<T>(_mm512_maskz_shuffle_ps(all_lanes, low, high, 0xdd));
  } else {
    first = Lanes<T>(_mm512_maskz_unpacklo_pd(0xff, low, high));
    second = Lanes<T>(_mm512_maskz_unpackhi_pd(0xff, low, high));
  }
#else
  if constexpr (std::same_as<T, float>) {
    first = Lanes<T>(_mm256_shuffle_ps(low, high, 0x88));
    second = Lanes<T>(_mm256_shuffle_ps(low, high, 0xdd));
  } else {
    first = Lanes<T>(_mm256_unpacklo_pd(low, high));
    second = Lanes<T>(_mm256_unpackhi_pd(low, high));
  }
#endif
}

template <Scalar T>
inline void join(const Lanes<T>& first, const Lanes<T>& second, Lanes<T>& low, Lanes<T>& high) noexcept {
#if defined(__AVX512F__)
  if constexpr (std::same_as<T, float>) {
    low = Lanes<T>(_mm512_maskz_unpacklo_ps(all_lanes, first, second));
    high = Lanes<T>(_mm512_maskz_unpackhi_ps(all_lanes, first, second));
  } else {
    low = Lanes<T>(_mm512_maskz_unpacklo_pd(0xff, first, second));
    high = Lanes<T>(_mm512_maskz_unpackhi_pd(0xff, first, second));
  }
#else
  if constexpr (std::same_as<T, float>) {
    low = Lanes<T>(_mm256_unpacklo_ps(first, second));
    high = Lanes<T>(_mm256_unpackhi_ps(first, second));
  } else {
    low = Lanes<T>(_mm256_unpacklo_pd(first, second));
    high = Lanes<T>(_mm256_unpackhi_pd(first, second));
  }
#endif
}
#endif

template <Scalar T>
inline void load_parted(const T* stored, Lanes<T>& first, Lanes<T>& second) noexcept {
  if constexpr (is_parted<T>) {
    const Lanes<T> low = kept(load_lanes(stored));
    const Lanes<T> high = kept(load_lanes(stored + Lanes<T>::size));
    part<T>(low, high, first, second);
  } else {
    load_pairs(stored, first, second);
  }
}

template <Scalar T>
inline void store_parted(const Lanes<T>& first, const Lanes<T>& second, T* stored) noexcept {
  if constexpr (is_parted<T>) {
    Lanes<T> low;
    Lanes<T> high;
    join<T>(first, second, low, high);
    store_lanes(low, stored);
    store_lanes(high, stored + Lanes<T>::size);
  } else {
    store_pairs(first, second, stored);
  }
}

template <Scalar T>
inline void load_first_parted(const T* stored, std::size_t count, Lanes<T>& first,
                              Lanes<T>& second) noexcept {
  constexpr std::size_t lanes = Lanes<T>::size;
  if constexpr (is_parted<T> && is_masked<T>) {
    const std::size_t in_low = (std::min)(2 * count, lanes);
    const Lanes<T> low = kept(load_first_lanes(stored, in_low));
    const Lanes<T> high = kept(load_first_lanes(stored + in_low, 2 * count - in_low));
    part<T>(low, high, first, second);
  } else if constexpr (is_masked<T>) {
    load_first_pairs(stored, count, first, second);
  } else {
    alignas(64) T whole[2 * lanes] = {};
    std::copy_n(stored, 2 * count, whole);
    load_parted(whole, first, second);
  }
}

template <Scalar T>
inline void store_first_parted(const Lanes<T>& first, const Lanes<T>& second, T* stored,
                               std::size_t count) noexcept {
  constexpr std::size_t lanes = Lanes<T>::size;
  if constexpr (is_parted<T> && is_masked<T>) {
    const std::size_t in_low = (std::min)(2 * count, lanes);
    Lanes<T> low;
    Lanes<T> high;
    join<T>(first, second, low, high);
    store_first_lanes(low, stored, in_low);
    store_first_lanes(high, stored + in_low, 2 * count - in_low);
  } else if constexpr (is_masked<T>) {
    store_first_pairs(first, second, stored, count);
  } else {
    alignas(64) T whole[2 * lanes];
    store_parted(first, second, whole);
    std::copy_n(whole, 2 * count, stored);
  }
}

}  // namespace dope::detail
