// SPDX-License-Identifier: MIT

// Decoding one token beside one read of the bytes it must read (weights, keys and values), one thread. The
// stream reads one buffer of that size over and over: where the bytes fit a cache, both sides find them
// there.

#include <omp.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "benchmark/benchmark.h"
#include "support/compare.hpp"
#include "transformer/models.hpp"
#include "transformer/rivals.hpp"

namespace {

void add(const bench::Subject& subject, std::size_t context, bench::Timing timing) {
  const std::size_t decoded = timing.calls * timing.pairs;
  // Prefilled once; each repetition decodes its tokens from a copy. Their mean context is `context`.
  const auto prefilled = std::make_shared<std::optional<reference::Request>>();
  bench::compare(
      "decode, " + std::string(subject.name), "context " + std::to_string(context), "stream of its bytes",
      {1.0, "tokens/s"},
      [=] {
        omp_set_num_threads(1);
        const auto model = subject.model();
        if (!*prefilled) {
          prefilled->emplace(*model, bench::schedule_of(*model, context + decoded));
          (*prefilled)->prefill(bench::text_of(context - decoded / 2));
        }
        const auto request = std::make_shared<reference::Request>(**prefilled);
        return [model, request] { benchmark::DoNotOptimize(request->decode('a').data()); };
      },
      [=] { return bench::stream(bench::decode_bytes(subject.model()->config(), context))(); }, timing);
}

const bench::Register lines([] {
  add(bench::embedded, 64, {.calls = 4, .pairs = 16});
  add(bench::embedded, 4096, {.calls = 4, .pairs = 16});
  add(bench::wider, 64, {.calls = 1, .pairs = 8});
  add(bench::wider, 4096, {.calls = 1, .pairs = 8});
});

}  // namespace
