// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "dope/denoise/plan.hpp"
#include "transformer/model.hpp"

namespace bench {

using ModelPointer = std::shared_ptr<const reference::Model>;

/// Sizes of a model with random weights; as many key heads as query heads.
struct Sizes {
  std::size_t layers, hidden, intermediate, heads, head_width;
};

/// A Llama over bytes with these sizes, made from a seed. (Its weights pass through a file in the temporary
/// folder, which is gone when this returns, and stay mapped.)
[[nodiscard]] ModelPointer random_model(const Sizes& sizes);

/// A model by its name in the table. It is made at the first call, and kept.
struct Subject {
  const char* name;
  ModelPointer (*model)();
};

/// examples/model: 4 layers, d = 128, 8 query and 4 key heads of width 32, an MLP of 384; 4.2 MB of weights.
extern const Subject embedded;

/// Of random weights: 8 layers, d = 1024, 16 heads of width 64, an MLP of 2816; 413 MB.
extern const Subject wider;

/// Letters.
[[nodiscard]] std::vector<std::int32_t> text_of(std::size_t tokens);

/// A schedule for `length` tokens under Dynamic NTK, without a plan.
[[nodiscard]] reference::Schedule schedule_of(const reference::Model& model, std::size_t length);

/// A prefill of `tokens` tokens by a request of its own, on so many threads.
[[nodiscard]] std::function<void()> prefill(ModelPointer model, reference::Schedule schedule,
                                            std::size_t tokens, int threads = 1);

/// Multiply-adds of one: matrix products for every token (for the last one alone, where the layers' output is
/// only needed there), scores and weighted values of the lower triangle.
[[nodiscard]] double prefill_multiply_adds(const reference::Config& config, std::size_t tokens);

/// Bytes that decoding one token reads at this context, each once: all weights, of the embedding one row, and
/// the keys and values of the context.
[[nodiscard]] std::size_t decode_bytes(const reference::Config& config, std::size_t context);

}  // namespace bench
