// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/conformance/case.hpp"
#include "dope/conformance/oracle_denoise.hpp"
#include "dope/conformance/oracle_frequencies.hpp"
#include "dope/core/alternatives.hpp"

// How far a right kernel may be from the oracle. An element y with oracle value ŷ passes where
//
//   |y − ŷ| ≤ half_spacing(T, max(|y|, |ŷ|)) + (relative + per_angle·|m·ω|)·scale
//
// T is the type of the output: its one rounding is always allowed, and only one. `scale` is
//   rotate, denoise   a·‖(x₁, x₂)‖ of the pair; 4σ for noise in place of a row; 4σ·a·‖(x₁, x₂)‖ for noise on
//   it gram              √(Σ_ii Σ_jj) frequencies, entropy, noise values   |ŷ|, |ŷ|, 4
// Where noise multiplies a row that was stored in between, that rounding is allowed as well: u_T·|ŷ|.
// Channels that do not turn, guards, removed pairs, heads and words: scale 0, and no spacing; equal or
// wrong.

namespace dope::conformance {

struct Tolerance {
  double relative = 0.0;
  double per_angle = 0.0;
  std::string reason;
};

/// Half the distance between neighbours of type T at |value|; 0 for integers.
[[nodiscard]] inline double half_spacing(Element element, double value) noexcept {
  const auto at = [value](int digits, int lowest) {
    const int exponent =
        value == 0.0 || !std::isfinite(value) ? lowest : (std::max)(std::ilogb(value), lowest);
    return std::ldexp(1.0, exponent - digits);
  };
  switch (element) {
    case Element::float32:
      return at(24, -126);
    case Element::float64:
      return at(53, -1022);
    case Element::float16:
      return at(11, -14);
    case Element::bfloat16:
      return at(8, -126);
    default:
      return 0.0;
  }
}

namespace detail {

/// Twelve unit roundoffs of the arithmetic a kernel for this storage computes in.
inline constexpr double float_rotation = 0x1.8p-21;
inline constexpr double double_rotation = 0x1.8p-50;

inline Tolerance rotation_tolerance(Element element) {
  if (element == Element::float64) {
    return {double_rotation, 0x1p-50,
            "cos and sin within 2 ulp of double, two rounded products and one sum a channel (2^-51), "
            "doubled; and omega and m*omega each rounded to double a few times"};
  }
  return {float_rotation, 0.0,
          "cos and sin within 1 ulp of float (2^-23), one rounding for the attention factor, two rounded "
          "products and one sum a channel (3*2^-24), together under 6*2^-24, doubled; a fused multiply-add "
          "only lowers it"};
}

struct ToleranceOf {
  Tolerance operator()(const RotateTask& task) const { return rotation_tolerance(task.element); }
  Tolerance operator()(const DenoiseTask& task) const { return rotation_tolerance(task.element); }
  Tolerance operator()(const FrequenciesTask&) const {
    return {0x1p-20, 0.0,
            "pow in float with a rounded exponent: about ln(base)*2^-24; no two formulas are as near"};
  }
  Tolerance operator()(const GramTask& task) const {
    const double unit = task.element == Element::float64 ? 0x1p-53 : 0x1p-24;
    return {
        4.0 * std::sqrt(static_cast<double>(task.tokens)) * unit, 0.0,
        "float products and sums over N tokens wander by sqrt(N)*2^-24 (double storage: 2^-53), four times "
        "that"};
  }
  Tolerance operator()(const EntropyTask&) const {
    return {1e-6, 0.0, "float rows, Gram in float blocks summed in double: 1e-6 of the value"};
  }
  Tolerance operator()(const SelectTask&) const { return {0.0, 0.0, "indices: equal or wrong"}; }
  Tolerance operator()(const NoiseTask&) const {
    return {0x1p-48, 0.0,
            "words equal; ln, cos and sin of Box-Muller in double, a few ulp of a value below 6.77"};
  }
};

}  // namespace detail

[[nodiscard]] inline Tolerance tolerance_of(const Case& c) {
  return std::visit(detail::ToleranceOf{}, c.task);
}

/// What one element is measured by: see the rule above.
struct Measure {
  double scale = 0.0;
  double angle = 0.0;  ///< |m·ω|, radians
  bool exact = false;  ///< equal or wrong
  double kept = 0.0;   ///< an extra absolute allowance: a row stored between two steps
};

/// The largest |y − ŷ| that passes.
[[nodiscard]] inline double allowance(const Tolerance& tolerance, const Measure& measure, Element element,
                                      double y, double expected) noexcept {
  if (measure.exact) return 0.0;
  return half_spacing(element, (std::max)(std::abs(y), std::abs(expected))) +
         (tolerance.relative + tolerance.per_angle * measure.angle) * measure.scale + measure.kept;
}

namespace detail {

inline void measure_row(std::vector<Measure>& measures, std::size_t at, const double* x,
                        const Frequencies& table, Pairing pairing, std::int64_t position, double factor) {
  for (std::size_t band = 0; band < table.omega.size(); ++band) {
    const oracle::Pair pair = oracle::pair_of(pairing, band, 2 * table.omega.size());
    const double norm = std::hypot(x[pair.first], x[pair.second]) * table.attention_factor * factor;
    const double angle = std::abs(static_cast<double>(position) * table.omega[band]);
    measures[at + pair.first] = measures[at + pair.second] = {norm, angle, false};
  }
}

struct MeasuresOf {
  const std::vector<Array>& inputs;
  const std::vector<Array>& expected;

  using Result = std::vector<std::vector<Measure>>;

  Result operator()(const RotateTask& task) const {
    const std::vector<Frequencies> tables = oracle::tables_of(task);
    std::vector<Measure> y(task.buffer_size(), Measure{0.0, 0.0, true});
    for (std::size_t token = 0; token < task.tokens(); ++token) {
      for (std::size_t head = 0; head < task.heads; ++head) {
        const std::size_t at = token * task.token_stride + head * task.head_stride;
        measure_row(y, at, inputs[0].values.data() + at, tables[tables.size() == 1 ? 0 : head], task.pairing,
                    task.positions[token], 1.0);
      }
    }
    return {y};
  }

  Result operator()(const DenoiseTask& task) const {
    using oracle::Copy;
    static_assert(dope::detail::alternatives<Transform> == 3, "conformance tolerances: every Transform");
    const AttentionShape& shape = task.plan.shape;
    const std::size_t group = shape.query_heads / shape.key_heads;
    const std::vector<std::size_t> owners = oracle::owners_of(task.plan, task.layer);
    const Frequencies table = oracle::frequencies(task.rope, task.scaling, task.length);
    const auto* noise = std::get_if<ByGaussian>(&task.plan.transform);
    Result result;
    for (std::size_t a = 0; a < expected.size(); ++a) {
      const Copy copy = a == 0 ? Copy::query : a == 1 ? Copy::shared_key : Copy::own_key;
      const std::size_t heads = expected[a].shape[1];
      const Array& source = inputs[a == 0 ? 0 : 1];
      const std::size_t width = shape.head_width;
      std::vector<Measure> measures(expected[a].values.size(), Measure{0.0, 0.0, true});
      for (std::size_t token = 0; token < task.tokens(); ++token) {
        for (std::size_t i = 0; i < heads; ++i) {
          const std::size_t head = copy == Copy::own_key ? owners[i] : i;
          const std::size_t from = copy == Copy::own_key ? head / group : head;
          const std::size_t at = (token * heads + i) * width;
          const double* x = source.values.data() + (token * source.shape[1] + from) * width;
          const bool noisy = noise != nullptr && oracle::denoised(task.plan, task.layer, copy, head);
          const double sigma = noisy ? oracle::sigma_of(task.plan, *noise, task.layer, copy, head) : 0.0;
          measure_row(measures, at, x, table, task.pairing, task.positions[token], noisy ? 4.0 * sigma : 1.0);
          for (std::size_t c = 0; c < width && noisy; ++c) {
            if (noise->reading == ByGaussian::Reading::replace)
              measures[at + c] = {4.0 * sigma, 0.0, false};
            else
              measures[at + c].kept =
                  2.0 * half_spacing(task.element, 1.0) * std::abs(expected[a].values[at + c]);
            if (measures[at + c].exact) measures[at + c] = {4.0 * sigma * std::abs(x[c]), 0.0, false};
          }
          for (std::size_t c = 0; c < width; ++c) {
            if (expected[a].values[at + c] == 0.0 && x[c] != 0.0) measures[at + c] = {0.0, 0.0, true};
          }
        }
      }
      result.push_back(std::move(measures));
    }
    return result;
  }

  Result operator()(const GramTask& task) const {
    std::vector<Measure> measures;
    const auto diagonal = [&](std::size_t i) { return expected[0].values[i * task.width + i]; };
    for (std::size_t i = 0; i < task.width; ++i) {
      for (std::size_t j = 0; j < task.width; ++j) {
        measures.push_back({std::sqrt(diagonal(i) * diagonal(j)), 0.0, false});
      }
    }
    return {measures};
  }

  Result operator()(const FrequenciesTask&) const { return relative_to_value(); }
  Result operator()(const EntropyTask&) const { return relative_to_value(); }
  Result operator()(const SelectTask&) const {
    return {std::vector<Measure>(expected[0].values.size(), Measure{0.0, 0.0, true})};
  }
  Result operator()(const NoiseTask&) const {
    return {std::vector<Measure>(expected[0].values.size(), Measure{0.0, 0.0, true}),
            std::vector<Measure>(expected[1].values.size(), Measure{4.0, 0.0, false})};
  }

 private:
  [[nodiscard]] Result relative_to_value() const {
    Result result;
    for (const Array& array : expected) {
      std::vector<Measure> measures;
      for (const double value : array.values) measures.push_back({std::abs(value), 0.0, value == 0.0});
      result.push_back(std::move(measures));
    }
    return result;
  }
};

}  // namespace detail

/// One Measure per element of each expected array.
[[nodiscard]] inline std::vector<std::vector<Measure>> measures_of(const Case& c,
                                                                   const std::vector<Array>& inputs,
                                                                   const std::vector<Array>& expected) {
  return std::visit(detail::MeasuresOf{inputs, expected}, c.task);
}

}  // namespace dope::conformance
