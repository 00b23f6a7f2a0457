// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <variant>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/conformance/case.hpp"
#include "dope/conformance/inputs.hpp"
#include "dope/conformance/oracle_denoise.hpp"
#include "dope/conformance/oracle_frequencies.hpp"
#include "dope/conformance/oracle_rotation.hpp"
#include "dope/conformance/oracle_spectral.hpp"

namespace dope::conformance {
namespace detail {

struct Expected {
  const std::vector<Array>& inputs;

  std::vector<Array> operator()(const RotateTask& task) const {
    return {{"y", task.element, {task.buffer_size()}, oracle::rotated_buffer(task, values("x"))}};
  }

  std::vector<Array> operator()(const FrequenciesTask& task) const {
    const Frequencies table = oracle::frequencies(task.rope, task.scaling, task.length);
    return {{"omega", Element::float64, {table.omega.size()}, table.omega},
            {"attention_factor", Element::float64, {1}, {table.attention_factor}}};
  }

  std::vector<Array> operator()(const DenoiseTask& task) const {
    using oracle::Copy;
    const AttentionShape& shape = task.plan.shape;
    const auto same = [](std::size_t i) { return i; };
    const auto heads = [&](const char* name, Copy copy, const std::vector<double>& x, std::size_t x_heads,
                           std::size_t count, auto source, auto head_of) {
      return Array{name,
                   task.element,
                   {task.tokens(), count, shape.head_width},
                   oracle::denoised_heads(task, copy, x, x_heads, count, source, head_of)};
    };
    std::vector<Array> result = {
        heads("q", Copy::query, values("q"), shape.query_heads, shape.query_heads, same, same),
        heads("k", Copy::shared_key, values("k"), shape.key_heads, shape.key_heads, same, same)};
    const std::vector<std::size_t> owners = oracle::owners_of(task.plan, task.layer);
    if (!owners.empty()) {
      const std::size_t group = shape.query_heads / shape.key_heads;
      result.push_back(heads(
          "own_keys", Copy::own_key, values("k"), shape.key_heads, owners.size(),
          [&](std::size_t i) { return owners[i] / group; }, [&](std::size_t i) { return owners[i]; }));
    }
    return result;
  }

  std::vector<Array> operator()(const GramTask& task) const {
    const oracle::Matrix sigma = oracle::gram(values("x"), task.width, task.centring, task.rows);
    return {{"gram",
             Element::float64,
             {task.width, task.width},
             std::vector<double>(sigma.entries.begin(), sigma.entries.end())}};
  }

  std::vector<Array> operator()(const EntropyTask& task) const {
    Array scores{"scores", Element::float64, {task.entropies.size()}, {}};
    for (const Entropy& entropy : task.entropies) {
      scores.values.push_back(static_cast<double>(oracle::entropy(task, values("x"), entropy)));
    }
    return {scores};
  }

  std::vector<Array> operator()(const SelectTask& task) const {
    Array heads{"heads", Element::int64, {}, {}};
    for (const HeadId& head : oracle::selected(task, values("scores"))) {
      heads.values.push_back(static_cast<double>(head.layer));
      heads.values.push_back(static_cast<double>(head.head));
    }
    heads.shape = {heads.values.size() / 2, 2};
    return {heads};
  }

  std::vector<Array> operator()(const NoiseTask& task) const {
    const std::size_t blocks = (task.width + 3) / 4;
    Array words{"words", Element::uint32, {task.positions.size(), 4 * blocks}, {}};
    Array normals{"values", Element::float64, {task.positions.size(), task.width}, {}};
    for (const std::int64_t position : task.positions) {
      const oracle::NoiseSite site{task.seed, task.layer, task.head, task.side, position};
      for (std::size_t block = 0; block < blocks; ++block) {
        for (const std::uint32_t word : oracle::words_of(site, block)) {
          words.values.push_back(static_cast<double>(word));
        }
      }
      for (std::size_t c = 0; c < task.width; ++c) {
        normals.values.push_back(static_cast<double>(oracle::normal(site, c)));
      }
    }
    return {words, normals};
  }

 private:
  [[nodiscard]] const std::vector<double>& values(std::string_view name) const {
    return array_named(inputs, name).values;
  }
};

}  // namespace detail

/// What a right kernel returns, by the oracles (oracle_*.hpp): high precision, rounded once to double.
/// `element` is the type that the kernel stores; its own rounding to it is in the tolerance.
[[nodiscard]] inline std::vector<Array> expected_of(const Case& c, const std::vector<Array>& inputs) {
  return std::visit(detail::Expected{inputs}, c.task);
}

[[nodiscard]] inline std::vector<Array> expected_of(const Case& c) { return expected_of(c, inputs_of(c)); }

}  // namespace dope::conformance
