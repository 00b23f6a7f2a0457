// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/conformance/case.hpp"
#include "dope/conformance/cause.hpp"
#include "dope/conformance/inputs.hpp"
#include "dope/conformance/oracle_rotation.hpp"
#include "dope/conformance/place.hpp"
#include "dope/conformance/suspects_denoise.hpp"
#include "dope/conformance/suspects_rotation.hpp"
#include "dope/conformance/suspects_spectral.hpp"
#include "dope/conformance/tolerance.hpp"
#include "dope/core/alternatives.hpp"

// From wrong elements to a cause: every suspect is heard, and the one that returns them is named.

namespace dope::conformance::detail {

/// Call every suspect of a case, until the hearing is closed.
inline void hear(const Case& c, const std::vector<Array>& inputs, const Hearing& hearing) {
  static_assert(dope::detail::alternatives<Task> == 7, "conformance diagnosis: every Task");
  const auto values = [&](std::size_t i) { return std::span<const double>(inputs[i].values); };
  const auto all = [&](const std::vector<Suspect>& suspects) {
    for (const Suspect& suspect : suspects) {
      if (hearing(suspect)) return;
    }
  };
  if (const auto* task = std::get_if<RotateTask>(&c.task))
    RotationSuspects(*task, values(0), hearing).call_all();
  if (const auto* task = std::get_if<DenoiseTask>(&c.task))
    denoise_suspects(*task, values(0), values(1), hearing);
  if (const auto* task = std::get_if<GramTask>(&c.task)) all(gram_suspects(*task, values(0)));
  if (const auto* task = std::get_if<EntropyTask>(&c.task)) all(entropy_suspects(*task, values(0)));
  if (const auto* task = std::get_if<SelectTask>(&c.task)) all(select_suspects(*task, values(0)));
  if (const auto* task = std::get_if<FrequenciesTask>(&c.task)) all(frequencies_suspects(*task));
  if (const auto* task = std::get_if<NoiseTask>(&c.task)) all(noise_suspects(*task));
}

/// One wrong element: which array, which index.
struct WrongElement {
  std::size_t array = 0;
  std::size_t index = 0;
};

/// Everything known of a failed case.
struct Evidence {
  const Case& c;
  const std::vector<Array>& inputs;
  const std::vector<Array>& expected;
  std::span<const Array> outputs;
  const std::vector<std::vector<Measure>>& measures;
  Tolerance tolerance;
  std::vector<std::vector<Place>> places;
  std::vector<WrongElement> wrong;

  [[nodiscard]] double given(WrongElement at) const { return outputs[at.array].values[at.index]; }
  [[nodiscard]] double right(WrongElement at) const { return expected[at.array].values[at.index]; }
  [[nodiscard]] const Measure& measure(WrongElement at) const { return measures[at.array][at.index]; }
  [[nodiscard]] Element element(WrongElement at) const { return outputs[at.array].element; }
};

/// How well a suspect fits: the share of the wrong elements that it returns, within four times the
/// tolerance and less than half as far as the right value, and how many right elements it would have got
/// wrong.
struct Fit {
  double explained = 0.0;
  std::size_t surplus = 0;
};

inline Fit fit_of(const Evidence& evidence, const Suspect& suspect) {
  Tolerance loose = evidence.tolerance;
  loose.relative *= 4.0;
  loose.per_angle *= 4.0;
  std::size_t hits = 0;
  std::size_t changed = 0;
  std::size_t changed_wrong = 0;
  const auto is_near = [&](WrongElement at, double value, double other) {
    Measure measure = evidence.measure(at);
    if (measure.exact && !std::holds_alternative<SelectTask>(evidence.c.task)) {
      measure = {std::abs(value), 0.0, false, 0.0};
    }
    return std::abs(value - other) <= allowance(loose, measure, evidence.element(at), value, other);
  };
  const auto predicts = [&](std::size_t array) {
    return array < suspect.predicted.size() &&
           suspect.predicted[array].size() == evidence.expected[array].values.size();
  };
  for (const WrongElement at : evidence.wrong) {
    if (!predicts(at.array)) continue;
    const double predicted = suspect.predicted[at.array][at.index];
    const double given = evidence.given(at);
    if (is_near(at, given, predicted) &&
        std::abs(given - predicted) < 0.5 * std::abs(given - evidence.right(at)))
      ++hits;
    if (!is_near(at, evidence.right(at), predicted)) ++changed_wrong;
  }
  for (std::size_t a = 0; a < evidence.expected.size(); ++a) {
    for (std::size_t i = 0; i < evidence.expected[a].values.size() && predicts(a); ++i) {
      if (!is_near({a, i}, evidence.expected[a].values[i], suspect.predicted[a][i])) ++changed;
    }
  }
  return {static_cast<double>(hits) / static_cast<double>(evidence.wrong.size()), changed - changed_wrong};
}

/// Angle precision by its size, where no route is matched value by value: pairs keep their norm, and
/// their angle is off by at most a fixed share of m·ω.
inline Cause precision_by_size(const Evidence& evidence) {
  const auto* task = std::get_if<RotateTask>(&evidence.c.task);
  if (task == nullptr) return Cause::unknown;
  const std::vector<Frequencies> tables = oracle::tables_of(*task);
  double worst = 0.0;
  for (std::size_t token = 0; token < task->tokens(); ++token) {
    for (std::size_t head = 0; head < task->heads; ++head) {
      for (std::size_t band = 0; band < tables[0].omega.size(); ++band) {
        const oracle::Pair pair = oracle::pair_of(task->pairing, band, 2 * tables[0].omega.size());
        const std::size_t row = token * task->token_stride + head * task->head_stride;
        const WrongElement a{0, row + pair.first};
        const WrongElement b{0, row + pair.second};
        const double slack = allowance(evidence.tolerance, evidence.measure(a), evidence.element(a),
                                       evidence.right(a), evidence.right(a)) +
                             allowance(evidence.tolerance, evidence.measure(b), evidence.element(b),
                                       evidence.right(b), evidence.right(b));
        const double norm = std::hypot(evidence.given(a), evidence.given(b));
        const double scale = evidence.measure(a).scale;
        if (!(std::abs(norm - scale) <= 2.0 * slack)) return Cause::unknown;
        const double chord =
            std::hypot(evidence.given(a) - evidence.right(a), evidence.given(b) - evidence.right(b));
        if (chord <= 2.0 * slack || scale == 0.0) continue;
        const double off = 2.0 * std::asin((std::min)(1.0, chord / (2.0 * scale)));
        if (evidence.measure(a).angle == 0.0) return Cause::unknown;
        worst = (std::max)(worst, off / evidence.measure(a).angle);
      }
    }
  }
  if (worst == 0.0) return Cause::unknown;
  if (worst <= 0x1p-20) return Cause::angle_float32;
  if (worst <= 0x1p-10) return Cause::angle_float16;
  return worst <= 0x1p-7 ? Cause::angle_bfloat16 : Cause::unknown;
}

inline std::pair<Cause, double> diagnose(const Evidence& evidence) {
  bool only_guards = true;
  bool only_tails = true;
  bool nothing = true;
  for (const WrongElement at : evidence.wrong) {
    if (!std::isfinite(evidence.given(at))) return {Cause::not_finite, 1.0};
    const ElementKind kind = evidence.places[at.array][at.index].kind;
    only_guards = only_guards && kind == ElementKind::guard;
    only_tails = only_tails && kind == ElementKind::tail;
    nothing = nothing && (evidence.given(at) == 0.0 || evidence.given(at) == guard_value) &&
              evidence.right(at) != 0.0;
  }
  if (nothing && evidence.wrong.size() * 2 > evidence.expected[0].values.size()) {
    return {Cause::nothing_written, 1.0};
  }
  std::pair<Cause, double> best{Cause::unknown, 0.0};
  std::size_t surplus = 0;
  hear(evidence.c, evidence.inputs, [&](const Suspect& suspect) {
    const Fit fit = fit_of(evidence, suspect);
    constexpr double alike = 1e-3;
    if (fit.explained > best.second + alike ||
        (fit.explained > 0.0 && fit.explained > best.second - alike && fit.surplus < surplus)) {
      best = {suspect.cause, fit.explained};
      surplus = fit.surplus;
    }
    return best.second >= 1.0 && surplus == 0;
  });
  if (best.second >= 0.8) return best;
  if (const Cause size = precision_by_size(evidence); size != Cause::unknown) return {size, 1.0};
  if (only_guards) return {Cause::guard_overwritten, 1.0};
  if (only_tails) return {Cause::tail_changed, 1.0};
  return best.second >= 0.5 ? best : std::pair{Cause::unknown, best.second};
}

}  // namespace dope::conformance::detail
