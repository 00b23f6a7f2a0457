// SPDX-License-Identifier: MIT
#pragma once

#include <complex>
#include <concepts>
#include <cstddef>
#include <xsimd/xsimd.hpp>

#include "dope/core/convert.hpp"
#include "dope/core/scalar.hpp"

// The functions of registers.hpp for any target that xsimd knows, without intrinsics. The other targets take
// from here what their instructions do no better. 16-bit types are converted in memory, by widen and narrow.

namespace dope::detail {

/// One register of the type in which T is computed: of float for float16 and bfloat16.
template <Scalar T>
using Register = xsimd::batch<compute_t<T>>;

/// float16 and bfloat16.
template <class T>
concept SixteenBit = Scalar<T> && !std::floating_point<T>;

// Loads and stores of float and double are the same on every target.

template <std::floating_point T>
inline Register<T> load_register(const T* from) noexcept {
  return Register<T>::load_unaligned(from);
}

template <std::floating_point T>
inline void store_register(const Register<T>& x, T* to) noexcept {
  x.store_unaligned(to);
}

namespace portable {

template <SixteenBit T>
inline Register<T> load_register(const T* from) noexcept {
  alignas(64) compute_t<T> wide[Register<T>::size];
  widen(from, wide, Register<T>::size);
  return Register<T>::load_aligned(wide);
}

template <SixteenBit T>
inline void store_register(const Register<T>& x, T* to) noexcept {
  alignas(64) compute_t<T> wide[Register<T>::size];
  x.store_aligned(wide);
  narrow(wide, to, Register<T>::size);
}

template <Scalar T>
inline void load_pairs(const T* from, Register<T>& first, Register<T>& second) noexcept {
  if constexpr (std::floating_point<T>) {
    using Pair = std::complex<T>;
    const auto pairs = xsimd::batch<Pair>::load_unaligned(reinterpret_cast<const Pair*>(from));
    first = pairs.real();
    second = pairs.imag();
  } else {
    alignas(64) compute_t<T> wide[2 * Register<T>::size];
    widen(from, wide, 2 * Register<T>::size);
    load_pairs(wide, first, second);
  }
}

template <Scalar T>
inline void store_pairs(const Register<T>& first, const Register<T>& second, T* to) noexcept {
  if constexpr (std::floating_point<T>) {
    using Pair = std::complex<T>;
    xsimd::batch<Pair>(first, second).store_unaligned(reinterpret_cast<Pair*>(to));
  } else {
    alignas(64) compute_t<T> wide[2 * Register<T>::size];
    store_pairs(first, second, wide);
    narrow(wide, to, 2 * Register<T>::size);
  }
}

template <Scalar T>
inline Register<T> in_order_of_pairs(const Register<T>& x) noexcept {
  return x;
}

template <class Batch>
inline Batch keep_in_register(const Batch& x) noexcept {
  return x;
}

template <class Batch>
inline Batch fused_plus(const Batch& z, const Batch& x, const Batch& y) noexcept {
  return xsimd::fma(x, y, z);
}

template <class Batch>
inline Batch fused_minus(const Batch& z, const Batch& x, const Batch& y) noexcept {
  return xsimd::fnma(x, y, z);
}

template <class Batch>
inline auto nonzero(const Batch& x) noexcept {
  return x != Batch(0);
}

template <Scalar T>
inline constexpr bool is_masked = false;

}  // namespace portable
}  // namespace dope::detail
