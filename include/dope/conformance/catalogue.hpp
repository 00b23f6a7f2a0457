// SPDX-License-Identifier: MIT
#pragma once

#include <utility>
#include <variant>
#include <vector>

#include "dope/conformance/case.hpp"
#include "dope/conformance/catalogue_heads.hpp"
#include "dope/conformance/catalogue_rotation.hpp"
#include "dope/conformance/catalogue_scalings.hpp"
#include "dope/core/alternatives.hpp"

namespace dope::conformance {

/// Every case: plain data, the same list on every machine. Laws: names are unique and fit in a file
/// name; each case says what it catches.
[[nodiscard]] inline std::vector<Case> catalogue() {
  detail::Cases cases;
  detail::add_prefill_and_decode(cases);
  detail::add_widths(cases);
  detail::add_memory(cases);
  detail::add_sequences(cases);
  detail::add_head_tables(cases);
  detail::add_scalings(cases);
  detail::add_transforms(cases);
  detail::add_grams(cases);
  detail::add_entropies(cases);
  detail::add_selections(cases);
  detail::add_noise(cases);
  return std::move(cases.all);
}

/// The cases for a kernel of one arithmetic. exact: those of the catalogue by the exact oracle.
/// float32_product: every rotation and transform held against that oracle, double storage left out
/// (float32 angles have no place in it).
[[nodiscard]] inline std::vector<Case> catalogue_for(Angles angles) {
  static_assert(dope::detail::alternatives<Task> == 7, "conformance catalogue: every Task");
  static_assert(dope::detail::alternatives<Angles> == 2, "conformance catalogue: every Angles");
  std::vector<Case> chosen;
  for (Case& c : catalogue()) {
    auto* rotate = std::get_if<RotateTask>(&c.task);
    auto* denoise = std::get_if<DenoiseTask>(&c.task);
    if (rotate != nullptr && rotate->angles == Angles::float32_product) continue;
    if (angles == Angles::float32_product) {
      if (rotate != nullptr && rotate->element == Element::float64) continue;
      if (rotate != nullptr) rotate->angles = angles;
      if (denoise != nullptr) denoise->angles = angles;
    }
    chosen.push_back(std::move(c));
  }
  return chosen;
}

}  // namespace dope::conformance
