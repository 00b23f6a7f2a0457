// SPDX-License-Identifier: MIT
#include "dope/rope/rotate.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>
#include <xsimd/xsimd.hpp>

#include "dope/denoise/plan.hpp"
#include "dope/denoise/planned_rope.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/table.hpp"
#include "support/compare.hpp"

namespace {

/// Both sides start at a cache line, as an engine's buffers do.
template <class T>
using Aligned = std::vector<T, xsimd::aligned_allocator<T, 64>>;

enum class Order { token_major, head_major };
enum class Tables { one, per_head };

struct Shape {
  std::size_t heads, tokens, width;
  Order order;
};

std::string text_of(const Shape& shape) {
  const std::string heads = std::to_string(shape.heads);
  const std::string tokens = std::to_string(shape.tokens);
  return (shape.order == Order::head_major ? heads + "x" + tokens : tokens + "x" + heads) + "x" +
         std::to_string(shape.width) + (shape.order == Order::head_major ? "" : " token-major");
}

/// In place: each byte is read once and written once, as rotation must.
void scale(float* x, std::size_t count, float factor) {
  using Batch = xsimd::batch<float>;
  const Batch by(factor);
  for (std::size_t i = 0; i + Batch::size <= count; i += Batch::size) {
    (Batch::load_unaligned(x + i) * by).store_unaligned(x + i);
  }
}

template <class T>
std::function<void()> rotation(const Shape& shape, dope::Pairing pairing, Tables tables) {
  using C = dope::compute_t<T>;
  struct State {
    Aligned<T> x;
    dope::RotationTable<C> table, other;
    std::vector<dope::TableView<C>> views;
  };
  const auto state = std::make_shared<State>();
  const dope::RopeParameters rope{10000, shape.width, shape.width, 4096};
  auto frequencies = dope::native_frequencies(rope);
  state->x.assign(shape.heads * shape.tokens * shape.width, T(C(0.5)));
  state->table = dope::RotationTable<C>(frequencies, 0, shape.tokens);
  for (std::size_t f = rope.bands() / 2; f < rope.bands(); ++f) frequencies.omega[f] = 0;
  state->other = dope::RotationTable<C>(frequencies, 0, shape.tokens);
  for (std::size_t h = 0; h < shape.heads; ++h) {
    state->views.push_back(tables == Tables::per_head && h % 8 == 3 ? state->other.view()
                                                                    : state->table.view());
  }
  const auto heads = shape.order == Order::head_major
                         ? dope::head_major(state->x.data(), shape.heads, shape.tokens, shape.width)
                         : dope::token_major(state->x.data(), shape.tokens, shape.heads, shape.width);
  if (tables == Tables::one) {
    return [state, heads, pairing] { dope::rotate(heads, state->table.view(), pairing); };
  }
  return [state, heads, pairing] { dope::rotate(heads, state->views, pairing); };
}

template <class T>
std::function<void()> bound(const Shape& shape) {
  const std::size_t floats = shape.heads * shape.tokens * shape.width * sizeof(T) / sizeof(float);
  const auto x = std::make_shared<Aligned<float>>(floats, 0.5f);
  return [x] {
    float factor = 1.0f;
    benchmark::DoNotOptimize(factor);
    scale(x->data(), x->size(), factor);
  };
}

/// In place, through the type that the arithmetic has: what a 16-bit store costs beyond its bytes.
template <class T>
std::function<void()> converted_bound(const Shape& shape) {
  using C = dope::compute_t<T>;
  const auto x = std::make_shared<Aligned<T>>(shape.heads * shape.tokens * shape.width, T(C(0.5)));
  return [x] {
    C factor = 1;
    benchmark::DoNotOptimize(factor);
    using Register = dope::detail::Register<T>;
    for (std::size_t i = 0; i + Register::size <= x->size(); i += Register::size) {
      const Register scaled = dope::detail::load_register(x->data() + i) * Register(factor);
      dope::detail::store_register(scaled, x->data() + i);
    }
  };
}

/// A layer under a plan that denoises its third head of every `every` by parts.
template <class T>
std::function<void()> planned(const Shape& shape, dope::Pairing pairing, std::size_t every) {
  using C = dope::compute_t<T>;
  struct State {
    Aligned<T> x;
    std::unique_ptr<dope::PlannedRope<C>> rope;
  };
  const auto state = std::make_shared<State>();
  state->x.assign(shape.heads * shape.tokens * shape.width, T(C(0.5)));
  const dope::AttentionShape layer{1, shape.heads, shape.heads, shape.width, shape.width};
  std::vector<dope::HeadId> heads;
  for (std::size_t h = 2; h < shape.heads; h += every) heads.push_back({0, h});
  state->rope = std::make_unique<dope::PlannedRope<C>>(
      dope::make_plan(layer, dope::ByParts{}, dope::GqaPolicy::per_query_head, heads),
      dope::RopeSchedule{{10000, shape.width, shape.width, 1024}, dope::DynamicNtk{}, shape.tokens, pairing});
  const auto view = shape.order == Order::head_major
                        ? dope::head_major(state->x.data(), shape.heads, shape.tokens, shape.width)
                        : dope::token_major(state->x.data(), shape.tokens, shape.heads, shape.width);
  return [state, view] { state->rope->apply(0, dope::HeadRole::query, view, 0); };
}

template <class T>
void add(const Shape& shape, dope::Pairing pairing, Tables tables) {
  const double bytes = 2.0 * static_cast<double>(shape.heads * shape.tokens * shape.width * sizeof(T));
  const std::string name = "rotate " + std::string(dope::scalar_name<T>()) +
                           (pairing == dope::Pairing::half_split ? " half_split" : " interleaved") +
                           (tables == Tables::one ? "" : " per-head tables");
  const bench::Work work{bytes, "GB/s"};
  const auto ours = [=] { return rotation<T>(shape, pairing, tables); };
  if (tables == Tables::per_head) {
    bench::compare(name, text_of(shape), "one table", work, ours,
                   [=] { return rotation<T>(shape, pairing, Tables::one); });
    return;
  }
  bench::compare(name, text_of(shape), "scale", work, ours, [=] { return bound<T>(shape); });
  if (sizeof(T) == 2)
    bench::compare(name + ", conversions apart", text_of(shape), "scale in float", work, ours,
                   [=] { return converted_bound<T>(shape); });
}

void add_plan(const Shape& shape, std::size_t every) {
  const double bytes = 2.0 * static_cast<double>(shape.heads * shape.tokens * shape.width * sizeof(float));
  bench::compare(
      "rotate float half_split, plan of 1 head in " + std::to_string(every), text_of(shape), "one table",
      {bytes, "GB/s"}, [=] { return planned<float>(shape, dope::Pairing::half_split, every); },
      [=] { return rotation<float>(shape, dope::Pairing::half_split, Tables::one); });
}

template <class T>
void add_all() {
  for (const auto pairing : {dope::Pairing::half_split, dope::Pairing::interleaved}) {
    for (const auto tables : {Tables::one, Tables::per_head}) {
      for (const Shape& shape :
           {Shape{32, 4096, 128, Order::head_major}, Shape{32, 4096, 128, Order::token_major},
            Shape{8, 512, 64, Order::head_major}, Shape{32, 1, 128, Order::head_major}}) {
        add<T>(shape, pairing, tables);
      }
    }
  }
}

const bench::Register lines([] {
  add_all<float>();
  add_all<double>();
  add_all<dope::float16>();
  add_all<dope::bfloat16>();
  for (const Shape& shape : {Shape{32, 4096, 128, Order::token_major},
                             Shape{32, 4096, 128, Order::head_major}, Shape{8, 512, 64, Order::head_major},
                             Shape{8, 512, 64, Order::token_major}, Shape{32, 1, 128, Order::head_major}}) {
    add_plan(shape, shape.heads);
  }
  // Widths that fill no whole number of registers, or no power of two: GPT-NeoX turns 24 channels, Phi-3
  // mini 96.
  for (const std::size_t width : {16u, 24u, 80u, 96u, 256u}) {
    for (const auto pairing : {dope::Pairing::half_split, dope::Pairing::interleaved})
      add<float>({8, 512, width, Order::token_major}, pairing, Tables::one);
  }
});

}  // namespace
