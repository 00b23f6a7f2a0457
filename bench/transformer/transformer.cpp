// SPDX-License-Identifier: MIT

// The reference transformer's parts beside their bounds, one thread: matrix products and attention beside
// BLIS's sgemm on cubes of 512, decoding beside a stream over the bytes it must read, plans beside none.

#include <blis.h>
#include <omp.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>
#include <xsimd/xsimd.hpp>

#include "dope/denoise/plan.hpp"
#include "support/compare.hpp"
#include "transformer/attention.hpp"
#include "transformer/linear.hpp"
#include "transformer/model.hpp"

namespace {

std::vector<float> values(std::size_t count) {
  std::vector<float> x(count);
  std::uint32_t state = 1;
  for (float& value : x) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) * 0x1p-23f - 1.0f;
  }
  return x;
}

/// As many multiply-adds as asked for, in products of 512 × 512 × 512.
bench::Maker sgemm(double multiply_adds) {
  return [=] {
    omp_set_num_threads(1);
    constexpr std::size_t n = 512;
    // BLIS is started by the transformer's first product, which names its kernels.
    static_cast<void>(reference::blis_architecture());
    struct State {
      std::vector<float> a = values(n * n), b = values(n * n), c = std::vector<float>(n * n);
    };
    const auto state = std::make_shared<State>();
    const auto cubes = static_cast<std::size_t>(multiply_adds / static_cast<double>(n * n * n) + 0.5);
    return [state, cubes] {
      float one = 1.0f;
      float zero = 0.0f;
      constexpr auto d = static_cast<dim_t>(n);
      for (std::size_t i = 0; i < cubes; ++i) {
        bli_sgemm(BLIS_NO_TRANSPOSE, BLIS_TRANSPOSE, d, d, d, &one, state->a.data(), d, 1, state->b.data(), d,
                  1, &zero, state->c.data(), d, 1);
      }
    };
  };
}

/// As many exponentials as asked for, by vectors, beside as many multiply-adds of sgemm.
bench::Maker sgemm_and_exp(double multiply_adds, double exponentials) {
  return [=] {
    const std::function<void()> products = sgemm(multiply_adds)();
    const auto x = std::make_shared<std::vector<float>>(values(4096));
    const auto rounds = static_cast<std::size_t>(exponentials / 4096.0 + 0.5);
    return [products, x, rounds] {
      products();
      using Batch = xsimd::batch<float>;
      Batch sum(0.0f);
      for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i + Batch::size <= x->size(); i += Batch::size) {
          sum += xsimd::exp(Batch::load_unaligned(x->data() + i));
        }
      }
      benchmark::DoNotOptimize(sum);
    };
  };
}

void add_product(std::size_t tokens, std::size_t columns, std::size_t rows) {
  const double work = static_cast<double>(tokens * columns * rows);
  const auto make = [=] {
    omp_set_num_threads(1);
    struct State {
      std::vector<float> x, weight, y;
    };
    const auto state = std::make_shared<State>(
        State{values(tokens * columns), values(rows * columns), std::vector<float>(tokens * rows)});
    return [=] {
      const reference::Matrix weight{state->weight.data(), rows, columns};
      reference::linear(state->x, weight, {}, tokens, state->y);
    };
  };
  bench::compare("transformer product",
                 std::to_string(tokens) + "x" + std::to_string(columns) + "x" + std::to_string(rows), "sgemm",
                 {work, "M/s"}, make, sgemm(work));
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
    const auto state = std::make_shared<State>(State{values(tokens * width),
                                                     values(tokens * width),
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
  bench::compare("attention, one head", shape, "sgemm", {work, "M/s"}, make, sgemm(work));
  bench::compare("attention with its exponentials", shape, "sgemm and exp", {work, "M/s"}, make,
                 sgemm_and_exp(work, pairs));
}

std::vector<std::int32_t> text_of(std::size_t tokens) {
  std::vector<std::int32_t> text(tokens);
  for (std::size_t i = 0; i < tokens; ++i) text[i] = static_cast<std::int32_t>(97 + i * i % 26);
  return text;
}

/// A prefill of the embedded model under a plan over heads of every layer.
bench::Maker prefill(std::size_t tokens,
                     const std::function<dope::Plan(const dope::AttentionShape&)>& plan_of) {
  return [=] {
    omp_set_num_threads(1);
    const auto model = std::make_shared<reference::Model>(reference::Model::load("examples/model"));
    const auto schedule =
        reference::make_schedule(*model, dope::DynamicNtk{}, tokens, plan_of(model->shape()));
    const auto text = text_of(tokens);
    return [=] {
      reference::Request request(*model, schedule);
      benchmark::DoNotOptimize(request.prefill(text).data());
    };
  };
}

dope::Plan every_fourth_head(const dope::AttentionShape& shape, const dope::Transform& transform) {
  std::vector<dope::HeadId> heads;
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    for (std::size_t head = 0; head < shape.query_heads; head += 4) heads.push_back({layer, head});
  }
  return dope::make_plan(shape, transform, dope::GqaPolicy::per_query_head, heads);
}

void add_plans() {
  constexpr std::size_t tokens = 1024;
  const auto with = [&](const std::string& name, const dope::Transform& transform) {
    bench::compare("prefill under " + name, std::to_string(tokens) + " tokens", "no plan",
                   {static_cast<double>(tokens), "M/s"},
                   prefill(tokens, [=](const auto& shape) { return every_fourth_head(shape, transform); }),
                   prefill(tokens, [](const auto& shape) { return dope::empty_plan(shape); }));
  };
  with("by parts", dope::ByParts{});
  with("by all", dope::ByAll{});
  with("by Gaussian", dope::ByGaussian{});
}

const bench::Register lines([] {
  add_product(1024, 1024, 1024);
  add_product(1024, 1024, 4096);
  add_product(4096, 128, 512);
  add_attention(4096, 64);
  add_attention(4096, 32);
  add_plans();
});

}  // namespace
