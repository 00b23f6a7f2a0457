// SPDX-License-Identifier: MIT
// [program]
#include <cstdio>
#include <dope/dope.hpp>
#include <string>
#include <vector>

#include "course/support/plot.hpp"

/// Six heads, measured before and after rotation; which one is chosen is a matter of stage and order.
course::Picture lesson() {
  constexpr std::size_t tokens = 1024, heads = 6, width = 32;
  const dope::AttentionShape shape{
      .layers = 1, .query_heads = heads, .key_heads = heads, .head_width = width, .rotated_width = width};
  const dope::RopeParameters rope{
      .base = 10000.0, .head_width = width, .rotated_width = width, .training_length = 512};

  // Noise; but keys of head 1 all lean one way in a fast band, those of head 3 in a slow one, and head 5 has
  // noise in four of its channels only.
  std::vector<float> q(tokens * heads * width), k(q.size());
  for (std::size_t i = 0; i < q.size(); ++i) {
    const std::size_t channel = i % width, head = i / width % heads;
    const auto noise = dope::normals({.position = static_cast<std::int64_t>(i)}, 0);
    q[i] = static_cast<float>(noise[0]);
    k[i] = head == 5 && channel >= 4 ? 0.0f : static_cast<float>(noise[1]);
    if ((head == 1 && channel == 1) || (head == 3 && channel == 14)) k[i] += 10.0f;
  }

  const std::vector<dope::Indicator> indicators = {
      dope::parse_indicator("pre_ntk/key/truncated_effective_rank(r=8)"),
      dope::parse_indicator("post_ntk/key/truncated_effective_rank(r=8)"),
      dope::parse_indicator("post_ntk/key/von_neumann")};
  dope::HeadMeter meter(shape, dope::Pairing::half_split, dope::native_frequencies(rope),
                        dope::scaled_frequencies(rope, dope::DynamicNtk{}, tokens), indicators);
  meter.add(0, dope::token_major(q.data(), tokens, heads, width),
            dope::token_major(k.data(), tokens, heads, width), 0);
  const auto scores = meter.scores(indicators, dope::GqaPolicy::per_query_head);

  course::Plot plot{.title = "Rotation separates two heads that looked alike",
                    .subtitle = "effective rank of the 8 largest eigenvalues of six heads' keys, 1024 tokens",
                    .x = {"head", {0, 1, 2, 3, 4, 5}},
                    .y = {"truncated effective rank, r = 8", {1, 2, 3, 4, 5, 6, 7, 8}},
                    .curves = {{"pre_ntk: not rotated", {}, {}, course::Mark::points},
                               {"post_ntk: rotated", {}, {}, course::Mark::points}}};

  for (std::size_t i = 0; i < indicators.size(); ++i) {
    std::printf("%s\n  scores   ", dope::name_of(indicators[i]).c_str());
    for (const auto& score : scores[i]) {
      std::printf("  %5.2f", score.value);
      if (i >= plot.curves.size()) continue;
      plot.curves[i].x.push_back(static_cast<double>(score.id.head));
      plot.curves[i].y.push_back(score.value);
    }
    for (const auto order : {dope::Order::ascending, dope::Order::descending}) {
      std::printf("\n  %-10s ", std::string(dope::name_of(order)).c_str());
      for (const auto& id : dope::select(scores[i], dope::Count{2}, order)) std::printf(" head %zu", id.head);
    }
    std::printf("\n");
  }
  std::printf(
      "Head 1 leans in a band that turns: rotation spreads it over two directions. Head 3 stays one.\n");
  return plot;
}

int main(int argc, char** argv) { return course::run(argc, argv, lesson); }
// [/program]
