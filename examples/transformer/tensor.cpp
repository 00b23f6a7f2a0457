// SPDX-License-Identifier: MIT
#include "transformer/tensor.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "dope/core.hpp"

static_assert(std::endian::native == std::endian::little, "safetensors files are little endian");

namespace reference {
namespace {

struct DtypeFacts {
  std::string_view name;
  std::size_t width;
};

constexpr std::array<DtypeFacts, 15> facts = {{{"BOOL", 1},
                                               {"U8", 1},
                                               {"I8", 1},
                                               {"F8_E5M2", 1},
                                               {"F8_E4M3", 1},
                                               {"I16", 2},
                                               {"U16", 2},
                                               {"F16", 2},
                                               {"BF16", 2},
                                               {"I32", 4},
                                               {"U32", 4},
                                               {"F32", 4},
                                               {"I64", 8},
                                               {"U64", 8},
                                               {"F64", 8}}};
static_assert(facts.size() == static_cast<std::size_t>(Dtype::f64) + 1);

/// The bytes as elements of T at T's own alignment, whatever that of the source.
template <class T>
std::vector<T> aligned(const TensorView& tensor) {
  std::vector<T> elements(tensor.elements());
  if (!elements.empty()) std::memcpy(elements.data(), tensor.bytes.data(), tensor.bytes.size());
  return elements;
}

/// In blocks, so that no second copy of the whole tensor exists.
template <dope::Scalar T>
void widen_bytes(std::span<const std::byte> bytes, float* wide) {
  constexpr std::size_t block = 4096;
  std::array<T, block> stored;
  const std::size_t count = bytes.size() / sizeof(T);
  for (std::size_t first = 0; first < count; first += block) {
    const std::size_t some = std::min(block, count - first);
    std::memcpy(stored.data(), bytes.data() + first * sizeof(T), some * sizeof(T));
    dope::widen(stored.data(), wide + first, some);
  }
}

}  // namespace

std::string_view name_of(Dtype dtype) noexcept { return facts[static_cast<std::size_t>(dtype)].name; }

std::optional<Dtype> dtype_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (facts[i].name == name) return static_cast<Dtype>(i);
  }
  return std::nullopt;
}

std::size_t width_of(Dtype dtype) noexcept { return facts[static_cast<std::size_t>(dtype)].width; }

std::string text_of(const Shape& shape) {
  std::string text = "[";
  for (const std::size_t extent : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(extent);
  }
  return text + "]";
}

std::optional<std::size_t> bytes_of(const Shape& shape, Dtype dtype) noexcept {
  std::size_t bytes = width_of(dtype);
  for (const std::size_t extent : shape) {
    if (extent != 0 && bytes > std::numeric_limits<std::size_t>::max() / extent) return std::nullopt;
    bytes *= extent;
  }
  return bytes;
}

std::vector<float> floats_of(const TensorView& tensor, std::string_view where) {
  if (tensor.dtype == Dtype::f32) return aligned<float>(tensor);
  if (tensor.dtype != Dtype::f16 && tensor.dtype != Dtype::bf16) {
    throw dope::Error(std::string(where), dope::detail::text("dtype ", name_of(tensor.dtype)),
                      "F32, F16 or BF16");
  }
  std::vector<float> wide(tensor.elements());
  if (tensor.dtype == Dtype::f16) {
    widen_bytes<dope::float16>(tensor.bytes, wide.data());
  } else {
    widen_bytes<dope::bfloat16>(tensor.bytes, wide.data());
  }
  return wide;
}

std::vector<std::int32_t> integers_of(const TensorView& tensor, std::string_view where) {
  if (tensor.dtype != Dtype::i32) {
    throw dope::Error(std::string(where), dope::detail::text("dtype ", name_of(tensor.dtype)), "I32");
  }
  return aligned<std::int32_t>(tensor);
}

}  // namespace reference
