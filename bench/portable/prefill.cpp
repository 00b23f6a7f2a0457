// SPDX-License-Identifier: MIT

// Processor time, in milliseconds, of a prefill of 1024 tokens and of one whose heads are measured: the
// median of seven.   dope_prefill MODEL_FOLDER

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "dope/denoise/meter.hpp"
#include "support/median.hpp"
#include "transformer/model.hpp"

namespace {

enum class Heads { unmeasured, measured };

double milliseconds_of_prefill(const reference::Model& model, Heads heads) {
  std::vector<std::int32_t> tokens(1024);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<std::int32_t>(32 + i * 7 % 90);
  const auto native = dope::native_frequencies(model.config().rope());
  const auto scaled = dope::scaled_frequencies(model.config().rope(), dope::DynamicNtk{}, tokens.size());
  const dope::Indicator indicator{dope::Stage::post_ntk, dope::ScoredSide::both,
                                  dope::TruncatedEffectiveRank{8}};
  const auto schedule = reference::make_schedule(model, dope::DynamicNtk{}, tokens.size());
  std::vector<double> times;
  for (int time = 0; time < 7; ++time) {
    reference::Request request(model, schedule);
    dope::HeadMeter meter(model.shape(), reference::Config::pairing, native, scaled, {&indicator, 1});
    if (heads == Heads::measured) {
      request.tap([&](std::size_t layer, auto queries, auto keys, std::size_t first) {
        meter.add(layer, queries, keys, static_cast<std::int64_t>(first));
      });
    }
    const std::clock_t start = std::clock();
    request.prefill(tokens);
    times.push_back(1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return bench::median(times);
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 2)
    throw dope::Error("dope_prefill", std::to_string(count - 1) + " arguments", "a model's folder");
  const auto model = reference::Model::load(arguments[1]);
  std::printf("%.2f %.2f\n", milliseconds_of_prefill(model, Heads::unmeasured),
              milliseconds_of_prefill(model, Heads::measured));
} catch (const dope::Error& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
