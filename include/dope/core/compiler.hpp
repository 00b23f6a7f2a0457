// SPDX-License-Identifier: MIT
#pragma once

// What every header needs of the compiler and the target, refused in one line where it is absent: the missing
// file that is included after an #error ends the compilation there.

#if defined(_MSVC_LANG)
#if _MSVC_LANG < 202002L
#error "dope needs C++20: compile with /std:c++20 or later"
#include "dope/(the compilation ends here, see the error above)"
#endif
#elif __cplusplus < 202002L
#error "dope needs C++20: compile with -std=c++20 or later"
#include "dope/(the compilation ends here, see the error above)"
#endif

#if !defined(__SIZEOF_INT128__)
#error \
    "dope needs a compiler and a target with unsigned __int128, as GCC and Clang have for 64-bit processors"
#include "dope/(the compilation ends here, see the error above)"
#endif

#if defined(__AVX512CD__) && !defined(__AVX512BW__) && __has_include(<xsimd/config/xsimd_config.hpp>)
#include <xsimd/config/xsimd_config.hpp>
#if XSIMD_VERSION_MAJOR < 10
#error \
    "xsimd before version 10 has no registers for AVX-512 without BW (-march=knl): add -mno-avx512f, or use xsimd 10"
#include "dope/(the compilation ends here, see the error above)"
#endif
#endif

/// 1 where a violated contract throws dope::Error, 0 where it calls the handler of dope/core/error.hpp.
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define DOPE_EXCEPTIONS 1
#else
#define DOPE_EXCEPTIONS 0
#endif
