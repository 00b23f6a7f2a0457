// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "dope/core/compiler.hpp"

namespace dope {

namespace detail {

/// binary32 → binary16, round to nearest, ties to even; NaN stays NaN (quiet).
constexpr std::uint16_t half_bits(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {
    return static_cast<std::uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x01ffu));
  }
  if (magnitude >= 0x477ff000u) {  // 65520: the tie above the largest half, 65504
    return static_cast<std::uint16_t>(sign | 0x7c00u);
  }
  if (magnitude < 0x38800000u) {  // below 2^-14: subnormal half, steps of 2^-24
    if (magnitude < 0x33000000u) {
      return static_cast<std::uint16_t>(sign);
    }
    const std::uint32_t shift = 126u - (magnitude >> 23);
    const std::uint32_t mantissa = (magnitude & 0x007fffffu) | 0x00800000u;
    const std::uint32_t kept = mantissa >> shift;
    const std::uint32_t rest = mantissa & ((1u << shift) - 1u);
    const std::uint32_t tie = 1u << (shift - 1u);
    const std::uint32_t up = (rest > tie || (rest == tie && (kept & 1u) != 0u)) ? 1u : 0u;
    return static_cast<std::uint16_t>(sign | (kept + up));
  }
  const std::uint32_t rounded = magnitude + 0x0fffu + ((magnitude >> 13) & 1u);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

/// binary16 → binary32, exact; a signalling NaN becomes quiet, as in hardware.
constexpr float half_value(std::uint16_t half) noexcept {
  const std::uint32_t sign = (half & 0x8000u) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1fu;
  const std::uint32_t mantissa = half & 0x03ffu;
  if (exponent == 0x1fu) {
    const std::uint32_t quiet = mantissa != 0 ? 0x00400000u : 0u;
    return std::bit_cast<float>(sign | 0x7f800000u | quiet | (mantissa << 13));
  }
  if (exponent == 0) {
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(static_cast<float>(mantissa) * 0x1p-24f));
  }
  return std::bit_cast<float>(sign | ((exponent + 112u) << 23) | (mantissa << 13));
}

/// binary32 → bfloat16, round to nearest, ties to even; NaN stays NaN (quiet).
constexpr std::uint16_t brain_bits(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return static_cast<std::uint16_t>((bits >> 16) | 0x0040u);
  }
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

/// double → float rounded to odd: a second rounding to a format of at most 22 bits is then the
/// correct single rounding (Boldo & Melquiond 2008, DOI 10.1109/TC.2007.70819).
constexpr float round_to_odd(double value) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const auto sign = static_cast<std::uint32_t>(bits >> 32) & 0x80000000u;
  const std::uint64_t magnitude = bits & 0x7fffffffffffffffu;
  const auto signed_float = [sign](std::uint64_t leading, bool inexact) {
    return std::bit_cast<float>(sign | static_cast<std::uint32_t>(leading) | (inexact ? 1u : 0u));
  };
  constexpr std::uint64_t infinite = 0x7ff0000000000000u;
  if (magnitude >= infinite) {
    const std::uint64_t payload = magnitude == infinite ? 0 : 0x00400000u | ((magnitude >> 29) & 0x007fffffu);
    return signed_float(0x7f800000u | payload, false);
  }
  if (magnitude >= 0x47f0000000000000u) return signed_float(0x7f7fffffu, true);  // 2^128 and more
  const std::uint64_t exponent = magnitude >> 52;
  if (exponent > 896) {  // at least 2^-126
    return signed_float((magnitude >> 29) - (std::uint64_t{896} << 23), (magnitude & 0x1fffffffu) != 0);
  }
  // A subnormal float, in steps of 2^-149.
  const std::uint64_t significand = (magnitude & 0x000fffffffffffffu) | 0x0010000000000000u;
  const std::uint64_t shift = 926 - exponent;
  if (shift > 53) return signed_float(0, magnitude != 0);
  return signed_float(significand >> shift, (significand & ((std::uint64_t{1} << shift) - 1)) != 0);
}

}  // namespace detail

/// IEEE binary16 as storage: 11 significant bits, |x| ≤ 65504, subnormals to 2^-24.
///
/// Widening to float is exact and implicit; narrowing is explicit, one rounding to nearest, ties
/// to even, overflow to infinity. Arithmetic happens in float.
struct float16 {
  std::uint16_t bits = 0;

  constexpr float16() noexcept = default;
  constexpr explicit float16(float value) noexcept : bits(detail::half_bits(value)) {}
  constexpr explicit float16(double value) noexcept : bits(detail::half_bits(detail::round_to_odd(value))) {}
  static constexpr float16 from_bits(std::uint16_t bits) noexcept {
    float16 half;
    half.bits = bits;
    return half;
  }
  constexpr operator float() const noexcept { return detail::half_value(bits); }
};

/// bfloat16 as storage: the upper half of a float, 8 significant bits; conversions as for float16.
struct bfloat16 {
  std::uint16_t bits = 0;

  constexpr bfloat16() noexcept = default;
  constexpr explicit bfloat16(float value) noexcept : bits(detail::brain_bits(value)) {}
  constexpr explicit bfloat16(double value) noexcept
      : bits(detail::brain_bits(detail::round_to_odd(value))) {}
  static constexpr bfloat16 from_bits(std::uint16_t bits) noexcept {
    bfloat16 brain;
    brain.bits = bits;
    return brain;
  }
  constexpr operator float() const noexcept {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }
};

static_assert(sizeof(float16) == 2 && std::is_trivially_copyable_v<float16>);
static_assert(sizeof(bfloat16) == 2 && std::is_trivially_copyable_v<bfloat16>);

/// The element types of q and k buffers.
template <class T>
concept Scalar = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, float16> ||
    std::same_as<T, bfloat16>;

/// The type that arithmetic on stored T happens in: double for double, float for the others.
template <Scalar T>
using compute_t = std::conditional_t<std::same_as<T, double>, double, float>;

template <Scalar T>
[[nodiscard]] constexpr std::string_view scalar_name() noexcept {
  if constexpr (std::same_as<T, float>) return "float";
  if constexpr (std::same_as<T, double>) return "double";
  if constexpr (std::same_as<T, float16>) return "float16";
  if constexpr (std::same_as<T, bfloat16>) return "bfloat16";
}

}  // namespace dope
