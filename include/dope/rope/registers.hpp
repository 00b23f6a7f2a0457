// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <xsimd/xsimd.hpp>

#include "dope/core/scalar.hpp"

// The target is known from the compiler's macros, unless the program chooses an architecture of xsimd itself.
#if defined(__AVX512F__) && !defined(XSIMD_DEFAULT_ARCH)
#include "dope/rope/registers_avx512.hpp"
#elif defined(__AVX__) && !defined(XSIMD_DEFAULT_ARCH)
#include "dope/rope/registers_avx2.hpp"
#elif defined(__aarch64__) && !defined(XSIMD_DEFAULT_ARCH)
#include "dope/rope/registers_neon.hpp"
#else
#include "dope/rope/registers_portable.hpp"
namespace dope::detail {
using namespace portable;
using portable::load_register;  // beside those of float and double
using portable::store_register;
}  // namespace dope::detail
#endif

// Loads of stored values into registers, stores, and what the rotation computes in between. The header chosen
// above has these functions for the target. T is any Scalar, L = Register<T>::size is the number of lanes,
// and memory needs no alignment.
//
//   load_register(from)              lane i is from[i], as widen gives it
//   store_register(x, to)            to[i] is lane i, as narrow gives it, for i < L
//   load_pairs(from, first, second)  lane i holds pair p: from[2p] in first, from[2p + 1] in second; the
//                                    target chooses the order of the pairs p, for speed
//   store_pairs(first, second, to)   undoes load_pairs
//   in_order_of_pairs<T>(x)          lane i is lane p of x, for coefficients of the pairs
//   keep_in_register(x)              x, which the compiler may not read from memory again at each use
//   fused_plus(z, x, y)              z + x·y, rounded once where the target has the instruction
//   fused_minus(z, x, y)             z − x·y, likewise
//   nonzero(x)                       the mask of the lanes that are not 0
//
// The others have a general form below, which a target replaces where it has instructions for them;
// is_masked<T> says so of the first four. These handle the leading `count` ≤ L elements or pairs: they touch
// the memory of no other, and load 0 into the other lanes.
//
//   load_leading(from, count)
//   store_leading(x, to, count)
//   load_leading_pairs(from, count, first, second)
//   store_leading_pairs(first, second, to, count)
//   fused_plus_where(mask, z, x, y)  z + x·y in the lanes of the mask, z in the others
//   fused_minus_where(mask, z, x, y) z − x·y, likewise
//
// AVX-512 and Arm call the instruction for fused_plus and fused_minus, because xsimd's fma may be two
// operators. A compiler that contracts operators may then fuse another product instead, differently at each
// place where it inlines them, and results would differ in bits.

namespace dope::detail {

template <Scalar T>
requires(!is_masked<T>) inline Register<T> load_leading(const T* from, std::size_t count) noexcept {
  alignas(64) T whole[Register<T>::size] = {};
  std::copy_n(from, count, whole);
  return load_register(whole);
}

template <Scalar T>
requires(!is_masked<T>) inline void store_leading(const Register<T>& x, T* to, std::size_t count) noexcept {
  alignas(64) T whole[Register<T>::size];
  store_register(x, whole);
  std::copy_n(whole, count, to);
}

template <Scalar T>
requires(!is_masked<T>) inline void load_leading_pairs(const T* from, std::size_t count, Register<T>& first,
                                                       Register<T>& second) noexcept {
  alignas(64) T whole[2 * Register<T>::size] = {};
  std::copy_n(from, 2 * count, whole);
  load_pairs(whole, first, second);
}

template <Scalar T>
requires(!is_masked<T>) inline void store_leading_pairs(const Register<T>& first, const Register<T>& second,
                                                        T* to, std::size_t count) noexcept {
  alignas(64) T whole[2 * Register<T>::size];
  store_pairs(first, second, whole);
  std::copy_n(whole, 2 * count, to);
}

template <class Mask, class Batch>
inline Batch fused_plus_where(const Mask& mask, const Batch& z, const Batch& x, const Batch& y) noexcept {
  return xsimd::select(mask, fused_plus(z, x, y), z);
}

template <class Mask, class Batch>
inline Batch fused_minus_where(const Mask& mask, const Batch& z, const Batch& x, const Batch& y) noexcept {
  return xsimd::select(mask, fused_minus(z, x, y), z);
}

}  // namespace dope::detail
