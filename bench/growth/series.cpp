// SPDX-License-Identifier: MIT
#include "growth/series.hpp"

#include <benchmark/benchmark.h>
#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <span>
#include <utility>

#include "dope/rope.hpp"
#include "dope/spectral.hpp"
#include "transformer/attention.hpp"
#include "transformer/models.hpp"

namespace growth {
namespace {

/// The sizes of one measurement; a series changes one of them.
struct At {
  std::size_t tokens, width, heads, threads = 1;
};

using MakeAt = std::function<std::function<void()>(const At&)>;

/// From `first` on, doubling, to `last`.
std::vector<std::size_t> doubling(std::size_t first, std::size_t last) {
  std::vector<std::size_t> values;
  for (; first <= last; first *= 2) values.push_back(first);
  return values;
}

/// 1, 2, 4, … and all processors.
std::vector<std::size_t> thread_counts() {
  const auto all = static_cast<std::size_t>(omp_get_num_procs());
  auto counts = doubling(1, all);
  if (counts.back() != all) counts.push_back(all);
  return counts;
}

std::size_t& of(At& at, Axis axis) {
  return axis == Axis::tokens  ? at.tokens
         : axis == Axis::width ? at.width
         : axis == Axis::heads ? at.heads
                               : at.threads;
}

Series series(std::string primitive, Axis axis, std::string fixed, std::string expected, At base,
              const std::vector<std::size_t>& values, const MakeAt& make, std::size_t calls = 0) {
  Series result{std::move(primitive), axis, std::move(fixed), std::move(expected), {}};
  for (const std::size_t value : values) {
    At at = base;
    of(at, axis) = value;
    result.points.push_back({static_cast<double>(value), [=] { return make(at); }, 0.0, calls});
  }
  return result;
}

/// Tasks side by side on so many threads, each to one.
template <class Task>
void side_by_side(std::size_t threads, std::size_t tasks, const Task& task) {
#pragma omp parallel for num_threads(static_cast <int>(threads)) schedule(static) if (threads > 1)
  for (std::size_t i = 0; i < tasks; ++i) task(i);
}

std::vector<float> values(std::size_t count) {
  std::vector<float> x(count);
  std::uint32_t state = 1;
  for (float& value : x) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) * 0x1p-23f - 1.0f;
  }
  return x;
}

dope::Frequencies frequencies(std::size_t width) {
  return dope::native_frequencies({10000.0, width, width, 4096});
}

std::function<void()> rotate(const At& at) {
  const auto x = std::make_shared<std::vector<float>>(values(at.heads * at.tokens * at.width));
  const auto table =
      std::make_shared<dope::RotationTable<float>>(frequencies(at.width), std::int64_t{0}, at.tokens);
  return [=] {
    const auto heads = dope::head_major(x->data(), at.heads, at.tokens, at.width);
    side_by_side(at.threads, at.heads, [&](std::size_t head) {
      dope::rotate(heads.head(head), table->view(), dope::Pairing::half_split);
    });
  };
}

/// Rows are dealt out in as many runs as there are threads.
std::function<void()> table(const At& at) {
  struct State {
    std::vector<double> omega;
    std::vector<std::int64_t> positions;
    std::vector<float> cos, sin;
  };
  const std::size_t bands = at.width / 2;
  const auto state = std::make_shared<State>(
      State{frequencies(at.width).omega, std::vector<std::int64_t>(at.tokens),
            std::vector<float>(at.tokens * bands), std::vector<float>(at.tokens * bands)});
  std::iota(state->positions.begin(), state->positions.end(), std::int64_t{0});
  return [=] {
    side_by_side(at.threads, at.threads, [&](std::size_t run) {
      const std::size_t first = run * at.tokens / at.threads;
      const std::size_t count = (run + 1) * at.tokens / at.threads - first;
      dope::fill_table<float, std::int64_t>(
          state->omega, 1.0, std::span<const std::int64_t>(state->positions).subspan(first, count),
          dope::Angles::exact, state->cos.data() + first * bands, state->sin.data() + first * bands, bands);
    });
  };
}

std::function<void()> gram(const At& at) {
  const auto x = std::make_shared<const std::vector<float>>(values(at.heads * at.tokens * at.width));
  return [=] {
    const auto heads = dope::head_major(x->data(), at.heads, at.tokens, at.width);
    side_by_side(at.threads, at.heads, [&](std::size_t head) {
      dope::Gram sum(at.width);
      sum.add(heads.head(head));
      benchmark::DoNotOptimize(sum);
    });
  };
}

/// Of a Gram that is there: its spectrum, and the von Neumann entropy of that.
std::function<void()> entropy(const At& at) {
  const auto x = values(at.tokens * at.width);
  const auto sum =
      std::make_shared<const dope::Gram>(dope::gram_of(dope::dense_head(x.data(), at.tokens, at.width)));
  return [=] {
    side_by_side(at.threads, at.heads, [&](std::size_t) {
      double result = dope::von_neumann(dope::spectrum_of(*sum));
      benchmark::DoNotOptimize(result);
    });
  };
}

std::function<void()> attention(const At& at) {
  struct State {
    std::vector<float> q, out;
    reference::KeyCache keys;
    reference::ValueCache values;
  };
  const auto state = std::make_shared<State>(State{values(at.tokens * at.width),
                                                   std::vector<float>(at.heads * at.tokens * at.width),
                                                   {at.tokens, at.width},
                                                   {at.tokens, at.width}});
  const auto queries = dope::dense_head(std::as_const(state->q).data(), at.tokens, at.width);
  state->keys.write(0, queries);
  state->values.write(0, queries);
  return [=] {
    const auto out = dope::head_major(state->out.data(), at.heads, at.tokens, at.width);
    side_by_side(at.threads, at.heads, [&](std::size_t head) {
      reference::causal_attention(queries, state->keys, state->values, 0, out.head(head));
    });
  };
}

/// The embedded model, or one of random weights: 2 layers, d = heads × width, an MLP of 3d.
enum class Of { embedded, sizes };

bench::ModelPointer model_of(Of which, const At& at) {
  if (which == Of::embedded) return bench::embedded.model();
  static std::map<std::pair<std::size_t, std::size_t>, bench::ModelPointer> made;
  bench::ModelPointer& model = made[{at.heads, at.width}];
  const std::size_t hidden = at.heads * at.width;
  if (!model) model = bench::random_model({2, hidden, 3 * hidden, at.heads, at.width});
  return model;
}

MakeAt prefill(Of which) {
  return [=](const At& at) {
    const auto model = model_of(which, at);
    return bench::prefill(model, bench::schedule_of(*model, at.tokens), at.tokens,
                          static_cast<int>(at.threads));
  };
}

constexpr std::size_t decoded = 16;

/// Tokens at a mean context of at.tokens, `decoded` of them and no more.
MakeAt decode(Of which) {
  return [=](const At& at) -> std::function<void()> {
    const auto model = model_of(which, at);
    omp_set_num_threads(static_cast<int>(at.threads));
    const auto request =
        std::make_shared<reference::Request>(*model, bench::schedule_of(*model, at.tokens + decoded / 2));
    request->prefill(bench::text_of(at.tokens - decoded / 2));
    return [model, request] { benchmark::DoNotOptimize(request->decode('a').data()); };
  };
}

}  // namespace

std::vector<Series> all_series() {
  const auto threads = thread_counts();
  const auto widths = doubling(16, 512);
  const auto heads = doubling(1, 32);
  const At heads_of_128{1024, 128, 8};
  const At heads_of_64{1024, 64, 8};
  const At embedded{1024, 32, 8};
  const At small{512, 32, 8};
  std::vector<Series> all;
  const auto add = [&](const char* primitive, Axis axis, const char* fixed, const char* expected, At base,
                       const std::vector<std::size_t>& values, const MakeAt& make, std::size_t calls = 0) {
    all.push_back(series(primitive, axis, fixed, expected, base, values, make, calls));
  };
  add("rotate", Axis::tokens, "8 heads of 128", "1", heads_of_128, doubling(64, 65536), rotate);
  // Few tokens, so that no cache's end falls within the range.
  add("rotate", Axis::width, "8 heads, 64 tokens", "1", {64, 128, 8}, widths, rotate);
  add("rotate", Axis::heads, "64 tokens, width 128", "1", {64, 128, 8}, heads, rotate);
  add("rotate", Axis::threads, "8 heads of 128, 1024 tokens", "−1", heads_of_128, threads, rotate);

  add("table", Axis::tokens, "width 128", "1", heads_of_128, doubling(64, 65536), table);
  add("table", Axis::width, "1024 tokens", "1", heads_of_128, widths, table);
  add("table", Axis::threads, "1024 tokens, width 128", "−1", heads_of_128, threads, table);

  add("gram", Axis::tokens, "8 heads of 128", "1", heads_of_128, doubling(64, 16384), gram);
  add("gram", Axis::width, "8 heads, 1024 tokens", "2", heads_of_128, widths, gram);
  add("gram", Axis::heads, "1024 tokens, width 128", "1", heads_of_128, heads, gram);
  add("gram", Axis::threads, "8 heads of 128, 1024 tokens", "−1", heads_of_128, threads, gram);

  add("entropy", Axis::width, "8 heads", "3", heads_of_128, widths, entropy);
  add("entropy", Axis::heads, "width 128", "1", heads_of_128, heads, entropy);
  add("entropy", Axis::threads, "8 heads of 128", "−1", heads_of_128, threads, entropy);

  add("attention", Axis::tokens, "1 head of 64", "2", {1024, 64, 1}, doubling(64, 16384), attention);
  add("attention", Axis::width, "1 head, 1024 tokens", "0 to 1", {1024, 64, 1}, widths, attention);
  add("attention", Axis::heads, "1024 tokens, width 64", "1", heads_of_64, heads, attention);
  add("attention", Axis::threads, "8 heads of 64, 1024 tokens", "−1", heads_of_64, threads, attention);

  add("prefill", Axis::tokens, "embedded model", "1 to 2", embedded, doubling(64, 8192),
      prefill(Of::embedded));
  add("prefill", Axis::width, "8 heads, d = 8 × width, 512 tokens", "1 to 2", small, doubling(16, 256),
      prefill(Of::sizes));
  add("prefill", Axis::heads, "heads of 32, d = 32 × heads, 512 tokens", "1 to 2", small, heads,
      prefill(Of::sizes));
  add("prefill", Axis::threads, "embedded model, 1024 tokens", "−1", embedded, threads,
      prefill(Of::embedded));

  add("decode", Axis::tokens, "embedded model", "0 to 1", embedded, doubling(64, 8192), decode(Of::embedded),
      decoded);
  add("decode", Axis::width, "8 heads, d = 8 × width, context 512", "1 to 2", small, doubling(16, 256),
      decode(Of::sizes), decoded);
  add("decode", Axis::heads, "heads of 32, d = 32 × heads, context 512", "1 to 2", small, heads,
      decode(Of::sizes), decoded);
  add("decode", Axis::threads, "embedded model, context 1024", "−1 to 0", embedded, threads,
      decode(Of::embedded), decoded);
  return all;
}

}  // namespace growth
