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
  std::string unit;  ///< "GB/s" counts bytes, "M/s" and any other unit count things
};

/// processor: of the calling thread; time that the machine gave to others does not count. wall: what more
/// than one thread needs.
enum class Clock { processor, wall };

/// How a line is timed. Zeros leave a count to the bench: as many calls as last 2 ms, after some to warm up;
/// pairs by Google Benchmark's minimal time; repetitions by the command line.
struct Timing {
  Clock clock = Clock::processor;
  std::size_t calls = 0;        ///< of one side that are timed together; where given, nothing is warmed up
  std::size_t pairs = 0;        ///< in a repetition
  std::size_t repetitions = 0;  ///< of the line, with new state each
};

/// `make` builds the state of one repetition (buffers and all) and hands back the call to time.
using Maker = std::function<std::function<void()>()>;

/// One line of the table: a primitive and the bound or rival it is held against, doing the same work.
///
/// Both are timed in turns, a pair after a pair, the first of a pair changing. ratio = time(bound) /
/// time(ours), the median over the pairs of a repetition and then over repetitions: 1 is at the bound.
void compare(const std::string& primitive, const std::string& shape, const std::string& bound_name, Work work,
             Maker ours, Maker bound, Timing timing = {});

/// Registers its lines before main runs, so that every file of bench/ adds its own.
struct Register {
  explicit Register(void (*lines)()) { lines(); }
};

}  // namespace bench
