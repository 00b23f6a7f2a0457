// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numbers>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "dope/conformance/cause.hpp"
#include "dope/conformance/oracle_frequencies.hpp"
#include "dope/core/alternatives.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/scaling.hpp"

namespace dope::conformance {

/// A mistake and, per output array in the order of expected_of, what it returns; empty where the
/// mistake would not change that array's meaning.
struct Suspect {
  Cause cause = Cause::unknown;
  std::vector<std::vector<double>> predicted;
};

/// Hears one suspect; true where no other can explain more, and the hearing is closed.
using Hearing = std::function<bool(const Suspect&)>;

namespace detail {

/// Other frequencies that kernels mistake a scaling for: (cause, frequencies).
inline std::vector<std::pair<Cause, Frequencies>> mistaken_frequencies(const RopeParameters& rope,
                                                                       const Scaling& scaling,
                                                                       std::size_t length) {
  std::vector<std::pair<Cause, Frequencies>> result;
  const Frequencies right = oracle::frequencies(rope, scaling, length);
  const Frequencies native = oracle::frequencies(rope, Unscaled{}, length);
  const auto of = [&](Cause cause, const Scaling& other) {
    result.emplace_back(cause, oracle::frequencies(rope, other, length));
  };
  const auto with_factor = [&](Cause cause, double a) {
    Frequencies other = right;
    other.attention_factor = a;
    result.emplace_back(cause, other);
  };
  const auto blended_otherwise = [&](double factor) {
    Frequencies other = right;
    for (std::size_t i = 0; i < other.omega.size(); ++i) {
      const double kept = (right.omega[i] / native.omega[i] - 1 / factor) / (1 - 1 / factor);
      other.omega[i] = kept * native.omega[i] / factor + (1 - kept) * native.omega[i];
    }
    result.emplace_back(Cause::ramp_inverted, other);
  };
  const auto longer = [&](double factor) {
    RopeParameters extended = rope;
    extended.training_length = static_cast<std::size_t>(static_cast<double>(rope.training_length) * factor);
    result.emplace_back(Cause::original_length_confused, oracle::frequencies(extended, scaling, length));
  };
  if (right.attention_factor != 1.0) {
    with_factor(Cause::attention_factor_missing, 1.0);
    with_factor(Cause::attention_factor_squared, right.attention_factor * right.attention_factor);
  }
  static_assert(dope::detail::alternatives<Scaling> == 9, "conformance frequency suspects: every Scaling");
  if (const auto* linear = std::get_if<Linear>(&scaling)) {
    Frequencies other = native;
    for (double& omega : other.omega) omega *= linear->factor;
    result.emplace_back(Cause::factor_multiplied, other);
  }
  if (const auto* ntk = std::get_if<StaticNtk>(&scaling)) {
    RopeParameters based = rope;
    based.base *= ntk->factor;
    result.emplace_back(Cause::ntk_exponent, oracle::frequencies(based, Unscaled{}, length));
    of(Cause::scaling_ignored, Linear{ntk->factor});
  }
  if (const auto* dynamic = std::get_if<DynamicNtk>(&scaling)) {
    const double ratio = static_cast<double>(length) / static_cast<double>(rope.training_length);
    of(Cause::dynamic_form_confused, DynamicNtk{dynamic->factor == 1.0 ? 2.0 : 1.0});
    of(Cause::dynamic_form_confused, StaticNtk{(std::max)(1.0, dynamic->factor)});
    if (dynamic->factor > 1.0)
      of(Cause::dynamic_form_confused, StaticNtk{(std::max)(1.0, ratio * dynamic->factor)});
    RopeParameters based = rope;
    based.base *= (std::max)(1.0, dynamic->factor * ratio - (dynamic->factor - 1.0));
    result.emplace_back(Cause::ntk_exponent, oracle::frequencies(based, Unscaled{}, length));
    if (ratio < 1.0) {
      RopeParameters early = rope;
      early.training_length = std::max<std::size_t>(1, length / 2);
      result.emplace_back(Cause::dynamic_base_stale, oracle::frequencies(early, scaling, length));
    }
  }
  if (const auto* yarn = std::get_if<Yarn>(&scaling)) {
    of(Cause::yarn_other_ramp, YarnPaper{yarn->factor, yarn->beta_fast, yarn->beta_slow,
                                         right.attention_factor, std::nullopt, std::nullopt});
    Yarn other = *yarn;
    other.ramp_ends = yarn->ramp_ends == RampEnds::whole_bands ? RampEnds::fractional : RampEnds::whole_bands;
    of(Cause::yarn_ramp_ends, other);
    blended_otherwise(yarn->factor);
    longer(yarn->factor);
    longer(1.0 / yarn->factor);
    Frequencies clamped = right;
    const auto d = static_cast<double>(rope.rotated_width);
    const auto end_of = [&](double turns) {
      return d * std::log(static_cast<double>(rope.training_length) / (2 * std::numbers::pi * turns)) /
             (2 * std::log(rope.base));
    };
    const bool whole = yarn->ramp_ends == RampEnds::whole_bands;
    const double low = (std::max)(0.0, whole ? std::floor(end_of(yarn->beta_fast)) : end_of(yarn->beta_fast));
    const double free_end = whole ? std::ceil(end_of(yarn->beta_slow)) : end_of(yarn->beta_slow);
    for (const double high : {(std::min)(d / 2 - 1, free_end), free_end}) {
      for (std::size_t i = 0; i < clamped.omega.size(); ++i) {
        const double kept =
            1 - std::clamp((static_cast<double>(i) - low) / (std::max)(0.001, high - low), 0.0, 1.0);
        clamped.omega[i] = (1 - kept) * native.omega[i] / yarn->factor + kept * native.omega[i];
      }
      result.emplace_back(Cause::yarn_end_clamp, clamped);
    }
    with_factor(Cause::mscale_precedence, yarn_mscale(yarn->factor, 1.0));
    if (yarn->mscale) with_factor(Cause::mscale_precedence, yarn_mscale(yarn->factor, *yarn->mscale));
    if (yarn->mscale && yarn->mscale_all_dim) {
      with_factor(Cause::mscale_precedence, yarn_mscale(yarn->factor, *yarn->mscale) /
                                                yarn_mscale(yarn->factor, *yarn->mscale_all_dim));
    }
  }
  if (const auto* paper = std::get_if<YarnPaper>(&scaling)) {
    of(Cause::yarn_other_ramp, Yarn{paper->factor, paper->beta_fast, paper->beta_slow, RampEnds::whole_bands,
                                    right.attention_factor, std::nullopt, std::nullopt});
    of(Cause::yarn_other_ramp, Yarn{paper->factor, paper->beta_fast, paper->beta_slow, RampEnds::fractional,
                                    right.attention_factor, std::nullopt, std::nullopt});
    blended_otherwise(paper->factor);
    longer(paper->factor);
  }
  if (const auto* llama = std::get_if<Llama3>(&scaling)) {
    blended_otherwise(llama->factor);
    longer(llama->factor);
    of(Cause::scaling_ignored, Linear{llama->factor});
  }
  if (const auto* longrope = std::get_if<LongRope>(&scaling)) {
    LongRope other = *longrope;
    std::swap(other.short_factor, other.long_factor);
    of(Cause::longrope_other_list, other);
    Frequencies multiplied = right;
    for (std::size_t i = 0; i < multiplied.omega.size(); ++i) {
      multiplied.omega[i] = native.omega[i] * native.omega[i] / right.omega[i];
    }
    result.emplace_back(Cause::factor_multiplied, multiplied);
  }
  Frequencies ignored = native;
  result.emplace_back(Cause::scaling_ignored, ignored);
  ignored.attention_factor = right.attention_factor;
  result.emplace_back(Cause::scaling_ignored, ignored);
  return result;
}

}  // namespace detail
}  // namespace dope::conformance
