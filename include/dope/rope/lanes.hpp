// SPDX-License-Identifier: MIT
#pragma once

#if defined(__AVX__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include <algorithm>
#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <xsimd/xsimd.hpp>

#include "dope/core/convert.hpp"
#include "dope/core/scalar.hpp"

// Stored values to and from registers, one register of compute_t<T> at a time.
//
// Law: lane i is what widen gives for stored[i], and store_lanes writes what narrow gives, bit for bit;
// pairs are (stored[2i], stored[2i + 1]). Memory needs no alignment. Targets without conversion
// instructions go through widen and narrow. What is named `first` touches the memory of the first `count`
// lanes alone, count ≤ the register's, and reads the others as 0.

namespace dope::detail {

template <Scalar T>
using Lanes = xsimd::batch<compute_t<T>>;

template <Scalar T>
inline constexpr bool is_wide = std::same_as<T, compute_t<T>>;

/// z + x·y, rounded once where the target has the instruction.
///
/// Where xsimd's fma is two operators and not an instruction, a compiler that contracts them may fuse
/// this product or the one inside z, at each place it inlines them anew: results would differ in bits.
template <class Batch>
inline Batch fused_plus(const Batch& z, const Batch& x, const Batch& y) noexcept {
#if defined(__AVX512F__)
  if constexpr (std::same_as<Batch, xsimd::batch<float>> && Batch::size == 16)
    return Batch(_mm512_fmadd_ps(x, y, z));
  if constexpr (std::same_as<Batch, xsimd::batch<double>> && Batch::size == 8)
    return Batch(_mm512_fmadd_pd(x, y, z));
#elif defined(__aarch64__)
  if constexpr (std::same_as<Batch, xsimd::batch<float>>) return Batch(vfmaq_f32(z, x, y));
  if constexpr (std::same_as<Batch, xsimd::batch<double>>) return Batch(vfmaq_f64(z, x, y));
#endif
  return xsimd::fma(x, y, z);
}

/// z − x·y, likewise.
template <class Batch>
inline Batch fused_minus(const Batch& z, const Batch& x, const Batch& y) noexcept {
#if defined(__AVX512F__)
  if constexpr (std::same_as<Batch, xsimd::batch<float>> && Batch::size == 16)
    return Batch(_mm512_fnmadd_ps(x, y, z));
  if constexpr (std::same_as<Batch, xsimd::batch<double>> && Batch::size == 8)
    return Batch(_mm512_fnmadd_pd(x, y, z));
#elif defined(__aarch64__)
  if constexpr (std::same_as<Batch, xsimd::batch<float>>) return Batch(vfmsq_f32(z, x, y));
  if constexpr (std::same_as<Batch, xsimd::batch<double>>) return Batch(vfmsq_f64(z, x, y));
#endif
  return xsimd::fnma(x, y, z);
}

#if defined(__AVX512F__)
inline constexpr std::size_t converted_lanes = 16;
using HalfWords = __m256i;
using Words = __m512i;
using Floats = __m512;

/// Intrinsics are called in their masked form: the plain one reads an undefined register on paper, of
/// which g++ 12 warns in the caller's code.
inline constexpr __mmask16 all_lanes = 0xffff;

inline HalfWords load_half_words(const void* from) noexcept {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
inline void store_half_words(void* to, HalfWords x) noexcept {
  _mm256_storeu_si256(static_cast<__m256i*>(to), x);
}
inline Words load_words(const void* from) noexcept { return _mm512_loadu_si512(from); }
inline void store_words(void* to, Words x) noexcept { _mm512_storeu_si512(to, x); }
inline Words spread(HalfWords x) noexcept { return _mm512_maskz_cvtepu16_epi32(all_lanes, x); }
inline HalfWords gather_low(Words x) noexcept { return _mm512_maskz_cvtepi32_epi16(all_lanes, x); }
inline Words raise(Words x) noexcept { return _mm512_maskz_slli_epi32(all_lanes, x, 16); }
inline Words lower(Words x) noexcept { return _mm512_maskz_srli_epi32(all_lanes, x, 16); }
inline Words either(Words x, Words y) noexcept { return _mm512_or_si512(x, y); }
inline Words upper_half(Words x) noexcept { return _mm512_and_si512(x, _mm512_set1_epi32(-65536)); }
inline Floats as_floats(Words x) noexcept { return _mm512_castsi512_ps(x); }

inline Floats floats_of(HalfWords x) noexcept { return _mm512_maskz_cvtph_ps(all_lanes, x); }
inline HalfWords halves_of(Floats x) noexcept {
  return _mm512_maskz_cvtps_ph(all_lanes, x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/// Each float's bfloat16 in the low half of its word.
inline Words brains_of(Floats x) noexcept {
  const Words bits = _mm512_castps_si512(x);
  const Words odd = _mm512_and_si512(lower(bits), _mm512_set1_epi32(1));
  const Words rounded = lower(_mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff))));
  const Words quiet = either(lower(bits), _mm512_set1_epi32(0x40));
  const Words magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
  return _mm512_mask_mov_epi32(rounded, _mm512_cmpgt_epi32_mask(magnitude, _mm512_set1_epi32(0x7f800000)),
                               quiet);
}

#if defined(__AVX512BF16__)
/// Lanes of subnormal numbers, from their bits: instructions on floats take them for 0 where the program says
/// so (as g++ 12 does for all of a program linked with -ffast-math).
inline __mmask16 subnormal_lanes(Floats x) noexcept {
  const Words bits = _mm512_castps_si512(x);
  const __mmask16 no_exponent = _mm512_testn_epi32_mask(bits, _mm512_set1_epi32(0x7f800000));
  return _mm512_mask_test_epi32_mask(no_exponent, bits, _mm512_set1_epi32(0x007fffff));
}
#endif

inline HalfWords brain_halves_of(Floats x) noexcept {
#if defined(__AVX512BF16__)
  // The instruction rounds as brains_of does, except that it takes subnormal numbers for 0.
  if (subnormal_lanes(x) == 0) {
    return std::bit_cast<HalfWords>(_mm512_maskz_cvtneps_pbh(all_lanes, x));
  }
#endif
  return gather_low(brains_of(x));
}

/// (first[i], second[i]) in word i.
inline Words brain_pairs_of(Floats first, Floats second) noexcept {
#if defined(__AVX512BF16__)
  if ((subnormal_lanes(first) | subnormal_lanes(second)) == 0) {
    const Words low = spread(std::bit_cast<HalfWords>(_mm512_maskz_cvtneps_pbh(all_lanes, first)));
    const Words high = spread(std::bit_cast<HalfWords>(_mm512_maskz_cvtneps_pbh(all_lanes, second)));
    return either(low, raise(high));
  }
#endif
  return either(brains_of(first), raise(brains_of(second)));
}
#elif defined(__AVX2__) && defined(__F16C__)
inline constexpr std::size_t converted_lanes = 8;
using HalfWords = __m128i;
using Words = __m256i;
using Floats = __m256;

inline HalfWords load_half_words(const void* from) noexcept {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}
inline void store_half_words(void* to, HalfWords x) noexcept {
  _mm_storeu_si128(static_cast<__m128i*>(to), x);
}
inline Words load_words(const void* from) noexcept {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
inline void store_words(void* to, Words x) noexcept { _mm256_storeu_si256(static_cast<__m256i*>(to), x); }
inline Words spread(HalfWords x) noexcept { return _mm256_cvtepu16_epi32(x); }
inline HalfWords gather_low(Words x) noexcept {
  const Words low = _mm256_and_si256(x, _mm256_set1_epi32(0xffff));
  const Words packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(low, low), 0xd8);
  return _mm256_castsi256_si128(packed);
}
inline Words raise(Words x) noexcept { return _mm256_slli_epi32(x, 16); }
inline Words lower(Words x) noexcept { return _mm256_srli_epi32(x, 16); }
inline Words either(Words x, Words y) noexcept { return _mm256_or_si256(x, y); }
inline Words upper_half(Words x) noexcept { return _mm256_and_si256(x, _mm256_set1_epi32(-65536)); }
inline Floats as_floats(Words x) noexcept { return _mm256_castsi256_ps(x); }

inline Floats floats_of(HalfWords x) noexcept { return _mm256_cvtph_ps(x); }
inline HalfWords halves_of(Floats x) noexcept {
  return _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/// Each float's bfloat16 in the low half of its word.
inline Words brains_of(Floats x) noexcept {
  const Words bits = _mm256_castps_si256(x);
  const Words odd = _mm256_and_si256(lower(bits), _mm256_set1_epi32(1));
  const Words rounded = lower(_mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff))));
  const Words quiet = either(lower(bits), _mm256_set1_epi32(0x40));
  const Words magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff));
  const Words is_nan = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7f800000));
  return _mm256_blendv_epi8(rounded, quiet, is_nan);
}

inline HalfWords brain_halves_of(Floats x) noexcept { return gather_low(brains_of(x)); }

inline Words brain_pairs_of(Floats first, Floats second) noexcept {
  return either(brains_of(first), raise(brains_of(second)));
}
#elif defined(__aarch64__)
inline constexpr std::size_t converted_lanes = 4;
using HalfWords = uint16x4_t;
using Words = uint32x4_t;
using Floats = float32x4_t;

inline HalfWords load_half_words(const void* from) noexcept {
  return vld1_u16(static_cast<const std::uint16_t*>(from));
}
inline void store_half_words(void* to, HalfWords x) noexcept { vst1_u16(static_cast<std::uint16_t*>(to), x); }
inline Words load_words(const void* from) noexcept {
  return vreinterpretq_u32_u16(vld1q_u16(static_cast<const std::uint16_t*>(from)));
}
inline void store_words(void* to, Words x) noexcept {
  vst1q_u16(static_cast<std::uint16_t*>(to), vreinterpretq_u16_u32(x));
}
inline Words spread(HalfWords x) noexcept { return vmovl_u16(x); }
inline HalfWords gather_low(Words x) noexcept { return vmovn_u32(x); }
inline Words raise(Words x) noexcept { return vshlq_n_u32(x, 16); }
inline Words lower(Words x) noexcept { return vshrq_n_u32(x, 16); }
inline Words either(Words x, Words y) noexcept { return vorrq_u32(x, y); }
inline Words upper_half(Words x) noexcept { return vandq_u32(x, vdupq_n_u32(0xffff0000u)); }
inline Floats as_floats(Words x) noexcept { return vreinterpretq_f32_u32(x); }

inline Floats floats_of(HalfWords x) noexcept { return vcvt_f32_f16(vreinterpret_f16_u16(x)); }
inline HalfWords halves_of(Floats x) noexcept { return vreinterpret_u16_f16(vcvt_f16_f32(x)); }

/// Each float's bfloat16 in the low half of its word.
inline Words brains_of(Floats x) noexcept {
  const Words bits = vreinterpretq_u32_f32(x);
  const Words odd = vandq_u32(lower(bits), vdupq_n_u32(1));
  const Words rounded = lower(vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff))));
  const Words quiet = either(lower(bits), vdupq_n_u32(0x40));
  const Words is_nan = vcgtq_u32(vandq_u32(bits, vdupq_n_u32(0x7fffffff)), vdupq_n_u32(0x7f800000));
  return vbslq_u32(is_nan, quiet, rounded);
}

inline HalfWords brain_halves_of(Floats x) noexcept { return gather_low(brains_of(x)); }

inline Words brain_pairs_of(Floats first, Floats second) noexcept {
  return either(brains_of(first), raise(brains_of(second)));
}
#else
inline constexpr std::size_t converted_lanes = 0;
#endif

#if defined(__AVX512F__) || (defined(__AVX2__) && defined(__F16C__)) || defined(__aarch64__)
/// Registers of 16-bit T as floats and back.
template <Scalar T>
inline Lanes<T> widened(HalfWords x) noexcept {
  if constexpr (std::same_as<T, float16>) return Lanes<T>(floats_of(x));
  return Lanes<T>(as_floats(raise(spread(x))));
}

template <Scalar T>
inline HalfWords narrowed(const Lanes<T>& lanes) noexcept {
  if constexpr (std::same_as<T, float16>) return halves_of(lanes);
  return brain_halves_of(lanes);
}

template <Scalar T>
inline void widened_pairs(Words x, Lanes<T>& first, Lanes<T>& second) noexcept {
  if constexpr (std::same_as<T, float16>) {
    first = Lanes<T>(floats_of(gather_low(x)));
    second = Lanes<T>(floats_of(gather_low(lower(x))));
  } else {
    first = Lanes<T>(as_floats(raise(x)));
    second = Lanes<T>(as_floats(upper_half(x)));
  }
}

template <Scalar T>
inline Words narrowed_pairs(const Lanes<T>& first, const Lanes<T>& second) noexcept {
  if constexpr (std::same_as<T, float16>)
    return either(spread(halves_of(first)), raise(spread(halves_of(second))));
  return brain_pairs_of(first, second);
}
#endif

/// Whether stored T and registers of compute_t<T> are converted by the instructions above.
template <Scalar T>
inline constexpr bool is_converted = !is_wide<T> && Lanes<T>::size == converted_lanes;

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
/// Whether instructions load and store the first values of a register of T alone.
template <Scalar T>
inline constexpr bool is_masked = (is_wide<T> && sizeof(Lanes<T>) == 64) || is_converted<T>;

inline std::uint32_t lowest_bits(std::size_t count) noexcept {
  return static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
}
#else
template <Scalar T>
inline constexpr bool is_masked = false;
#endif

template <Scalar T>
inline Lanes<T> load_lanes(const T* stored) noexcept {
  if constexpr (is_wide<T>) {
    return Lanes<T>::load_unaligned(stored);
  }
#if defined(__AVX512F__) || (defined(__AVX2__) && defined(__F16C__)) || defined(__aarch64__)
  else if constexpr (is_converted<T>) {
    return widened<T>(load_half_words(stored));
  }
#endif
  else {
    alignas(64) compute_t<T> wide[Lanes<T>::size];
    widen(stored, wide, Lanes<T>::size);
    return Lanes<T>::load_aligned(wide);
  }
}

template <Scalar T>
inline void store_lanes(const Lanes<T>& lanes, T* stored) noexcept {
  if constexpr (is_wide<T>) {
    lanes.store_unaligned(stored);
  }
#if defined(__AVX512F__) || (defined(__AVX2__) && defined(__F16C__)) || defined(__aarch64__)
  else if constexpr (is_converted<T>) {
    store_half_words(stored, narrowed<T>(lanes));
  }
#endif
  else {
    alignas(64) compute_t<T> wide[Lanes<T>::size];
    lanes.store_aligned(wide);
    narrow(wide, stored, Lanes<T>::size);
  }
}

template <Scalar T>
inline Lanes<T> load_first_lanes(const T* stored, std::size_t count) noexcept {
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
  if constexpr (is_masked<T>) {
    if constexpr (std::same_as<T, float>) {
      return Lanes<T>(_mm512_maskz_loadu_ps(static_cast<__mmask16>(lowest_bits(count)), stored));
    } else if constexpr (std::same_as<T, double>) {
      return Lanes<T>(_mm512_maskz_loadu_pd(static_cast<__mmask8>(lowest_bits(count)), stored));
    } else {
      return widened<T>(_mm256_maskz_loadu_epi16(static_cast<__mmask16>(lowest_bits(count)), stored));
    }
  }
#endif
  alignas(64) T whole[Lanes<T>::size] = {};
  std::copy_n(stored, count, whole);
  return load_lanes<T>(whole);
}

template <Scalar T>
inline void store_first_lanes(const Lanes<T>& lanes, T* stored, std::size_t count) noexcept {
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
  if constexpr (is_masked<T>) {
    if constexpr (std::same_as<T, float>) {
      _mm512_mask_storeu_ps(stored, static_cast<__mmask16>(lowest_bits(count)), lanes);
    } else if constexpr (std::same_as<T, double>) {
      _mm512_mask_storeu_pd(stored, static_cast<__mmask8>(lowest_bits(count)), lanes);
    } else {
      _mm256_mask_storeu_epi16(stored, static_cast<__mmask16>(lowest_bits(count)), narrowed<T>(lanes));
    }
    return;
  }
#endif
  alignas(64) T whole[Lanes<T>::size];
  store_lanes<T>(lanes, whole);
  std::copy_n(whole, count, stored);
}

#if defined(__AVX__)
/// Whether registers of T are of 32 bytes. Their pairs are taken apart here: xsimd 8.1 starts from undefined
/// registers, of which g++ 12 warns in the caller's code.
template <Scalar T>
inline constexpr bool is_half_wide = is_wide<T> && sizeof(Lanes<T>) == 32;

/// Pairs in two registers to first and second, and back.
template <Scalar T>
inline void deinterleave(const Lanes<T>& low, const Lanes<T>& high, Lanes<T>& first,
                         Lanes<T>& second) noexcept {
  if constexpr (std::same_as<T, float>) {
    const __m256 even = _mm256_permute2f128_ps(low, high, 0x20);
    const __m256 odd = _mm256_permute2f128_ps(low, high, 0x31);
    first = Lanes<T>(_mm256_shuffle_ps(even, odd, 0x88));
    second = Lanes<T>(_mm256_shuffle_ps(even, odd, 0xdd));
  } else {
    const __m256d even = _mm256_permute2f128_pd(low, high, 0x20);
    const __m256d odd = _mm256_permute2f128_pd(low, high, 0x31);
    first = Lanes<T>(_mm256_unpacklo_pd(even, odd));
    second = Lanes<T>(_mm256_unpackhi_pd(even, odd));
  }
}

template <Scalar T>
inline void interleave(const Lanes<T>& first, const Lanes<T>& second, Lanes<T>& low,
                       Lanes<T>& high) noexcept {
  if constexpr (std::same_as<T, float>) {
    const __m256 even = _mm256_unpacklo_ps(first, second);
    const __m256 odd = _mm256_unpackhi_ps(first, second);
    low = Lanes<T>(_mm256_permute2f128_ps(even, odd, 0x20));
    high = Lanes<T>(_mm256_permute2f128_ps(even, odd, 0x31));
  } else {
    const __m256d even = _mm256_unpacklo_pd(first, second);
    const __m256d odd = _mm256_unpackhi_pd(first, second);
    low = Lanes<T>(_mm256_permute2f128_pd(even, odd, 0x20));
    high = Lanes<T>(_mm256_permute2f128_pd(even, odd, 0x31));
  }
}
#endif

/// lane i of first, second = stored[2i], stored[2i + 1].
template <Scalar T>
inline void load_pairs(const T* stored, Lanes<T>& first, Lanes<T>& second) noexcept {
  using C = compute_t<T>;
  using Pairs = xsimd::batch<std::complex<C>>;
#if defined(__AVX__)
  if constexpr (is_half_wide<T>) {
    deinterleave<T>(load_lanes(stored), load_lanes(stored + Lanes<T>::size), first, second);
  } else
#endif
      if constexpr (is_wide<T>) {
    const Pairs pairs = Pairs::load_unaligned(reinterpret_cast<const std::complex<C>*>(stored));
    first = pairs.real();
    second = pairs.imag();
  }
#if defined(__AVX512F__) || (defined(__AVX2__) && defined(__F16C__)) || defined(__aarch64__)
  else if constexpr (is_converted<T>) {
    widened_pairs<T>(load_words(stored), first, second);
  }
#endif
  else {
    alignas(64) C wide[2 * Lanes<T>::size];
    widen(stored, wide, 2 * Lanes<T>::size);
    load_pairs<C>(wide, first, second);
  }
}

template <Scalar T>
inline void store_pairs(const Lanes<T>& first, const Lanes<T>& second, T* stored) noexcept {
  using C = compute_t<T>;
#if defined(__AVX__)
  if constexpr (is_half_wide<T>) {
    Lanes<T> low;
    Lanes<T> high;
    interleave<T>(first, second, low, high);
    store_lanes(low, stored);
    store_lanes(high, stored + Lanes<T>::size);
  } else
#endif
      if constexpr (is_wide<T>) {
    xsimd::batch<std::complex<C>>(first, second).store_unaligned(reinterpret_cast<std::complex<C>*>(stored));
  }
#if defined(__AVX512F__) || (defined(__AVX2__) && defined(__F16C__)) || defined(__aarch64__)
  else if constexpr (is_converted<T>) {
    store_words(stored, narrowed_pairs<T>(first, second));
  }
#endif
  else {
    alignas(64) C wide[2 * Lanes<T>::size];
    store_pairs<C>(first, second, wide);
    narrow(wide, stored, 2 * Lanes<T>::size);
  }
}

template <Scalar T>
inline void load_first_pairs(const T* stored, std::size_t count, Lanes<T>& first, Lanes<T>& second) noexcept {
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
  if constexpr (is_masked<T> && !is_wide<T>) {
    widened_pairs<T>(_mm512_maskz_loadu_epi16(lowest_bits(2 * count), stored), first, second);
    return;
  }
#endif
  alignas(64) T whole[2 * Lanes<T>::size] = {};
  std::copy_n(stored, 2 * count, whole);
  load_pairs(whole, first, second);
}

template <Scalar T>
inline void store_first_pairs(const Lanes<T>& first, const Lanes<T>& second, T* stored,
                              std::size_t count) noexcept {
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
  if constexpr (is_masked<T> && !is_wide<T>) {
    _mm512_mask_storeu_epi16(stored, lowest_bits(2 * count), narrowed_pairs<T>(first, second));
    return;
  }
#endif
  alignas(64) T whole[2 * Lanes<T>::size];
  store_pairs(first, second, whole);
  std::copy_n(whole, 2 * count, stored);
}

}  // namespace dope::detail
