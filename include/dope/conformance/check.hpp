// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "dope/conformance/capabilities.hpp"
#include "dope/conformance/case.hpp"
#include "dope/conformance/catalogue.hpp"
#include "dope/conformance/judge.hpp"
#include "dope/conformance/report.hpp"
#include "dope/conformance/run.hpp"
#include "dope/core/error.hpp"

#if !DOPE_EXCEPTIONS
#error \
    "dope/conformance needs exceptions, for a kernel whose outputs cannot be read fails its case: compile without -fno-exceptions"
#include "dope/(the compilation ends here, see the error above)"
#endif

namespace dope::conformance {

namespace detail {

/// judge, where outputs of another shape (more heads than were asked for) are a failure and no Error.
inline Verdict verdict_on(const Case& c, const std::vector<Array>& outputs) {
  try {
    return judge(c, outputs);
  } catch (const Error& error) {
    Verdict verdict;
    verdict.name = c.name;
    verdict.cause = Cause::unknown;
    verdict.worst = error.what();
    verdict.text = text("FAIL ", c.name, ": ", error.what());
    return verdict;
  }
}

}  // namespace detail

/// Hold a kernel against the catalogue, or against other cases: one call, inside any test framework.
///
/// kernel: called with the types of call.hpp that it accepts; a case for which it cannot be called, or
/// that lies outside its capabilities, is skipped and counted with its reason. An exception of the kernel
/// passes through. Law: the same kernel gets the same report; a kernel that is never called has not passed.
template <class Kernel>
[[nodiscard]] Report check(Kernel&& kernel, const Capabilities& capabilities, std::vector<Case> cases) {
  Report report;
  for (Case& c : cases) {
    if (std::string reason = outside(capabilities, c); !reason.empty()) {
      report.skipped.emplace_back(c.name, std::move(reason));
      continue;
    }
    const std::vector<Array> inputs = inputs_of(c);
    detail::Runner<std::remove_reference_t<Kernel>> runner(kernel, inputs);
    const std::optional<std::vector<Array>> outputs = std::visit(runner, c.task);
    if (!outputs) {
      report.skipped.emplace_back(c.name,
                                  detail::text("the kernel takes no such ", name_of(c.task), " call"));
      continue;
    }
    report.verdicts.push_back(detail::verdict_on(c, *outputs));
    report.cases.push_back(std::move(c));
  }
  return report;
}

template <class Kernel>
[[nodiscard]] Report check(Kernel&& kernel, const Capabilities& capabilities = {}) {
  return check(kernel, capabilities, catalogue_for(capabilities.angles));
}

}  // namespace dope::conformance
