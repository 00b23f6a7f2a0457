// SPDX-License-Identifier: MIT
#include "dope/conformance/tolerance.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <variant>

#include "dope/conformance/catalogue.hpp"
#include "dope/conformance/expected.hpp"
#include "dope/conformance/inputs.hpp"

namespace kit = dope::conformance;
namespace oracle = dope::conformance::oracle;

TEST_CASE("tolerances: noise that replaces a row is held to its sigma, and to no angle") {
  std::size_t replaced = 0;
  for (const kit::Case& c : kit::catalogue_for(dope::Angles::float32_product)) {
    const auto* task = std::get_if<kit::DenoiseTask>(&c.task);
    if (task == nullptr) continue;
    const auto* noise = std::get_if<dope::ByGaussian>(&task->plan.transform);
    if (noise == nullptr || noise->reading != dope::ByGaussian::Reading::replace) continue;
    CAPTURE(c.name);
    const auto inputs = kit::inputs_of(c);
    const auto expected = kit::expected_of(c, inputs);
    const auto measures = kit::measures_of(c, inputs, expected);
    const std::size_t heads = task->plan.shape.query_heads;
    const std::size_t width = task->plan.shape.head_width;
    for (std::size_t head = 0; head < heads; ++head) {
      if (!oracle::denoised(task->plan, task->layer, oracle::Copy::query, head)) continue;
      const double sigma = oracle::sigma_of(task->plan, *noise, task->layer, oracle::Copy::query, head);
      for (std::size_t token = 0; token < task->tokens(); ++token) {
        for (std::size_t channel = 0; channel < width; ++channel) {
          const kit::Measure& measure = measures[0][(token * heads + head) * width + channel];
          CHECK(measure.angle == 0.0);
          CHECK(measure.scale == 4.0 * sigma);
        }
      }
      ++replaced;
    }
  }
  CHECK(replaced > 0);
}
