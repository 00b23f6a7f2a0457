// SPDX-License-Identifier: MIT
// The snippet of docs/conformance.md, and the report that the page shows.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <dope/conformance.hpp>
#include <fstream>
#include <iterator>
#include <string>

namespace {

// [one-call]
namespace kit = dope::conformance;

// Your kernel behind one overload per type it takes. Here: angles in float, as most engines have them.
struct MyKernel {
  void operator()(const kit::RotateCall<float>& call) const {
    const dope::Frequencies& table = call.frequencies[0];
    for (std::size_t t = 0; t < call.to.tokens; ++t) {
      for (std::size_t h = 0; h < call.to.heads; ++h) {
        float* x = call.to.head(h).row(t);
        for (std::size_t f = 0; f < table.bands(); ++f) {
          const float angle = static_cast<float>(call.positions[t]) * static_cast<float>(table.omega[f]);
          const float a = static_cast<float>(table.attention_factor);
          const float c = std::cos(angle) * a;
          const float s = std::sin(angle) * a;
          const float x1 = x[f];
          const float x2 = x[f + table.bands()];
          x[f] = c * x1 - s * x2;
          x[f + table.bands()] = c * x2 + s * x1;
        }
      }
    }
  }
};

kit::Report judge_my_kernel(dope::Angles angles) {
  kit::Capabilities can;
  can.pairings = {dope::Pairing::half_split};
  can.angles = angles;
  can.out_of_place = can.adjoint = can.head_tables = false;
  return kit::check(MyKernel{}, can);
}
// [/one-call]

}  // namespace

TEST_CASE("docs/conformance.md: the kernel of the page passes by its own oracle and fails by the exact one") {
  const kit::Report own = judge_my_kernel(dope::Angles::float32_product);
  INFO(own.text());
  CHECK(own.passed());

  const kit::Report exact = judge_my_kernel(dope::Angles::exact);
  CHECK(!exact.passed());
  CHECK(exact.cause() == kit::Cause::angle_float32);
  INFO(exact.text());
  std::ifstream file("docs/conformance.md");
  const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  // Which elements are wrong, and by how many digits, differs with the target's fused multiply-add.
  const auto named = kit::text_of(kit::Cause::angle_float32);
  for (const std::string& text : {exact.text(), page}) {
    CHECK(text.find("most likely: " + std::string(named.name) + "\n") != std::string::npos);
    CHECK(text.find(": " + std::string(named.name) + "\n  " + std::string(named.advice) + "\n") !=
          std::string::npos);
  }
}
