// SPDX-License-Identifier: MIT
#pragma once

#include "dope/core/compiler.hpp"

// Included by each header whose law holds in IEEE 754 arithmetic alone: one that tells NaN from a number,
// takes the rounding error of a sum or a product, or promises equal bits.
//
// Not refused, for no compiler says so: clang's -fassociative-math, -freciprocal-math, -fno-signed-zeros and
// -funsafe-math-optimizations without -ffast-math. DOPE_IEEE_BEGIN … DOPE_IEEE_END undoes them in the
// functions between them, where clang can (x86-64).

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) ||             \
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__) || \
    defined(_M_FP_FAST)
#error \
    "this header of dope needs IEEE arithmetic, which -ffast-math (or -Ofast, or a part of it) gives up: compile this file with -fno-fast-math, or include dope/rope/rotate.hpp alone, which rotates by a given table"
#include "dope stops here, see the error above"
#endif

#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0 && __FLT_EVAL_METHOD__ != 16
#error \
    "this header of dope needs float and double in their own precision: compile this file with -mfpmath=sse"
#include "dope stops here, see the error above"
#endif

static_assert(sizeof(0.5) == sizeof(double),
              "dope needs constants in double: no -fsingle-precision-constant");

#if defined(__clang__) && defined(__x86_64__)
#define DOPE_IEEE_BEGIN _Pragma("float_control(precise, on, push)")
#define DOPE_IEEE_END _Pragma("float_control(pop)")
#else
#define DOPE_IEEE_BEGIN
#define DOPE_IEEE_END
#endif
