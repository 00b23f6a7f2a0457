// SPDX-License-Identifier: MIT
// A plan as JSON: what is accepted is written and read back the same.
#include <string>

#include "fuzz/target.hpp"
#include "lab/support/plan_json.hpp"

namespace {

void read(std::string_view bytes) {
  lab::SavedPlan saved;
  if (!fuzz::reads([&] { saved = lab::parse_plan(bytes, "plan.json"); })) return;
  const std::string text = lab::plan_json(saved.plan, saved.origin);
  const auto again = lab::parse_plan(text, "plan.json");
  fuzz::require(again.plan == saved.plan && again.origin == saved.origin, "parse_plan inverts plan_json");
  fuzz::require(lab::plan_json(again.plan, again.origin) == text, "the same plan gives the same bytes");
}

}  // namespace

DOPE_FUZZ_TARGET(read)
