// SPDX-License-Identifier: MIT
#include "elements.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "dope/core/error.hpp"
#include "dope/core/scalar.hpp"

namespace vectors {
namespace {

using dope::conformance::Array;
using dope::conformance::Element;
using dope::detail::text;

static_assert(std::endian::native == std::endian::little);

/// Both ends are exact doubles.
constexpr double largest_exact = 0x1p53;

template <class Integer>
Integer integer_of(double value, double lowest, double highest, const Array& array) {
  if (!(value >= lowest && value <= highest) || value != std::trunc(value)) {
    throw dope::Error("encode " + array.name, text(value),
                      text("a whole number that fits ", name_of(array.element)));
  }
  return static_cast<Integer>(value);
}

template <class T, class Convert>
std::vector<std::byte> packed(const std::vector<double>& values, Convert convert) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const T element = convert(values[i]);
    std::memcpy(bytes.data() + i * sizeof(T), &element, sizeof(T));
  }
  return bytes;
}

template <class T, class Convert>
std::vector<double> unpacked(std::span<const std::byte> bytes, Convert convert) {
  std::vector<double> values(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    T element{};
    std::memcpy(&element, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = convert(element);
  }
  return values;
}

}  // namespace

reference::Dtype dtype_of(Element element) {
  const auto dtype = reference::dtype_named(name_of(element));
  if (!dtype)
    throw dope::Error("dtype_of", std::string(name_of(element)), "a type of the safetensors format");
  return *dtype;
}

std::vector<std::byte> encode(const Array& array) {
  if (dope::conformance::count_of(array.shape) != array.values.size()) {
    throw dope::Error("encode " + array.name, text(array.values.size(), " values"),
                      "as many as shape " + reference::text_of(array.shape) + " holds");
  }
  switch (array.element) {
    case Element::float32:
      return packed<float>(array.values, [](double value) { return static_cast<float>(value); });
    case Element::float64:
      return packed<double>(array.values, [](double value) { return value; });
    case Element::float16:
      return packed<std::uint16_t>(array.values, [](double value) { return dope::float16(value).bits; });
    case Element::bfloat16:
      return packed<std::uint16_t>(array.values, [](double value) { return dope::bfloat16(value).bits; });
    case Element::uint32:
      return packed<std::uint32_t>(array.values, [&](double value) {
        return integer_of<std::uint32_t>(value, 0.0, std::numeric_limits<std::uint32_t>::max(), array);
      });
    case Element::int64:
      return packed<std::int64_t>(array.values, [&](double value) {
        return integer_of<std::int64_t>(value, -largest_exact, largest_exact, array);
      });
  }
  throw dope::Error("encode " + array.name, "an unknown element type", "one of Element");
}

Array decode(const reference::TensorView& tensor, std::string_view where) {
  Array array{{}, Element::float32, tensor.shape, {}};
  switch (tensor.dtype) {
    case reference::Dtype::f32:
      array.values = unpacked<float>(tensor.bytes, [](float value) { return static_cast<double>(value); });
      return array;
    case reference::Dtype::f64:
      array.element = Element::float64;
      array.values = unpacked<double>(tensor.bytes, [](double value) { return value; });
      return array;
    case reference::Dtype::f16:
      array.element = Element::float16;
      array.values = unpacked<std::uint16_t>(tensor.bytes, [](std::uint16_t bits) {
        return static_cast<double>(static_cast<float>(dope::float16::from_bits(bits)));
      });
      return array;
    case reference::Dtype::bf16:
      array.element = Element::bfloat16;
      array.values = unpacked<std::uint16_t>(tensor.bytes, [](std::uint16_t bits) {
        return static_cast<double>(static_cast<float>(dope::bfloat16::from_bits(bits)));
      });
      return array;
    case reference::Dtype::u32:
      array.element = Element::uint32;
      array.values = unpacked<std::uint32_t>(tensor.bytes,
                                             [](std::uint32_t value) { return static_cast<double>(value); });
      return array;
    case reference::Dtype::i64:
      array.element = Element::int64;
      array.values = unpacked<std::int64_t>(tensor.bytes, [&](std::int64_t value) {
        constexpr auto most = std::int64_t{1} << 53;
        if (value > most || value < -most) {
          throw dope::Error(std::string(where), text(value), "integers of at most 2^53 in size");
        }
        return static_cast<double>(value);
      });
      return array;
    default:
      throw dope::Error(std::string(where), text("dtype ", name_of(tensor.dtype)),
                        "F64, F32, F16, BF16, I64 or U32");
  }
}

}  // namespace vectors
