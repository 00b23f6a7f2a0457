// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reference {

/// Element types of the safetensors format. Weights are f32, f16 or bf16; the others are only carried.
enum class Dtype { boolean, u8, i8, f8_e5m2, f8_e4m3, i16, u16, f16, bf16, i32, u32, f32, i64, u64, f64 };

/// The format's spelling, e.g. "BF16", and its inverse (empty where the spelling is unknown).
[[nodiscard]] std::string_view name_of(Dtype dtype) noexcept;
[[nodiscard]] std::optional<Dtype> dtype_named(std::string_view name) noexcept;

/// Bytes per element: 1, 2, 4 or 8.
[[nodiscard]] std::size_t width_of(Dtype dtype) noexcept;

using Shape = std::vector<std::size_t>;

/// "[264, 128]"; "[]" for a scalar.
[[nodiscard]] std::string text_of(const Shape& shape);

/// elements × width of dtype, or empty where the product does not fit std::size_t.
[[nodiscard]] std::optional<std::size_t> bytes_of(const Shape& shape, Dtype dtype) noexcept;

/// A tensor in someone else's memory: row-major, little endian, bytes.data() of any alignment.
///
/// Invariant: bytes.size() = product of the shape × width of dtype.
struct TensorView {
  Dtype dtype = Dtype::f32;
  Shape shape;
  std::span<const std::byte> bytes;

  [[nodiscard]] std::size_t elements() const noexcept { return bytes.size() / width_of(dtype); }
};

/// The elements of an f32, f16 or bf16 tensor, widened exactly. `where` names the tensor in the Error
/// that any other dtype is.
[[nodiscard]] std::vector<float> floats_of(const TensorView& tensor, std::string_view where);

/// The elements of an i32 tensor; any other dtype is an Error.
[[nodiscard]] std::vector<std::int32_t> integers_of(const TensorView& tensor, std::string_view where);

}  // namespace reference
