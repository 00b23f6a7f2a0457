// SPDX-License-Identifier: MIT
#include "lab/support/answer.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "dope/core/error.hpp"
#include "dope/denoise/transform_text.hpp"

namespace lab {
namespace {

double log_probability_of(std::span<const float> logits, std::size_t token) {
  const double highest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double total = 0.0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit) - highest);
  return static_cast<double>(logits[token]) - highest - std::log(total);
}

/// What a plan does to each layer, in text; of two plans, equal texts do the same.
std::vector<std::string> by_layer(const dope::Plan& plan) {
  std::vector<std::string> layers(plan.shape.layers);
  for (std::size_t i = 0; i < plan.heads.size(); ++i) {
    std::string& text = layers[plan.heads[i].layer];
    if (text.empty()) text = dope::name_of(plan.transform) + std::string(dope::name_of(plan.gqa));
    text += dope::detail::text(' ', plan.heads[i].head);
    if (!plan.spreads.empty())
      text += dope::detail::text('/', plan.spreads[i].query, '/', plan.spreads[i].key);
  }
  return layers;
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

std::vector<std::size_t> neighbours_first(std::span<const dope::Plan* const> plans) {
  std::vector<std::pair<std::vector<std::string>, std::size_t>> keyed;
  for (std::size_t i = 0; i < plans.size(); ++i) keyed.emplace_back(by_layer(*plans[i]), i);
  std::sort(keyed.begin(), keyed.end());
  std::vector<std::size_t> order;
  for (const auto& [layers, index] : keyed) order.push_back(index);
  return order;
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
    std::vector<const dope::Plan*> plans;
    for (const std::size_t i : alike) plans.push_back(&schedules[i]->plan());
    std::vector<std::size_t> order;
    for (const std::size_t at : neighbours_first(plans)) order.push_back(alike[at]);
    const auto keep_before = [&](std::size_t at) {
      return at + 1 < order.size() ? reference::Keep::layers : reference::Keep::nothing;
    };
    reference::Request request(model, schedules[order.front()]);
    request.prefill(prompt, keep_before(0));
    for (std::size_t at = 0; at < order.size(); ++at) {
      // Judging decodes, after which nothing can resume.
      std::optional<reference::Request> next;
      if (at + 1 < order.size())
        next = reference::Request::resume(request, schedules[order[at + 1]], keep_before(at + 1));
      answers[order[at]] = judge(request, expected);
      if (next) request = std::move(*next);
    }
  }
  return answers;
}

}  // namespace lab
