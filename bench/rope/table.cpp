// SPDX-License-Identifier: MIT
#include "dope/rope/table.hpp"

#include <cmath>
#include <cstddef>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "dope/rope/frequencies.hpp"
#include "support/compare.hpp"

namespace {

struct State {
  std::vector<double> omega;
  std::vector<std::int64_t> positions;
  std::vector<float> cos, sin;
};

std::shared_ptr<State> state_of(std::size_t first, std::size_t count, std::size_t width) {
  const auto state = std::make_shared<State>();
  state->omega = dope::native_frequencies({10000, width, width, 4096}).omega;
  state->positions.resize(count);
  std::iota(state->positions.begin(), state->positions.end(), static_cast<std::int64_t>(first));
  state->cos.resize(count * width / 2);
  state->sin.resize(count * width / 2);
  return state;
}

void both(double angle, float& c, float& s) {
#if defined(__GLIBC__)
  double sine = 0;
  double cosine = 0;
  ::sincos(angle, &sine, &cosine);
  c = static_cast<float>(cosine);
  s = static_cast<float>(sine);
#else
  c = static_cast<float>(std::cos(angle));
  s = static_cast<float>(std::sin(angle));
#endif
}

void add(dope::Angles angles, const std::string& name, std::size_t first) {
  constexpr std::size_t count = 4096;
  constexpr std::size_t width = 128;
  const std::string shape =
      std::to_string(count) + "x" + std::to_string(width / 2) + " from position " + std::to_string(first);
  bench::compare(
      name, shape, "sincos in double", {static_cast<double>(count * width / 2), "M/s"},
      [=] {
        const auto state = state_of(first, count, width);
        return [state, angles] {
          dope::fill_table<float, std::int64_t>(state->omega, 1.0, state->positions, angles,
                                                state->cos.data(), state->sin.data(), state->omega.size());
        };
      },
      [=] {
        const auto state = state_of(first, count, width);
        return [state] {
          const std::size_t bands = state->omega.size();
          for (std::size_t row = 0; row < state->positions.size(); ++row) {
            for (std::size_t band = 0; band < bands; ++band) {
              both(static_cast<double>(state->positions[row]) * state->omega[band],
                   state->cos[row * bands + band], state->sin[row * bands + band]);
            }
          }
        };
      });
}

const bench::Register lines([] {
  for (const std::size_t first : {std::size_t{0}, std::size_t{1} << 20}) {
    add(dope::Angles::exact, "table exact", first);
    add(dope::Angles::float32_product, "table float32_product", first);
  }
});

}  // namespace
