// SPDX-License-Identifier: MIT
#pragma once

#if defined(__F16C__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

#include <cstddef>

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
#endif
  for (; i < count; ++i) stored[i] = static_cast<T>(wide[i]);
}

}  // namespace dope
