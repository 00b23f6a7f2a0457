// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <new>
#include <vector>

#include "dope/core/compiler.hpp"

namespace dope::detail {

/// What std::vector needs to begin at a multiple of `alignment` bytes.
template <class T, std::size_t alignment>
struct AlignedAllocator {
  using value_type = T;
  template <class U>
  struct rebind {
    using other = AlignedAllocator<U, alignment>;
  };

  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U, alignment>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{alignment}));
  }
  void deallocate(T* at, std::size_t) noexcept { ::operator delete (at, std::align_val_t{alignment}); }

  bool operator==(const AlignedAllocator&) const = default;
};

/// Begins a cache line.
template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T, 64>>;

}  // namespace dope::detail
