// SPDX-License-Identifier: MIT

#include "dope/conformance/judge.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dope/conformance.hpp"

namespace {

namespace kit = dope::conformance;

std::vector<kit::Array> right_outputs(const kit::Case& c) {
  std::vector<kit::Array> outputs = kit::expected_of(c);
  for (kit::Array& array : outputs) {
    for (double& value : array.values) value = kit::rounded_to(array.element, value);
  }
  return outputs;
}

const kit::Case& case_named(const std::vector<kit::Case>& cases, const std::string& name) {
  for (const kit::Case& c : cases) {
    if (c.name == name) return c;
  }
  FAIL("no case ", name);
  return cases.front();
}

}  // namespace

TEST_CASE("judge: the oracle's values, rounded once, pass; one storage spacing more does not") {
  for (const kit::Case& c : kit::catalogue()) {
    CAPTURE(c.name);
    std::vector<kit::Array> outputs = right_outputs(c);
    const kit::Verdict right = kit::judge(c, outputs);
    INFO(right.text);
    CHECK(right.passed);
    CHECK(right.cause == kit::Cause::none);

    // The element of largest scale, moved by three times what it may be off.
    const auto inputs = kit::inputs_of(c);
    const auto measures = kit::measures_of(c, inputs, outputs);
    const kit::Tolerance tolerance = kit::tolerance_of(c);
    for (std::size_t a = 0; a < outputs.size(); ++a) {
      if (outputs[a].values.empty()) continue;
      std::vector<kit::Array> moved = outputs;
      double& value = moved[a].values[moved[a].values.size() / 2];
      const kit::Measure& measure = measures[a][moved[a].values.size() / 2];
      const double allowed = kit::allowance(tolerance, measure, moved[a].element, value, value);
      value += allowed > 0.0 ? 3.0 * allowed : 1.0;
      const kit::Verdict wrong = kit::judge(c, moved);
      CHECK(!wrong.passed);
      CHECK(wrong.wrong == 1);
      CHECK(!wrong.worst.empty());
    }
  }
}

TEST_CASE("judge: says where") {
  const std::vector<kit::Case> cases = kit::catalogue();
  const kit::Case& c = case_named(cases, "far-half_split-float");
  const auto& task = std::get<kit::RotateTask>(c.task);
  std::vector<kit::Array> outputs = right_outputs(c);
  for (std::size_t token = 0; token < task.tokens(); ++token) {
    if (task.positions[token] >= 65536) outputs[0].values[token * task.token_stride + 64 + 5] += 0.5;
  }
  const kit::Verdict verdict = kit::judge(c, outputs);
  INFO(verdict.text);
  CHECK(!verdict.passed);
  CHECK(verdict.where.find("only positions from 65536 on") != std::string::npos);
  CHECK(verdict.where.find("only head 1") != std::string::npos);
  CHECK(verdict.where.find("only band 5") != std::string::npos);
  CHECK(verdict.where.find("only first channels of pairs") != std::string::npos);
  CHECK(verdict.text.find("kekzl/imp#1316") != std::string::npos);
}

TEST_CASE("judge: the worst element is named by its place in its own array") {
  // One element of k is wrong: k has other heads than q.
  const std::vector<kit::Case> cases = kit::catalogue();
  for (const kit::Case& c : cases) {
    const auto* task = std::get_if<kit::DenoiseTask>(&c.task);
    if (task == nullptr || task->plan.shape.query_heads == task->plan.shape.key_heads) continue;
    CAPTURE(c.name);
    std::vector<kit::Array> outputs = right_outputs(c);
    const std::size_t width = task->plan.shape.head_width;
    const std::size_t heads = task->plan.shape.key_heads;
    outputs[1].values[(heads + 1) * width + 3] += 1.0;  // token 1, head 1, channel 3
    const kit::Verdict verdict = kit::judge(c, outputs);
    CHECK(verdict.worst.find("k, token 1 (position ") == 0);
    CHECK(verdict.worst.find("), head 1, channel 3") != std::string::npos);
    return;
  }
  FAIL("no case of grouped heads");
}

TEST_CASE("judge: nmse is of the elements that are computed, not of those that pass through") {
  const std::vector<kit::Case> cases = kit::catalogue();
  std::size_t partial = 0;
  for (const kit::Case& c : cases) {
    const auto* task = std::get_if<kit::RotateTask>(&c.task);
    if (task == nullptr || task->rope.rotated_width == task->width() || task->rope.rotated_width == 0)
      continue;
    CAPTURE(c.name);
    const auto expected = kit::expected_of(c);
    const auto measures = kit::measures_of(c, kit::inputs_of(c), expected);
    std::vector<kit::Array> outputs = right_outputs(c);
    double squares = 0.0;
    double errors = 0.0;
    for (std::size_t i = 0; i < expected[0].values.size(); ++i) {
      if (measures[0][i].exact) {
        outputs[0].values[i] += 1.0;
        continue;
      }
      const double error = outputs[0].values[i] - expected[0].values[i];
      squares += expected[0].values[i] * expected[0].values[i];
      errors += error * error;
    }
    if (squares == 0.0) continue;
    CHECK(kit::judge(c, outputs).nmse == doctest::Approx(errors / squares).epsilon(1e-12));
    ++partial;
  }
  CHECK(partial > 0);
}

TEST_CASE("judge: a mistake is recognised in a kernel that is inexact besides, by twice what is allowed") {
  const std::vector<kit::Case> cases = kit::catalogue();
  const kit::Case& c = case_named(cases, "far-half_split-float");
  const auto inputs = kit::inputs_of(c);
  const auto expected = kit::expected_of(c, inputs);
  const auto measures = kit::measures_of(c, inputs, expected);
  const kit::Tolerance tolerance = kit::tolerance_of(c);
  kit::Case other = c;
  for (std::int64_t& position : std::get<kit::RotateTask>(other.task).positions) position += 1;
  std::vector<kit::Array> outputs = kit::expected_of(other, inputs);
  for (std::size_t i = 0; i < outputs[0].values.size(); ++i) {
    const kit::Measure& measure = measures[0][i];
    if (measure.exact) continue;
    const double allowed = (tolerance.relative + tolerance.per_angle * measure.angle) * measure.scale;
    outputs[0].values[i] += i % 2 == 0 ? 2.0 * allowed : -2.0 * allowed;
  }
  const kit::Verdict verdict = kit::judge(c, outputs);
  INFO(verdict.text);
  CHECK(verdict.cause == kit::Cause::position_one_ahead);
  CHECK(verdict.explained > 0.99);
}

TEST_CASE("judge: NaN and infinity never pass") {
  for (const kit::Case& c : kit::catalogue()) {
    CAPTURE(c.name);
    for (const double bad :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
      std::vector<kit::Array> outputs = right_outputs(c);
      if (outputs[0].values.empty()) continue;
      outputs[0].values[0] = bad;
      const kit::Verdict verdict = kit::judge(c, outputs);
      CHECK(!verdict.passed);
      CHECK(verdict.cause == kit::Cause::not_finite);
    }
  }
}

TEST_CASE("judge: arrays that are not the case's are an Error that says so") {
  const std::vector<kit::Case> cases = kit::catalogue();
  const kit::Case& c = case_named(cases, "prefill-half_split-bfloat");
  const std::vector<kit::Array> right = right_outputs(c);
  const auto rejected = [&](auto change) {
    std::vector<kit::Array> outputs = right;
    change(outputs);
    CHECK_THROWS_AS(static_cast<void>(kit::judge(c, outputs)), dope::Error);
  };
  rejected([](auto& outputs) { outputs.clear(); });
  rejected([](auto& outputs) { outputs.push_back(outputs[0]); });
  rejected([](auto& outputs) { outputs[0].name = "x"; });
  rejected([](auto& outputs) { outputs[0].element = kit::Element::float16; });
  rejected([](auto& outputs) { outputs[0].shape.push_back(1); });
  rejected([](auto& outputs) { outputs[0].values.pop_back(); });
}

TEST_CASE("causes: each has a name of its own and advice") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(kit::Cause::noise_uniform); ++i) {
    const kit::CauseText text = kit::text_of(static_cast<kit::Cause>(i));
    CHECK(names.insert(text.name).second);
    CHECK(!text.advice.empty());
  }
}

TEST_CASE("half_spacing is half the distance to the next number of the type") {
  for (const double value : {1.0, 1.5, -3.25, 1000.0, 6.1e-5, 1e-6, 0.0}) {
    CAPTURE(value);
    const auto f = static_cast<float>(value);
    const float next = std::nextafter(std::abs(f), std::numeric_limits<float>::infinity());
    CHECK(2.0 * kit::half_spacing(kit::Element::float32, static_cast<double>(f)) ==
          static_cast<double>(next) - static_cast<double>(std::abs(f)));
    const dope::float16 h(std::abs(value));
    const auto above = dope::float16::from_bits(static_cast<std::uint16_t>(h.bits + 1));
    CHECK(2.0 * kit::half_spacing(kit::Element::float16, static_cast<double>(static_cast<float>(h))) ==
          static_cast<double>(static_cast<float>(above)) - static_cast<double>(static_cast<float>(h)));
  }
}
