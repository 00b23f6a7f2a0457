// SPDX-License-Identifier: MIT
#include "dope/core/view.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <numeric>
#include <type_traits>
#include <vector>

namespace {

std::vector<float> numbered(std::size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

}  // namespace

TEST_CASE("element (t, c) of a HeadView is data[t * token_stride + c]") {
  auto memory = numbered(1000);
  for (const std::size_t width : {1u, 2u, 6u, 64u}) {
    for (const std::size_t stride : {width, width + 1, width + 37}) {
      const dope::HeadView<float> head{memory.data() + 5, 8, width, stride};
      for (std::size_t t = 0; t < head.tokens; ++t) {
        for (std::size_t c = 0; c < width; ++c) {
          CHECK(head.row(t)[c] == static_cast<float>(5 + t * stride + c));
        }
      }
    }
  }
}

TEST_CASE("a slice is the same rows of the same memory, for every range inside") {
  auto memory = numbered(1000);
  const dope::HeadView<float> head{memory.data(), 7, 6, 11};
  for (std::size_t first = 0; first <= head.tokens; ++first) {
    for (std::size_t count = 0; count <= head.tokens - first; ++count) {
      const auto part = head.slice(first, count);
      CHECK(part.tokens == count);
      CHECK(part.width == head.width);
      CHECK(part.token_stride == head.token_stride);
      for (std::size_t t = 0; t < count; ++t) CHECK(part.row(t) == head.row(first + t));
    }
  }
}

TEST_CASE("a slice outside the head is an Error, also where first + count wraps around") {
  auto memory = numbered(100);
  const auto head = dope::dense_head(memory.data(), 7, 6);
  constexpr std::size_t most = static_cast<std::size_t>(-1);
  CHECK_THROWS_AS((void)head.slice(8, 0), dope::Error);
  CHECK_THROWS_AS((void)head.slice(0, 8), dope::Error);
  CHECK_THROWS_AS((void)head.slice(7, 1), dope::Error);
  CHECK_THROWS_AS((void)head.slice(3, most), dope::Error);
  CHECK_THROWS_AS((void)head.slice(most, 3), dope::Error);
}

TEST_CASE("token_major and head_major address [token, head, width] and [head, token, width]") {
  constexpr std::size_t tokens = 5;
  constexpr std::size_t heads = 3;
  constexpr std::size_t width = 6;
  auto memory = numbered(tokens * heads * width);
  const auto by_token = dope::token_major(memory.data(), tokens, heads, width);
  const auto by_head = dope::head_major(memory.data(), heads, tokens, width);
  for (std::size_t h = 0; h < heads; ++h) {
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t c = 0; c < width; ++c) {
        CHECK(by_token.head(h).row(t)[c] == static_cast<float>((t * heads + h) * width + c));
        CHECK(by_head.head(h).row(t)[c] == static_cast<float>((h * tokens + t) * width + c));
      }
    }
  }
  CHECK_THROWS_AS((void)by_token.head(heads), dope::Error);
  CHECK_THROWS_AS((void)by_head.head(static_cast<std::size_t>(-1)), dope::Error);
}

TEST_CASE("views convert to const and never from it, and copy nothing") {
  using dope::HeadsView;
  using dope::HeadView;
  static_assert(std::is_convertible_v<HeadView<float>, HeadView<const float>>);
  static_assert(!std::is_convertible_v<HeadView<const float>, HeadView<float>>);
  static_assert(!std::is_convertible_v<HeadView<float>, HeadView<double>>);
  static_assert(std::is_convertible_v<HeadsView<float>, HeadsView<const float>>);
  static_assert(!std::is_convertible_v<HeadsView<const float>, HeadsView<float>>);
  static_assert(std::is_trivially_copyable_v<HeadView<float>> &&
                std::is_trivially_copyable_v<HeadsView<float>>);
  auto memory = numbered(60);
  const HeadsView<const float> heads = dope::token_major(memory.data(), 5, 2, 6);
  CHECK(heads.data == memory.data());
  CHECK(heads.head(1).row(4) == memory.data() + 4 * 12 + 6);
  const HeadView<const float> head = dope::dense_head(memory.data(), 10, 6);
  CHECK(head.row(9) == memory.data() + 54);
}
