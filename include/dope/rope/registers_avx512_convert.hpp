// SPDX-License-Identifier: MIT
#pragma once

#if defined(__AVX512F__)
#include <immintrin.h>

#include <bit>
#include <concepts>

#include "dope/rope/registers_portable.hpp"

// Conversion of float16 and bfloat16 in AVX-512 registers: 16 elements, or 16 pairs as words of 32 bits, the
// first element of a pair in the low half of its word.
//
// Intrinsics are called in their masked form: the plain one reads an undefined register, of which g++ 12
// warns in the user's code.

namespace dope::detail {

inline constexpr __mmask16 all_16 = 0xffff;

inline __m512i zero_extend(__m256i x) noexcept { return _mm512_maskz_cvtepu16_epi32(all_16, x); }
inline __m256i low_halves(__m512i x) noexcept { return _mm512_maskz_cvtepi32_epi16(all_16, x); }
inline __m512i high_halves_only(__m512i x) noexcept { return _mm512_and_si512(x, _mm512_set1_epi32(-65536)); }
inline __m512i shift_left_16(__m512i x) noexcept { return _mm512_maskz_slli_epi32(all_16, x, 16); }
inline __m512i shift_right_16(__m512i x) noexcept { return _mm512_maskz_srli_epi32(all_16, x, 16); }
inline __m512i bit_or(__m512i x, __m512i y) noexcept { return _mm512_or_si512(x, y); }

/// Each float's bfloat16 in the low half of its word: to nearest, ties to even; a NaN stays one, and quiet.
inline __m512i bfloat16_words(__m512 x) noexcept {
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i upper = shift_right_16(bits);
  const __m512i odd = _mm512_and_si512(upper, _mm512_set1_epi32(1));
  const __m512i rounded =
      shift_right_16(_mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff))));
  const __m512i quiet = bit_or(upper, _mm512_set1_epi32(0x40));
  const __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
  const __mmask16 is_nan = _mm512_cmpgt_epi32_mask(magnitude, _mm512_set1_epi32(0x7f800000));
  return _mm512_mask_mov_epi32(rounded, is_nan, quiet);
}

#if defined(__AVX512BF16__)
/// Lanes of subnormal numbers, from their bits: instructions on floats take them for 0 where the program says
/// so (as g++ 12 does for all of a program linked with -ffast-math).
inline __mmask16 subnormal_lanes(__m512 x) noexcept {
  const __m512i bits = _mm512_castps_si512(x);
  const __mmask16 no_exponent = _mm512_testn_epi32_mask(bits, _mm512_set1_epi32(0x7f800000));
  return _mm512_mask_test_epi32_mask(no_exponent, bits, _mm512_set1_epi32(0x007fffff));
}

/// As bfloat16_words rounds, by an instruction that takes subnormal numbers for 0. Precondition: there are
/// none.
inline __m256i bfloat16_of_normal(__m512 x) noexcept {
  return std::bit_cast<__m256i>(_mm512_maskz_cvtneps_pbh(all_16, x));
}
#endif

template <Scalar T>
inline Register<T> widened(__m256i x) noexcept {
  if constexpr (std::same_as<T, float16>) return Register<T>(_mm512_maskz_cvtph_ps(all_16, x));
  return Register<T>(_mm512_castsi512_ps(shift_left_16(zero_extend(x))));
}

template <Scalar T>
inline __m256i narrowed(const Register<T>& x) noexcept {
  if constexpr (std::same_as<T, float16>)
    return _mm512_maskz_cvtps_ph(all_16, x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#if defined(__AVX512BF16__)
  if (subnormal_lanes(x) == 0) return bfloat16_of_normal(x);
#endif
  return low_halves(bfloat16_words(x));
}

template <Scalar T>
inline void widened_pairs(__m512i x, Register<T>& first, Register<T>& second) noexcept {
  if constexpr (std::same_as<T, float16>) {
    first = widened<T>(low_halves(x));
    second = widened<T>(low_halves(shift_right_16(x)));
  } else {
    first = Register<T>(_mm512_castsi512_ps(shift_left_16(x)));
    second = Register<T>(_mm512_castsi512_ps(high_halves_only(x)));
  }
}

template <Scalar T>
inline __m512i narrowed_pairs(const Register<T>& first, const Register<T>& second) noexcept {
  if constexpr (std::same_as<T, float16>)
    return bit_or(zero_extend(narrowed<T>(first)), shift_left_16(zero_extend(narrowed<T>(second))));
#if defined(__AVX512BF16__)
  if ((subnormal_lanes(first) | subnormal_lanes(second)) == 0)
    return bit_or(zero_extend(bfloat16_of_normal(first)),
                  shift_left_16(zero_extend(bfloat16_of_normal(second))));
#endif
  return bit_or(bfloat16_words(first), shift_left_16(bfloat16_words(second)));
}

}  // namespace dope::detail
#endif
