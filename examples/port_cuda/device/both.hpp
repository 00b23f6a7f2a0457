// SPDX-License-Identifier: MIT
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// The files of this folder hold what one thread of a kernel does. They include nothing but the C library,
// and compile as CUDA and as plain C++: a CPU can run, and prove, every formula.

#if defined(__CUDACC__)
#define PORT_BOTH __host__ __device__ inline
#else
#define PORT_BOTH inline
#endif

namespace port {

PORT_BOTH uint32_t bits_of(float value) {
  uint32_t bits = 0;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

PORT_BOTH float float_of(uint32_t bits) {
  float value = 0;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/// a·b, rounded: never fused with what it is added to.
PORT_BOTH double product_of(double a, double b) {
#if defined(__CUDA_ARCH__)
  return __dmul_rn(a, b);
#else
  return fma(a, b, 0.0);
#endif
}

/// cos and sin, accurate at any finite angle. Not for fast-math flags: they would undo the angle's work.
PORT_BOTH void cos_sin(double angle, double& c, double& s) {
#if defined(__CUDA_ARCH__)
  sincos(angle, &s, &c);
#else
  c = cos(angle);
  s = sin(angle);
#endif
}

}  // namespace port
