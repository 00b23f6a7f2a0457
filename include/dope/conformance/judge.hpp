// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/conformance/case.hpp"
#include "dope/conformance/cause.hpp"
#include "dope/conformance/diagnose.hpp"
#include "dope/conformance/expected.hpp"
#include "dope/conformance/inputs.hpp"
#include "dope/conformance/place.hpp"
#include "dope/conformance/tolerance.hpp"
#include "dope/core/alternatives.hpp"

namespace dope::conformance {

/// What the judge says of one case.
///
/// chord: the largest |y − ŷ|/scale over the elements that have a scale (for a rotation, over pairs,
/// the distance of the two points on the unit circle). nmse: Σ(y − ŷ)²/Σŷ² over the same elements. ulp: the
/// largest |y − ŷ| in spacings of the output type at ŷ.
struct Verdict {
  std::string name;
  bool passed = false;
  double chord = 0.0;
  double nmse = 0.0;
  double ulp = 0.0;
  std::size_t elements = 0;
  std::size_t wrong = 0;
  Cause cause = Cause::none;
  double explained = 0.0;  ///< share of the wrong elements that the cause predicts
  std::string where;       ///< what the wrong elements have in common; empty where nothing
  std::string worst;       ///< the element furthest outside its tolerance: where, given, expected
  std::string text;        ///< the verdict in words, several lines where it failed
};

namespace detail {

inline std::string shown(double value) {
  std::array<char, 40> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::general, 9);
  return std::string(digits.data(), end.ptr);
}

/// Throws Error unless `output` is the array that is expected, in name, type and shape.
inline void require_like(const Case& c, const Array& expected, const Array& output) {
  static_assert(dope::detail::alternatives<Task> == 7, "conformance judge: every Task");
  const auto shape_text = [](const std::vector<std::size_t>& shape) {
    std::string joined = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) joined += text(i == 0 ? "" : ", ", shape[i]);
    return joined + "]";
  };
  const bool wide = expected.element == Element::float64 && output.element == Element::float32 &&
                    !std::holds_alternative<RotateTask>(c.task) &&
                    !std::holds_alternative<DenoiseTask>(c.task);
  if (output.shape != expected.shape || (output.element != expected.element && !wide) ||
      output.values.size() != count_of(expected.shape)) {
    fail(text("case ", c.name, ", output ", expected.name),
         text(name_of(output.element), " ", shape_text(output.shape)),
         text(name_of(expected.element), " ", shape_text(expected.shape)));
  }
}

inline std::string verdict_text(const Case& c, const Verdict& verdict, const Tolerance& tolerance) {
  if (verdict.passed) {
    return text("pass ", c.name, "  chord ", shown(verdict.chord), ", nmse ", shown(verdict.nmse));
  }
  const CauseText cause = conformance::text_of(verdict.cause);
  std::string said = text("FAIL ", c.name, ": ", cause.name);
  if (verdict.cause != Cause::unknown && verdict.explained < 0.995) {
    said += text(" (explains ", static_cast<int>(100.0 * verdict.explained), " % of the wrong elements)");
  }
  said += text("\n  ", cause.advice, "\n  wrong: ", verdict.wrong, " of ", verdict.elements, " elements");
  if (!verdict.where.empty()) said += "; " + verdict.where;
  said +=
      text("\n  worst: ", verdict.worst, "\n  chord ", shown(verdict.chord), ", nmse ", shown(verdict.nmse),
           ", ", shown(verdict.ulp), " ulp; allowed ", shown(tolerance.relative), " of the scale");
  if (tolerance.per_angle > 0.0) said += text(" + ", shown(tolerance.per_angle), " per radian");
  said += text(" and one rounding\n  the case catches: ", c.catches);
  if (!c.thread.empty()) said += text(" (", c.thread, ")");
  return said;
}

}  // namespace detail

/// Hold the outputs of a kernel against the oracle and say what is wrong with them.
///
/// outputs: the arrays of expected_of(c), in its order. Throws Error where one is missing or has another
/// name, type or shape; values are judged, whatever they are. Law: the oracle's own values, rounded once
/// to the output type, pass every case.
[[nodiscard]] inline Verdict judge(const Case& c, std::span<const Array> outputs) {
  const std::vector<Array> inputs = inputs_of(c);
  const std::vector<Array> expected = expected_of(c, inputs);
  if (outputs.size() != expected.size()) {
    fail(detail::text("case ", c.name), detail::text(outputs.size(), " outputs"),
         detail::text(expected.size(), " outputs"));
  }
  const std::vector<std::vector<Measure>> measures = measures_of(c, inputs, expected);
  detail::Evidence evidence{c, inputs, expected, outputs, measures, tolerance_of(c), {}, {}};
  Verdict verdict;
  verdict.name = c.name;
  double squares = 0.0;
  double errors = 0.0;
  double furthest = -1.0;
  detail::WrongElement worst;
  for (std::size_t a = 0; a < expected.size(); ++a) {
    if (outputs[a].name != expected[a].name) {
      fail(detail::text("case ", c.name), detail::text("output ", a, " named ", outputs[a].name),
           expected[a].name);
    }
    detail::require_like(c, expected[a], outputs[a]);
    const Element element = outputs[a].element;
    verdict.elements += expected[a].values.size();
    for (std::size_t i = 0; i < expected[a].values.size(); ++i) {
      const double y = outputs[a].values[i];
      const double right = expected[a].values[i];
      const double error = std::abs(y - right);
      const Measure& measure = measures[a][i];
      if (!measure.exact) {
        squares += right * right;
        errors += error * error;
      }
      if (measure.scale > 0.0) verdict.chord = (std::max)(verdict.chord, error / measure.scale);
      if (const double half = half_spacing(element, right); half > 0.0) {
        verdict.ulp = (std::max)(verdict.ulp, error / (2.0 * half));
      }
      const double allowed = allowance(evidence.tolerance, measure, element, y, right);
      if (error <= allowed) continue;
      evidence.wrong.push_back({a, i});
      const double excess = std::isfinite(error) ? (allowed > 0.0 ? error / allowed : 1e300) : 1e301;
      if (excess > furthest) {
        furthest = excess;
        worst = {a, i};
      }
    }
  }
  verdict.nmse = squares > 0.0 ? errors / squares : errors;
  verdict.wrong = evidence.wrong.size();
  verdict.passed = evidence.wrong.empty();
  if (!verdict.passed) {
    std::vector<std::vector<bool>> flags;
    for (std::size_t a = 0; a < expected.size(); ++a) {
      evidence.places.push_back(detail::places_of(c, a, expected[a].values.size()));
      flags.emplace_back(expected[a].values.size(), false);
    }
    for (const detail::WrongElement at : evidence.wrong) flags[at.array][at.index] = true;
    std::tie(verdict.cause, verdict.explained) = detail::diagnose(evidence);
    verdict.where = detail::where(expected, evidence.places, flags);
    verdict.worst = detail::text(
        detail::text_of(evidence.places[worst.array][worst.index], expected[worst.array], worst.index),
        ": given ", detail::shown(evidence.given(worst)), ", expected ",
        detail::shown(evidence.right(worst)));
  }
  verdict.text = detail::verdict_text(c, verdict, evidence.tolerance);
  return verdict;
}

}  // namespace dope::conformance
