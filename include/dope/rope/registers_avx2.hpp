// SPDX-License-Identifier: MIT
#pragma once

#if defined(__AVX__) && !defined(__AVX512F__)
#include <immintrin.h>

#include <concepts>
#include <cstddef>

#include "dope/core/convert.hpp"
#include "dope/core/scalar.hpp"
#include "dope/rope/registers_portable.hpp"

// The functions of registers.hpp for AVX and AVX2: 8 floats or 4 doubles a register. 16-bit types are
// converted in registers where the target has AVX2 and F16C, and in memory where it has only AVX.

namespace dope::detail {

using portable::fused_minus;
using portable::fused_plus;
using portable::is_masked;
using portable::keep_in_register;
using portable::nonzero;

using Floats = Register<float>;
using Doubles = Register<double>;

// Loads and stores of pairs of float and double.

// Pairs of float and double are taken apart within each 128 bits, by one instruction a register: elements 0 …
// 15 become first = 0 2 8 10, 4 6 12 14. The pairs are then in the order 0 1 4 5, 2 3 6 7.

inline void deinterleave(Floats low, Floats high, Floats& first, Floats& second) noexcept {
  first = Floats(_mm256_shuffle_ps(low, high, 0x88));
  second = Floats(_mm256_shuffle_ps(low, high, 0xdd));
}
inline void deinterleave(Doubles low, Doubles high, Doubles& first, Doubles& second) noexcept {
  first = Doubles(_mm256_unpacklo_pd(low, high));
  second = Doubles(_mm256_unpackhi_pd(low, high));
}

inline void interleave(Floats first, Floats second, Floats& low, Floats& high) noexcept {
  low = Floats(_mm256_unpacklo_ps(first, second));
  high = Floats(_mm256_unpackhi_ps(first, second));
}
inline void interleave(Doubles first, Doubles second, Doubles& low, Doubles& high) noexcept {
  low = Doubles(_mm256_unpacklo_pd(first, second));
  high = Doubles(_mm256_unpackhi_pd(first, second));
}

/// Doubles 0 1 2 3 as 0 2 1 3.
inline __m256d swap_middle(__m256d x) noexcept {
#if defined(__AVX2__)
  return _mm256_permute4x64_pd(x, 0xd8);
#else
  const __m256d low = _mm256_permute2f128_pd(x, x, 0x00);
  const __m256d high = _mm256_permute2f128_pd(x, x, 0x11);
  return _mm256_shuffle_pd(low, high, 0xc);
#endif
}

template <std::floating_point T>
inline void load_pairs(const T* from, Register<T>& first, Register<T>& second) noexcept {
  deinterleave(load_register(from), load_register(from + Register<T>::size), first, second);
}

template <std::floating_point T>
inline void store_pairs(const Register<T>& first, const Register<T>& second, T* to) noexcept {
  Register<T> low;
  Register<T> high;
  interleave(first, second, low, high);
  store_register(low, to);
  store_register(high, to + Register<T>::size);
}

// Loads and stores of float16 and bfloat16.

#if defined(__AVX2__) && defined(__F16C__)
// A register of pairs is 8 words of 32 bits, the first element of a pair in the low half of its word.

inline __m256i zero_extend(__m128i x) noexcept { return _mm256_cvtepu16_epi32(x); }
inline __m128i low_halves(__m256i x) noexcept {
  const __m256i low = _mm256_and_si256(x, _mm256_set1_epi32(0xffff));
  return _mm256_castsi256_si128(_mm256_permute4x64_epi64(_mm256_packus_epi32(low, low), 0xd8));
}
inline __m256i shift_left_16(__m256i x) noexcept { return _mm256_slli_epi32(x, 16); }
inline __m256i shift_right_16(__m256i x) noexcept { return _mm256_srli_epi32(x, 16); }
inline __m256i bit_or(__m256i x, __m256i y) noexcept { return _mm256_or_si256(x, y); }

/// Each float's bfloat16 in the low half of its word: to nearest, ties to even; a NaN stays one, and quiet.
inline __m256i bfloat16_words(__m256 x) noexcept {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i odd = _mm256_and_si256(shift_right_16(bits), _mm256_set1_epi32(1));
  const __m256i to_even = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
  const __m256i rounded = shift_right_16(_mm256_add_epi32(bits, to_even));
  const __m256i quiet = bit_or(shift_right_16(bits), _mm256_set1_epi32(0x40));
  const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff));
  const __m256i is_nan = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7f800000));
  return _mm256_blendv_epi8(rounded, quiet, is_nan);
}

template <SixteenBit T>
inline Register<T> widened(__m128i x) noexcept {
  if constexpr (std::same_as<T, float16>) return Floats(_mm256_cvtph_ps(x));
  return Floats(_mm256_castsi256_ps(shift_left_16(zero_extend(x))));
}

template <SixteenBit T>
inline __m128i narrowed(const Register<T>& x) noexcept {
  if constexpr (std::same_as<T, float16>)
    return _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  return low_halves(bfloat16_words(x));
}

template <SixteenBit T>
inline Register<T> load_register(const T* from) noexcept {
  return widened<T>(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

template <SixteenBit T>
inline void store_register(const Register<T>& x, T* to) noexcept {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), narrowed<T>(x));
}

template <SixteenBit T>
inline void load_pairs(const T* from, Register<T>& first, Register<T>& second) noexcept {
  const __m256i pairs = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  if constexpr (std::same_as<T, float16>) {
    first = widened<T>(low_halves(pairs));
    second = widened<T>(low_halves(shift_right_16(pairs)));
  } else {
    first = Floats(_mm256_castsi256_ps(shift_left_16(pairs)));
    second = Floats(_mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(-65536))));
  }
}

template <SixteenBit T>
inline void store_pairs(const Register<T>& first, const Register<T>& second, T* to) noexcept {
  __m256i pairs;
  if constexpr (std::same_as<T, float16>) {
    pairs = bit_or(zero_extend(narrowed<T>(first)), shift_left_16(zero_extend(narrowed<T>(second))));
  } else {
    pairs = bit_or(bfloat16_words(first), shift_left_16(bfloat16_words(second)));
  }
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), pairs);
}

inline constexpr bool sixteen_bit_pairs_in_order = true;

#else

template <SixteenBit T>
inline Register<T> load_register(const T* from) noexcept {
  return portable::load_register(from);
}

template <SixteenBit T>
inline void store_register(const Register<T>& x, T* to) noexcept {
  portable::store_register(x, to);
}

template <SixteenBit T>
inline void load_pairs(const T* from, Register<T>& first, Register<T>& second) noexcept {
  alignas(32) float wide[2 * Floats::size];
  widen(from, wide, 2 * Floats::size);
  load_pairs(wide, first, second);
}

template <SixteenBit T>
inline void store_pairs(const Register<T>& first, const Register<T>& second, T* to) noexcept {
  alignas(32) float wide[2 * Floats::size];
  store_pairs(first, second, wide);
  narrow(wide, to, 2 * Floats::size);
}

inline constexpr bool sixteen_bit_pairs_in_order = false;  // they are loaded as pairs of float

#endif

template <Scalar T>
inline Register<T> in_order_of_pairs(const Register<T>& x) noexcept {
  if constexpr (std::same_as<T, double>) {
    return Doubles(swap_middle(x));
  } else if constexpr (SixteenBit<T> && sixteen_bit_pairs_in_order) {
    return x;
  } else {
    return Floats(_mm256_castpd_ps(swap_middle(_mm256_castps_pd(x))));
  }
}

}  // namespace dope::detail
#endif
