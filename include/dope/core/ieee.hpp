// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "dope/core/compiler.hpp"
#include "dope/core/error.hpp"

// Included by each header whose law holds in IEEE 754 arithmetic alone: one that tells NaN from a number,
// takes the rounding error of a sum or a product, or promises equal bits.
//
// clang does not tell of -fassociative-math, -freciprocal-math, -fno-signed-zeros and
// -funsafe-math-optimizations where -ffast-math is absent: require_ieee sees these when the program runs.

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) ||             \
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__) || \
    defined(_M_FP_FAST)
#error \
    "this header of dope needs IEEE arithmetic, which -ffast-math (or -Ofast, or a part of it) gives up: compile this file with -fno-fast-math, or include dope/rope/rotate.hpp alone, which rotates by a given table"
#include "dope/(the compilation ends here, see the error above)"
#endif

#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0 && __FLT_EVAL_METHOD__ != 16
#error \
    "this header of dope needs float and double in their own precision: compile this file with -mfpmath=sse"
#include "dope/(the compilation ends here, see the error above)"
#endif

static_assert(sizeof(0.5) == sizeof(double),
              "dope needs constants in double: no -fsingle-precision-constant");

namespace dope::detail {

/// Throws Error where sums are reassociated, quotients become products, the sign of zero is dropped, or the
/// thread does not round to nearest.
inline void require_ieee(const char* where) {
  const volatile double one = 1.0;
  const volatile double tiny = 0x1p-60;
  const volatile double odd = 49.0;
  const volatile double zero = -0.0;
  const double a = one;
  const double b = tiny;
  if ((a + b) - a != 0.0 || a - b != a || odd / 49.0 != 1.0 || std::signbit(zero + 0.0)) {
    fail(where, "code compiled with a part of -ffast-math, or run in another rounding mode",
         "IEEE arithmetic, rounding to nearest: -fno-fast-math");
  }
}

}  // namespace dope::detail
