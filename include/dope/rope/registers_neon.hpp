// SPDX-License-Identifier: MIT
#pragma once

#if defined(__aarch64__)
#include <arm_neon.h>

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "dope/rope/registers_portable.hpp"

// The functions of registers.hpp for 64-bit Arm: 4 floats or 2 doubles a register.

namespace dope::detail {

using portable::in_order_of_pairs;
using portable::is_masked;
using portable::keep_in_register;
using portable::nonzero;

using Floats = Register<float>;
using Doubles = Register<double>;

// Arithmetic.

inline Floats fused_plus(Floats z, Floats x, Floats y) noexcept { return Floats(vfmaq_f32(z, x, y)); }
inline Floats fused_minus(Floats z, Floats x, Floats y) noexcept { return Floats(vfmsq_f32(z, x, y)); }
inline Doubles fused_plus(Doubles z, Doubles x, Doubles y) noexcept { return Doubles(vfmaq_f64(z, x, y)); }
inline Doubles fused_minus(Doubles z, Doubles x, Doubles y) noexcept { return Doubles(vfmsq_f64(z, x, y)); }

// Loads and stores of float and double.

template <std::floating_point T>
inline void load_pairs(const T* from, Register<T>& first, Register<T>& second) noexcept {
  portable::load_pairs(from, first, second);
}

template <std::floating_point T>
inline void store_pairs(const Register<T>& first, const Register<T>& second, T* to) noexcept {
  portable::store_pairs(first, second, to);
}

// Loads and stores of float16 and bfloat16. A register of pairs is 4 words of 32 bits, the first element of a
// pair in the low half of its word.

inline const std::uint16_t* bits_of(const void* x) noexcept { return static_cast<const std::uint16_t*>(x); }
inline std::uint16_t* bits_of(void* x) noexcept { return static_cast<std::uint16_t*>(x); }

inline uint32x4_t zero_extend(uint16x4_t x) noexcept { return vmovl_u16(x); }
inline uint16x4_t low_halves(uint32x4_t x) noexcept { return vmovn_u32(x); }
inline uint32x4_t shift_left_16(uint32x4_t x) noexcept { return vshlq_n_u32(x, 16); }
inline uint32x4_t shift_right_16(uint32x4_t x) noexcept { return vshrq_n_u32(x, 16); }
inline uint32x4_t bit_or(uint32x4_t x, uint32x4_t y) noexcept { return vorrq_u32(x, y); }

/// Each float's bfloat16 in the low half of its word: to nearest, ties to even; a NaN stays one, and quiet.
inline uint32x4_t bfloat16_words(float32x4_t x) noexcept {
  const uint32x4_t bits = vreinterpretq_u32_f32(x);
  const uint32x4_t odd = vandq_u32(shift_right_16(bits), vdupq_n_u32(1));
  const uint32x4_t rounded = shift_right_16(vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff))));
  const uint32x4_t quiet = bit_or(shift_right_16(bits), vdupq_n_u32(0x40));
  const uint32x4_t magnitude = vandq_u32(bits, vdupq_n_u32(0x7fffffff));
  return vbslq_u32(vcgtq_u32(magnitude, vdupq_n_u32(0x7f800000)), quiet, rounded);
}

template <SixteenBit T>
inline Register<T> widened(uint16x4_t x) noexcept {
  if constexpr (std::same_as<T, float16>) return Floats(vcvt_f32_f16(vreinterpret_f16_u16(x)));
  return Floats(vreinterpretq_f32_u32(shift_left_16(zero_extend(x))));
}

template <SixteenBit T>
inline uint16x4_t narrowed(const Register<T>& x) noexcept {
  if constexpr (std::same_as<T, float16>) return vreinterpret_u16_f16(vcvt_f16_f32(x));
  return low_halves(bfloat16_words(x));
}

template <SixteenBit T>
inline Register<T> load_register(const T* from) noexcept {
  return widened<T>(vld1_u16(bits_of(from)));
}

template <SixteenBit T>
inline void store_register(const Register<T>& x, T* to) noexcept {
  vst1_u16(bits_of(to), narrowed<T>(x));
}

template <SixteenBit T>
inline void load_pairs(const T* from, Register<T>& first, Register<T>& second) noexcept {
  const uint32x4_t pairs = vreinterpretq_u32_u16(vld1q_u16(bits_of(from)));
  if constexpr (std::same_as<T, float16>) {
    first = widened<T>(low_halves(pairs));
    second = widened<T>(low_halves(shift_right_16(pairs)));
  } else {
    first = Floats(vreinterpretq_f32_u32(shift_left_16(pairs)));
    second = Floats(vreinterpretq_f32_u32(vandq_u32(pairs, vdupq_n_u32(0xffff0000u))));
  }
}

template <SixteenBit T>
inline void store_pairs(const Register<T>& first, const Register<T>& second, T* to) noexcept {
  uint32x4_t pairs;
  if constexpr (std::same_as<T, float16>) {
    pairs = bit_or(zero_extend(narrowed<T>(first)), shift_left_16(zero_extend(narrowed<T>(second))));
  } else {
    pairs = bit_or(bfloat16_words(first), shift_left_16(bfloat16_words(second)));
  }
  vst1q_u16(bits_of(to), vreinterpretq_u16_u32(pairs));
}

}  // namespace dope::detail
#endif
