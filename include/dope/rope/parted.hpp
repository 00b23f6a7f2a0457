// SPDX-License-Identifier: MIT
#pragma once

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

#include <concepts>

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
// whose c order_of_pairs puts in lane i.

template <Scalar T>
inline Lanes<T> order_of_pairs(const Lanes<T>& x) noexcept {
#if defined(__AVX512F__)
  if constexpr (is_wide<T> && sizeof(x.data) == 64) {
    const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
    if constexpr (std::same_as<T, float>) {
      const __m512d doubles = _mm512_castps_pd(x);
      return Lanes<T>(_mm512_castpd_ps(_mm512_maskz_permutexvar_pd(0xff, order, doubles)));
    } else {
      return Lanes<T>(_mm512_maskz_permutexvar_pd(0xff, order, x));
    }
  }
#elif defined(__AVX2__)
  if constexpr (is_wide<T> && sizeof(x.data) == 32) {
    if constexpr (std::same_as<T, float>) {
      return Lanes<T>(_mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(x), 0xd8)));
    } else {
      return Lanes<T>(_mm256_permute4x64_pd(x, 0xd8));
    }
  }
#endif
  return x;
}

template <Scalar T>
inline void load_parted(const T* stored, Lanes<T>& first, Lanes<T>& second) noexcept {
#if defined(__AVX512F__)
  if constexpr (is_wide<T> && sizeof(first.data) == 64) {
    if constexpr (std::same_as<T, float>) {
      const Lanes<T> low = kept(Lanes<T>(_mm512_loadu_ps(stored)));
      const Lanes<T> high = kept(Lanes<T>(_mm512_loadu_ps(stored + 16)));
      first = Lanes<T>(_mm512_shuffle_ps(low, high, 0x88));
      second = Lanes<T>(_mm512_shuffle_ps(low, high, 0xdd));
    } else {
      const Lanes<T> low = kept(Lanes<T>(_mm512_loadu_pd(stored)));
      const Lanes<T> high = kept(Lanes<T>(_mm512_loadu_pd(stored + 8)));
      first = Lanes<T>(_mm512_unpacklo_pd(low, high));
      second = Lanes<T>(_mm512_unpackhi_pd(low, high));
    }
    return;
  }
#elif defined(__AVX2__)
  if constexpr (is_wide<T> && sizeof(first.data) == 32) {
    if constexpr (std::same_as<T, float>) {
      const __m256 low = _mm256_loadu_ps(stored);
      const __m256 high = _mm256_loadu_ps(stored + 8);
      first = Lanes<T>(_mm256_shuffle_ps(low, high, 0x88));
      second = Lanes<T>(_mm256_shuffle_ps(low, high, 0xdd));
    } else {
      const __m256d low = _mm256_loadu_pd(stored);
      const __m256d high = _mm256_loadu_pd(stored + 4);
      first = Lanes<T>(_mm256_unpacklo_pd(low, high));
      second = Lanes<T>(_mm256_unpackhi_pd(low, high));
    }
    return;
  }
#endif
  load_pairs(stored, first, second);
}

template <Scalar T>
inline void store_parted(const Lanes<T>& first, const Lanes<T>& second, T* stored) noexcept {
#if defined(__AVX512F__)
  if constexpr (is_wide<T> && sizeof(first.data) == 64) {
    if constexpr (std::same_as<T, float>) {
      _mm512_storeu_ps(stored, _mm512_unpacklo_ps(first, second));
      _mm512_storeu_ps(stored + 16, _mm512_unpackhi_ps(first, second));
    } else {
      _mm512_storeu_pd(stored, _mm512_unpacklo_pd(first, second));
      _mm512_storeu_pd(stored + 8, _mm512_unpackhi_pd(first, second));
    }
    return;
  }
#elif defined(__AVX2__)
  if constexpr (is_wide<T> && sizeof(first.data) == 32) {
    if constexpr (std::same_as<T, float>) {
      _mm256_storeu_ps(stored, _mm256_unpacklo_ps(first, second));
      _mm256_storeu_ps(stored + 8, _mm256_unpackhi_ps(first, second));
    } else {
      _mm256_storeu_pd(stored, _mm256_unpacklo_pd(first, second));
      _mm256_storeu_pd(stored + 4, _mm256_unpackhi_pd(first, second));
    }
    return;
  }
#endif
  store_pairs(first, second, stored);
}

}  // namespace dope::detail
