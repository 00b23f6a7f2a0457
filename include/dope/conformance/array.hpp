// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dope/core/error.hpp"
#include "dope/core/scalar.hpp"
#include "dope/denoise/names.hpp"

namespace dope::conformance {

using dope::name_of;

namespace detail {

using dope::detail::text;

}  // namespace detail

/// The element types of inputs and outputs. Their names are those of the safetensors format.
enum class Element { float32, float64, float16, bfloat16, uint32, int64 };

/// A named tensor, row-major. Whatever the element type, the values are held as doubles, which hold
/// every one of them exactly (int64 entries are positions and indices, at most 2⁵³ in size).
struct Array {
  std::string name;
  Element element = Element::float32;
  std::vector<std::size_t> shape;
  std::vector<double> values;
};

/// Elements of a tensor of this shape.
[[nodiscard]] inline std::size_t count_of(const std::vector<std::size_t>& shape) noexcept {
  std::size_t count = 1;
  for (const std::size_t extent : shape) count *= extent;
  return count;
}

/// The Element that stores a Scalar.
template <Scalar T>
[[nodiscard]] constexpr Element element_of() noexcept {
  if constexpr (std::same_as<T, float>) return Element::float32;
  if constexpr (std::same_as<T, double>) return Element::float64;
  if constexpr (std::same_as<T, float16>) return Element::float16;
  if constexpr (std::same_as<T, bfloat16>) return Element::bfloat16;
}

/// `value` rounded once to the element, to nearest, ties to even.
[[nodiscard]] inline double rounded_to(Element element, double value) noexcept {
  switch (element) {
    case Element::float32:
      return static_cast<double>(static_cast<float>(value));
    case Element::float16:
      return static_cast<double>(static_cast<float>(float16(value)));
    case Element::bfloat16:
      return static_cast<double>(static_cast<float>(bfloat16(value)));
    default:
      return value;
  }
}

}  // namespace dope::conformance

namespace dope::detail {

template <>
struct EnumNames<conformance::Element> {
  static constexpr std::string_view what = "element type";
  static constexpr std::array<std::string_view, 6> names = {"F32", "F64", "F16", "BF16", "U32", "I64"};
};

}  // namespace dope::detail
