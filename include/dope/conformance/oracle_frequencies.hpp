// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <variant>
#include <vector>

#include "dope/conformance/case.hpp"
#include "dope/core/alternatives.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/scaling.hpp"

// The frequencies of every scaling a second time, from the formulas and nothing else: in long double,
// band by band, rounded once. It shares no code with rope/scaling.hpp, only its parameters.

namespace dope::conformance::oracle {

using Real = long double;

namespace detail {

inline Real native(Real base, std::size_t band, const RopeParameters& rope) {
  return std::pow(base, -static_cast<Real>(2 * band) / static_cast<Real>(rope.rotated_width));
}

inline Real mscale(Real factor, Real k) {
  return factor > 1 ? Real(0.1L) * k * std::log(factor) + 1 : Real(1);
}

template <class AnyYarn>
Real yarn_attention(const AnyYarn& yarn) {
  if (yarn.attention_factor) return *yarn.attention_factor;
  const Real m = yarn.mscale.value_or(0.0);
  const Real all = yarn.mscale_all_dim.value_or(0.0);
  return m != 0 && all != 0 ? mscale(yarn.factor, m) / mscale(yarn.factor, all) : mscale(yarn.factor, 1);
}

/// ω of one band, and the attention factor, by scaling.
struct Band {
  const RopeParameters& rope;
  std::size_t length;
  std::size_t band;

  [[nodiscard]] Real omega() const { return native(rope.base, band, rope); }
  [[nodiscard]] Real turns() const {
    return static_cast<Real>(rope.training_length) * omega() / (2 * std::numbers::pi_v<Real>);
  }
  [[nodiscard]] Real rebased(Real stretch) const {
    const auto d = static_cast<Real>(rope.rotated_width);
    return rope.rotated_width == 2 ? omega() : native(rope.base * std::pow(stretch, d / (d - 2)), band, rope);
  }
  [[nodiscard]] Real mixed(Real factor, Real kept) const {
    return (1 - kept) * omega() / factor + kept * omega();
  }
  [[nodiscard]] static Real clamped(Real x) { return std::clamp(x, Real(0), Real(1)); }
  [[nodiscard]] Real ramp(Real low, Real high) const {
    if (turns() >= high) return 1;
    return turns() <= low ? Real(0) : (turns() - low) / (high - low);
  }

  Real operator()(const Unscaled&) const { return omega(); }
  Real operator()(const Linear& s) const { return omega() / s.factor; }
  Real operator()(const StaticNtk& s) const { return rebased(s.factor); }
  Real operator()(const DynamicNtk& s) const {
    if (length <= rope.training_length) return omega();
    return rebased(s.factor * static_cast<Real>(length) / static_cast<Real>(rope.training_length) -
                   (s.factor - 1));
  }
  Real operator()(const Yarn& s) const {
    const auto d = static_cast<Real>(rope.rotated_width);
    const auto band_of = [&](Real turns) {
      return d * std::log(static_cast<Real>(rope.training_length) / (2 * std::numbers::pi_v<Real> * turns)) /
             (2 * std::log(Real(rope.base)));
    };
    Real low = band_of(s.beta_fast);
    Real high = band_of(s.beta_slow);
    if (s.ramp_ends == RampEnds::whole_bands) {
      low = std::floor(low);
      high = std::ceil(high);
    }
    low = (std::max)(low, Real(0));
    high = (std::min)(high, d - 1);
    return mixed(s.factor,
                 1 - clamped((static_cast<Real>(band) - low) / (std::max)(Real(0.001L), high - low)));
  }
  Real operator()(const YarnPaper& s) const { return mixed(s.factor, ramp(s.beta_slow, s.beta_fast)); }
  Real operator()(const Llama3& s) const {
    return mixed(s.factor, ramp(s.low_frequency_factor, s.high_frequency_factor));
  }
  Real operator()(const LongRope& s) const {
    return omega() / (length > rope.training_length ? s.long_factor : s.short_factor)[band];
  }
  Real operator()(const Proportional& s) const {
    return static_cast<Real>(band) < std::floor(s.fraction * static_cast<double>(rope.bands())) ? omega() : 0;
  }
};

struct Attention {
  static_assert(dope::detail::alternatives<Scaling> == 9, "conformance attention oracle: every Scaling");
  const RopeParameters& rope;

  template <class Other>
  Real operator()(const Other&) const {
    return 1;
  }
  Real operator()(const Yarn& s) const { return yarn_attention(s); }
  Real operator()(const YarnPaper& s) const { return yarn_attention(s); }
  Real operator()(const LongRope& s) const {
    if (s.attention_factor) return *s.attention_factor;
    if (!(s.factor > 1)) return 1;
    return std::sqrt(1 + std::log(Real(s.factor)) / std::log(static_cast<Real>(rope.training_length)));
  }
};

}  // namespace detail

/// ω and attention factor of a request, from the formulas of scaling.hpp.
[[nodiscard]] inline Frequencies frequencies(const RopeParameters& rope, const Scaling& scaling,
                                             std::size_t length) {
  Frequencies result;
  for (std::size_t band = 0; band < rope.bands(); ++band) {
    result.omega.push_back(static_cast<double>(std::visit(detail::Band{rope, length, band}, scaling)));
  }
  result.attention_factor = static_cast<double>(std::visit(detail::Attention{rope}, scaling));
  return result;
}

/// The tables of a rotation: one, or one per head.
[[nodiscard]] inline std::vector<Frequencies> tables_of(const RotateTask& task) {
  return task.head_tables.empty() ? std::vector{frequencies(task.rope, task.scaling, task.length)}
                                  : task.head_tables;
}

}  // namespace dope::conformance::oracle
