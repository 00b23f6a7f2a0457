// SPDX-License-Identifier: MIT
// Built with -fno-exceptions -fno-rtti, and run:
//   without_exceptions            the modules rope, spectral and denoise give what they give elsewhere
//   without_exceptions handler    a violated contract reaches the handler, with the text that is thrown
//   elsewhere without_exceptions nobody     ... and ends the program where there is no handler
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "dope/dope.hpp"

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "this file is about programs without exceptions and run-time type information"
#endif

namespace {

// [handler]
void tell(const dope::Error& error) {
  std::puts(error.what());
  std::fflush(stdout);
  std::_Exit(3);
}
// [/handler]

bool near_to(const char* what, double value, double expected) {
  if (std::abs(value - expected) <= 1e-5 * std::abs(expected)) return true;
  std::printf("%s: %.9g, expected %.9g\n", what, value, expected);
  return false;
}

constexpr dope::AttentionShape shape{
    .layers = 1, .query_heads = 2, .key_heads = 2, .head_width = 4, .rotated_width = 4};
constexpr dope::RopeParameters rope{
    .base = 10000.0, .head_width = 4, .rotated_width = 4, .training_length = 8};

/// Head 0 is the identity, head 1 the row (1, 1, 1, 1) four times.
std::vector<float> heads() {
  std::vector<float> x(4 * 2 * 4, 1.0f);
  for (std::size_t token = 0; token < 4; ++token) {
    for (std::size_t c = 0; c < 4; ++c) x[token * 8 + c] = c == token ? 1.0f : 0.0f;
  }
  return x;
}

dope::HeadMeter meter_of(const dope::Indicator& indicator) {
  const auto native = dope::native_frequencies(rope);
  return {shape, dope::Pairing::half_split, native, native, {&indicator, 1}};
}

bool laws() {
  std::vector<float> q = heads();
  std::vector<float> k = heads();
  const auto queries = dope::token_major(q.data(), 4, 2, 4);
  const auto keys = dope::token_major(k.data(), 4, 2, 4);
  const dope::Indicator indicator{dope::Stage::pre_ntk, dope::ScoredSide::query, dope::VonNeumann{}};
  dope::HeadMeter meter = meter_of(indicator);
  meter.add(0, queries, keys, 0);
  const auto scores = meter.scores(indicator, dope::GqaPolicy::per_query_head);
  bool good = near_to("entropy of the identity, ln 4", scores[0].value, std::log(4.0));
  good &= std::abs(scores[1].value) < 1e-6;

  const auto chosen = dope::select(scores, dope::Count{1}, dope::Order::ascending);
  const auto plan = dope::make_plan(shape, dope::ByAll{}, dope::GqaPolicy::per_query_head, chosen);
  const dope::PlannedRope<float> planned(plan, {rope, dope::Unscaled{}, 8});
  planned.apply(0, dope::HeadRole::query, queries, 0);
  // Head 0, token 2: channel 2 is 1, turned by 2 radians with channel 0. Head 1 is not turned.
  good &= near_to("-sin 2", q[2 * 8 + 0], -std::sin(2.0)) && near_to("cos 2", q[2 * 8 + 2], std::cos(2.0));
  for (std::size_t token = 0; token < 4; ++token) {
    for (std::size_t c = 4; c < 8; ++c) good &= q[token * 8 + c] == 1.0f;
  }
  good &= near_to("first normal",
                  dope::normals({.position = 3}, 0)[0] * dope::normals({.position = 3}, 0)[0] +
                      dope::normals({.position = 3}, 0)[1] * dope::normals({.position = 3}, 0)[1],
                  -2.0 * std::log((dope::noise_words({.position = 3}, 0)[0] + 0.5) * 0x1p-32));
  const auto system = dope::eigensystem_of(dope::gram_of(keys.head(1)));
  good &= near_to("largest eigenvalue", system.spectrum.largest(), 16.0);
  return good;
}

/// A head of zeros has no entropy: an error from deep within, which names the head.
void violate() {
  std::vector<float> x(4 * 2 * 4, 0.0f);
  const auto view = dope::token_major(x.data(), 4, 2, 4);
  const dope::Indicator indicator{dope::Stage::pre_ntk, dope::ScoredSide::key, dope::VonNeumann{}};
  dope::HeadMeter meter = meter_of(indicator);
  meter.add(0, view, view, 0);
  static_cast<void>(meter.scores(indicator, dope::GqaPolicy::per_query_head));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode.empty()) return laws() ? 0 : 1;
  if (mode == "handler") dope::set_error_handler(tell);
  violate();
  return 0;
}
