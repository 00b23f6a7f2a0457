// SPDX-License-Identifier: MIT

// What the header costs when it is compiled once per x86-64 level and called through a table of functions,
// beside the header as this bench's own target compiles it: ratio 1 is as fast.

#include "levels/kernels.hpp"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <vector>
#include <xsimd/xsimd.hpp>

#include "dope/rope/rotate.hpp"
#include "dope/rope/table.hpp"
#include "dope/spectral/gram.hpp"
#include "support/compare.hpp"

namespace {

template <class T>
using Aligned = std::vector<T, xsimd::aligned_allocator<T, 64>>;

enum class Caller { header, kernels };

struct Shape {
  std::size_t tokens, heads, width;
};

template <dope::Scalar T>
bench::Maker rotation(const Shape& shape, Caller caller, levels::Level level) {
  struct State {
    Aligned<T> x;
    dope::RotationTable<dope::compute_t<T>> table;
  };
  return [=] {
    const auto state = std::make_shared<State>();
    state->x.assign(shape.tokens * shape.heads * shape.width, T(0.5f));
    state->table = {dope::native_frequencies({10000, shape.width, shape.width, 4096}), 0, shape.tokens};
    const auto heads = dope::token_major(state->x.data(), shape.tokens, shape.heads, shape.width);
    const auto& kernels = levels::kernels_at(level).of<T>();
    return std::function<void()>([=] {
      if (caller == Caller::kernels) {
        kernels.rotate(heads, state->table.view(), dope::Pairing::half_split);
      } else {
        dope::rotate(heads, state->table.view(), dope::Pairing::half_split);
      }
    });
  };
}

template <dope::Scalar T>
bench::Maker gram(std::size_t tokens, std::size_t width, Caller caller, levels::Level level) {
  return [=] {
    std::mt19937 random(1);
    const auto rows = std::make_shared<std::vector<T>>(tokens * width);
    for (T& value : *rows) value = T(static_cast<float>(random() >> 8) * 0x1p-23f - 1.0f);
    const auto sum = std::make_shared<std::vector<double>>(width * width);
    const auto& kernels = levels::kernels_at(level).of<T>();
    return std::function<void()>([=] {
      const dope::HeadView<const T> head = dope::dense_head(rows->data(), tokens, width);
      if (caller == Caller::kernels) {
        kernels.add_gram(head, sum->data());
        benchmark::DoNotOptimize(sum->data());
      } else {
        dope::Gram own(width);
        own.add(head);
        benchmark::DoNotOptimize(own);
      }
    });
  };
}

std::string at(levels::Level level) { return " at " + std::string(levels::name_of(level)); }

template <dope::Scalar T>
void add_rotation(const Shape& shape, levels::Level level) {
  const double bytes = 2.0 * static_cast<double>(shape.tokens * shape.heads * shape.width * sizeof(T));
  bench::compare("rotate " + std::string(dope::scalar_name<T>()) + " half_split" + at(level),
                 std::to_string(shape.tokens) + "x" + std::to_string(shape.heads) + "x" +
                     std::to_string(shape.width) + " token-major",
                 "header", {bytes, "GB/s"}, rotation<T>(shape, Caller::kernels, level),
                 rotation<T>(shape, Caller::header, level));
}

template <dope::Scalar T>
void add_gram(std::size_t tokens, std::size_t width, levels::Level level) {
  bench::compare("gram of " + std::string(dope::scalar_name<T>()) + at(level),
                 std::to_string(tokens) + " x " + std::to_string(width), "header",
                 {static_cast<double>(tokens) * static_cast<double>(width * (width + 1)) / 2.0, "M/s"},
                 gram<T>(tokens, width, Caller::kernels, level),
                 gram<T>(tokens, width, Caller::header, level));
}

const bench::Register lines([] {
  for (const levels::Level level : levels::available_levels()) {
    add_rotation<float>({4096, 32, 128}, level);
    add_rotation<float>({512, 8, 64}, level);
    add_rotation<float>({1, 32, 128}, level);
    add_rotation<dope::bfloat16>({512, 8, 64}, level);
    add_rotation<dope::float16>({512, 8, 64}, level);
    add_gram<float>(8192, 128, level);
    add_gram<dope::bfloat16>(8192, 128, level);
  }
});

}  // namespace
