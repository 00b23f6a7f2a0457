// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

namespace reference {

/// Thrown by work that ends early because it was asked to. Nothing failed, so it is no std::exception.
struct Stopped {};

/// Set, it asks all long work of this process to end early with Stopped. One per process, as a signal is; a
/// signal handler may set it.
///
/// A prefill polls it before each matrix product and each block of attention rows, other long loops at
/// steps of at most about a second. Never set, it changes nothing.
inline std::atomic<bool> stop_flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch nothing else");

[[nodiscard]] inline bool stop_asked() noexcept { return stop_flag.load(std::memory_order_relaxed); }

inline void stop_if_asked() {
  if (stop_asked()) throw Stopped{};
}

}  // namespace reference
