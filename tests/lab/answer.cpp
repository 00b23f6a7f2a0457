// SPDX-License-Identifier: MIT
#include "lab/support/answer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "transformer/tiny_checkpoint.hpp"

namespace {

// Sums of a softmax over 19 logits, float logits read as double on both sides.
constexpr double log_tolerance = 1e-12;

reference::Model tiny_model() {
  const test::TemporaryFolder folder;
  test::TinyCheckpoint tiny;
  tiny.layers = 3;
  test::write_tiny_checkpoint(folder.path(), tiny);
  return reference::Model::load(folder.path());
}

std::vector<std::int32_t> some_tokens(std::size_t count) {
  std::vector<std::int32_t> tokens(count);
  for (std::size_t i = 0; i < count; ++i) tokens[i] = static_cast<std::int32_t>((i * i + 3 * i + 1) % 19);
  return tokens;
}

}  // namespace

TEST_CASE("a hit is what greedy decoding gives, the log probability is the softmax's") {
  const auto model = tiny_model();
  const auto prompt = some_tokens(30);
  const auto schedule = reference::make_schedule(model, dope::DynamicNtk{}, 40);

  reference::Request greedy(model, schedule);
  greedy.prefill(prompt);
  std::vector<std::int32_t> said;
  double expected_log = 0.0;
  for (int i = 0; i < 5; ++i) {
    const auto logits = greedy.logits();
    const auto best = std::max_element(logits.begin(), logits.end());
    said.push_back(static_cast<std::int32_t>(best - logits.begin()));
    long double total = 0.0L;
    for (const float logit : logits) total += std::exp(static_cast<long double>(logit));
    expected_log += static_cast<double>(static_cast<long double>(*best) - std::log(total));
    greedy.decode(said.back());
  }

  reference::Request request(model, schedule);
  request.prefill(prompt);
  const auto answer = lab::judge(request, said);
  CHECK(answer.verdict == lab::Verdict::hit);
  CHECK(std::abs(answer.log_probability - expected_log) < log_tolerance);

  for (std::size_t wrong = 0; wrong < said.size(); ++wrong) {
    auto other = said;
    other[wrong] = (other[wrong] + 1) % 19;
    reference::Request again(model, schedule);
    again.prefill(prompt);
    const auto missed = lab::judge(again, other);
    CHECK(missed.verdict == lab::Verdict::miss);
    CHECK(missed.log_probability < 0.0);
  }
}

TEST_CASE("sharing a prefill among schedules changes no answer") {
  const auto model = tiny_model();
  const auto prompt = some_tokens(90);
  const std::vector<std::int32_t> expected = {1, 2, 3};
  const auto shape = model.shape();
  const auto plan = [&](const dope::Transform& transform, std::vector<dope::HeadId> heads) {
    return dope::make_plan(shape, transform, dope::GqaPolicy::per_query_head, std::move(heads));
  };
  std::vector<reference::Schedule> schedules;
  for (const dope::Scaling& scaling : {dope::Scaling(dope::Unscaled{}), dope::Scaling(dope::DynamicNtk{})}) {
    schedules.push_back(reference::make_schedule(model, scaling, 100, plan(dope::ByAll{}, {{2, 1}})));
    schedules.push_back(
        reference::make_schedule(model, scaling, 100, plan(dope::ByParts{}, {{1, 0}, {2, 3}})));
    schedules.push_back(reference::make_schedule(model, scaling, 100, plan(dope::ByGaussian{}, {{0, 2}})));
    schedules.push_back(reference::make_schedule(model, scaling, 100));
  }
  schedules.push_back(reference::make_schedule(model, dope::Linear{3.0}, 100));
  schedules.push_back(schedules[3]);
  for (const std::size_t count : {std::size_t{1}, std::size_t{3}, schedules.size()}) {
    const auto together = lab::answer_under(model, prompt, expected, std::span(schedules).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      reference::Request alone(model, schedules[i]);
      alone.prefill(prompt);
      const auto answer = lab::judge(alone, expected);
      CHECK(together[i].verdict == answer.verdict);
      CHECK(together[i].log_probability == answer.log_probability);
    }
  }
}

TEST_CASE("what cannot be judged is an error") {
  const auto model = tiny_model();
  reference::Request request(model, reference::make_schedule(model, dope::Unscaled{}, 10));
  request.prefill(some_tokens(5));
  CHECK_THROWS_AS(static_cast<void>(lab::judge(request, {})), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(lab::judge(request, std::vector<std::int32_t>{19})), dope::Error);
}
