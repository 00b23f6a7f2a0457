// SPDX-License-Identifier: MIT
#pragma once

#if defined(__F16C__) || defined(__AVX512F__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include <cstddef>
#include <cstdint>

#include "dope/core/scalar.hpp"

namespace dope {

/// wide[i] = stored[i] for i < count, exact. The ranges do not overlap.
///
/// Law: hardware and portable conversions agree bit for bit, NaN payloads included.
template <Scalar T>
void widen(const T* stored, compute_t<T>* wide, std::size_t count) noexcept {
  std::size_t i = 0;
#if defined(__F16C__)
  if constexpr (std::same_as<T, float16>) {
    for (const std::size_t whole = count - count % 8; i < whole; i += 8) {
      _mm256_storeu_ps(wide + i,
                       _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(stored + i))));
    }
  }
#elif defined(__aarch64__)
  if constexpr (std::same_as<T, float16>) {
    for (const std::size_t whole = count - count % 4; i < whole; i += 4) {
      const uint16x4_t halves = vld1_u16(reinterpret_cast<const std::uint16_t*>(stored + i));
      vst1q_f32(wide + i, vcvt_f32_f16(vreinterpret_f16_u16(halves)));
    }
  }
#endif
  for (; i < count; ++i) wide[i] = static_cast<compute_t<T>>(stored[i]);
}

/// stored[i] = wide[i], each rounded once to nearest, ties to even. The ranges do not overlap.
///
/// Law: hardware and portable conversions agree bit for bit, NaN payloads included.
template <Scalar T>
void narrow(const compute_t<T>* wide, T* stored, std::size_t count) noexcept {
  std::size_t i = 0;
#if defined(__F16C__)
  if constexpr (std::same_as<T, float16>) {
    for (const std::size_t whole = count - count % 8; i < whole; i += 8) {
      _mm_storeu_si128(
          reinterpret_cast<__m128i*>(stored + i),
          _mm256_cvtps_ph(_mm256_loadu_ps(wide + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
  }
#elif defined(__aarch64__)
  if constexpr (std::same_as<T, float16>) {
    for (const std::size_t whole = count - count % 4; i < whole; i += 4) {
      const uint16x4_t halves = vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(wide + i)));
      vst1_u16(reinterpret_cast<std::uint16_t*>(stored + i), halves);
    }
  }
#endif
  for (; i < count; ++i) stored[i] = static_cast<T>(wide[i]);
}

}  // namespace dope
