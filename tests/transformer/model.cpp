// SPDX-License-Identifier: MIT
#include "transformer/model.hpp"

#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "dope/denoise.hpp"
#include "transformer/cases.hpp"
#include "transformer/oracle.hpp"
#include "transformer/safetensors.hpp"
#include "transformer/stop.hpp"

namespace {

using reference::Keep;
using reference::make_schedule;
using reference::Model;
using reference::Request;
using test::copy;
using test::distance;
using test::embedded_model;
using test::for_each_combination;
using test::is_matched;
using test::place_by;
using test::scalings;
using test::some_plan;
using test::some_tokens;
using test::tiny_deep;
using test::tiny_model;
using test::tiny_partial;
using test::tiny_qwen;
using test::transforms;

// Float against double through two layers of width 24, logits of order 1.
constexpr double oracle_tolerance = 5e-5;
// One row alone is multiplied in another order than many rows; logits of order 10.
constexpr double decode_tolerance = 1e-4;
// Against float32 PyTorch, whose angles are fl32(position · omega).
constexpr double golden_tolerance = 2e-3;

constexpr std::size_t training_length = 32;

template <class T>
std::vector<T> values_of(const reference::TensorView& tensor) {
  std::vector<T> values(tensor.bytes.size() / sizeof(T));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

}  // namespace

TEST_CASE("logits of the embedded model agree with PyTorch's") {
  const Model model = embedded_model();
  const auto golden =
      reference::Safetensors::open(test::source_folder() / "tests/transformer/golden/needle.safetensors");
  const std::vector<std::pair<std::string, dope::Scaling>> cases = {{"native_512", dope::Unscaled{}},
                                                                    {"native_512_noisy", dope::Unscaled{}},
                                                                    {"dynamic_ntk_1536", dope::DynamicNtk{}}};
  for (const auto& one : cases) {
    const std::string& name = one.first;
    const dope::Scaling& scaling = one.second;
    CAPTURE(name);
    const auto tokens = values_of<std::int32_t>(golden.tensor(name + ".tokens"));
    const auto expected = values_of<float>(golden.tensor(name + ".logits"));
    Request request(model, make_schedule(model, scaling, tokens.size()));
    const auto logits = request.prefill(tokens, Keep::nothing, 8);
    REQUIRE(logits.size() == expected.size());
    CHECK(distance(logits, std::span<const float>(expected)) < golden_tolerance);
  }
}

TEST_CASE("logits agree with the equations in double, under every plan and scaling") {
  constexpr std::size_t length = 40;
  for (const auto& tiny : {test::TinyCheckpoint{}, tiny_qwen(), tiny_partial()}) {
    const Model model = tiny_model(tiny);
    const auto tokens = some_tokens(length, model.config().vocabulary);
    for_each_combination(model, [&](const dope::Scaling& scaling, const dope::Plan& plan) {
      const auto expected = oracle::logits(model.config(), model.weights(), tokens,
                                           place_by(plan, model.config().rope(), scaling, length));
      Request request(model, make_schedule(model, scaling, length, plan));
      const auto logits = request.prefill(tokens, Keep::nothing, length);
      double worst = 0.0;
      for (std::size_t t = 0; t < length; ++t) {
        worst = std::max(worst, distance(logits.subspan(t * model.config().vocabulary), expected[t]));
      }
      CHECK(worst < oracle_tolerance);
    });
  }
}

TEST_CASE("decoding token by token equals prefill, under every plan and scaling") {
  constexpr std::size_t length = 44;
  for (const auto& tiny : {test::TinyCheckpoint{}, tiny_qwen(), tiny_partial()}) {
    const Model model = tiny_model(tiny);
    const auto tokens = some_tokens(length, model.config().vocabulary);
    const std::size_t row = model.config().vocabulary;
    for_each_combination(model, [&](const dope::Scaling& scaling, const dope::Plan& plan) {
      const auto schedule = make_schedule(model, scaling, length, plan);
      Request whole(model, schedule);
      const auto logits = whole.prefill(tokens, Keep::nothing, length);
      Request stepwise(model, schedule);
      stepwise.prefill(std::span(tokens).first(38));
      double worst = 0.0;
      for (std::size_t t = 38; t < length; ++t) {
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

TEST_CASE("decoding the embedded model at 3L equals prefill, under every transform") {
  const Model model = embedded_model();
  const auto golden =
      reference::Safetensors::open(test::source_folder() / "tests/transformer/golden/needle.safetensors");
  const auto tokens = values_of<std::int32_t>(golden.tensor("dynamic_ntk_1536.tokens"));
  for (const auto& transform : transforms()) {
    CAPTURE(dope::name_of(transform));
    const auto plan = some_plan(model.shape(), transform, dope::GqaPolicy::per_query_head);
    const auto schedule = make_schedule(model, dope::DynamicNtk{}, tokens.size(), plan);
    Request whole(model, schedule);
    const auto logits = whole.prefill(tokens);
    Request stepwise(model, schedule);
    stepwise.prefill(std::span(tokens).first(tokens.size() - 6));
    for (const std::int32_t token : std::span(tokens).last(6)) stepwise.decode(token);
    CHECK(distance(stepwise.logits(), logits) < decode_tolerance);
  }
}

TEST_CASE("an empty plan changes nothing to the last bit") {
  const Model model = tiny_model(tiny_partial());
  const auto tokens = some_tokens(50, model.config().vocabulary);
  for (const auto& scaling : scalings()) {
    Request plain(model, make_schedule(model, scaling, 50));
    const auto expected = copy(plain.prefill(tokens));
    for (const auto& transform : transforms()) {
      if (is_matched(transform)) continue;
      const auto plan = dope::make_plan(model.shape(), transform, dope::GqaPolicy::per_query_head, {});
      Request request(model, make_schedule(model, scaling, 50, plan));
      CHECK(copy(request.prefill(tokens)) == expected);
    }
  }
}

TEST_CASE("a resumed request equals a prefill of its own to the last bit") {
  const Model model = tiny_model(tiny_deep());
  constexpr std::size_t prompt = 1200;  // three chunks
  const auto tokens = some_tokens(prompt, model.config().vocabulary);
  constexpr std::size_t length = prompt + 3;
  for (const std::size_t rows : {std::size_t{1}, std::size_t{4}, std::size_t{600}}) {
    Request base(model, make_schedule(model, dope::DynamicNtk{}, length));
    base.prefill(tokens, Keep::layers, rows);
    for (const auto& transform : transforms()) {
      if (is_matched(transform)) continue;
      for (std::size_t layer = 0; layer < 3; ++layer) {
        const auto plan =
            dope::make_plan(model.shape(), transform, dope::GqaPolicy::per_query_head, {{layer, 1}, {2, 3}});
        const auto schedule = make_schedule(model, dope::DynamicNtk{}, length, plan);
        Request own(model, schedule);
        own.prefill(tokens, Keep::nothing, rows);
        Request resumed = Request::resume(base, schedule);
        CHECK(copy(resumed.logits()) == copy(own.logits()));
        CHECK(copy(resumed.decode(3)) == copy(own.decode(3)));
      }
    }
    Request same = Request::resume(base, make_schedule(model, dope::DynamicNtk{}, length));
    CHECK(copy(same.logits()) == copy(base.logits()));

    const auto plan =
        dope::make_plan(model.shape(), dope::ByAll{}, dope::GqaPolicy::per_query_head, {{1, 1}});
    Request planned(model, make_schedule(model, dope::DynamicNtk{}, length, plan));
    planned.prefill(tokens, Keep::layers, rows);
    CHECK(copy(Request::resume(planned, make_schedule(model, dope::DynamicNtk{}, length)).logits()) ==
          copy(base.logits()));
    CHECK(copy(Request::resume(planned, make_schedule(model, dope::DynamicNtk{}, length, plan)).logits()) ==
          copy(planned.logits()));
  }
}

TEST_CASE(
    "requests resumed from one another, from plan to plan, equal prefills of their own to the last bit") {
  const Model model = tiny_model(tiny_deep());
  constexpr std::size_t prompt = 700;  // two chunks
  const auto tokens = some_tokens(prompt, model.config().vocabulary);
  const auto shape = model.shape();
  using Heads = std::vector<dope::HeadId>;
  // Each shares some layers and heads with the one before: none, a head of a layer, a layer, all, another
  // transform on the same heads, another spread.
  const std::vector<Heads> sets = {{},
                                   {{2, 1}},
                                   {{0, 0}, {2, 1}},
                                   {{0, 0}, {0, 1}, {2, 1}},
                                   {{0, 0}, {0, 1}, {1, 1}, {2, 1}},
                                   {{0, 0}, {0, 1}, {1, 1}, {2, 1}},
                                   {{1, 1}}};
  for (const auto gqa : {dope::GqaPolicy::per_query_head, dope::GqaPolicy::per_key_group}) {
    std::vector<reference::Schedule> schedules;
    const auto add = [&](const dope::Transform& transform, const Heads& heads) {
      std::vector<dope::HeadSpread> spreads;
      if (is_matched(transform))
        spreads.assign(heads.size(), {0.5 + static_cast<double>(schedules.size()), 0.25});
      schedules.push_back(make_schedule(model, dope::DynamicNtk{}, prompt + 3,
                                        dope::make_plan(shape, transform, gqa, heads, std::move(spreads))));
    };
    for (const auto& transform : transforms()) {
      for (const Heads& heads : sets) add(transform, heads);
    }
    for (const auto& transform : transforms()) add(transform, sets[3]);
    Request at(model, schedules.front());
    at.prefill(tokens, Keep::layers);
    for (const reference::Schedule& schedule : schedules) {
      Request next = Request::resume(at, schedule, Keep::layers);
      Request own(model, schedule);
      own.prefill(tokens);
      CHECK(copy(next.logits()) == copy(own.logits()));
      Request leaf = Request::resume(at, schedule);
      CHECK(copy(leaf.decode(3)) == copy(own.decode(3)));
      at = std::move(next);
    }
  }
}

TEST_CASE("nothing depends on the number of threads") {
  const Model model = embedded_model();
  const auto tokens = some_tokens(700, 256);
  const auto plan = some_plan(model.shape(), dope::ByGaussian{}, dope::GqaPolicy::per_query_head);
  const int before = omp_get_max_threads();
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 3}) {
    omp_set_num_threads(threads);
    Request request(model, make_schedule(model, dope::DynamicNtk{}, 701, plan));
    request.prefill(tokens);
    results.push_back(copy(request.decode(65)));
  }
  omp_set_num_threads(before);
  CHECK(results[0] == results[1]);
  CHECK(results[0] == results[2]);
}

TEST_CASE("the tap sees unrotated queries and keys of every token and layer") {
  const Model model = tiny_model(tiny_qwen());
  const auto& config = model.config();
  const auto tokens = some_tokens(600, config.vocabulary);
  std::vector<std::size_t> seen(config.layers);
  double worst = 0.0;
  Request request(model, make_schedule(model, dope::DynamicNtk{}, 601));
  request.tap([&](std::size_t layer, dope::HeadsView<const float> q, dope::HeadsView<const float> k,
                  std::size_t first) {
    CHECK(q.heads == config.query_heads);
    CHECK(k.heads == config.key_heads);
    CHECK(q.tokens == k.tokens);
    CHECK(first == seen[layer]);
    seen[layer] += q.tokens;
    if (layer != 0) return;
    for (std::size_t t = 0; t < q.tokens; ++t) {
      // Layer 0 sees the embedding alone, so its q and k follow from the token.
      const auto row = model.weights().embedding.row(
          static_cast<std::size_t>(tokens[std::min(first + t, tokens.size() - 1)]));
      if (first + t >= tokens.size()) continue;
      const auto h = oracle::normed({row.begin(), row.end()}, model.weights().layers[0].attention_norm,
                                    config.rms_epsilon);
      const auto expected_q =
          oracle::times(model.weights().layers[0].query, h, model.weights().layers[0].query_bias);
      const auto expected_k =
          oracle::times(model.weights().layers[0].key, h, model.weights().layers[0].key_bias);
      for (std::size_t c = 0; c < config.query_width(); ++c) {
        worst = std::max(
            worst,
            std::abs(expected_q[c] -
                     static_cast<double>(q.head(c / config.head_width).row(t)[c % config.head_width])));
      }
      for (std::size_t c = 0; c < config.key_width(); ++c) {
        worst = std::max(
            worst,
            std::abs(expected_k[c] -
                     static_cast<double>(k.head(c / config.head_width).row(t)[c % config.head_width])));
      }
    }
  });
  request.prefill(tokens);
  Request untapped(model, make_schedule(model, dope::DynamicNtk{}, 601));
  untapped.prefill(tokens);
  CHECK(copy(request.logits()) == copy(untapped.logits()));
  request.decode(1);
  CHECK(seen == std::vector<std::size_t>(config.layers, 601));
  CHECK(worst < oracle_tolerance);
}

TEST_CASE("a prefill that is asked to stop ends in the layer at work, and leaves the model as it was") {
  const Model model = embedded_model();
  const auto tokens = some_tokens(1200, model.config().vocabulary);
  const auto schedule = make_schedule(model, dope::Unscaled{}, tokens.size());
  Request whole(model, schedule);
  const auto expected = copy(whole.prefill(tokens));
  const std::size_t layers = model.config().layers;
  for (const std::size_t last : {std::size_t{0}, layers - 1, layers, 2 * layers + 1}) {
    CAPTURE(last);
    std::size_t seen = 0;
    Request request(model, schedule);
    request.tap([&](std::size_t, auto, auto, std::size_t) {
      if (seen++ == last) reference::stop_flag = true;
    });
    CHECK_THROWS_AS(static_cast<void>(request.prefill(tokens)), reference::Stopped);
    reference::stop_flag = false;
    CHECK(seen == last + 1);
  }
  Request again(model, schedule);
  CHECK(copy(again.prefill(tokens)) == expected);
}

TEST_CASE("the schedule of a request is fixed by its target length, not by the tokens so far") {
  const Model model = tiny_model({});
  const auto tokens = some_tokens(20, model.config().vocabulary);
  Request long_request(model, make_schedule(model, dope::DynamicNtk{}, 100));
  Request short_request(model, make_schedule(model, dope::DynamicNtk{}, training_length));
  Request native(model, make_schedule(model, dope::Unscaled{}, 100));
  const auto of_long = copy(long_request.prefill(tokens));
  const auto of_short = copy(short_request.prefill(tokens));
  CHECK(of_short == copy(native.prefill(tokens)));
  CHECK(distance(of_long, std::span<const float>(of_short)) > 1e-3);
}

TEST_CASE("what a request cannot do is one clear error") {
  const Model model = tiny_model({});
  Request request(model, make_schedule(model, dope::Unscaled{}, 8));
  const std::vector<std::int32_t> nine(9, 1);
  CHECK_THROWS_AS(request.prefill(nine), dope::Error);
  CHECK_THROWS_AS(request.prefill({}), dope::Error);
  CHECK_THROWS_AS(request.prefill(std::vector<std::int32_t>{0, 19}), dope::Error);
  CHECK_THROWS_AS(request.prefill(std::vector<std::int32_t>{0, -1}), dope::Error);
  CHECK_THROWS_AS(request.prefill(std::span(nine).first(2), Keep::nothing, 3), dope::Error);
  CHECK_THROWS_AS(request.prefill(std::span(nine).first(2), Keep::nothing, 0), dope::Error);
  request.prefill(std::span(nine).first(8));
  CHECK_THROWS_AS(request.decode(1), dope::Error);
  CHECK_THROWS_AS(
      static_cast<void>(make_schedule(model, dope::Unscaled{}, 8, dope::empty_plan({3, 4, 2, 6, 6}))),
      dope::Error);
  CHECK_THROWS_AS(static_cast<void>(make_schedule(model, dope::Unscaled{}, 0)), dope::Error);
  CHECK_THROWS_AS(Request::resume(request, make_schedule(model, dope::Unscaled{}, 8)), dope::Error);
  Request base(model, make_schedule(model, dope::DynamicNtk{}, 40));
  base.prefill(nine, Keep::layers);
  CHECK_THROWS_AS(Request::resume(base, make_schedule(model, dope::DynamicNtk{}, 41)), dope::Error);
  base.decode(1);
  CHECK_THROWS_AS(Request::resume(base, make_schedule(model, dope::DynamicNtk{}, 40)), dope::Error);
}
