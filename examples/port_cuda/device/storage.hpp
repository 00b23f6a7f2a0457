// SPDX-License-Identifier: MIT
#pragma once

#include "port_cuda/device/both.hpp"

// The element types of q and k: float, double, and two 16-bit ones by their bits.

namespace port {

/// IEEE binary16.
struct Half {
  uint16_t bits;
};

/// The upper half of a float.
struct Brain {
  uint16_t bits;
};

/// What arithmetic on stored T happens in.
template <class T>
struct ComputeOf {
  using Type = float;
};
template <>
struct ComputeOf<double> {
  using Type = double;
};
template <class T>
using Compute = typename ComputeOf<T>::Type;

PORT_BOTH float widen(float value) { return value; }
PORT_BOTH double widen(double value) { return value; }
PORT_BOTH float widen(Brain value) { return float_of(static_cast<uint32_t>(value.bits) << 16); }
PORT_BOTH float widen(Half value) {
  const uint32_t magnitude = (value.bits & 0x7fffu) << 13;
  const uint32_t exponent = magnitude & 0x0f800000u;
  uint32_t bits = magnitude + (112u << 23);
  if (exponent == 0x0f800000u) {
    bits += 112u << 23;  // infinity, NaN
  } else if (exponent == 0) {
    bits = bits_of(float_of(bits + (1u << 23)) - float_of(113u << 23));  // subnormal: less an implicit one
  }
  return float_of(bits | ((value.bits & 0x8000u) << 16));
}

/// float → binary16, to nearest, ties to even.
PORT_BOTH Half half_of(float value) {
  const uint32_t sign = bits_of(value) & 0x80000000u;
  uint32_t bits = bits_of(value) ^ sign;
  if (bits > 0x7f800000u) {
    bits = 0x7e00u;
  } else if (bits >= 0x47800000u) {
    bits = 0x7c00u;
  } else if (bits < 0x38800000u) {
    bits = bits_of(float_of(bits) + 0.5f) - bits_of(0.5f);  // subnormal: the sum's rounding is the one wanted
  } else {
    bits = (bits - 0x38000000u + 0x0fffu + ((bits >> 13) & 1u)) >> 13;
  }
  return {static_cast<uint16_t>(bits | (sign >> 16))};
}

/// float → bfloat16, to nearest, ties to even.
PORT_BOTH Brain brain_of(float value) {
  const uint32_t bits = bits_of(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {static_cast<uint16_t>((bits >> 16) | 0x40u)};
  return {static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

/// double → float so that a further rounding to 16 bits is as good as one alone: towards zero, the last bit
/// set where anything is lost.
PORT_BOTH float odd_float_of(double value) {
  const float nearest = static_cast<float>(value);
  const double back = static_cast<double>(nearest);
  if (back == value || isnan(value)) return nearest;
  uint32_t bits = bits_of(nearest);
  if (fabs(back) > fabs(value)) --bits;
  return float_of(bits | 1u);
}

/// value rounded once to T.
template <class T>
PORT_BOTH T narrow(double value);
template <>
PORT_BOTH double narrow<double>(double value) {
  return value;
}
template <>
PORT_BOTH float narrow<float>(double value) {
  return static_cast<float>(value);
}
template <>
PORT_BOTH Half narrow<Half>(double value) {
  return half_of(odd_float_of(value));
}
template <>
PORT_BOTH Brain narrow<Brain>(double value) {
  return brain_of(odd_float_of(value));
}

template <class T>
PORT_BOTH T narrow(float value);
template <>
PORT_BOTH float narrow<float>(float value) {
  return value;
}
template <>
PORT_BOTH Half narrow<Half>(float value) {
  return half_of(value);
}
template <>
PORT_BOTH Brain narrow<Brain>(float value) {
  return brain_of(value);
}

}  // namespace port
