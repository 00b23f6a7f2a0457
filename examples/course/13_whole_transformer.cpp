// SPDX-License-Identifier: MIT
// [program]
#include <cstdio>
#include <dope/dope.hpp>
#include <string>
#include <vector>

#include "course/support/plot.hpp"
#include "lab/support/answer.hpp"
#include "lab/support/prompts.hpp"
#include "transformer/model.hpp"

/// Measure the heads of a language model, denoise one of them, and ask for what stood in the text.
course::Picture lesson(const std::string& folder) {
  const auto model = reference::Model::load(folder);
  const auto shape = model.shape();
  const auto rope = model.config().rope();
  const auto haystack = lab::Haystack::of_prose(lab::load_lexicon(folder + "/lexicon.json"));
  const std::size_t length = 3 * rope.training_length;
  const auto prompt_of = [&](std::uint64_t seed) {  // a code of five digits in prose, and a question for it
    return lab::make_needle_prompt({.length = length, .depth = 0.5, .seed = seed}, haystack);
  };

  // Measure on a prompt that is not asked later: the tap sees unrotated queries and keys, layer by layer.
  const auto indicator = dope::parse_indicator("post_ntk/query/truncated_effective_rank(r=8)");
  dope::HeadMeter meter(shape, model.config().pairing, dope::native_frequencies(rope),
                        dope::scaled_frequencies(rope, dope::DynamicNtk{}, length), {&indicator, 1});
  const auto undenoised = reference::make_schedule(model, dope::DynamicNtk{}, length);
  reference::Request measured(model, undenoised);
  measured.tap([&](std::size_t layer, auto q, auto k, std::size_t first) {
    meter.add(layer, q, k, static_cast<std::int64_t>(first));
  });
  measured.prefill(prompt_of(0).tokens);
  const auto scores = meter.scores(indicator, dope::GqaPolicy::per_query_head);

  // Select and plan; the control is a head drawn by lot.
  const auto lowest = dope::select(scores, dope::Count{1}, dope::Order::ascending);
  const auto lot = dope::random_heads(shape, dope::GqaPolicy::per_query_head, 1, 1);
  const auto denoised = [&](const std::vector<dope::HeadId>& heads) {
    const auto plan = dope::make_plan(shape, dope::ByAll{}, dope::GqaPolicy::per_query_head, heads);
    return reference::make_schedule(model, dope::DynamicNtk{}, length, plan);
  };
  const std::vector<std::string> names = {"no scaling", "Dynamic NTK", "by all, lowest rank",
                                          "by all, by lot"};
  const std::vector<reference::Schedule> schedules = {
      reference::make_schedule(model, dope::Unscaled{}, length), undenoised, denoised(lowest), denoised(lot)};
  std::vector<double> sums(names.size());
  std::vector<int> right(names.size());
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const auto prompt = prompt_of(seed);
    const auto expected = lab::bytes_as_tokens(prompt.answer);
    const auto answers = lab::answer_under(model, prompt.tokens, expected, schedules);
    for (std::size_t i = 0; i < names.size(); ++i) {
      right[i] += answers[i].verdict == lab::Verdict::hit ? 1 : 0;
      sums[i] += answers[i].log_probability;
    }
  }
  std::printf("lowest rank: layer %zu, head %zu; by lot: layer %zu, head %zu; prompts of %zu tokens\n",
              lowest[0].layer, lowest[0].head, lot[0].layer, lot[0].head, length);
  std::printf("method                right of 4   mean ln p(answer)\n");
  for (std::size_t i = 0; i < names.size(); ++i)
    std::printf("%-20s %11d %19.1f\n", names[i].c_str(), right[i], sums[i] / 4.0);
  std::printf("Four prompts prove nothing: docs/needle.md counts many, with intervals.\n");

  course::Map map{
      "The model's query heads", "4 layers of 8", "head", "layer", "effective rank, r = 8", {}, 1, 8};
  map.rows.resize(shape.layers);
  for (const auto& score : scores) map.rows[score.id.layer].push_back(score.value);
  return map;
}

int main(int argc, char** argv) { return course::run(argc, argv, "examples/model", lesson); }
// [/program]
