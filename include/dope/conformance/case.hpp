// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/core/noise.hpp"
#include "dope/core/side.hpp"
#include "dope/denoise/names.hpp"
#include "dope/denoise/plan.hpp"
#include "dope/denoise/select.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/rope/scaling.hpp"
#include "dope/rope/table.hpp"
#include "dope/spectral/entropy.hpp"
#include "dope/spectral/gram.hpp"

// What a kernel may be asked to do. A task is plain data: everything that a runner in any language
// needs beside the input arrays (inputs.hpp). The arrays of each task:
//
//   task         inputs                              outputs
//   rotate       x, positions [tokens],              y
//                omega [tables, bands],
//                attention_factor [tables]
//   frequencies                                      omega [bands], attention_factor [1]
//   denoise      q [tokens, query heads, width],     q, k, and where the plan asks for own keys
//                k [tokens, key heads, width],       own_keys [tokens, owners, width]
//                positions [tokens]
//   gram         x [tokens, width]                   gram [width, width]
//   entropy      x [tokens, width]                   scores [entropies]
//   select       scores [layers, heads]              heads [n, 2]: layer, head
//   noise        positions [tokens]                  words [tokens, 4·⌈width/4⌉], values [tokens, width]
//
// x and y of rotate are the caller's whole buffer, [buffer_size]: element (t, h, c) is at
// t·token_stride + h·head_stride + c; the elements between the rows are guards, which no kernel may
// change. `tables` is 1, or one table per head.

namespace dope::conformance {

enum class Direction { forward, adjoint };

/// in_place: source and destination are the same memory.
enum class Placement { in_place, out_of_place };

enum class PositionType { int32, int64 };

/// What lies after the last row of a buffer: one wide vector.
inline constexpr std::size_t guard_elements = 16;

/// Rotation of `heads` heads, all tokens of one request or batch.
struct RotateTask {
  RopeParameters rope;
  Scaling scaling = Unscaled{};
  std::size_t length = 0;  ///< the request's length ℓ, as in scaled_frequencies
  Pairing pairing = Pairing::half_split;
  Angles angles = Angles::exact;  ///< the oracle that the output is held against
  Direction direction = Direction::forward;
  Element element = Element::float32;
  std::size_t heads = 1;
  std::size_t token_stride = 0;
  std::size_t head_stride = 0;
  Placement placement = Placement::in_place;
  PositionType position_type = PositionType::int64;
  std::vector<std::int64_t> positions;   ///< one per token
  std::vector<std::size_t> chunks;       ///< tokens per call, in order; their sum is all tokens
  std::vector<Frequencies> head_tables;  ///< empty, or one per head in place of rope and scaling

  [[nodiscard]] std::size_t tokens() const noexcept { return positions.size(); }
  [[nodiscard]] std::size_t width() const noexcept { return rope.head_width; }
  /// Elements of the caller's buffer, the guards between the rows and after the last one included.
  [[nodiscard]] std::size_t buffer_size() const noexcept {
    if (tokens() == 0 || heads == 0) return 0;
    return (tokens() - 1) * token_stride + (heads - 1) * head_stride + width() + guard_elements;
  }
};

/// ω and attention factor of one scaling.
struct FrequenciesTask {
  RopeParameters rope;
  Scaling scaling = Unscaled{};
  std::size_t length = 0;
};

/// One layer's q and k under a plan: rotated, and denoised where the plan says so.
struct DenoiseTask {
  Plan plan;
  std::size_t layer = 0;
  RopeParameters rope;
  Scaling scaling = Unscaled{};
  std::size_t length = 0;
  Pairing pairing = Pairing::half_split;
  Angles angles = Angles::exact;  ///< the oracle that the output is held against
  Element element = Element::float32;
  std::vector<std::int64_t> positions;
  std::vector<std::size_t> chunks;

  [[nodiscard]] std::size_t tokens() const noexcept { return positions.size(); }
};

/// Σ of one head's rows, over all chunks.
struct GramTask {
  std::size_t tokens = 0;
  std::size_t width = 0;
  Element element = Element::float32;
  Centring centring = Centring::none;
  RowScaling rows = RowScaling::none;
  std::vector<std::size_t> chunks;
};

/// The entropies of one head's rows, in this order.
struct EntropyTask {
  std::size_t tokens = 0;
  std::size_t width = 0;
  Pairing pairing = Pairing::half_split;  ///< of band_mean
  std::vector<Entropy> entropies;
};

struct SelectTask {
  std::size_t layers = 0;
  std::size_t heads = 0;
  Amount amount = Count{0};
  Order order = Order::ascending;
};

struct NoiseTask {
  std::uint64_t seed = 42;
  std::size_t layer = 0;
  std::size_t head = 0;
  Side side = Side::query;
  std::size_t width = 0;
  std::vector<std::int64_t> positions;
};

using Task =
    std::variant<RotateTask, FrequenciesTask, DenoiseTask, GramTask, EntropyTask, SelectTask, NoiseTask>;

/// The task's name in reports and manifests.
[[nodiscard]] inline std::string_view name_of(const Task& task) noexcept {
  constexpr std::string_view names[] = {"rotate",  "frequencies", "denoise", "gram",
                                        "entropy", "select",      "noise"};
  static_assert(std::size(names) == std::variant_size_v<Task>);
  return names[task.index()];
}

/// One thing that kernels get wrong, and what a right one does.
struct Case {
  std::string name;     ///< unique; letters, digits, '-' and '_': also a file name
  std::string catches;  ///< the failure, as a porter would meet it
  std::string thread;   ///< owner/repo#number of a public thread about it; empty where there is none
  Task task;
};

}  // namespace dope::conformance

namespace dope::detail {

template <>
struct EnumNames<conformance::Direction> {
  static constexpr std::string_view what = "direction";
  static constexpr std::array<std::string_view, 2> names = {"forward", "adjoint"};
};
template <>
struct EnumNames<conformance::Placement> {
  static constexpr std::string_view what = "placement";
  static constexpr std::array<std::string_view, 2> names = {"in_place", "out_of_place"};
};
template <>
struct EnumNames<conformance::PositionType> {
  static constexpr std::string_view what = "position type";
  static constexpr std::array<std::string_view, 2> names = {"int32", "int64"};
};
template <>
struct EnumNames<Angles> {
  static constexpr std::string_view what = "angles";
  static constexpr std::array<std::string_view, 2> names = {"exact", "float32_product"};
};

}  // namespace dope::detail
