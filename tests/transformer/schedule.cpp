// SPDX-License-Identifier: MIT
#include "transformer/schedule.hpp"

#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "dope/denoise.hpp"
#include "transformer/cases.hpp"
#include "transformer/model.hpp"
#include "transformer/oracle.hpp"
#include "transformer/pattern_oracle.hpp"

// The reference transformer under patterns of attention other than the full one.

namespace {

using reference::AttentionPattern;
using reference::DualChunk;
using reference::FullAttention;
using reference::Keep;
using reference::make_schedule;
using reference::Model;
using reference::Request;
using reference::SinkWindow;
using test::copy;
using test::distance;

// Float against double through two layers of width 24, logits of order 1.
constexpr double oracle_tolerance = 5e-5;
// The same through the embedded model: four layers of width 128, logits of order 10.
constexpr double embedded_tolerance = 5e-4;
// One row alone is multiplied in another order than many rows; logits of order 10.
constexpr double decode_tolerance = 1e-4;

/// Borders at multiples of 12 and 7, inside and across the blocks of 64 tokens; one pattern with no sinks.
const std::vector<AttentionPattern>& patterns() {
  static const std::vector<AttentionPattern> all = {DualChunk{12, 4}, DualChunk{7, 7}, SinkWindow{4, 9},
                                                    SinkWindow{0, 11}};
  return all;
}

bool has_meaning(const dope::Plan& plan, const AttentionPattern& pattern) {
  const auto* noise = std::get_if<dope::ByGaussian>(&plan.transform);
  return plan.empty() || noise == nullptr || noise->reading != dope::ByGaussian::Reading::modulate ||
         !std::holds_alternative<SinkWindow>(pattern);
}

/// Worst difference of the logits of every token from the oracle's.
double error_of(const Model& model, const AttentionPattern& pattern, const dope::Scaling& scaling,
                const dope::Plan& plan, std::size_t length) {
  const auto tokens = test::some_tokens(length, std::min<std::size_t>(model.config().vocabulary, 256));
  const auto place = test::place_by(plan, model.config().rope(), scaling, length);
  const auto expected = oracle::logits(model.config(), model.weights(), tokens,
                                       oracle::scores_by(place, oracle::positions_of(pattern, length)));
  Request request(model, make_schedule(model, scaling, length, plan, pattern));
  const auto logits = request.prefill(tokens, Keep::nothing, length);
  double worst = 0.0;
  for (std::size_t t = 0; t < length; ++t) {
    worst = std::max(worst, distance(logits.subspan(t * model.config().vocabulary), expected[t]));
  }
  return worst;
}

}  // namespace

TEST_CASE("logits agree with the equations in double, around every border of a pattern") {
  const Model model = test::tiny_model({});
  for (const auto& pattern : patterns()) {
    CAPTURE(name_of(pattern));
    for (const std::size_t length : std::initializer_list<std::size_t>{1, 6, 7, 8, 11, 12, 13, 14, 15, 23, 24,
                                                                       25, 35, 36, 37, 63, 64, 65, 130}) {
      CAPTURE(length);
      CHECK(error_of(model, pattern, dope::Unscaled{}, dope::empty_plan(model.shape()), length) <
            oracle_tolerance);
    }
  }
}

TEST_CASE("logits agree with the equations in double, under every pattern, plan and scaling with a meaning") {
  constexpr std::size_t length = 39;
  for (const auto& tiny : {test::TinyCheckpoint{}, test::tiny_partial()}) {
    const Model model = test::tiny_model(tiny);
    for (const auto& pattern : patterns()) {
      CAPTURE(name_of(pattern));
      test::for_each_combination(model, [&](const dope::Scaling& scaling, const dope::Plan& plan) {
        if (!has_meaning(plan, pattern)) return;
        CHECK(error_of(model, pattern, scaling, plan, length) < oracle_tolerance);
      });
    }
  }
}

TEST_CASE("logits of the embedded model agree with the equations in double") {
  const Model model = test::embedded_model();
  const auto plan = test::some_plan(model.shape(), dope::ByParts{}, dope::GqaPolicy::per_query_head);
  for (const AttentionPattern& pattern :
       std::initializer_list<AttentionPattern>{DualChunk{24, 8}, SinkWindow{4, 28}}) {
    CAPTURE(name_of(pattern));
    CHECK(error_of(model, pattern, dope::DynamicNtk{}, plan, 90) < embedded_tolerance);
  }
}

TEST_CASE("decoding token by token equals prefill, under every pattern and transform") {
  constexpr std::size_t length = 44;
  for (const auto& tiny : {test::tiny_qwen(), test::tiny_partial()}) {
    const Model model = test::tiny_model(tiny);
    const auto tokens = test::some_tokens(length, model.config().vocabulary);
    const std::size_t row = model.config().vocabulary;
    for (const auto& pattern : patterns()) {
      CAPTURE(name_of(pattern));
      test::for_each_combination(model, [&](const dope::Scaling& scaling, const dope::Plan& plan) {
        if (!has_meaning(plan, pattern)) return;
        const auto schedule = make_schedule(model, scaling, length, plan, pattern);
        Request whole(model, schedule);
        const auto logits = whole.prefill(tokens, Keep::nothing, length);
        Request stepwise(model, schedule);
        stepwise.prefill(std::span(tokens).first(30));
        double worst = 0.0;
        for (std::size_t t = 30; t < length; ++t) {
          worst = std::max(worst, distance(stepwise.decode(tokens[t]), logits.subspan(t * row, row)));
        }
        CHECK(worst < decode_tolerance);
        Request chunked(model, schedule);
        chunked.prefill(std::span(tokens).first(5));
        chunked.prefill(std::span(tokens).subspan(5, 31));
        CHECK(distance(chunked.prefill(std::span(tokens).subspan(36)), logits.last(row)) < decode_tolerance);
      });
    }
  }
}

TEST_CASE("decoding the embedded model across borders of its default patterns equals prefill") {
  const Model model = test::embedded_model();
  const std::size_t training_length = model.config().training_length;
  for (const AttentionPattern& pattern : std::initializer_list<AttentionPattern>{
           DualChunk::of_paper(training_length), DualChunk::of_code(training_length),
           SinkWindow::of_paper(training_length)}) {
    CAPTURE(name_of(pattern));
    for (const std::size_t border : std::initializer_list<std::size_t>{384, 512, 768, 1056, 1536}) {
      const auto tokens = test::some_tokens(border + 3, 256);
      const auto schedule = make_schedule(model, dope::Unscaled{}, tokens.size(), pattern);
      Request whole(model, schedule);
      const auto logits = whole.prefill(tokens);
      Request stepwise(model, schedule);
      stepwise.prefill(std::span(tokens).first(border - 3));
      for (const std::int32_t token : std::span(tokens).last(6)) stepwise.decode(token);
      CHECK(distance(stepwise.logits(), logits) < decode_tolerance);
    }
  }
}

TEST_CASE("a pattern that a request does not outgrow is full attention to the last bit") {
  const Model model = test::embedded_model();
  const auto plan = test::some_plan(model.shape(), dope::ByGaussian{}, dope::GqaPolicy::per_query_head);
  const auto tokens = test::some_tokens(101, 256);
  const auto logits_under = [&](const AttentionPattern& pattern, std::size_t count) {
    Request request(model, make_schedule(model, dope::DynamicNtk{}, 101, plan, pattern));
    request.prefill(std::span(tokens).first(count - 1));
    return copy(request.decode(tokens[count - 1]));
  };
  for (const AttentionPattern& pattern : std::initializer_list<AttentionPattern>{
           DualChunk{100, 33}, DualChunk{100, 100}, SinkWindow{4, 96}, SinkWindow{0, 100}}) {
    CAPTURE(name_of(pattern));
    for (const std::size_t count : std::initializer_list<std::size_t>{2, 63, 65, 99, 100}) {
      CHECK(logits_under(pattern, count) == logits_under(FullAttention{}, count));
    }
  }
  // One token more, and each of them parts from it; but dual chunk with w = s, whose successive chunk keeps
  // every distance, by rounding alone.
  const auto full = logits_under(FullAttention{}, 101);
  CHECK(distance(logits_under(SinkWindow{4, 96}, 101), std::span<const float>(full)) > 1e-4);
  CHECK(logits_under(DualChunk{100, 33}, 101) != full);
  CHECK(distance(logits_under(DualChunk{100, 100}, 101), std::span<const float>(full)) < decode_tolerance);
}

TEST_CASE("a resumed request equals a prefill of its own to the last bit, under every pattern") {
  const Model model = test::tiny_model(test::tiny_deep());
  const auto tokens = test::some_tokens(600, model.config().vocabulary);
  const auto plan = dope::make_plan(model.shape(), dope::ByAll{}, dope::GqaPolicy::per_query_head, {{1, 1}});
  for (const auto& pattern : patterns()) {
    CAPTURE(name_of(pattern));
    Request base(model, make_schedule(model, dope::DynamicNtk{}, 601, pattern));
    base.prefill(tokens, Keep::layers);
    const auto schedule = make_schedule(model, dope::DynamicNtk{}, 601, plan, pattern);
    Request own(model, schedule);
    own.prefill(tokens);
    Request resumed = Request::resume(base, schedule);
    CHECK(copy(resumed.logits()) == copy(own.logits()));
    CHECK(copy(resumed.decode(3)) == copy(own.decode(3)));
    CHECK_THROWS_AS(Request::resume(base, make_schedule(model, dope::DynamicNtk{}, 601, plan)), dope::Error);
  }
}

TEST_CASE("nothing depends on the number of threads, under every pattern") {
  const Model model = test::embedded_model();
  const auto tokens = test::some_tokens(700, 256);
  const int before = omp_get_max_threads();
  for (const AttentionPattern& pattern :
       std::initializer_list<AttentionPattern>{DualChunk{384, 128}, SinkWindow{4, 252}}) {
    std::vector<std::vector<float>> results;
    for (const int threads : {1, 2, 3}) {
      omp_set_num_threads(threads);
      Request request(model, make_schedule(model, dope::DynamicNtk{}, 701, pattern));
      request.prefill(tokens);
      results.push_back(copy(request.decode(65)));
    }
    CHECK(results[0] == results[1]);
    CHECK(results[0] == results[2]);
  }
  omp_set_num_threads(before);
}

TEST_CASE("patterns are asked for with a schedule") {
  const Model model = test::embedded_model();
  const std::size_t length = 1536;
  // [patterns]
  const std::size_t trained = model.config().training_length;
  const auto dual = make_schedule(model, dope::DynamicNtk{}, length, DualChunk::of_paper(trained));
  const auto rolling = make_schedule(model, dope::Unscaled{}, length, SinkWindow{.sinks = 4, .window = 508});
  // [/patterns]
  CHECK(name_of(dual->pattern()) == "dual_chunk(chunk=384, local=128)");
  CHECK(rolling->pattern() == AttentionPattern(SinkWindow::of_paper(trained)));
  CHECK(make_schedule(model, dope::Unscaled{}, length)->pattern() == AttentionPattern(FullAttention{}));
}

TEST_CASE("what a schedule has no meaning for is one clear error") {
  const Model model = test::tiny_model({});
  const auto schedule = [&](const AttentionPattern& pattern, const dope::Transform& transform) {
    const auto plan = dope::make_plan(model.shape(), transform, dope::GqaPolicy::per_query_head, {{0, 1}});
    return make_schedule(model, dope::Unscaled{}, 40, plan, pattern);
  };
  using Gauss = dope::ByGaussian;
  const Gauss modulate{Gauss::Reading::modulate, Gauss::Spread::fixed, 1.0, 42};
  std::string said;
  try {
    static_cast<void>(schedule(SinkWindow{4, 9}, modulate));
  } catch (const dope::Error& error) {
    said = error.what();
  }
  CHECK(said.find("by_gaussian(reading=modulate") != std::string::npos);
  CHECK(said.find("sink_window(sinks=4, window=9)") != std::string::npos);
  CHECK_NOTHROW(static_cast<void>(schedule(DualChunk{12, 4}, modulate)));
  CHECK_NOTHROW(static_cast<void>(schedule(SinkWindow{4, 9}, Gauss{})));
  const auto nothing = dope::make_plan(model.shape(), modulate, dope::GqaPolicy::per_query_head, {});
  CHECK_NOTHROW(static_cast<void>(make_schedule(model, dope::Unscaled{}, 40, nothing, SinkWindow{4, 9})));
  CHECK_THROWS_AS(static_cast<void>(make_schedule(model, dope::Unscaled{}, 40, DualChunk{8, 9})),
                  dope::Error);
  CHECK_THROWS_AS(static_cast<void>(make_schedule(model, dope::Unscaled{}, 40, SinkWindow{4, 0})),
                  dope::Error);
}
