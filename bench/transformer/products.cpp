// SPDX-License-Identifier: MIT

// The reference transformer's matrix products and attention, one head at a time, beside BLIS's sgemm; whole
// prefills beside sgemm at all their multiply-adds. One thread.

#include <omp.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/compare.hpp"
#include "transformer/attention.hpp"
#include "transformer/linear.hpp"
#include "transformer/models.hpp"
#include "transformer/rivals.hpp"

namespace {

void add_product(std::size_t tokens, std::size_t columns, std::size_t rows) {
  const double work = static_cast<double>(tokens * columns * rows);
  const auto make = [=] {
    omp_set_num_threads(1);
    struct State {
      std::vector<float> x, weight, y;
    };
    const auto state = std::make_shared<State>(State{
        bench::values(tokens * columns), bench::values(rows * columns), std::vector<float>(tokens * rows)});
    return [=] {
      const reference::Matrix weight{state->weight.data(), rows, columns};
      reference::linear(state->x, weight, {}, tokens, state->y);
    };
  };
  bench::compare("transformer product",
                 std::to_string(tokens) + "x" + std::to_string(columns) + "x" + std::to_string(rows), "sgemm",
                 {work, "M/s"}, make, bench::sgemm(work));
}

void add_attention(std::size_t tokens, std::size_t width) {
  // Scores and weighted values of every pair of the lower triangle, with its diagonal.
  const double pairs = static_cast<double>(tokens) * static_cast<double>(tokens + 1) / 2.0;
  const double work = 2.0 * pairs * static_cast<double>(width);
  const auto make = [=] {
    struct State {
      std::vector<float> q, k, out;
      reference::KeyCache keys;
      reference::ValueCache values;
    };
    const auto state = std::make_shared<State>(State{bench::values(tokens * width),
                                                     bench::values(tokens * width),
                                                     std::vector<float>(tokens * width),
                                                     {tokens, width},
                                                     {tokens, width}});
    const auto rows = dope::dense_head(std::as_const(state->k).data(), tokens, width);
    state->keys.write(0, rows);
    state->values.write(0, rows);
    return [=] {
      reference::causal_attention(dope::dense_head(std::as_const(state->q).data(), tokens, width),
                                  state->keys, state->values, 0,
                                  dope::dense_head(state->out.data(), tokens, width));
    };
  };
  const std::string shape = std::to_string(tokens) + "x" + std::to_string(width);
  bench::compare("attention, one head", shape, "sgemm", {work, "M/s"}, make, bench::sgemm(work));
  bench::compare("attention with its exponentials", shape, "sgemm and exp", {work, "M/s"}, make,
                 bench::sgemm_and_exp(work, pairs));
}

void add_prefill(const bench::Subject& subject, std::size_t tokens) {
  bench::compare(
      "prefill, " + std::string(subject.name), std::to_string(tokens) + " tokens", "sgemm",
      {static_cast<double>(tokens), "tokens/s"},
      [=] {
        const auto model = subject.model();
        return bench::prefill(model, bench::schedule_of(*model, tokens), tokens);
      },
      [=] { return bench::sgemm(bench::prefill_multiply_adds(subject.model()->config(), tokens))(); },
      {.calls = 1, .repetitions = 5});
}

const bench::Register lines([] {
  // The wider model's: query, key, value and output; gate and up; down.
  add_product(4096, 1024, 1024);
  add_product(4096, 1024, 2816);
  add_product(4096, 2816, 1024);
  // The embedded model's: query and output; gate and up; down.
  add_product(4096, 128, 256);
  add_product(4096, 128, 384);
  add_product(4096, 384, 128);
  add_attention(4096, 64);
  add_attention(4096, 32);
  add_prefill(bench::embedded, 4096);
  add_prefill(bench::wider, 1024);
});

}  // namespace
