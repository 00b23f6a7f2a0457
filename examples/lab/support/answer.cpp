// SPDX-License-Identifier: MIT
#include "lab/support/answer.hpp"

#include <algorithm>
#include <cmath>

#include "dope/core/error.hpp"

namespace lab {
namespace {

double log_probability_of(std::span<const float> logits, std::size_t token) {
  const double highest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double total = 0.0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit) - highest);
  return static_cast<double>(logits[token]) - highest - std::log(total);
}

}  // namespace

Answer judge(reference::Request& request, std::span<const std::int32_t> expected) {
  if (expected.empty()) throw dope::Error("judge", "no expected token", "at least one");
  Answer answer{Verdict::hit, 0.0};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::span<const float> logits = i == 0 ? request.logits() : request.decode(expected[i - 1]);
    const auto token = static_cast<std::size_t>(expected[i]);
    if (token >= logits.size()) {
      throw dope::Error("judge", dope::detail::text("expected token ", expected[i]),
                        dope::detail::text("a token below ", logits.size()));
    }
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    if (best != static_cast<std::ptrdiff_t>(token)) answer.verdict = Verdict::miss;
    answer.log_probability += log_probability_of(logits, token);
  }
  return answer;
}

std::vector<Answer> answer_under(const reference::Model& model, std::span<const std::int32_t> prompt,
                                 std::span<const std::int32_t> expected,
                                 std::span<const reference::Schedule> schedules) {
  std::vector<Answer> answers(schedules.size());
  std::vector<std::size_t> open(schedules.size());
  for (std::size_t i = 0; i < open.size(); ++i) open[i] = i;
  while (!open.empty()) {
    const reference::RequestSchedule& first = *schedules[open.front()];
    const auto others = std::stable_partition(
        open.begin(), open.end(), [&](std::size_t i) { return first.same_but_for_plan(*schedules[i]); });
    const std::vector<std::size_t> alike(open.begin(), others);
    open.erase(open.begin(), others);
    const std::size_t base_index =
        *std::max_element(alike.begin(), alike.end(), [&](std::size_t a, std::size_t b) {
          return schedules[a]->plan().first_layer() < schedules[b]->plan().first_layer();
        });
    reference::Request base(model, schedules[base_index]);
    base.prefill(prompt, alike.size() > 1 ? reference::Keep::layer_inputs : reference::Keep::nothing);
    for (const std::size_t i : alike) {
      if (i == base_index) continue;
      reference::Request request = reference::Request::resume(base, schedules[i]);
      answers[i] = judge(request, expected);
    }
    answers[base_index] = judge(base, expected);
  }
  return answers;
}

}  // namespace lab
