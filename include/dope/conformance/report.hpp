// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dope/conformance/capabilities.hpp"
#include "dope/conformance/case.hpp"
#include "dope/conformance/cause.hpp"
#include "dope/conformance/judge.hpp"
#include "dope/core/alternatives.hpp"
#include "dope/denoise/score.hpp"
#include "dope/denoise/transform_text.hpp"

namespace dope::conformance {
namespace detail {

/// What kind of case it is: the axes along which a kernel has paths of its own.
inline std::map<std::string, std::string> traits_of(const Case& c) {
  static_assert(dope::detail::alternatives<Task> == 7, "conformance report: every Task");
  std::map<std::string, std::string> traits = {{"task", std::string(name_of(c.task))}};
  if (const auto* task = std::get_if<RotateTask>(&c.task)) {
    bool beyond = false;
    for (const std::int64_t m : task->positions) beyond = beyond || m >= 65536 || m <= -65536;
    traits["pairing"] = name_of(task->pairing);
    traits["element"] = name_of(task->element);
    traits["rows"] = dense(*task) ? "dense" : "strided";
    traits["placement"] = name_of(task->placement);
    traits["position type"] = name_of(task->position_type);
    traits["direction"] = name_of(task->direction);
    traits["width"] = task->rope.rotated_width < task->width() ? "partial" : "full";
    traits["tables"] = task->head_tables.empty() ? "one" : "one per head";
    traits["scaling"] = task->head_tables.empty() ? std::string(dope::name_of(task->scaling)) : "given";
    traits["calls"] = task->chunks.size() == 1 ? "one" : "several";
    traits["positions"] = beyond ? "some of 65536 and more" : "all below 65536";
  } else if (const auto* denoise = std::get_if<DenoiseTask>(&c.task)) {
    traits["pairing"] = name_of(denoise->pairing);
    traits["element"] = name_of(denoise->element);
    traits["scaling"] = dope::name_of(denoise->scaling);
    traits["transform"] = dope::name_of(denoise->plan.transform);
    traits["GQA policy"] = name_of(denoise->plan.gqa);
  } else if (const auto* gram = std::get_if<GramTask>(&c.task)) {
    traits["element"] = name_of(gram->element);
    traits["centring"] = name_of(gram->centring);
    traits["row scaling"] = name_of(gram->rows);
  } else if (const auto* frequencies = std::get_if<FrequenciesTask>(&c.task)) {
    traits["scaling"] = dope::name_of(frequencies->scaling);
  }
  return traits;
}

}  // namespace detail

/// What a run over many cases gave.
struct Report {
  std::vector<Case> cases;  ///< those that were run
  std::vector<Verdict> verdicts;
  std::vector<std::pair<std::string, std::string>> skipped;  ///< name and reason

  /// At least one case was run and none failed.
  [[nodiscard]] bool passed() const noexcept { return !verdicts.empty() && failures() == 0; }

  [[nodiscard]] std::size_t failures() const noexcept {
    std::size_t failed = 0;
    for (const Verdict& verdict : verdicts) failed += verdict.passed ? 0 : 1;
    return failed;
  }

  /// The cause that most failed cases name; Cause::none where all passed.
  [[nodiscard]] Cause cause() const {
    std::map<Cause, double> votes;
    for (const Verdict& verdict : verdicts) {
      if (!verdict.passed) votes[verdict.cause] += verdict.cause == Cause::unknown ? 0.1 : verdict.explained;
    }
    Cause most = Cause::none;
    for (const auto& [cause, vote] : votes) {
      if (most == Cause::none || vote > votes[most]) most = cause;
    }
    return most;
  }

  /// What failing cases share and passing cases of the same task do not: "element BF16", …
  [[nodiscard]] std::vector<std::string> traits() const {
    std::map<std::string, std::pair<std::set<std::string>, std::set<std::string>>> axes;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      for (const auto& [axis, value] : detail::traits_of(cases[i])) {
        (verdicts[i].passed ? axes[axis].second : axes[axis].first).insert(value);
      }
    }
    std::vector<std::string> shared;
    for (const auto& [axis, values] : axes) {
      const auto& [failed, passed] = values;
      if (failed.size() != 1) continue;
      bool others = false;
      for (const std::string& value : passed) others = others || failed.count(value) == 0;
      if (others) shared.push_back(axis + " " + *failed.begin());
    }
    return shared;
  }

  /// The whole report: a summary, then per cause the case that shows it in the fewest elements and the
  /// names of the others.
  [[nodiscard]] std::string text() const {
    using detail::text;
    std::string said = text(verdicts.size() - failures(), " of ", verdicts.size(), " cases passed");
    if (!skipped.empty()) said += text(", ", skipped.size(), " skipped");
    said += "\n";
    std::map<std::string, std::size_t> reasons;
    for (const auto& [name, reason] : skipped) ++reasons[reason];
    for (const auto& [reason, count] : reasons) said += text("  skipped ", count, ": ", reason, "\n");
    if (failures() == 0) return said;
    std::string shared;
    for (const std::string& trait : traits()) shared += (shared.empty() ? "" : ", ") + trait;
    said += text("most likely: ", text_of(cause()).name, "\n");
    if (!shared.empty()) said += text("every failure has ", shared, "; cases without passed\n");
    std::map<Cause, std::vector<const Verdict*>> groups;
    for (const Verdict& verdict : verdicts) {
      if (!verdict.passed) groups[verdict.cause].push_back(&verdict);
    }
    for (const auto& [cause, group] : groups) {
      const Verdict* clearest = group.front();
      for (const Verdict* verdict : group) {
        if (verdict->wrong < clearest->wrong) clearest = verdict;
      }
      said += "\n" + clearest->text + "\n";
      if (group.size() == 1) continue;
      said += text("  ", group.size() - 1, " more cases say the same:");
      std::size_t named = 0;
      for (const Verdict* verdict : group) {
        if (verdict == clearest) continue;
        if (++named > 6) break;
        said += " " + verdict->name;
      }
      said += group.size() > 7 ? " ...\n" : "\n";
    }
    return said;
  }
};

}  // namespace dope::conformance
