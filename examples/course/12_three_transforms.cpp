// SPDX-License-Identifier: MIT
// [program]
#include <cmath>
#include <cstdio>
#include <dope/dope.hpp>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "course/support/plot.hpp"

/// One head, one content at all positions: what is left of its scores under each transform.
course::Picture lesson() {
  constexpr std::size_t tokens = 1536, width = 32;
  const dope::AttentionShape shape{
      .layers = 1, .query_heads = 1, .key_heads = 1, .head_width = width, .rotated_width = width};
  const dope::RopeParameters rope{
      .base = 10000.0, .head_width = width, .rotated_width = width, .training_length = 512};
  const std::vector<dope::HeadId> chosen = {{0, 0}};
  const double entry = 1.0 / std::sqrt(static_cast<double>(width));  // so that <q, k> is 1 without positions
  const auto plan = [&](const dope::Transform& transform) {
    return dope::make_plan(shape, transform, dope::GqaPolicy::per_query_head, chosen);
  };
  const std::vector<std::pair<std::string, dope::Plan>> plans = {
      {"not denoised", dope::empty_plan(shape)},
      {"by parts", plan(dope::ByParts{})},
      {"by all", plan(dope::ByAll{})},
      {"by Gaussian", plan(dope::ByGaussian{.sigma = entry})}};

  course::Plot plot{
      .title = "Score against distance under the three transforms",
      .subtitle = "equal contents, score 1 without positions; Dynamic NTK at 3L, L = 512, width 32",
      .x = {"distance between query and key (tokens)", {1, 4, 16, 64, 256, 1024}, course::Scale::log2},
      .y = {"score (no unit)", {-0.5, 0, 0.5, 1}},
      .curves = {}};

  std::printf("transform      bands that turn   score at distance 1       64      256     1024\n");
  for (const auto& [name, plan_of_head] : plans) {
    const dope::PlannedRope<double> planned(plan_of_head, {rope, dope::DynamicNtk{}, tokens});
    std::vector<double> q(tokens * width, entry), k(q);
    planned.apply(0, dope::HeadRole::query, dope::token_major(q.data(), tokens, 1, width), 0);
    planned.apply(0, dope::HeadRole::shared_key, dope::token_major(k.data(), tokens, 1, width), 0);
    const auto score = [&](std::size_t distance) {  // of the last query
      const auto* const query = q.data() + (tokens - 1) * width;
      return std::inner_product(query, query + width, k.data() + (tokens - 1 - distance) * width, 0.0);
    };

    int turning = 0;
    const auto& frequencies = plan_of_head.empty() ? planned.scaled() : planned.denoised();
    for (const double omega : frequencies.omega) turning += omega > 0.0 ? 1 : 0;
    std::printf("%-14s %15d   %19.2f  %7.2f  %7.2f  %7.2f\n", name.c_str(), turning, score(1), score(64),
                score(256), score(1024));
    auto& curve = plot.curves.emplace_back();
    curve.name = name;
    for (int step = 0; step <= 80; ++step) {
      const auto distance = static_cast<std::size_t>(std::lround(std::exp2(step / 8.0)));
      curve.x.push_back(static_cast<double>(distance));
      curve.y.push_back(score(distance));
    }
  }
  std::printf(
      "By parts keeps what is near and stops the slow decay; by all is blind to distance;\n"
      "by Gaussian scores at random, whatever the contents.\n");
  return plot;
}

int main(int argc, char** argv) { return course::run(argc, argv, lesson); }
// [/program]
