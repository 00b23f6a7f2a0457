// SPDX-License-Identifier: MIT
#include "transformer/model.hpp"

#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <string>
#include <vector>

#include "dope/denoise.hpp"
#include "transformer/oracle.hpp"
#include "transformer/safetensors.hpp"
#include "transformer/tiny_checkpoint.hpp"

namespace {

using reference::Keep;
using reference::make_schedule;
using reference::Model;
using reference::Request;

// Float against double through two layers of width 24, logits of order 1.
constexpr double oracle_tolerance = 5e-5;
// One row alone is multiplied in another order than many rows; logits of order 10.
constexpr double decode_tolerance = 1e-4;
// Against float32 PyTorch, whose angles are fl32(position · omega).
constexpr double golden_tolerance = 2e-3;

constexpr std::size_t training_length = 32;

Model tiny_model(const test::TinyCheckpoint& tiny) {
  const test::TemporaryFolder folder;
  test::write_tiny_checkpoint(folder.path(), tiny);
  return Model::load(folder.path());
}

test::TinyCheckpoint tiny_qwen() {
  test::TinyCheckpoint tiny;
  tiny.architecture = reference::Architecture::qwen2;
  tiny.head = reference::OutputHead::tied;
  tiny.head_width = 10;
  return tiny;
}

test::TinyCheckpoint tiny_partial() {
  test::TinyCheckpoint tiny;
  tiny.head_width = 12;
  tiny.partial_rotary_factor = 0.5;
  tiny.query_heads = 6;
  tiny.key_heads = 2;
  return tiny;
}

test::TinyCheckpoint tiny_deep() {
  test::TinyCheckpoint tiny;
  tiny.layers = 3;
  return tiny;
}

std::vector<std::int32_t> some_tokens(std::size_t count, std::size_t vocabulary) {
  std::vector<std::int32_t> tokens(count);
  for (std::size_t i = 0; i < count; ++i)
    tokens[i] = static_cast<std::int32_t>((i * i * 7 + i * 5 + 3) % vocabulary);
  return tokens;
}

const std::vector<dope::Scaling>& scalings() {
  static const std::vector<dope::Scaling> all = {dope::Unscaled{},
                                                 dope::Linear{2.0},
                                                 dope::StaticNtk{2.0},
                                                 dope::DynamicNtk{},
                                                 dope::Yarn{.factor = 2.0},
                                                 dope::YarnPaper{.factor = 2.0},
                                                 dope::Llama3{2.0, 1.0, 4.0},
                                                 dope::Proportional{0.7}};
  return all;
}

std::vector<dope::Transform> transforms() {
  using Parts = dope::ByParts;
  using All = dope::ByAll;
  using Gauss = dope::ByGaussian;
  return {Parts{Parts::Reading::identity, Parts::Threshold::native},
          Parts{Parts::Reading::identity, Parts::Threshold::scaled},
          Parts{Parts::Reading::remove, Parts::Threshold::native},
          All{All::Reading::identity},
          All{All::Reading::remove},
          Gauss{Gauss::Reading::replace, Gauss::Spread::fixed, 1.0, 42},
          Gauss{Gauss::Reading::replace, Gauss::Spread::matched, 1.0, 7},
          Gauss{Gauss::Reading::modulate, Gauss::Spread::fixed, 0.5, 42}};
}

bool is_matched(const dope::Transform& transform) {
  const auto* noise = std::get_if<dope::ByGaussian>(&transform);
  return noise != nullptr && noise->spread == dope::ByGaussian::Spread::matched;
}

dope::Plan some_plan(const dope::AttentionShape& shape, const dope::Transform& transform,
                     dope::GqaPolicy gqa) {
  std::vector<dope::HeadId> heads = {{0, 1}, {shape.layers - 1, 0}};
  if (gqa == dope::GqaPolicy::per_query_head) heads.push_back({shape.layers - 1, shape.query_heads - 1});
  std::vector<dope::HeadSpread> spreads;
  if (is_matched(transform)) {
    for (std::size_t i = 0; i < heads.size(); ++i)
      spreads.push_back({0.3 + 0.1 * static_cast<double>(i), 0.7});
  }
  return dope::make_plan(shape, transform, gqa, heads, spreads);
}

/// The plan's meaning, written out head by head. Whether a head is selected is read off the lists.
oracle::Place place_by(const dope::Plan& plan, const dope::RopeParameters& rope, const dope::Scaling& scaling,
                       std::size_t length) {
  const auto scaled = dope::scaled_frequencies(rope, scaling, length);
  const auto native = dope::native_frequencies(rope);
  return [=](std::size_t layer, std::size_t head, std::size_t position, bool is_key, oracle::Vector& x) {
    const std::size_t group = plan.shape.query_heads / plan.shape.key_heads;
    const bool per_group = plan.gqa == dope::GqaPolicy::per_key_group;
    const std::size_t unit = per_group ? head / group : head;
    std::size_t index = 0;
    while (index < plan.heads.size() && plan.heads[index] != dope::HeadId{layer, unit}) ++index;
    const bool selected = index < plan.heads.size();
    auto omega = scaled.omega;
    std::vector<std::size_t> blank;
    if (selected) {
      if (const auto* parts = std::get_if<dope::ByParts>(&plan.transform)) {
        for (std::size_t f = 0; f < omega.size(); ++f) {
          const double held =
              parts->threshold == dope::ByParts::Threshold::native ? native.omega[f] : scaled.omega[f];
          if (held > 2.0 * std::numbers::pi / static_cast<double>(rope.training_length)) continue;
          omega[f] = 0.0;
          if (parts->reading == dope::ByParts::Reading::remove) blank.push_back(f);
        }
      } else if (std::holds_alternative<dope::ByAll>(plan.transform)) {
        std::fill(omega.begin(), omega.end(), 0.0);
      }
    }
    oracle::turn(x, omega, scaled.attention_factor, position);
    if (!selected) return;
    for (const std::size_t f : blank) x[f] = x[f + omega.size()] = 0.0;
    if (const auto* all = std::get_if<dope::ByAll>(&plan.transform)) {
      if (all->reading == dope::ByAll::Reading::remove) std::fill(x.begin(), x.end(), 0.0);
    }
    if (const auto* noise = std::get_if<dope::ByGaussian>(&plan.transform)) {
      const std::size_t noisy_head = is_key && per_group ? head / group : head;
      const dope::NoiseRow row{noise->seed, layer, noisy_head, is_key ? dope::Side::key : dope::Side::query,
                               static_cast<std::int64_t>(position)};
      double sigma = noise->sigma;
      if (is_matched(plan.transform)) sigma = is_key ? plan.spreads[index].key : plan.spreads[index].query;
      for (std::size_t c = 0; c < x.size(); ++c) {
        const double epsilon = sigma * dope::normals(row, c / 4)[c % 4];
        x[c] = noise->reading == dope::ByGaussian::Reading::replace ? epsilon : x[c] * epsilon;
      }
    }
  };
}

double distance(std::span<const float> a, const oracle::Vector& b) {
  double worst = 0.0;
  for (std::size_t i = 0; i < b.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - b[i]));
  return worst;
}

double distance(std::span<const float> a, std::span<const float> b) {
  double worst = 0.0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  return worst;
}

std::vector<float> copy(std::span<const float> values) { return {values.begin(), values.end()}; }

template <class T>
std::vector<T> values_of(const reference::TensorView& tensor) {
  std::vector<T> values(tensor.bytes.size() / sizeof(T));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

Model embedded_model() { return Model::load(test::source_folder() / "examples" / "model"); }

/// Every combination that means something: (scaling, plan).
template <class Visit>
void for_each_combination(const Model& model, Visit visit) {
  const auto shape = model.shape();
  for (const auto& scaling : scalings()) {
    visit(scaling, dope::empty_plan(shape));
    for (const auto& transform : transforms()) {
      const auto* parts = std::get_if<dope::ByParts>(&transform);
      const bool still_bands = std::holds_alternative<dope::Proportional>(scaling);
      if (still_bands && parts != nullptr && parts->reading == dope::ByParts::Reading::remove) continue;
      for (const auto gqa : {dope::GqaPolicy::per_query_head, dope::GqaPolicy::per_key_group}) {
        CAPTURE(dope::name_of(scaling));
        CAPTURE(dope::name_of(transform));
        visit(scaling, some_plan(shape, transform, gqa));
      }
    }
  }
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
    base.prefill(tokens, Keep::layer_inputs, rows);
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
    planned.prefill(tokens, Keep::layer_inputs, rows);
    CHECK(copy(Request::resume(planned, make_schedule(model, dope::DynamicNtk{}, length)).logits()) ==
          copy(base.logits()));
    CHECK(copy(Request::resume(planned, make_schedule(model, dope::DynamicNtk{}, length, plan)).logits()) ==
          copy(planned.logits()));
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
  base.prefill(nine, Keep::layer_inputs);
  CHECK_THROWS_AS(Request::resume(base, make_schedule(model, dope::DynamicNtk{}, 41)), dope::Error);
  base.decode(1);
  CHECK_THROWS_AS(Request::resume(base, make_schedule(model, dope::DynamicNtk{}, 40)), dope::Error);
}
