// SPDX-License-Identifier: MIT
#include "dope/conformance/report.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "dope/conformance/catalogue.hpp"

namespace kit = dope::conformance;

namespace {

kit::Verdict failed(const std::string& name, kit::Cause cause, std::size_t wrong) {
  kit::Verdict verdict;
  verdict.name = name;
  verdict.cause = cause;
  verdict.explained = 1.0;
  verdict.wrong = wrong;
  verdict.text = "FAIL " + name;
  return verdict;
}

kit::Case case_of(const dope::Scaling& scaling) {
  kit::RotateTask task;
  task.rope = {10000, 8, 8, 16};
  task.scaling = scaling;
  task.chunks = {1};
  task.positions = {3};
  return {"a case", "nothing", "", task};
}

/// A report of these verdicts, whose cases are all alike.
kit::Report report_of(const std::vector<kit::Verdict>& verdicts) {
  kit::Report report;
  report.verdicts = verdicts;
  for (std::size_t i = 0; i < verdicts.size(); ++i) report.cases.push_back(case_of(dope::Unscaled{}));
  return report;
}

}  // namespace

TEST_CASE("reports: one line where all passed, and the reasons of what was skipped") {
  kit::Verdict passed;
  passed.passed = true;
  kit::Report report = report_of({passed, passed});
  CHECK(report.text() == "2 of 2 cases passed\n");
  CHECK(report.cause() == kit::Cause::none);
  report.skipped = {{"a", "adjoint"}, {"b", "adjoint"}, {"c", "tables per head"}};
  CHECK(report.text() ==
        "2 of 2 cases passed, 3 skipped\n  skipped 2: adjoint\n  skipped 1: tables per head\n");
}

TEST_CASE("reports: of each cause the case of fewest wrong elements, then the names of six others") {
  const std::string name(kit::text_of(kit::Cause::not_rotated).name);
  std::vector<kit::Verdict> verdicts;
  for (const char* which : {"a", "b", "c"}) verdicts.push_back(failed(which, kit::Cause::not_rotated, 9));
  verdicts[1].wrong = 2;
  CHECK(report_of({verdicts[0]}).text() == "0 of 1 cases passed\nmost likely: " + name + "\n\nFAIL a\n");
  CHECK(report_of(verdicts).text() ==
        "0 of 3 cases passed\nmost likely: " + name + "\n\nFAIL b\n  2 more cases say the same: a c\n");
  kit::Verdict passed;
  passed.passed = true;
  passed.text = "pass";
  verdicts.push_back(passed);
  CHECK(report_of(verdicts).text() ==
        "1 of 4 cases passed\nmost likely: " + name + "\n\nFAIL b\n  2 more cases say the same: a c\n");
  verdicts.pop_back();
  for (const char* which : {"d", "e", "f", "g"})
    verdicts.push_back(failed(which, kit::Cause::not_rotated, 9));
  CHECK(report_of(verdicts).text().find("6 more cases say the same: a c d e f g\n") != std::string::npos);
  verdicts.push_back(failed("h", kit::Cause::not_rotated, 9));
  CHECK(report_of(verdicts).text().find("7 more cases say the same: a c d e f g ...\n") != std::string::npos);
}

TEST_CASE("reports: what failing cases share and passing ones do not") {
  kit::Verdict passed;
  passed.passed = true;
  kit::Report report;
  report.verdicts = {failed("a", kit::Cause::unknown, 1), passed, failed("b", kit::Cause::unknown, 1)};
  report.cases = {case_of(dope::Linear{2.0}), case_of(dope::Unscaled{}), case_of(dope::Linear{4.0})};
  CHECK(report.traits() == std::vector<std::string>{"scaling linear"});
  CHECK(report.text().find("every failure has scaling linear; cases without passed\n") != std::string::npos);
}
