// SPDX-License-Identifier: MIT
#pragma once

#if defined(__AVX512F__)
#include <immintrin.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "dope/rope/registers_avx512_convert.hpp"
#include "dope/rope/registers_portable.hpp"

// The functions of registers.hpp for AVX-512: 16 floats or 8 doubles a register.

namespace dope::detail {

using Floats = Register<float>;
using Doubles = Register<double>;

// Arithmetic.

template <class Batch>
inline Batch keep_in_register(Batch x) noexcept {
#if defined(__GNUC__)
  asm("" : "+v"(x.data));
#endif
  return x;
}

inline Floats fused_plus(Floats z, Floats x, Floats y) noexcept { return Floats(_mm512_fmadd_ps(x, y, z)); }
inline Floats fused_minus(Floats z, Floats x, Floats y) noexcept { return Floats(_mm512_fnmadd_ps(x, y, z)); }
inline Doubles fused_plus(Doubles z, Doubles x, Doubles y) noexcept {
  return Doubles(_mm512_fmadd_pd(x, y, z));
}
inline Doubles fused_minus(Doubles z, Doubles x, Doubles y) noexcept {
  return Doubles(_mm512_fnmadd_pd(x, y, z));
}

inline __mmask16 nonzero(Floats x) noexcept {
  return _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
}
inline __mmask8 nonzero(Doubles x) noexcept {
  return _mm512_cmp_pd_mask(x, _mm512_setzero_pd(), _CMP_NEQ_UQ);
}

inline Floats fused_plus_where(__mmask16 mask, Floats z, Floats x, Floats y) noexcept {
  return Floats(_mm512_mask3_fmadd_ps(x, y, z, mask));
}
inline Floats fused_minus_where(__mmask16 mask, Floats z, Floats x, Floats y) noexcept {
  return Floats(_mm512_mask3_fnmadd_ps(x, y, z, mask));
}
inline Doubles fused_plus_where(__mmask8 mask, Doubles z, Doubles x, Doubles y) noexcept {
  return Doubles(_mm512_mask3_fmadd_pd(x, y, z, mask));
}
inline Doubles fused_minus_where(__mmask8 mask, Doubles z, Doubles x, Doubles y) noexcept {
  return Doubles(_mm512_mask3_fnmadd_pd(x, y, z, mask));
}

// Loads and stores of float and double.

inline constexpr __mmask8 all_8 = 0xff;

template <class Mask>
inline Mask leading(std::size_t count) noexcept {
  return static_cast<Mask>((std::uint64_t{1} << count) - 1);
}

inline Floats load_leading(const float* from, std::size_t count) noexcept {
  return Floats(_mm512_maskz_loadu_ps(leading<__mmask16>(count), from));
}
inline Doubles load_leading(const double* from, std::size_t count) noexcept {
  return Doubles(_mm512_maskz_loadu_pd(leading<__mmask8>(count), from));
}

inline void store_leading(Floats x, float* to, std::size_t count) noexcept {
  _mm512_mask_storeu_ps(to, leading<__mmask16>(count), x);
}
inline void store_leading(Doubles x, double* to, std::size_t count) noexcept {
  _mm512_mask_storeu_pd(to, leading<__mmask8>(count), x);
}

// Pairs of float and double are taken apart within each 128 bits, by one instruction a register: elements 0 …
// 31 become first = 0 2 16 18, 4 6 20 22, 8 10 24 26, 12 14 28 30. The pairs are then in the order 0 1 8 9, 2
// 3 10 11, 4 5 12 13, 6 7 14 15.

inline void deinterleave(Floats low, Floats high, Floats& first, Floats& second) noexcept {
  first = Floats(_mm512_maskz_shuffle_ps(all_16, low, high, 0x88));
  second = Floats(_mm512_maskz_shuffle_ps(all_16, low, high, 0xdd));
}
inline void deinterleave(Doubles low, Doubles high, Doubles& first, Doubles& second) noexcept {
  first = Doubles(_mm512_maskz_unpacklo_pd(all_8, low, high));
  second = Doubles(_mm512_maskz_unpackhi_pd(all_8, low, high));
}

inline void interleave(Floats first, Floats second, Floats& low, Floats& high) noexcept {
  low = Floats(_mm512_maskz_unpacklo_ps(all_16, first, second));
  high = Floats(_mm512_maskz_unpackhi_ps(all_16, first, second));
}
inline void interleave(Doubles first, Doubles second, Doubles& low, Doubles& high) noexcept {
  low = Doubles(_mm512_maskz_unpacklo_pd(all_8, first, second));
  high = Doubles(_mm512_maskz_unpackhi_pd(all_8, first, second));
}

/// 16-bit pairs come in their natural order.
template <Scalar T>
inline Register<T> in_order_of_pairs(const Register<T>& x) noexcept {
  const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
  if constexpr (std::same_as<T, float>) {
    return Floats(_mm512_castpd_ps(_mm512_maskz_permutexvar_pd(all_8, order, _mm512_castps_pd(x))));
  } else if constexpr (std::same_as<T, double>) {
    return Doubles(_mm512_maskz_permutexvar_pd(all_8, order, x));
  } else {
    return x;
  }
}

template <std::floating_point T>
inline void load_pairs(const T* from, Register<T>& first, Register<T>& second) noexcept {
  const Register<T> low = keep_in_register(load_register(from));
  const Register<T> high = keep_in_register(load_register(from + Register<T>::size));
  deinterleave(low, high, first, second);
}

template <std::floating_point T>
inline void store_pairs(const Register<T>& first, const Register<T>& second, T* to) noexcept {
  Register<T> low;
  Register<T> high;
  interleave(first, second, low, high);
  store_register(low, to);
  store_register(high, to + Register<T>::size);
}

template <std::floating_point T>
inline void load_leading_pairs(const T* from, std::size_t count, Register<T>& first,
                               Register<T>& second) noexcept {
  const std::size_t in_low = (std::min)(2 * count, Register<T>::size);
  const Register<T> low = keep_in_register(load_leading(from, in_low));
  const Register<T> high = keep_in_register(load_leading(from + in_low, 2 * count - in_low));
  deinterleave(low, high, first, second);
}

template <std::floating_point T>
inline void store_leading_pairs(const Register<T>& first, const Register<T>& second, T* to,
                                std::size_t count) noexcept {
  const std::size_t in_low = (std::min)(2 * count, Register<T>::size);
  Register<T> low;
  Register<T> high;
  interleave(first, second, low, high);
  store_leading(low, to, in_low);
  store_leading(high, to + in_low, 2 * count - in_low);
}

// Loads and stores of float16 and bfloat16.

template <SixteenBit T>
inline Register<T> load_register(const T* from) noexcept {
  return widened<T>(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}

template <SixteenBit T>
inline void store_register(const Register<T>& x, T* to) noexcept {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), narrowed<T>(x));
}

template <SixteenBit T>
inline void load_pairs(const T* from, Register<T>& first, Register<T>& second) noexcept {
  widened_pairs<T>(_mm512_loadu_si512(from), first, second);
}

template <SixteenBit T>
inline void store_pairs(const Register<T>& first, const Register<T>& second, T* to) noexcept {
  _mm512_storeu_si512(to, narrowed_pairs<T>(first, second));
}

#if defined(__AVX512BW__) && defined(__AVX512VL__)
template <Scalar T>
inline constexpr bool is_masked = true;

template <SixteenBit T>
inline Register<T> load_leading(const T* from, std::size_t count) noexcept {
  return widened<T>(_mm256_maskz_loadu_epi16(leading<__mmask16>(count), from));
}

template <SixteenBit T>
inline void store_leading(const Register<T>& x, T* to, std::size_t count) noexcept {
  _mm256_mask_storeu_epi16(to, leading<__mmask16>(count), narrowed<T>(x));
}

template <SixteenBit T>
inline void load_leading_pairs(const T* from, std::size_t count, Register<T>& first,
                               Register<T>& second) noexcept {
  widened_pairs<T>(_mm512_maskz_loadu_epi16(leading<__mmask32>(2 * count), from), first, second);
}

template <SixteenBit T>
inline void store_leading_pairs(const Register<T>& first, const Register<T>& second, T* to,
                                std::size_t count) noexcept {
  _mm512_mask_storeu_epi16(to, leading<__mmask32>(2 * count), narrowed_pairs<T>(first, second));
}
#else
template <Scalar T>
inline constexpr bool is_masked = std::floating_point<T>;
#endif

}  // namespace dope::detail
#endif
