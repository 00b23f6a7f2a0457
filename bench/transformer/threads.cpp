// SPDX-License-Identifier: MIT

// What a second thread brings, in wall time: a prefill on two threads beside the same on one, and what the
// machine gives to products that share nothing.

#include <cstddef>
#include <string>

#include "support/compare.hpp"
#include "transformer/models.hpp"
#include "transformer/rivals.hpp"

namespace {

bench::Maker prefill(const bench::Subject& subject, std::size_t tokens, int threads) {
  return [=] {
    const auto model = subject.model();
    return bench::prefill(model, bench::schedule_of(*model, tokens), tokens, threads);
  };
}

void add(const bench::Subject& subject, std::size_t tokens, bench::Timing timing) {
  bench::compare("prefill on 2 threads, " + std::string(subject.name), std::to_string(tokens) + " tokens",
                 "on 1", {static_cast<double>(tokens), "tokens/s"}, prefill(subject, tokens, 2),
                 prefill(subject, tokens, 1), timing);
}

const bench::Register lines([] {
  constexpr auto wall = bench::Clock::wall;
  constexpr double multiply_adds = 16.0 * 960 * 960 * 384;
  bench::compare("sgemm on 2 threads", "2x8 products of 960x960x384", "on 1", {multiply_adds, "M/s"},
                 bench::sgemm(multiply_adds, 2), bench::sgemm(multiply_adds, 1), {.clock = wall});
  add(bench::embedded, 4096, {.clock = wall, .calls = 1});
  add(bench::wider, 4096, {.clock = wall, .calls = 1, .pairs = 1, .repetitions = 3});
});

}  // namespace
