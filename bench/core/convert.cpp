// SPDX-License-Identifier: MIT
#include "dope/core/convert.hpp"

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "support/compare.hpp"

namespace {

constexpr std::size_t count = 8192;

template <class T>
struct State {
  std::vector<T> stored = std::vector<T>(count, T(0.5f));
  std::vector<float> wide = std::vector<float>(count, 0.5f);
};

/// The bytes of one conversion, moved: the larger side copied.
std::function<void()> copy() {
  const auto state = std::make_shared<std::vector<float>>(2 * count, 0.5f);
  return [state] { std::memcpy(state->data(), state->data() + count, count * 3); };
}

template <class T>
void add() {
  const std::string name(dope::scalar_name<T>());
  const double bytes = static_cast<double>(count * (sizeof(T) + sizeof(float)));
  bench::compare(
      "widen " + name, std::to_string(count), "memcpy of the bytes", {bytes, "GB/s"},
      [] {
        const auto state = std::make_shared<State<T>>();
        return [state] { dope::widen(state->stored.data(), state->wide.data(), count); };
      },
      copy);
  bench::compare(
      "narrow " + name, std::to_string(count), "memcpy of the bytes", {bytes, "GB/s"},
      [] {
        const auto state = std::make_shared<State<T>>();
        return [state] { dope::narrow(state->wide.data(), state->stored.data(), count); };
      },
      copy);
}

const bench::Register lines([] {
  add<dope::float16>();
  add<dope::bfloat16>();
});

}  // namespace
