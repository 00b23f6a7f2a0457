// SPDX-License-Identifier: MIT

// What denoising costs a prefill of the reference transformer, one thread: under plans over a quarter of all
// heads beside no plan; and with the measuring that selection needs beside none.

#include <omp.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "dope/denoise.hpp"
#include "support/compare.hpp"
#include "transformer/models.hpp"

namespace {

constexpr bench::Timing one_by_one{.calls = 1, .repetitions = 7};

dope::Plan every_fourth_head(const dope::AttentionShape& shape, const dope::Transform& transform) {
  std::vector<dope::HeadId> heads;
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    for (std::size_t head = 0; head < shape.query_heads; head += 4) heads.push_back({layer, head});
  }
  return dope::make_plan(shape, transform, dope::GqaPolicy::per_query_head, heads);
}

bench::Maker prefill_without_plan(const bench::Subject& subject, std::size_t tokens) {
  return [=] {
    const auto model = subject.model();
    return bench::prefill(model, bench::schedule_of(*model, tokens), tokens);
  };
}

void add_plan(const bench::Subject& subject, std::size_t tokens, const std::string& name,
              const dope::Transform& transform) {
  bench::compare(
      "prefill under " + name + ", " + subject.name, std::to_string(tokens) + " tokens", "no plan",
      {static_cast<double>(tokens), "tokens/s"},
      [=] {
        const auto model = subject.model();
        return bench::prefill(model,
                              reference::make_schedule(*model, dope::DynamicNtk{}, tokens,
                                                       every_fourth_head(model->shape(), transform)),
                              tokens);
      },
      prefill_without_plan(subject, tokens), one_by_one);
}

/// What a prefill's tap adds to a meter, up to the scores of all heads.
void add_meter(const bench::Subject& subject, std::size_t tokens, const std::string& name,
               const std::vector<dope::Indicator>& wanted, const dope::TokenSampling& sampling) {
  bench::compare(
      "prefill with a meter of " + name + ", " + subject.name, std::to_string(tokens) + " tokens", "no meter",
      {static_cast<double>(tokens), "tokens/s"},
      [=] {
        omp_set_num_threads(1);
        const auto model = subject.model();
        const auto schedule = bench::schedule_of(*model, tokens);
        const dope::HeadMeter meter(model->shape(), reference::Config::pairing,
                                    dope::native_frequencies(model->config().rope()), schedule->scaled(),
                                    wanted, {}, sampling);
        return [model, schedule, meter, wanted, text = bench::text_of(tokens)] {
          dope::HeadMeter own = meter.fresh();
          reference::Request request(*model, schedule);
          request.tap([&](std::size_t layer, auto queries, auto keys, std::size_t first) {
            own.add(layer, queries, keys, static_cast<std::int64_t>(first));
          });
          benchmark::DoNotOptimize(request.prefill(text).data());
          benchmark::DoNotOptimize(own.scores(wanted, dope::GqaPolicy::per_query_head).data());
        };
      },
      prefill_without_plan(subject, tokens), one_by_one);
}

void add_all(const bench::Subject& subject, std::size_t tokens) {
  add_plan(subject, tokens, "by parts", dope::ByParts{});
  add_plan(subject, tokens, "by all", dope::ByAll{});
  add_plan(subject, tokens, "by Gaussian", dope::ByGaussian{});

  const std::vector<dope::Indicator> keys{{dope::Stage::post_ntk, dope::ScoredSide::key, dope::VonNeumann{}}};
  std::vector<dope::Indicator> everything;
  for (const auto stage : {dope::Stage::pre_ntk, dope::Stage::post_ntk, dope::Stage::post_rope}) {
    everything.push_back({stage, dope::ScoredSide::both, dope::VonNeumann{}});
  }
  const dope::TokenSampling every_token{};
  const dope::TokenSampling one_of_eight{8, 42};
  add_meter(subject, tokens, "keys", keys, every_token);
  add_meter(subject, tokens, "keys, one token of 8", keys, one_of_eight);
  add_meter(subject, tokens, "q and k at three stages", everything, every_token);
  add_meter(subject, tokens, "q and k at three stages, one token of 8", everything, one_of_eight);
}

const bench::Register lines([] {
  add_all(bench::embedded, 1024);
  add_all(bench::wider, 512);
});

}  // namespace
