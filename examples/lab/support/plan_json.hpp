// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "dope/denoise/plan.hpp"

namespace lab {

/// How a plan came about, in words: indicator, order, length, calibration seeds… No program acts on it.
using PlanOrigin = std::map<std::string, std::string>;

struct SavedPlan {
  dope::Plan plan;
  PlanOrigin origin;
  std::string fingerprint;  // of the text that it was read from
};

/// A plan as JSON, every convention written out, for people and for other languages:
///
///   { "dope_plan": 1,
///     "shape": {"layers", "query_heads", "key_heads", "head_width", "rotated_width"},
///     "gqa": "per_query_head" | "per_key_group",
///     "transform": {"name": "by_parts", "reading", "threshold"} | {"name": "by_all", "reading"}
///                | {"name": "by_gaussian", "reading", "spread", "sigma", "seed"},
///     "heads": [{"layer", "head"}, …]   with "query_spread", "key_spread" where the spread is matched,
///     "origin": {"…": "…"} }
///
/// Law: parse_plan(plan_json(p, o)) is (p, o), reals to the last bit; the same plan gives the same bytes.
/// Throws dope::Error for an invalid plan.
[[nodiscard]] std::string plan_json(const dope::Plan& plan, const PlanOrigin& origin);

/// The inverse. Throws one dope::Error, naming `name` and the field, for text that is not JSON, a field
/// that is unknown, missing, twice there or of another type, an unknown option, another version, or a
/// plan that is not valid. "origin" may be missing.
[[nodiscard]] SavedPlan parse_plan(std::string_view json, std::string_view name);

/// A file or pipe, read once; its errors name the option too.
[[nodiscard]] SavedPlan load_plan(const std::filesystem::path& path, std::string_view option = "--plan");

}  // namespace lab
