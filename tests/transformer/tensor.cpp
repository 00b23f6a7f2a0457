// SPDX-License-Identifier: MIT
#include "transformer/tensor.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "dope/core.hpp"
#include "transformer/tiny_checkpoint.hpp"

using reference::Dtype;

TEST_CASE("the 16-bit dtypes widen exactly and nothing else passes for a weight") {
  const std::vector<float> values = {0.0F, -1.5F, 65504.0F, 0x1p-24F};
  std::vector<float> many(10000);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<float>(i % 200) - 100.0F;
  for (const Dtype dtype : {Dtype::f32, Dtype::f16, Dtype::bf16}) {
    const auto tensor = test::stored_tensor("t", dtype, {many.size()}, many);
    CHECK(reference::floats_of(tensor.view().tensor, "t") == many);
  }
  const auto half = test::stored_tensor("t", Dtype::f16, {4}, values);
  CHECK(reference::floats_of(half.view().tensor, "t") == values);
  for (int d = 0; d <= static_cast<int>(Dtype::f64); ++d) {
    const auto dtype = static_cast<Dtype>(d);
    const std::vector<std::byte> bytes(reference::width_of(dtype));
    const bool weight = dtype == Dtype::f32 || dtype == Dtype::f16 || dtype == Dtype::bf16;
    if (!weight)
      CHECK_THROWS_AS(static_cast<void>(reference::floats_of({dtype, {1}, bytes}, "t")), dope::Error);
    if (dtype != Dtype::i32)
      CHECK_THROWS_AS(static_cast<void>(reference::integers_of({dtype, {1}, bytes}, "t")), dope::Error);
  }
  // An odd address: the elements are copied, not read in place.
  std::vector<std::byte> shifted(9);
  const std::int32_t two[2] = {-7, 1 << 30};
  std::memcpy(shifted.data() + 1, two, 8);
  CHECK(reference::integers_of({Dtype::i32, {2}, std::span(shifted).subspan(1)}, "t") ==
        std::vector<std::int32_t>{-7, 1 << 30});
}
