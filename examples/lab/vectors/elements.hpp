// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "dope/conformance/array.hpp"
#include "transformer/tensor.hpp"

namespace vectors {

/// The safetensors type of an element; the two spell their names alike.
[[nodiscard]] reference::Dtype dtype_of(dope::conformance::Element element);

/// The values of an array as little-endian elements of its type, each rounded once, ties to even.
///
/// Throws dope::Error where shape and values disagree, or a value has no place in an integer type.
[[nodiscard]] std::vector<std::byte> encode(const dope::conformance::Array& array);

/// The tensor's values as doubles, exactly; the name is the caller's to set. Law: decode(encode(a)) is a
/// where its values are of its type.
///
/// `where` begins the dope::Error for a type that is none of Element's, or an integer beyond 2^53.
[[nodiscard]] dope::conformance::Array decode(const reference::TensorView& tensor, std::string_view where);

}  // namespace vectors
