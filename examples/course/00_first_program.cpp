// SPDX-License-Identifier: MIT
// [program]
#include <algorithm>
#include <cstdio>
#include <dope/dope.hpp>
#include <vector>

int main() {
  // One attention layer: 8 heads of width 32; trained at 512 tokens, asked for 1536.
  constexpr std::size_t tokens = 1536;
  const dope::AttentionShape shape{
      .layers = 1, .query_heads = 8, .key_heads = 8, .head_width = 32, .rotated_width = 32};
  const dope::RopeParameters rope{
      .base = 10000.0, .head_width = 32, .rotated_width = 32, .training_length = 512};
  const auto native = dope::native_frequencies(rope);
  const auto scaled = dope::scaled_frequencies(rope, dope::DynamicNtk{}, tokens);

  // Your q and k, [token, head, width]. Here noise; and queries of head 5 all lean one way in a slow band.
  std::vector<float> q(tokens * 8 * 32), k(tokens * 8 * 32);
  for (std::size_t i = 0; i < q.size(); ++i) q[i] = float(dope::normals({.position = std::int64_t(i)}, 0)[0]);
  for (std::size_t i = 0; i < k.size(); ++i) k[i] = float(dope::normals({.position = std::int64_t(i)}, 0)[1]);
  for (std::size_t t = 0; t < tokens; ++t) q[(t * 8 + 5) * 32 + 14] += 20.0f;
  const auto queries = dope::token_major(q.data(), tokens, 8, 32);
  const auto keys = dope::token_major(k.data(), tokens, 8, 32);

  // Measure every head: the effective rank of its 8 largest eigenvalues, rotated as in the request.
  const dope::Indicator indicator{dope::Stage::post_ntk, dope::ScoredSide::query,
                                  dope::TruncatedEffectiveRank{8}};
  dope::HeadMeter meter(shape, dope::Pairing::half_split, native, scaled, {&indicator, 1});
  meter.add(0, queries, keys, 0);
  const auto scores = meter.scores(indicator, dope::GqaPolicy::per_query_head);

  // Choose the head of lowest rank; its bands of wavelength 512 and more will lose their position.
  const auto heads = dope::select(scores, dope::Count{1}, dope::Order::ascending);
  const auto plan = dope::make_plan(shape, dope::ByParts{}, dope::GqaPolicy::per_query_head, heads);

  // Run: rotate in place, each head by its own table. A denoised head costs what any head costs.
  const dope::PlannedRope<float> planned(plan, {rope, dope::DynamicNtk{}, tokens});
  planned.apply(0, dope::HeadRole::query, queries, 0);
  planned.apply(0, dope::HeadRole::shared_key, keys, 0);

  for (const auto& score : scores) {
    const auto& omega =
        plan.denoises_query(0, score.id.head) ? planned.denoised().omega : planned.scaled().omega;
    const auto turning = std::count_if(omega.begin(), omega.end(), [](double w) { return w > 0.0; });
    std::printf("head %zu: rank of the 8 largest %.2f, %2td of 16 bands turn%s\n", score.id.head, score.value,
                turning, plan.denoises_query(0, score.id.head) ? "  <- denoised" : "");
  }
}
// [/program]
