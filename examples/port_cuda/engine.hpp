// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "port_cuda/device/denoise.hpp"
#include "port_cuda/device/gram.hpp"
#include "port_cuda/device/table.hpp"

// What the kernels are asked to do, in host memory, and who does it.

namespace port {

enum class Element { float32, float64, float16, bfloat16 };
using Bytes = std::vector<std::byte>;

/// omega [tables, bands], attention_factor [tables].
struct TableSet {
  std::vector<double> omega;
  std::vector<double> attention_factor;
  std::size_t bands = 0;
};

enum class Placement { in_place, out_of_place };
enum class PositionType { int32, int64 };

/// x is the caller's whole buffer; element (t, h, c) at t·token_stride + h·head_stride + c.
struct RotateRequest {
  Element element = Element::float32;
  Bytes x;
  std::vector<std::int64_t> positions;
  TableSet tables;
  std::size_t heads = 1;
  std::size_t width = 0;
  std::size_t token_stride = 0;
  std::size_t head_stride = 0;
  Pairing pairing = Pairing::half_split;
  Angles angles = Angles::exact;
  Direction direction = Direction::forward;
  Placement placement = Placement::in_place;
  PositionType position_type = PositionType::int64;
  std::vector<std::size_t> chunks;  ///< tokens per call; their sum is all tokens
};

/// x [tokens, heads, width], dense. plans [heads]; removed [bands].
struct DenoiseRequest {
  Element element = Element::float32;
  Bytes x;
  std::vector<std::int64_t> positions;
  TableSet tables;
  std::vector<HeadPlan> plans;
  std::vector<std::uint8_t> removed;
  std::size_t width = 0;
  Pairing pairing = Pairing::half_split;
  NoiseSource source{};
  std::vector<std::size_t> chunks;
};

enum class Centring { none, token_mean };

/// x [tokens, width], dense.
struct GramRequest {
  Element element = Element::float32;
  Bytes x;
  std::size_t width = 0;
  Centring centring = Centring::none;
  RowScaling rows = RowScaling::none;
  std::vector<std::size_t> chunks;
};

struct NoiseRequest {
  std::vector<std::int64_t> positions;
  std::size_t width = 0;
  NoiseSource source{};
  std::uint32_t head = 0;
};

/// words [tokens, 4·⌈width/4⌉], values [tokens, width].
struct Noise {
  std::vector<std::uint32_t> words;
  std::vector<double> values;
};

/// Runs requests. Precondition: sizes fit, as the comments above say; they are not looked at again.
class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  [[nodiscard]] virtual Bytes rotate(const RotateRequest& request) = 0;
  [[nodiscard]] virtual Bytes denoise(const DenoiseRequest& request) = 0;
  [[nodiscard]] virtual std::vector<double> gram(const GramRequest& request) = 0;
  [[nodiscard]] virtual Noise noise(const NoiseRequest& request) = 0;
};

/// The bodies in a loop on the CPU, last thread first: nothing may hang on their order.
[[nodiscard]] std::unique_ptr<Engine> make_host_engine();

/// The kernels on the first GPU. Throws dope::Error where there is none, and where CUDA reports an error.
[[nodiscard]] std::unique_ptr<Engine> make_cuda_engine();

}  // namespace port
