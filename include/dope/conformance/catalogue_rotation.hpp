// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/conformance/case.hpp"

// The cases of rotation and of frequencies: one function a family of failures.

namespace dope::conformance::detail {

inline std::string_view short_name(Element element) noexcept {
  switch (element) {
    case Element::float32:
      return "float";
    case Element::float64:
      return "double";
    case Element::float16:
      return "half";
    default:
      return "bfloat";
  }
}

inline constexpr std::initializer_list<Element> storage_elements = {Element::float32, Element::float64,
                                                                    Element::float16, Element::bfloat16};
inline constexpr std::initializer_list<Pairing> both_pairings = {Pairing::half_split, Pairing::interleaved};

inline std::vector<std::int64_t> positions_from(std::int64_t first, std::size_t count,
                                                std::int64_t step = 1) {
  std::vector<std::int64_t> positions(count);
  for (std::size_t i = 0; i < count; ++i) positions[i] = first + step * static_cast<std::int64_t>(i);
  return positions;
}

/// The positions at which arithmetic breaks: one past what 8, 11, 16 and 24 bits hold, and 2²⁰.
inline std::vector<std::int64_t> far_positions() {
  return {1,     255,   256,   257,   511,    2047,   2048,   2049,    4095,    8191,   32767,
          65503, 65520, 65535, 65536, 131071, 131072, 524287, 1000003, 1048575, 1048576};
}

/// 3 heads of width 64, trained at 4096, dense [token, head, width].
inline RotateTask plain_task(Pairing pairing, Element element, std::vector<std::int64_t> positions) {
  RotateTask task;
  task.rope = {.base = 10000.0, .head_width = 64, .rotated_width = 64, .training_length = 4096};
  task.pairing = pairing;
  task.element = element;
  task.heads = 3;
  task.token_stride = 3 * 64;
  task.head_stride = 64;
  task.chunks = {positions.size()};
  std::int64_t farthest = 0;
  for (const std::int64_t m : positions) farthest = m > farthest ? m : farthest;
  task.length = static_cast<std::size_t>(farthest + 1);
  task.positions = std::move(positions);
  return task;
}

inline void set_width(RotateTask& task, std::size_t head_width, std::size_t rotated_width) {
  task.rope.head_width = head_width;
  task.rope.rotated_width = rotated_width;
  task.token_stride = task.heads * head_width;
  task.head_stride = head_width;
}

struct Cases {
  std::vector<Case> all;

  void add(std::string name, std::string_view catches, std::string_view thread, Task task) {
    all.push_back({std::move(name), std::string(catches), std::string(thread), std::move(task)});
  }
};

inline std::string tail_of(const RotateTask& task) {
  return text("-", name_of(task.pairing), "-", short_name(task.element));
}

inline void add_prefill_and_decode(Cases& cases) {
  for (const Pairing pairing : both_pairings) {
    for (const Element element : storage_elements) {
      const RotateTask prefill = plain_task(pairing, element, positions_from(0, 24));
      cases.add("prefill" + tail_of(prefill), "interleaved and half_split confused, or the sign transposed",
                "karpathy/nanochat#264", prefill);

      RotateTask decode = plain_task(pairing, element, positions_from(1000, 12));
      decode.chunks = {5, 1, 1, 1, 4};
      cases.add("decode" + tail_of(decode), "decode or a later chunk starts at another position than prefill",
                "microsoft/onnxruntime-genai#2354", decode);

      const RotateTask distant = plain_task(pairing, element, far_positions());
      cases.add("far" + tail_of(distant),
                "positions or angles rounded: float16, bfloat16, float32, 16-bit integers", "kekzl/imp#1316",
                distant);

      if (element != Element::float64) {
        RotateTask product = distant;
        product.angles = Angles::float32_product;
        cases.add("far_float32_product" + tail_of(product),
                  "a cos and sin worse than those of the float32 product", "huggingface/candle#3520",
                  product);
      }

      RotateTask out = plain_task(pairing, element, positions_from(77, 9));
      out.placement = Placement::out_of_place;
      set_width(out, 64, 48);
      cases.add("out_of_place" + tail_of(out), "channels past the rotated width are not copied",
                "ggml-org/llama.cpp#14580", out);

      RotateTask adjoint = plain_task(pairing, element, positions_from(513, 10, 97));
      adjoint.direction = Direction::adjoint;
      adjoint.scaling = Yarn{.factor = 4.0};
      adjoint.length = 8192;
      cases.add("adjoint" + tail_of(adjoint),
                "the backward pass turns forward, or with unequal halves of sin", "PaddlePaddle/Paddle#74716",
                adjoint);
    }
  }
}

inline void add_widths(Cases& cases) {
  const std::pair<std::size_t, std::size_t> widths[] = {{64, 32}, {80, 20},   {96, 64},  {12, 10},
                                                        {2, 2},   {128, 128}, {256, 64}, {6, 6}};
  for (const auto& [head_width, rotated_width] : widths) {
    for (const Pairing pairing : both_pairings) {
      for (const Element element : {Element::float32, Element::bfloat16}) {
        RotateTask task = plain_task(pairing, element, positions_from(300, 7, 31));
        set_width(task, head_width, rotated_width);
        cases.add(text("width_", head_width, "_", rotated_width) + tail_of(task),
                  rotated_width < head_width
                      ? "exponent or partner taken from the head width, or the rest of the head touched"
                      : "a width that is no multiple of the vector",
                  rotated_width < head_width ? "pie-project/pie#602" : "ModelTC/LightLLM#1459", task);
      }
    }
  }
}

inline void add_memory(Cases& cases) {
  struct Layout {
    std::string_view name;
    std::size_t token_stride;
    std::size_t head_stride;
  };
  constexpr std::size_t tokens = 9;
  const Layout layouts[] = {{"fused_qkv", 3 * 3 * 64, 64},
                            {"padded_rows", 3 * 64 + 13, 64},
                            {"padded_heads", 3 * 72, 72},
                            {"head_major", 64, tokens * 64},
                            {"head_major_padded", 67, tokens * 67 + 5},
                            {"both_padded", 3 * 70 + 9, 70}};
  for (const Layout& layout : layouts) {
    for (const Element element : {Element::float32, Element::bfloat16}) {
      for (const Placement placement : {Placement::in_place, Placement::out_of_place}) {
        RotateTask task = plain_task(Pairing::half_split, element, positions_from(40, tokens, 3));
        task.token_stride = layout.token_stride;
        task.head_stride = layout.head_stride;
        task.placement = placement;
        cases.add(text("strides_", layout.name, "-", name_of(placement), "-", short_name(element)),
                  "strided rows walked as if dense, or what lies between them overwritten",
                  "sgl-project/sglang#20598", task);
      }
    }
  }
  for (const PositionType type : {PositionType::int32, PositionType::int64}) {
    RotateTask task = plain_task(Pairing::half_split, Element::float32, positions_from(70000, 6, 1001));
    task.position_type = type;
    cases.add(text("positions_", name_of(type)), "positions of the other integer width misread",
              "microsoft/onnxruntime#27597", task);
  }
}

inline void add_sequences(Cases& cases) {
  const auto with = [&](std::string_view name, std::string_view catches, std::string_view thread,
                        std::vector<std::int64_t> positions, std::vector<std::size_t> chunks) {
    for (const Element element : {Element::float32, Element::float16}) {
      RotateTask task = plain_task(Pairing::half_split, element, positions);
      if (!chunks.empty()) task.chunks = chunks;
      cases.add(text(name, "-", short_name(element)), catches, thread, task);
    }
  };
  with("left_padding", "left padding: the row's index taken for its position",
       "fla-org/flash-linear-attention#902", {0, 0, 0, 0, 1, 2, 3, 4, 5, 6}, {});
  with("packed", "packed sequences: positions start again inside a buffer",
       "fla-org/flash-linear-attention#902", {0, 1, 2, 3, 4, 0, 1, 2, 0, 1, 2, 3}, {});
  with("evicted", "evicted cache: the slot is not the position", "rajveer43/VeloxQuant-MLX#389",
       {0, 1, 2, 3, 900, 901, 902, 903, 904}, {4, 3, 1, 1});
  with("batch_one_token", "a batch of single tokens, each at its own position", "ml-explore/mlx#3795",
       {17, 3, 2900, 0, 511}, {});
  with("backwards", "positions that do not rise", "ggml-org/llama.cpp#20274", {40, 39, 38, 12, 5, 0}, {});
  with("negative", "positions below 0, as shifts of a cache need them", "ggml-org/llama.cpp#4889",
       {-1, -2, -64, -4097, 3, 0}, {});
}

inline void add_head_tables(Cases& cases) {
  const RopeParameters rope{.base = 10000.0, .head_width = 64, .rotated_width = 64, .training_length = 512};
  Frequencies scaled = scaled_frequencies(rope, DynamicNtk{}, 4096);
  Frequencies still = scaled;
  for (double& omega : still.omega) omega = 0.0;
  Frequencies parts = scaled;
  for (std::size_t band = 20; band < parts.bands(); ++band) parts.omega[band] = 0.0;
  parts.attention_factor = 1.25;
  for (const Pairing pairing : both_pairings) {
    for (const Element element : {Element::float32, Element::bfloat16}) {
      RotateTask task = plain_task(pairing, element, positions_from(2000, 8, 17));
      task.rope = rope;
      task.length = 4096;
      task.head_tables = {scaled, parts, still};
      cases.add("head_tables" + tail_of(task), "one table for all heads where a plan gives each its own",
                "lablup/mlxcel#1340", task);
    }
  }
}

}  // namespace dope::conformance::detail
