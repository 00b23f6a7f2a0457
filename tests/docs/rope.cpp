// SPDX-License-Identifier: MIT
// The snippets of docs/rope.md.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <dope/rope.hpp>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

TEST_CASE("docs/rope.md: rotate a projection in place") {
  std::vector<float> buffer(512 * 8 * 64, 1.0f);
  float* queries = buffer.data();
  // [rotate]
  const dope::RopeParameters rope{.base = 10000.0, .head_width = 64, .rotated_width = 64, .training_length = 4096};
  const auto frequencies = dope::scaled_frequencies(rope, dope::DynamicNtk{}, 12288);

  // One table for all heads and layers: 512 tokens from position 0 on.
  const dope::RotationTable<float> table(frequencies, 0, 512);

  // queries: 512 tokens × 8 heads × 64 channels, as a matrix product leaves them.
  dope::rotate(dope::token_major(queries, 512, 8, 64), table.view(), dope::Pairing::half_split);
  // [/rotate]
  CHECK(buffer[0] == 1.0f);   // position 0 stays
  CHECK(buffer[32] == 1.0f);
  CHECK(buffer[8 * 64] != 1.0f);
}

TEST_CASE("docs/rope.md states the worst errors that the headers promise") {
  std::ifstream file("docs/rope.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const auto shown = [](double ulps) { return dope::detail::shortest(ulps) + " ulp"; };
  CHECK(page.find("**" + shown(dope::frequency_ulps) + "**") != std::string::npos);
  CHECK(page.find("**" + shown(dope::table_ulps<float>) + " of float, " + shown(dope::table_ulps<double>) +
                  " of double**") != std::string::npos);
}

TEST_CASE("docs/rope.md: per-head tables") {
  const dope::RopeParameters rope{.base = 10000.0, .head_width = 8, .rotated_width = 8, .training_length = 64};
  std::vector<float> buffer(16 * 2 * 8, 1.0f);
  const auto heads = dope::token_major(buffer.data(), 16, 2, 8);
  // [per-head]
  const auto native = dope::native_frequencies(rope);
  const dope::Frequencies still{std::vector<double>(native.bands(), 0.0), native.attention_factor};

  const dope::RotationTable<float> turning(native, 0, 16);
  const dope::RotationTable<float> resting(still, 0, 16);
  const dope::TableView<float> tables[] = {turning.view(), resting.view()};  // head 0 turns, head 1 does not
  dope::rotate(heads, tables, dope::Pairing::interleaved);
  // [/per-head]
  for (std::size_t token = 0; token < 16; ++token) {
    CHECK((heads.head(0).row(token)[0] == 1.0f) == (token == 0));
    for (std::size_t channel = 0; channel < 8; ++channel) CHECK(heads.head(1).row(token)[channel] == 1.0f);
  }
}

TEST_CASE("docs/rope.md: positions in any order") {
  const dope::RopeParameters rope{.base = 10000.0, .head_width = 8, .rotated_width = 8, .training_length = 64};
  std::vector<double> keys(3 * 8, 1.0);
  // [positions]
  const std::vector<std::int64_t> positions{7, 1'048'576, 0};  // an evicted cache: slot is not position
  const dope::RotationTable<double> table(dope::native_frequencies(rope), std::span<const std::int64_t>(positions));
  dope::rotate(dope::dense_head(keys.data(), 3, 8), table.view(), dope::Pairing::half_split);
  // [/positions]
  CHECK(keys[0] != 1.0);
  CHECK(keys[16] == 1.0);
}

TEST_CASE("docs/rope.md: a refused request says why") {
  std::string message;
  // [error]
  try {
    dope::validate(dope::RopeParameters{.head_width = 64, .rotated_width = 63, .training_length = 4096});
  } catch (const dope::Error& error) {
    message = error.what();
  }
  // [/error]
  CHECK(message ==
        "RopeParameters: given rotated width 63 of head width 64, "
        "expected an even rotated width from 2 to the head width");
}
