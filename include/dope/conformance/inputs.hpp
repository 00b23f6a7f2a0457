// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/conformance/case.hpp"
#include "dope/conformance/oracle_frequencies.hpp"
#include "dope/core/noise.hpp"

namespace dope::conformance {

/// What lies between the rows of a strided buffer. No kernel may change it.
inline constexpr double guard_value = 768.0;

namespace detail {

/// FNV-1a, so that every case has inputs of its own.
[[nodiscard]] constexpr std::uint64_t seed_of(std::string_view name) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

/// Uniform in [−2, 2), a multiple of 2⁻³⁰ before rounding: integer arithmetic alone, so the bytes are
/// the same everywhere.
class InputValues {
 public:
  InputValues(std::string_view case_name, std::string_view array_name)
      : seed_(seed_of(std::string(case_name) + '.' + std::string(array_name))) {}

  [[nodiscard]] double operator()(std::size_t index) const {
    const auto words = noise_words({seed_, 0, 0, Side::query, static_cast<std::int64_t>(index / 4)}, 0);
    return static_cast<double>(static_cast<std::int32_t>(words[index % 4])) * 0x1p-30;
  }

 private:
  std::uint64_t seed_;
};

inline Array filled(const Case& c, std::string name, Element element, std::vector<std::size_t> shape) {
  const InputValues value(c.name, name);
  Array array{std::move(name), element, std::move(shape), {}};
  array.values.resize(count_of(array.shape));
  for (std::size_t i = 0; i < array.values.size(); ++i) array.values[i] = rounded_to(element, value(i));
  return array;
}

/// Every second row leans along one direction, as heads do: the spectrum has a spike.
inline Array leaning(const Case& c, Element element, std::size_t tokens, std::size_t width) {
  Array x = filled(c, "x", element, {tokens, width});
  for (std::size_t t = 0; t < tokens; t += 2) {
    for (std::size_t j = 0; j < width; ++j) {
      double& value = x.values[t * width + j];
      value = rounded_to(element, value + (j % 3 == 0 ? 2.0 : 0.5));
    }
  }
  return x;
}

inline Array position_array(const std::vector<std::int64_t>& positions) {
  Array array{"positions", Element::int64, {positions.size()}, {}};
  for (const std::int64_t position : positions) array.values.push_back(static_cast<double>(position));
  return array;
}

struct Inputs {
  const Case& c;

  std::vector<Array> operator()(const RotateTask& task) const {
    const Array rows = filled(c, "x", task.element, {task.tokens(), task.heads, task.width()});
    Array x{"x", task.element, {task.buffer_size()}, std::vector<double>(task.buffer_size(), guard_value)};
    for (std::size_t i = 0; i < rows.values.size(); ++i) {
      const std::size_t token = i / (task.heads * task.width());
      const std::size_t head = i / task.width() % task.heads;
      x.values[token * task.token_stride + head * task.head_stride + i % task.width()] = rows.values[i];
    }
    const std::vector<Frequencies> tables = oracle::tables_of(task);
    Array omega{"omega", Element::float64, {tables.size(), task.rope.bands()}, {}};
    Array attention{"attention_factor", Element::float64, {tables.size()}, {}};
    for (const Frequencies& table : tables) {
      omega.values.insert(omega.values.end(), table.omega.begin(), table.omega.end());
      attention.values.push_back(table.attention_factor);
    }
    return {x, position_array(task.positions), omega, attention};
  }

  std::vector<Array> operator()(const FrequenciesTask&) const { return {}; }

  std::vector<Array> operator()(const DenoiseTask& task) const {
    const AttentionShape& shape = task.plan.shape;
    return {filled(c, "q", task.element, {task.tokens(), shape.query_heads, shape.head_width}),
            filled(c, "k", task.element, {task.tokens(), shape.key_heads, shape.head_width}),
            position_array(task.positions)};
  }

  std::vector<Array> operator()(const GramTask& task) const {
    return {leaning(c, task.element, task.tokens, task.width)};
  }

  std::vector<Array> operator()(const EntropyTask& task) const {
    return {leaning(c, Element::float32, task.tokens, task.width)};
  }

  /// Scores from few values, so that there are ties.
  std::vector<Array> operator()(const SelectTask& task) const {
    Array scores = filled(c, "scores", Element::float64, {task.layers, task.heads});
    for (double& score : scores.values) score = static_cast<double>(static_cast<int>(score * 4.0)) / 8.0;
    return {scores};
  }

  std::vector<Array> operator()(const NoiseTask& task) const { return {position_array(task.positions)}; }
};

}  // namespace detail

/// The input arrays of a case (table in case.hpp).
///
/// Law: a function of the case alone; x, q, k and scores come from integer arithmetic on Philox words,
/// the same bytes on every machine.
[[nodiscard]] inline std::vector<Array> inputs_of(const Case& c) {
  return std::visit(detail::Inputs{c}, c.task);
}

/// The array of this name. Throws Error where there is none.
[[nodiscard]] inline const Array& array_named(const std::vector<Array>& arrays, std::string_view name) {
  for (const Array& array : arrays) {
    if (array.name == name) return array;
  }
  fail("array_named", "no array \"" + std::string(name) + '"', "an array of that name");
}

}  // namespace dope::conformance
