// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <functional>
#include <string>

namespace bench {

/// What one call of a primitive works through, for the table's rate.
struct Work {
  double amount;     ///< per call
  std::string unit;  ///< "GB/s" counts bytes, "M/s" counts things
};

/// One line of the table: a primitive and the bound or rival it is held against, doing the same work.
/// ratio = time(bound) / time(ours): 1 is at the bound.
///
/// `make` builds the state of one run (buffers and all) and hands back the call to time.
using Maker = std::function<std::function<void()>()>;
void compare(const std::string& primitive, const std::string& shape, const std::string& bound_name, Work work,
             Maker ours, Maker bound);

/// Registers its lines before main runs, so that every file of bench/ adds its own.
struct Register {
  explicit Register(void (*lines)()) { lines(); }
};

}  // namespace bench
